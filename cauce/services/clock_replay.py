"""Holds a log of what happened against the deadlines that a calendar gives, to see whether the two agree."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import chain
from typing import Final
from zoneinfo import ZoneInfo

from cauce.errors import ExpressionError, InputError
from workflows.working_time import Length, WorkingTime

_MOST_ROWS: Final = 1_000_000
_MOST_TOLD: Final = 100
_TIMES: Final = ("%H", "%I", "%X", "%c")


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a log are called; one that is empty is not there.

    With `activity` every row is an event at the time `start`: the clock of a case runs from its first event `begins` to
    the first `ends` after that, in whatever order the rows are. Without it every row is a case. `formats` are how
    moments and days are written besides ISO 8601, as `strptime` has it.
    """

    case: str = "case"
    start: str = "start"
    planned: str = ""
    end: str = ""
    activity: str = ""
    begins: str = ""
    ends: str = ""
    formats: tuple[str, ...] = ()


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


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads moments and days of a log; those without an offset are in the `zone` of the calendar."""

    zone: ZoneInfo
    formats: tuple[str, ...]

    def moment(self, text: str) -> datetime:
        """Return the moment that a text means, in UTC; raises `ValueError` for one that means none."""
        for form in ("", *self.formats):
            with suppress(ValueError):
                found = _parsed(text.strip(), form)
                return (found if found.tzinfo else found.replace(tzinfo=self.zone)).astimezone(UTC)
        written = f"ISO 8601 or {', '.join(self.formats)} write it" if self.formats else "ISO 8601 writes it"
        raise ValueError(f"'{text[:40]}' is no moment as {written}.")

    def day(self, text: str) -> date | None:
        """Return the day that a text means, if it says no more than that."""
        with suppress(ValueError):
            return date.fromisoformat(text.strip())
        for form in self.formats:
            with suppress(ValueError):
                if not any(sign in form for sign in _TIMES):
                    return _parsed(text.strip(), form).date()
        return None

    def order(self, text: str) -> tuple[bool, datetime]:
        """Return what sorts texts by the moment they mean; those that mean none are the last."""
        try:
            return False, self.moment(text)
        except (ValueError, OverflowError):
            return True, datetime.max.replace(tzinfo=UTC)


def _parsed(text: str, form: str) -> datetime:
    return datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007 - who asks knows the zone


def replay(text: Iterable[str], columns: Columns, calendar: WorkingTime, after: Length) -> Replayed:
    """Return how the deadlines of a CSV log compare with `after` in a calendar.

    Moments without an offset are in the calendar's zone, and a planned day is compared as a day. Commas, semicolons or
    tabs part the columns, whichever the heading has most of.

    Raises:
        InputError: A column is not in the log, or it has more than a million rows.
    """
    rows = _rows(text)
    wanted = (columns.case, columns.start, columns.planned, columns.end, columns.activity)
    missing = [name for name in wanted if name and name not in (rows.fieldnames or ())]
    if missing:
        known = ", ".join(rows.fieldnames or ()) or "no columns at all"
        raise InputError(f"The log has no column '{missing[0]}'.", hint=f"It has {known}.")
    done = Replayed()
    reader = _Reader(calendar.zone, columns.formats)
    numbered = _limited(enumerate(rows, 2))
    for case in _cases_of_events(numbered, columns, reader) if columns.activity else _cases(numbered, columns):
        done.cases += 1
        try:
            _judge(case, calendar, after, reader, done)
        except (ValueError, OverflowError, ExpressionError) as error:
            done.unreadable += 1
            done.note(Odd(case.line, case.name, problem=str(error)))
    return done


def _rows(text: Iterable[str]) -> "csv.DictReader[str]":
    lines = iter(text)
    heading = next(lines, "")
    return csv.DictReader(chain([heading], lines), delimiter=max(",;\t", key=heading.count), restval="")


def _limited(rows: Iterable[tuple[int, Mapping[str, str]]]) -> Iterator[tuple[int, Mapping[str, str]]]:
    for number, row in rows:
        if number > _MOST_ROWS + 1:
            raise InputError(f"The log has more than {_MOST_ROWS:,} rows.", hint="Split it.")
        yield number, row


def _cases(rows: Iterable[tuple[int, Mapping[str, str]]], columns: Columns) -> Iterator[_Case]:
    for line, row in rows:
        yield _Case(line, row[columns.case], row[columns.start], _of(row, columns.planned), _of(row, columns.end))


def _cases_of_events(
    rows: Iterable[tuple[int, Mapping[str, str]]], columns: Columns, reader: _Reader
) -> Iterator[_Case]:
    begun: dict[str, list[_Case]] = {}
    ended: dict[str, list[str]] = {}
    for line, row in rows:
        name, activity, at = row[columns.case], row[columns.activity], row[columns.start]
        if activity == columns.begins:
            begun.setdefault(name, []).append(_Case(line, name, at, _of(row, columns.planned), ""))
        if activity == columns.ends:
            ended.setdefault(name, []).append(at)
    for name, cases in begun.items():
        first = min(cases, key=lambda each: reader.order(each.start))
        # A clock that is begun and ended by the same activity runs until that comes again.
        start = reader.order(first.start)
        later = [at for at in ended.get(name, ()) if reader.order(at) >= start]
        if columns.begins == columns.ends:
            later.remove(first.start)
        yield replace(first, end=min(later, key=reader.order, default=""))


def _of(row: Mapping[str, str], column: str) -> str:
    return (row.get(column) or "") if column else ""


def _judge(case: _Case, calendar: WorkingTime, after: Length, reader: _Reader, done: Replayed) -> None:
    deadline = calendar.after(reader.moment(case.start), after)
    end = reader.moment(case.end) if case.end.strip() else None
    if case.planned.strip():
        _compare(case, deadline.astimezone(calendar.zone), reader, done)
    if end is None:
        done.open += 1
    elif end <= deadline:
        done.in_time += 1
    else:
        done.late += 1


def _compare(case: _Case, deadline: datetime, reader: _Reader, done: Replayed) -> None:
    day = reader.day(case.planned)
    planned = reader.moment(case.planned).astimezone(reader.zone) if day is None else None
    later = ((planned.date() if planned else day or deadline.date()) - deadline.date()).days
    if later == 0 and planned in {None, deadline}:
        done.reproduced += 1
        return
    done.different += 1
    done.days_later[later] = done.days_later.get(later, 0) + 1
    done.note(Odd(case.line, case.name, case.planned, deadline.isoformat()))
