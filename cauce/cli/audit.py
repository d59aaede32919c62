"""`cauce audit`: reads the audit trail, checks its chain, and writes the file of a case."""

from pathlib import Path
from typing import Annotated

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.services import trail
from cauce.services.hub import Actor, Hub

app = typer.Typer(no_args_is_help=True)
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; else it is printed.")]


@app.command("list")
def list_(
    *,
    subject: Annotated[str | None, typer.Option(metavar="ID", help="Only what was done to it.")] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Only what this person did.")] = None,
    before: Annotated[int | None, typer.Option(metavar="LINE", help="Only older lines.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=trail.most_rows, help="At most so many.")] = 50,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """List lines of the trail, the newest first."""

    async def work(hub: Hub, actor: Actor) -> list[trail.Line]:
        return await trail.lines(hub, actor, subject=subject, by=by, before=before, limit=limit)

    found = session.run(work, data_dir=data_dir)
    if as_json:
        output.document({"lines": found})
        return
    rows = [(one.seq, one.at, one.actor, one.action, one.subject, one.data) for one in found]
    output.table("Audit trail", ("line", "when", "by", "what", "about", ""), rows, empty="There are no such lines.")


@app.command()
def verify(*, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """Compute the whole chain anew; ends with 1 when a line was changed or taken out."""
    found = session.run(trail.verify, data_dir=data_dir)
    if as_json:
        output.document({"sound": found.sound, "lines": found.entries, "brokenAt": found.broken_at})
    elif found.sound:
        output.say(f"The chain holds: {found.entries} lines are as they were written.")
    else:
        output.say(f"The chain breaks at line {found.broken_at}; the {found.entries} before it hold.")
    if not found.sound:
        raise typer.Exit(1)


@app.command("export")
def export(
    instance: Annotated[str, typer.Argument(metavar="ID", help="The id of the instance, as namespace.name/key.")],
    *,
    to: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; else it is printed.")
    ] = None,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
) -> None:
    """Write all that is known of one case as JSON: course, tasks, writes, events, clocks, and who did what."""

    async def work(hub: Hub, actor: Actor) -> dict[str, trail.JSON]:
        return await trail.case_file(hub, actor, instance)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if to is None:
        output.document(found)
        return
    to.write_text(output.json_text(found) + "\n", encoding="utf-8")
    output.say(f"{to} holds {len(found['tasks'])} tasks and {len(found['trail'])} lines of the audit trail.")
