"""`cauce clocks`: which deadlines are missed and which come next, and what really happened to those of a log."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cauce.calendars import any_year, pinned
from cauce.cli import calendars, output, session
from cauce.cli.data_dir import DataDir
from cauce.errors import InputError
from cauce.services import attainment as attainment_
from cauce.services import clock_replay
from cauce.services import clocks as clocks_
from cauce.services.attainment import Attained
from cauce.services.clock_replay import Columns, Replayed
from cauce.services.clocks import ClockView
from cauce.services.hub import Actor, Hub
from workflows import durations
from workflows.working_time import WorkingTime, working_length

app = typer.Typer(no_args_is_help=True)
_MOST_TERMS: Final = 3


@app.callback()
def clocks() -> None:
    """Look at clocks of instances; hold deadlines against what really happened."""


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
    moments: Annotated[
        list[str] | None,
        typer.Option(
            "--moments", metavar="FORMAT", help="How moments or days are written if not as ISO 8601: %d/%m/%Y."
        ),
    ] = None,
    *,
    as_json: output.AsJson = False,
) -> None:
    """Compute the deadlines of a log anew, and say which differ from the planned ones and which were met."""
    columns = _columns(column or (), begins, ends, moments or ())
    today = datetime.now(UTC).date()
    counted = WorkingTime.of(pinned(calendars.read(calendar), today, years=any_year))
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            done = clock_replay.replay(text, columns, counted, working_length(after))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read.", hint="It has to be a CSV file in UTF-8.") from error
    if as_json:
        output.document(dataclasses.asdict(done))
        return
    _say(done, planned=bool(columns.planned))


def _say(done: Replayed, *, planned: bool) -> None:
    rows = [(each.line, each.case, each.planned, each.deadline or each.problem) for each in done.odd]
    if rows:
        output.table("Not as planned", ("line", "case", "planned", "computed"), rows)
    ended = done.in_time + done.late
    parts = [f"{done.cases} cases"]
    if planned:
        parts.append(f"{done.reproduced} deadlines as planned, {done.different} different{_terms(done.days_later)}")
    if ended:
        parts.append(f"{done.in_time} in time and {done.late} late ({done.in_time / ended:.1%} attained)")
    parts += [f"{done.open} open"] * bool(done.open) + [f"{done.unreadable} unreadable"] * bool(done.unreadable)
    output.say("; ".join(parts) + ".")


def _terms(days_later: Mapping[int, int]) -> str:
    """Say which differences are the most frequent: such cases may have a term of their own."""
    most = sorted(days_later.items(), key=lambda each: -each[1])[:_MOST_TERMS]
    told = [f"{count} by {days:+} days" for days, count in most if days]
    return f" ({', '.join(told)})" if told else ""


def _columns(given: Sequence[str], begins: str, ends: str, moments: Sequence[str]) -> Columns:
    named: dict[str, Any] = dict(each.partition("=")[::2] for each in given)
    unknown = sorted(set(named) - {"case", "start", "planned", "end", "activity"})
    if unknown or not all(named.values()):
        raise InputError(
            f"'{unknown[0] if unknown else next(name for name in named if not named[name])}' names no column.",
            hint="Write for example --column start=order_date.",
        )
    columns = dataclasses.replace(Columns(**named), begins=begins, ends=ends, formats=tuple(moments))
    if columns.activity and not (begins and ends):
        raise InputError("A log of events needs to know which of them count.", hint="Add --begins and --ends.")
    return columns


@app.command("list")
def list_(
    instance: Annotated[str | None, typer.Option(metavar="ID", help="All clocks of this instance.")] = None,
    within: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="Due within such as PT24H, or missed already."),
    ] = None,
    definition: Annotated[str | None, typer.Option(metavar="NAME", help="Of instances of this process.")] = None,
    *,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
    as_json: output.AsJson = False,
) -> None:
    """List the clocks that run: missed ones first, then those that are due first."""
    span = durations.length(within, datetime.now(UTC)) if within else None

    async def work(hub: Hub, actor: Actor) -> Sequence[ClockView]:
        if instance is not None:
            return await clocks_.of_instance(hub, actor, instance)
        return (await clocks_.ahead(hub, actor, within=span, definition=definition, limit=clocks_.most_rows)).clocks

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document({"clocks": found})
        return
    rows = [
        (each.business_key, each.clock, each.severity, _state(each), each.due_at, each.percent, _left(each))
        for each in found
    ]
    head = ("key", "clock", "severity", "state", "due", "%", "left")
    output.table("Clocks", head, rows, empty="No clock runs.")


@app.command("attainment")
def attainment(
    months: Annotated[int, typer.Option(help="This month and those before it.")] = attainment_.usual_months,
    clock: Annotated[str | None, typer.Option(metavar="NAME", help="Only this clock.")] = None,
    definition: Annotated[str | None, typer.Option(metavar="NAME", help="Of instances of this process.")] = None,
    *,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a table for a spreadsheet.")] = False,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
    as_json: output.AsJson = False,
) -> None:
    """Say how many clocks were met, by clock, severity and the month in which they were started."""

    async def work(hub: Hub, actor: Actor) -> list[Attained]:
        return await attainment_.report(hub, actor, months=months, clock=clock, definition=definition)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document({"attainment": found})
        return
    if as_csv:
        output.line(attainment_.as_csv(found).rstrip())
        return
    rows = [
        (
            *(f"{each.month:%Y-%m}", each.clock, each.severity, each.started, each.met, each.missed, each.open),
            *("" if each.share is None else f"{each.share:.0%}", _hours(each.median_s), _hours(each.p90_s)),
        )
        for each in found
    ]
    head = ("month", "clock", "severity", "started", "met", "missed", "open", "share", "median", "p90")
    output.table("Clocks by month", head, rows, empty="No clock was started.")


def _state(clock: ClockView) -> str:
    missed = clock.met is False and clock.state == "stopped"
    return "missed" if missed else "met" if clock.met else clock.state


def _left(clock: ClockView) -> str:
    """Return the time that counts until the end, in hours and minutes."""
    if clock.left_s is None or clock.stopped_at is not None:
        return ""
    return ("-" if clock.left_s < 0 else "") + _hours(abs(clock.left_s))


def _hours(seconds: int | None) -> str:
    if seconds is None:
        return ""
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02}"
