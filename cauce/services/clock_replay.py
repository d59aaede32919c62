"""Holds a log of what happened against the deadlines that a calendar gives, to see whether the two agree."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final

from cauce.errors import ExpressionError, InputError
from workflows.working_time import Length, WorkingTime

_MOST_ROWS: Final = 1_000_000
_MOST_TOLD: Final = 100


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a log are called; one that is empty is not there.

    With `activity` every row is an event at the time `start`: the clock of a case runs from its first event `begins` to
    the first `ends` after that. Without it every row is a case.
    """

    case: str = "case"
    start: str = "start"
    planned: str = ""
    end: str = ""
    activity: str = ""
    begins: str = ""
    ends: str = ""


@dataclass(frozen=True, slots=True)
class Odd:
    """A row whose deadline is another one than the calendar gives, or that cannot be read (`problem`)."""

    line: int
    case: str
    planned: str = ""
    deadline: str = ""
    problem: str = ""


@dataclass(slots=True)
class Replayed:
    """How many cases there were, whose planned deadline is the computed one, and how they ended.

    `days_later` counts the others by how many days later than computed they were planned: a few numbers with many cases
    each are terms of their own, not mistakes.
    """

    cases: int = 0
    reproduced: int = 0
    in_time: int = 0
    late: int = 0
    open: int = 0
    unreadable: int = 0
    different: int = 0
    days_later: dict[int, int] = field(default_factory=dict)
    odd: list[Odd] = field(default_factory=list)

    def note(self, odd: Odd) -> None:
        """Keep one of the first rows that are not as they should be."""
        if len(self.odd) < _MOST_TOLD:
            self.odd.append(odd)


@dataclass(frozen=True, slots=True)
class _Case:
    line: int
    name: str
    start: str
    planned: str
    end: str


def replay(text: Iterable[str], columns: Columns, calendar: WorkingTime, after: Length) -> Replayed:
    """Return how the deadlines of a CSV log compare with `after` in a calendar.

    Moments are ISO 8601; without an offset they are in the calendar's zone, and a planned day is compared as a day.

    Raises:
        InputError: A column is not in the log, or it has more than a million rows.
    """
    rows = csv.DictReader(text)
    wanted = (columns.case, columns.start, columns.planned, columns.end, columns.activity)
    missing = [name for name in wanted if name and name not in (rows.fieldnames or ())]
    if missing:
        known = ", ".join(rows.fieldnames or ()) or "no columns at all"
        raise InputError(f"The log has no column '{missing[0]}'.", hint=f"It has {known}.")
    done = Replayed()
    numbered = _limited(enumerate(rows, 2))
    for case in _cases_of_events(numbered, columns) if columns.activity else _cases(numbered, columns):
        done.cases += 1
        try:
            _judge(case, calendar, after, done)
        except (ValueError, ExpressionError) as error:
            done.unreadable += 1
            done.note(Odd(case.line, case.name, problem=str(error)))
    return done


def _limited(rows: Iterable[tuple[int, Mapping[str, str]]]) -> Iterator[tuple[int, Mapping[str, str]]]:
    for number, row in rows:
        if number > _MOST_ROWS + 1:
            raise InputError(f"The log has more than {_MOST_ROWS:,} rows.", hint="Split it.")
        yield number, row


def _cases(rows: Iterable[tuple[int, Mapping[str, str]]], columns: Columns) -> Iterator[_Case]:
    for line, row in rows:
        yield _Case(line, row[columns.case], row[columns.start], _of(row, columns.planned), _of(row, columns.end))


def _cases_of_events(rows: Iterable[tuple[int, Mapping[str, str]]], columns: Columns) -> Iterator[_Case]:
    begun: dict[str, _Case] = {}
    for line, row in rows:
        name, activity = row[columns.case], row[columns.activity]
        if name not in begun and activity == columns.begins:
            begun[name] = _Case(line, name, row[columns.start], _of(row, columns.planned), "")
        elif name in begun and not begun[name].end and activity == columns.ends:
            first = begun[name]
            begun[name] = _Case(first.line, name, first.start, first.planned, row[columns.start])
    yield from begun.values()


def _of(row: Mapping[str, str], column: str) -> str:
    return (row.get(column) or "") if column else ""


def _judge(case: _Case, calendar: WorkingTime, after: Length, done: Replayed) -> None:
    deadline = calendar.after(_moment(case.start, calendar), after)
    if case.planned:
        _compare(case, deadline.astimezone(calendar.zone), calendar, done)
    if not case.end:
        done.open += 1
    elif _moment(case.end, calendar) <= deadline:
        done.in_time += 1
    else:
        done.late += 1


def _compare(case: _Case, deadline: datetime, calendar: WorkingTime, done: Replayed) -> None:
    day = _day(case.planned)
    planned = _moment(case.planned, calendar).astimezone(calendar.zone) if day is None else None
    later = ((planned.date() if planned else day or deadline.date()) - deadline.date()).days
    if later == 0 and planned in {None, deadline}:
        done.reproduced += 1
        return
    done.different += 1
    done.days_later[later] = done.days_later.get(later, 0) + 1
    done.note(Odd(case.line, case.name, case.planned, deadline.isoformat()))


def _moment(text: str, calendar: WorkingTime) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"'{text[:40]}' is no moment as ISO 8601 writes it.") from None
    return (found if found.tzinfo else found.replace(tzinfo=calendar.zone)).astimezone(UTC)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
