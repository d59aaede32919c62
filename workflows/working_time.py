"""Deadlines in working time: pure arithmetic on the hours, holidays and time zone of a calendar.

Lengths have two parts. Hours, minutes and seconds are time that people work. Days and weeks are working days: the
end is at the same time of a later day, within that day's hours.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from cauce.errors import ExpressionError

JSON = Any
Span = tuple[datetime, datetime]
_FURTHEST: Final = 36_525
_TEXT: Final = re.compile(
    r"P(?=[0-9T])(?:([0-9]+)W)?(?:([0-9]+)D)?"
    r"(?:T(?=[0-9])(?:([0-9]+(?:\.[0-9]+)?)H)?(?:([0-9]+(?:\.[0-9]+)?)M)?(?:([0-9]+(?:\.[0-9]+)?)S)?)?\Z"
)
_SECONDS: Final = {"hours": 3_600, "minutes": 60, "seconds": 1, "milliseconds": 0.001}
_MIDNIGHT: Final = "24:00"


@dataclass(frozen=True, slots=True)
class Length:
    """A length of working time: whole working days, and time on top of them."""

    days: int = 0
    time: timedelta = timedelta()


def working_length(value: JSON) -> Length:
    """Return the working time that `value` (ISO 8601 text, or an object) stands for.

    A week is as many working days as weekdays: five. Raises `ExpressionError` for what has no length in working time.
    """
    if isinstance(value, str) and (found := _TEXT.match(value)):
        weeks, days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
        return _checked(weeks * 5 + days, timedelta(hours=hours, minutes=minutes, seconds=seconds))
    if isinstance(value, Mapping) and value and set(value) <= {"days", *_SECONDS}:
        parts = {name: value.get(name, 0) for name in ("days", *_SECONDS)}
        if all(isinstance(part, int | float) and not isinstance(part, bool) for part in parts.values()):
            seconds = sum(parts[name] * each for name, each in _SECONDS.items())
            return _checked(parts["days"], timedelta(seconds=seconds))
    raise ExpressionError(
        f"`{str(value)[:40]}` is no length of working time.",
        hint="Write whole days, hours, minutes and seconds, such as P2D or PT4H; months and years have none.",
    )


def _checked(days: float, more: timedelta) -> Length:
    if days != int(days) or days < 0 or more < timedelta() or days > _FURTHEST or more.days > _FURTHEST:
        raise ExpressionError("Working time is counted in whole days and in hours, from 0 to 100 years.")
    return Length(int(days), more)


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """A calendar as it was pinned: spans of each weekday from Monday, and the days that are otherwise."""

    zone: ZoneInfo
    week: tuple[tuple[str, ...], ...]
    days: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, pinned: Mapping[str, JSON]) -> "WorkingTime":
        """Return the calendar that a published process carries."""
        days = {day: tuple(spans) for day, spans in pinned["days"].items()}
        return cls(ZoneInfo(pinned["timezone"]), tuple(tuple(spans) for spans in pinned["week"]), days)

    def after(self, start: datetime, length: Length) -> datetime:
        """Return the moment at which `length` of working time has passed since `start`, in UTC.

        Raises:
            ExpressionError: The calendar has not that much working time in the next hundred years.
        """
        moment = self._days_after(start, length.days) if length.days else start.astimezone(UTC)
        left = length.time
        if not left:
            return moment
        for begin, end in self._spans_from(moment):
            here = end - max(begin, moment)
            if left <= here:
                return max(begin, moment) + left
            left -= here
        raise self._never()

    def before(self, end: datetime, length: Length) -> datetime:
        """Return the moment from which on `length` of working time is left until `end`, in UTC."""
        moment = self._days_before(end, length.days) if length.days else end.astimezone(UTC)
        left = length.time
        if not left:
            return moment
        for begin, close in self._spans_until(moment):
            here = min(close, moment) - begin
            if left <= here:
                return min(close, moment) - left
            left -= here
        raise self._never()

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return how much working time lies between two moments; nothing when `end` is not the later."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        total = timedelta()
        for begin, close in self._spans_from(start):
            if begin >= end:
                break
            total += max(min(close, end) - max(begin, start), timedelta())
        return total

    def opens(self, moment: datetime) -> datetime:
        """Return `moment` itself when people work then, else the next moment when they do, in UTC."""
        moment = moment.astimezone(UTC)
        for begin, _ in self._spans_from(moment):
            return max(begin, moment)
        raise self._never()

    def works(self, day: date) -> bool:
        """Tell whether anybody works on a day."""
        return bool(self.days.get(day.isoformat(), self.week[day.weekday()]))

    def closes(self, day: date) -> datetime:
        """Return when work ends on a day, in UTC; the end of the day when nobody works then."""
        spans = self._spans_on(day)
        return spans[-1][1] if spans else _at(day + timedelta(days=1), time(), self.zone)

    def _days_after(self, start: datetime, days: int) -> datetime:
        first = self.opens(start).astimezone(self.zone)
        day, left = first.date(), days
        for _ in range(_FURTHEST):
            if left == 0:
                break
            day += timedelta(days=1)
            left -= bool(self._spans_on(day))
        else:
            raise self._never()
        spans = self._spans_on(day)
        wanted = _at(day, first.time().replace(tzinfo=None), self.zone)
        for begin, end in spans:
            if wanted <= end:
                return max(begin, wanted)
        return spans[-1][1]

    def _days_before(self, end: datetime, days: int) -> datetime:
        end = end.astimezone(UTC)
        last = next((min(close, end) for _, close in self._spans_until(end)), end).astimezone(self.zone)
        day, left = last.date(), days
        for _ in range(_FURTHEST):
            if left == 0:
                break
            day -= timedelta(days=1)
            left -= bool(self._spans_on(day))
        else:
            raise self._never()
        spans = self._spans_on(day)
        wanted = _at(day, last.time().replace(tzinfo=None), self.zone)
        for begin, close in reversed(spans):
            if wanted >= begin:
                return min(close, wanted)
        return spans[0][0]

    def _spans_until(self, moment: datetime) -> Iterator[Span]:
        """Yield the spans that begin before `moment`, the last one first."""
        day = moment.astimezone(self.zone).date()
        for _ in range(_FURTHEST):
            for begin, end in reversed(self._spans_on(day)):
                if begin < moment:
                    yield begin, end
            if day == date.min:
                return
            day -= timedelta(days=1)

    def _spans_from(self, moment: datetime) -> Iterator[Span]:
        """Yield the spans that end after `moment`, in order."""
        day = moment.astimezone(self.zone).date()
        for _ in range(_FURTHEST):
            for begin, end in self._spans_on(day):
                if end > moment:
                    yield begin, end
            if day == date.max:
                return
            day += timedelta(days=1)

    def _spans_on(self, day: date) -> Sequence[Span]:
        return _instants(self.zone, day, self.days.get(day.isoformat(), self.week[day.weekday()]))

    def _never(self) -> ExpressionError:
        return ExpressionError("The calendar has not that much working time.", hint="Look at its `hours`.")


@lru_cache(maxsize=4096)
def _instants(zone: ZoneInfo, day: date, spans: tuple[str, ...]) -> Sequence[Span]:
    """Return the spans of a day as moments; one that the change to summer time swallows is none."""
    found = []
    for span in spans:
        begin, _, end = span.partition("-")
        close = (
            _at(day + timedelta(days=1), time(), zone) if end == _MIDNIGHT else _at(day, time.fromisoformat(end), zone)
        )
        opening = _at(day, time.fromisoformat(begin), zone)
        if opening < close:
            found.append((opening, close))
    return tuple(found)


def _at(day: date, wall: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, wall, zone).astimezone(UTC)
