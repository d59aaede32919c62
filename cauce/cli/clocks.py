"""`cauce clocks`: deadlines held against what really happened."""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cauce.calendars import pinned
from cauce.cli import calendars, output
from cauce.errors import InputError
from cauce.services import clock_replay
from cauce.services.clock_replay import Columns
from workflows.working_time import WorkingTime, working_length

app = typer.Typer(no_args_is_help=True)


@app.callback()
def clocks() -> None:
    """Deadlines held against what really happened."""


@app.command("replay")
def replay(
    file: Annotated[Path, typer.Argument(metavar="LOG", help="A CSV file with a heading.")],
    calendar: Annotated[Path, typer.Option(metavar="FILE", help="The calendar to count in.")],
    after: Annotated[str, typer.Option(metavar="DURATION", help="How much working time a case may take.")],
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=COLUMN",
            help="What a column is called: case, start, planned (the deadline, or its day), end, activity.",
        ),
    ] = None,
    begins: Annotated[str, typer.Option(metavar="ACTIVITY", help="The activity that starts the clock.")] = "",
    ends: Annotated[str, typer.Option(metavar="ACTIVITY", help="The activity that stops it.")] = "",
    *,
    as_json: output.AsJson = False,
) -> None:
    """Compute the deadlines of a log anew, and say which differ from the planned ones and which were met."""
    columns = _columns(column or (), begins, ends)
    counted = WorkingTime.of(pinned(calendars.read(calendar), datetime.now(UTC).date()))
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            done = clock_replay.replay(text, columns, counted, working_length(after))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read.", hint="It has to be a CSV file in UTF-8.") from error
    if as_json:
        output.document(dataclasses.asdict(done))
        return
    rows = [(each.line, each.case, each.planned, each.deadline or each.problem) for each in done.odd]
    if rows:
        output.table("Not as planned", ("line", "case", "planned", "computed"), rows)
    ended = done.in_time + done.late
    parts = [f"{done.cases} cases"]
    if columns.planned:
        parts.append(f"{done.reproduced} deadlines as planned, {done.different} different")
    if ended:
        parts.append(f"{done.in_time} in time and {done.late} late ({done.in_time / ended:.1%} attained)")
    parts += [f"{done.open} open"] * bool(done.open) + [f"{done.unreadable} unreadable"] * bool(done.unreadable)
    output.say("; ".join(parts) + ".")


def _columns(given: Sequence[str], begins: str, ends: str) -> Columns:
    named = dict(each.partition("=")[::2] for each in given)
    unknown = sorted(set(named) - {"case", "start", "planned", "end", "activity"})
    if unknown or not all(named.values()):
        raise InputError(
            f"'{unknown[0] if unknown else next(name for name in named if not named[name])}' names no column.",
            hint="Write for example --column start=order_date.",
        )
    columns = Columns(**named, begins=begins, ends=ends)
    if columns.activity and not (begins and ends):
        raise InputError("A log of events needs to know which of them count.", hint="Add --begins and --ends.")
    return columns
