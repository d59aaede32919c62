"""`cauce calendars`: what a calendar means, day by day, and when something is due by it."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cauce.calendars import any_year, holidays, pinned
from cauce.cli import output
from cauce.errors import DefinitionError, InputError
from schemas import kind_of, load_file
from workflows.checking import check
from workflows.working_time import WorkingTime, working_length

app = typer.Typer(no_args_is_help=True)
CalendarFile = Annotated[Path, typer.Argument(metavar="FILE", help="A calendar's definition.")]


@app.command("show")
def show(
    file: CalendarFile,
    year: Annotated[int | None, typer.Option(metavar="YEAR", min=1970, max=2100, help="This one if not given.")] = None,
    *,
    as_json: output.AsJson = False,
) -> None:
    """Show the holidays and exceptions of a calendar in one year."""
    document, wanted = read(file), year or datetime.now(UTC).year
    names = {
        day.isoformat(): name for day, name in holidays(document.get("holidays"), range(wanted, wanted + 1)).items()
    }
    days = pinned(document, date(wanted, 1, 1))["days"]
    rows = [(day, names.get(day, ""), spans) for day, spans in days.items() if day.startswith(f"{wanted}-")]
    if as_json:
        output.document(
            {"calendar": document["calendar"], "days": [dict(zip(_COLUMNS, row, strict=True)) for row in rows]}
        )
        return
    shown = [
        (day, date.fromisoformat(day).strftime("%A"), name, ", ".join(spans) or "off") for day, name, spans in rows
    ]
    output.table(f"{document['calendar']} {wanted}", ("day", "weekday", "holiday", "hours"), shown)


_COLUMNS = ("day", "holiday", "hours")


@app.command("deadline")
def deadline(
    file: CalendarFile,
    after: Annotated[str, typer.Option(metavar="DURATION", help="How much working time: PT4H, P2D, P1DT2H.")],
    start: Annotated[
        str, typer.Option(metavar="MOMENT", help="From when, in the calendar's zone if it says none; now if not given.")
    ] = "",
    *,
    as_json: output.AsJson = False,
) -> None:
    """Say when something is due that may take so much working time."""
    calendar = WorkingTime.of(pinned(read(file), datetime.now(UTC).date(), years=any_year))
    try:
        begun = datetime.fromisoformat(start) if start else datetime.now(UTC)
    except ValueError as error:
        raise InputError(f"'{start[:40]}' is no moment.", hint="Write 2026-12-23T17:00.") from error
    begun = (begun if begun.tzinfo else begun.replace(tzinfo=calendar.zone)).astimezone(calendar.zone)
    due = calendar.after(begun, working_length(after)).astimezone(calendar.zone)
    if as_json:
        output.document({"start": begun.isoformat(), "after": after, "due": due.isoformat()})
    else:
        output.line(due.isoformat())


def read(file: Path) -> dict[str, Any]:
    """Return a calendar's document.

    Raises:
        DefinitionError: The file is no calendar, or a wrong one; the findings say why.
    """
    if not file.is_file():
        raise InputError(f"There is no file {file}.", hint="Check the path.")
    source = load_file(file)
    if kind_of(source.data) != "calendar":
        raise InputError(f"{file} is no calendar.", hint="A calendar begins with `calendar:` and its name.")
    findings = check([source])
    if findings:
        raise DefinitionError.of("The calendar cannot be used", findings)
    document: dict[str, Any] = source.data
    return document
