"""Working days, counted: a plan is computed in whole numbers, and only its result is in dates."""

from bisect import bisect_left, bisect_right
from datetime import date, timedelta
from typing import Final

from cauce.errors import InputError
from workflows.working_time import WorkingTime

_DAY: Final = timedelta(days=1)
SATURDAY: Final = 5
# A hundred years on either side of the start.
_FURTHEST: Final = 36_525


class Days:
    """Working days by number; the first one on or after `origin` is 0, earlier ones are less than that.

    Without a calendar every Monday to Friday is one.
    """

    def __init__(self, calendar: WorkingTime | None, origin: date) -> None:
        """Count from a day on."""
        self._calendar = calendar
        self._ahead: list[date] = []
        self._behind: list[date] = []
        self._origin = self._next = origin
        self._last = origin - _DAY

    def number(self, day: date) -> int:
        """Return the number of a day, or of the next working day after it."""
        if day >= self._origin:
            self._reach(day)
            return bisect_left(self._ahead, day)
        self._reach_back(day)
        return -bisect_right(self._behind, -day.toordinal(), key=lambda each: -each.toordinal())

    def after(self, day: date) -> int:
        """Return the number of the first working day after a day, which is where something ends that fills it."""
        return self.number(day) + self.works(day)

    def day(self, number: int) -> date:
        """Return the working day of a number."""
        if number >= 0:
            while len(self._ahead) <= number:
                self._step()
            return self._ahead[number]
        while len(self._behind) < -number:
            self._step_back()
        return self._behind[-number - 1]

    def _reach(self, day: date) -> None:
        while not self._ahead or self._ahead[-1] < day:
            self._step()

    def _reach_back(self, day: date) -> None:
        while self._last >= day:
            self._step_back()

    def _step(self) -> None:
        self._check(self._next)
        if self.works(self._next):
            self._ahead.append(self._next)
        self._next += _DAY

    def _step_back(self) -> None:
        self._check(self._last)
        if self.works(self._last):
            self._behind.append(self._last)
        self._last -= _DAY

    def works(self, day: date) -> bool:
        """Tell whether a day is one."""
        return self._calendar.works(day) if self._calendar else day.weekday() < SATURDAY

    def _check(self, day: date) -> None:
        if abs((day - self._origin).days) > _FURTHEST or day in (date.min, date.max):
            raise InputError(
                "The plan reaches further than a hundred years from its start.", hint="Look at its durations and dates."
            )
