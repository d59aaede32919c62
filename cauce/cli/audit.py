"""`cauce audit`: reads the audit trail, checks its chain, and writes the file of a case."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.errors import InputError
from cauce.services import case_files, trail
from cauce.services.hub import Actor, Hub
from cauce.store.audit import Head, Verdict
from cauce.store.base import utc_now

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
def verify(
    *,
    heads: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Hold it against the last lines that FILE has kept, and add the one of now."),
    ] = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Compute the whole chain anew; ends with 1 when a line was changed, taken out or, with --heads, cut off."""
    kept = _kept(heads) if heads else []

    async def work(hub: Hub, actor: Actor) -> Verdict:
        return await trail.verify(hub, actor, kept)

    found = session.run(work, data_dir=data_dir)
    if heads and found.sound and found.entries and Head(found.entries, found.hash) not in kept:
        _keep(heads, found)
    lost_at = found.lost.line if found.lost else None
    if as_json:
        said = {"sound": found.sound, "lines": found.entries, "brokenAt": found.broken_at}
        output.document({**said, "hash": found.hash, "lostAt": lost_at})
    elif found.broken_at is not None:
        output.say(f"The chain breaks at line {found.broken_at}; the {found.entries} before it hold.")
    elif lost_at is not None:
        how = "is another one now" if lost_at <= found.entries else f"is gone: the trail ends at line {found.entries}"
        output.say(f"Line {lost_at} of {heads} {how}. Lines were cut off or written anew, or an old backup is back.")
    else:
        output.say(f"The chain holds: {found.entries} lines are as they were written. The last one has {found.hash}.")
    if not found.sound:
        raise typer.Exit(1)


def _keep(file: Path, found: Verdict) -> None:
    said = {"line": found.entries, "hash": found.hash, "at": utc_now().isoformat(timespec="seconds")}
    try:
        with file.open("a", encoding="utf-8") as heads:
            heads.write(json.dumps(said) + "\n")
    except OSError as error:
        raise InputError(f"{file} cannot be written.", hint="Check that its folder is there and yours.") from error


def _kept(file: Path) -> list[Head]:
    """Return the last lines that a file has kept; none yet when it is not there."""
    found = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{file} cannot be read.", hint="It is a text file of `cauce audit verify --heads`."
        ) from error
    for number, line in enumerate(lines, 1):
        try:
            said = json.loads(line)
            found.append(Head(int(said["line"]), str(said["hash"])))
        except (ValueError, KeyError, TypeError) as error:
            hint = "Each line is as `cauce audit verify --heads` writes it."
            raise InputError(f"Line {number} of {file} is no line of the trail.", hint=hint) from error
    return found


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
    """Write all that is known of a case and what it ran as JSON: tasks, files, writes, events, clocks, who did what."""

    async def work(hub: Hub, actor: Actor) -> dict[str, trail.JSON]:
        return await case_files.export(hub, actor, instance)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if to is None:
        output.document(found)
        return
    to.write_text(output.json_text(found) + "\n", encoding="utf-8")
    output.say(f"{to} holds {len(found['tasks'])} tasks and {len(found['trail'])} lines of the audit trail.")
