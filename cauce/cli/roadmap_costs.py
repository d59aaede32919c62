"""`cauce roadmap cost` and the commands beside it: time and money for the activities of roadmaps that run."""

from pathlib import Path
from typing import Annotated

import typer

from cauce.cli import inputs, output, session
from cauce.cli.data_dir import DataDir
from cauce.cli.roadmap_runs import Day, Note, Run, Why, day_of, identity
from cauce.cost_entries import Given
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import costs
from cauce.services.roadmaps.costs import CostView, Imported

app = typer.Typer()
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Of the entry, as `costs` shows it.")]


@app.command("cost")
def cost(  # noqa: PLR0913 - one parameter for each option
    run: Run,
    activity: Annotated[str, typer.Argument(metavar="ACTIVITY", help="Its id; one of a wave is `id.wave`.")],
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="Of its paper: it is entered once for each.")],
    *,
    hours: Annotated[str, typer.Option(metavar="HOURS", help="Time, such as 7.5.")] = "",
    amount: Annotated[str, typer.Option(metavar="AMOUNT", help="Money, less than 0 for a credit.")] = "",
    factor: Annotated[str, typer.Option(metavar="FACTOR", help="If the activity has a budget for several.")] = "",
    owner: Annotated[str, typer.Option(metavar="OWNER", help="Whose hours; the activity's own if not given.")] = "",
    rate: Annotated[str, typer.Option(metavar="AMOUNT", help="Of an hour, by who plans.")] = "",
    person: Annotated[str, typer.Option(metavar="NAME", help="Who worked.")] = "",
    day: Day = "",
    note: Note = "",
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
) -> None:
    """Enter hours or an amount for an activity."""
    given = Given(activity, reference, day_of(day) if day else None, hours, amount, factor, owner, rate, person, note)

    async def work(hub: Hub, actor: Actor) -> tuple[CostView, bool]:
        return await costs.enter(hub, actor, identity(run), given, source="cli")

    found, new = session.run(work, data_dir=data_dir, as_user=as_user)
    what = "Entered" if new else "Known already"
    output.say(f"{what}: entry {found.number}, {found.amount} of {found.factor} for {found.activity}.")


@app.command("reverse")
def reverse(
    run: Run, number: Number, reason: Why = "", *, data_dir: DataDir = None, as_user: session.AsUser = None
) -> None:
    """Take an entry back by another one."""

    async def work(hub: Hub, actor: Actor) -> CostView:
        return await costs.take_back(hub, actor, identity(run), number, reason)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    output.say(f"Entry {found.number} takes entry {number} back: {found.amount}.")


@app.command("costs")
def list_(
    run: Run,
    activity: Annotated[str, typer.Option(metavar="ACTIVITY", help="Only of this one.")] = "",
    before: Annotated[int | None, typer.Option(metavar="NUMBER", help="Only those before this entry.")] = None,
    *,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
    as_json: output.AsJson = False,
) -> None:
    """List what was entered, the newest first."""

    async def work(hub: Hub, actor: Actor) -> list[CostView]:
        return await costs.entries(hub, actor, identity(run), activity=activity, before=before)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document({"costs": found})
        return
    rows = [
        (each.number, each.day, each.activity, each.factor, each.amount, each.hours, each.by, each.reference)
        for each in found
    ]
    head = ("", "day", "activity", "factor", "amount", "hours", "by", "reference")
    output.table("Entries", head, rows, empty="Nothing was entered.")


@app.command("import-costs")
def import_(
    run: Run,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a row for each entry.")],
    refused: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the rows go that are not taken; stdout if not given.")
    ] = None,
    *,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
    as_json: output.AsJson = False,
) -> None:
    """Enter the rows of a CSV file; those that cannot be come back as a file to mend."""
    text = inputs.file_text(file)

    async def work(hub: Hub, actor: Actor) -> Imported:
        return await costs.import_rows(hub, actor, identity(run), text)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(found)
    else:
        bad = [each for each in found.rows if each.outcome == "refused"]
        for each in bad:
            output.say(f"Line {each.line}: {each.problem} {each.hint}")
        output.say(f"{found.entered} entered, {found.known} known already, {len(bad)} not taken.")
    if found.refused and refused:
        refused.write_text(found.refused, encoding="utf-8")
    elif found.refused and not as_json:
        output.line(found.refused.rstrip())
    if found.refused:
        raise typer.Exit(1)
