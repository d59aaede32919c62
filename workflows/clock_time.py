"""When what happens to a clock: pure arithmetic on its start, its target, its pauses and the calendar it counts in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cauce.errors import ExpressionError
from workflows import durations
from workflows.working_time import Length, WorkingTime, working_length

JSON = Any
_ALL: Final = 100.0


@dataclass(frozen=True, slots=True)
class Reckoning:
    """One clock: it begins at `start` and may take `target`; what passes in a pause does not count.

    Without a calendar all time counts, as for a term of the law. A pause has always an end, the planned one as long as
    it lasts; pauses follow each other.
    """

    calendar: WorkingTime | None
    start: datetime
    target: JSON
    pauses: Sequence[tuple[datetime, datetime]] = ()

    @property
    def due(self) -> datetime:
        """When the target is over."""
        return self._shifted(self._target_end())

    def at(self, percent: float) -> datetime:
        """Return when so much of the target has passed."""
        if percent == _ALL:
            return self.due
        share = self._total() * (percent / _ALL)
        return self._shifted(_later(self.calendar, self.start, share))

    def before(self, length: JSON) -> datetime:
        """Return when only this much is left until the target is over."""
        if self.calendar is None:
            return self.due - durations.length(length, self.due)
        return self.calendar.before(self.due, working_length(length))

    def elapsed(self, now: datetime) -> timedelta:
        """Return how much of the time that counts has passed."""
        paused = sum((self._between(begin, min(end, now)) for begin, end in self.pauses), timedelta())
        return self._between(self.start, now) - paused

    def percent(self, now: datetime) -> float:
        """Return how much of the target has passed, in percent; more than 100 once it is over."""
        total = self._total()
        share = _ALL * (self.elapsed(now) / total) if total else _ALL
        # A deadline at the beginning of a day is not there yet at the end of the day before.
        return min(share, _ALL) if now < self.due else max(share, _ALL)

    def left(self, now: datetime) -> timedelta:
        """Return how much time that counts is left; less than nothing once the target is over."""
        if now >= self.due:
            return -_between(self.calendar, self.due, now)
        ahead = sum(
            (self._between(max(begin, now), end) for begin, end in self.pauses if begin < self.due), timedelta()
        )
        return _between(self.calendar, now, self.due) - ahead

    def _target_end(self) -> datetime:
        if self.calendar is None:
            return self.start + durations.length(self.target, self.start)
        return self.calendar.after(self.start, working_length(self.target))

    def _total(self) -> timedelta:
        return _between(self.calendar, self.start, self._target_end())

    def _between(self, begin: datetime, end: datetime) -> timedelta:
        return _between(self.calendar, max(begin, self.start), end)

    def _shifted(self, moment: datetime) -> datetime:
        """Return a moment later by what the pauses before it take; one that begins behind it changes nothing."""
        for begin, end in self.pauses:
            if begin < moment:
                moment = _later(self.calendar, moment, self._between(begin, end))
        return moment


def later(calendar: WorkingTime | None, start: datetime, length: JSON) -> datetime:
    """Return the moment at which a length of the time that counts has passed since `start`."""
    if calendar is None:
        return start + durations.length(length, start)
    return calendar.after(start, working_length(length))


def moment_of(value: JSON, calendar: WorkingTime | None) -> datetime:
    """Return the moment that a date or a date-time in ISO 8601 means, in UTC.

    Without an offset it is in the zone of the calendar; a date alone is the beginning of its day. Raises
    `ExpressionError` for anything else.
    """
    if isinstance(value, dict):
        value = value.get("iso8601")
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=calendar.zone if calendar else UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        hint = "Write for example 2026-12-23 or 2026-12-23T17:00:00+01:00."
        raise ExpressionError(f"`{str(value)[:40]}` is no moment.", hint=hint) from error


def text_of(moment: datetime) -> str:
    """Return a moment as text, in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _later(calendar: WorkingTime | None, start: datetime, by: timedelta) -> datetime:
    return start + by if calendar is None else calendar.after(start, Length(time=by))


def _between(calendar: WorkingTime | None, begin: datetime, end: datetime) -> timedelta:
    return max(end - begin, timedelta()) if calendar is None else calendar.between(begin, end)
