"""The numbers of a plan, from the first working day to the last and back: the critical path method.

What nobody has begun starts as soon as it may, what is under way has its rest done when what it waits for is there,
and what is done stays where it was.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from workflows.roadmap.days import Days
from workflows.roadmap.model import Activity, Actual, State
from workflows.roadmap.order import ordered

_WHOLE: Final = 100
_NOTHING: Final = Decimal()
_NEVER: Final = -(10**9)
_NONE: Final = Actual()


class Network:
    """The numbers of one computation, by the position of each activity."""

    def __init__(self, activities: Sequence[Activity], days: Days, actuals: Mapping[str, Actual]) -> None:
        self.activities, self.days = activities, days
        place = {each.id: number for number, each in enumerate(activities)}
        self.actual = [actuals.get(each.id, _NONE) for each in activities]
        self.state: list[State] = [_state(each) for each in self.actual]
        self.order = ordered(activities)
        # How much is still to be done: all of it where nobody has begun.
        self.rest = [0] * len(activities)
        self.begin = [0] * len(activities)
        self.end = [0] * len(activities)
        self.before = [
            [(place[link.on], link.type, link.lag) for link in each.links if link.on in place] for each in activities
        ]
        self.follow: list[list[tuple[int, str, int]]] = [[] for _ in activities]
        for number, links in enumerate(self.before):
            for on, kind, lag in links:
                self.follow[on].append((number, kind, lag))

    def forward(self, first: int, evening: int) -> None:
        """Find the first possible days: work goes on from `first`, and what takes none is there by the `evening`."""
        for number in self.order:
            activity, actual, state = self.activities[number], self.actual[number], self.state[number]
            now = first if activity.days else evening
            if state == "done":
                self.begin[number], self.end[number] = self._done(activity, actual)
                continue
            started = self._begun(activity, actual) if state == "started" else None
            rest = self.rest[number] = _rest(activity, actual, started, now)
            soonest = now if started is None else max(now, started)
            soonest = max(soonest, self._bound(number, rest, is_started=started is not None))
            if started is None:
                soonest = max(soonest, self._allowed(activity))
            self.begin[number] = soonest if started is None else started
            self.end[number] = soonest + rest

    def _done(self, activity: Activity, actual: Actual) -> tuple[int, int]:
        finished = actual.finished or date.max
        end = self.days.after(finished)
        # What was done on a day off took no working day.
        return (min(self.days.number(actual.started or finished), end) if activity.days else end), end

    def _begun(self, activity: Activity, actual: Actual) -> int:
        started = actual.started or date.max
        return self.days.number(started) if activity.days else self.days.after(started)

    def _bound(self, number: int, rest: int, *, is_started: bool) -> int:
        """Return the first day on which what it waits for lets it, or its rest, be done."""
        bound = _NEVER
        for on, kind, lag in self.before[number]:
            if kind == "FS":
                bound = max(bound, self.end[on] + lag)
            elif kind == "FF":
                bound = max(bound, self.end[on] + lag - rest)
            elif kind == "SF":
                bound = max(bound, self.begin[on] + lag - rest)
            elif not is_started:
                bound = max(bound, self.begin[on] + lag)
        return bound

    def _allowed(self, activity: Activity) -> int:
        """Return the first day that its constraint allows."""
        limit, bound = activity.constraint, _NEVER
        if limit.start_no_earlier:
            number = self.days.number if activity.days else self.days.after
            bound = number(limit.start_no_earlier)
        if limit.finish_no_earlier:
            bound = max(bound, self.days.after(limit.finish_no_earlier) - activity.days)
        return bound

    def late_ends(self) -> list[int]:
        """Return the last possible ends, from the last to the first."""
        late = [max(self.end, default=0)] * len(self.activities)
        for number in reversed(self.order):
            activity, length = self.activities[number], self.length(number)
            latest = late[number]
            for on, kind, lag in self.follow[number]:
                if self.state[on] == "done":
                    continue
                if kind == "FS":
                    latest = min(latest, late[on] - self.rest[on] - lag)
                elif kind == "FF":
                    latest = min(latest, late[on] - lag)
                elif self.state[number] == "waiting" and kind == "SF":
                    latest = min(latest, late[on] - lag + length)
                elif self.state[number] == self.state[on] == "waiting":
                    latest = min(latest, late[on] - self.rest[on] - lag + length)
            late[number] = min(
                latest, self._limit(activity, length, latest, is_started=self.state[number] != "waiting")
            )
        return late

    def _limit(self, activity: Activity, length: int, latest: int, *, is_started: bool) -> int:
        limit = activity.constraint
        if limit.finish_no_later:
            latest = min(latest, self.days.after(limit.finish_no_later))
        if limit.start_no_later and not is_started:
            latest = min(latest, self.days.after(limit.start_no_later) - min(1, length) + length)
        return latest

    def _slack(self, number: int, on: int, kind: str, lag: int) -> int:
        """Return how much later `number` could be without making `on`, which waits for it, later."""
        if kind == "FF":
            return self.end[on] - lag - self.end[number]
        if kind == "SF":
            return self.end[on] - lag - self.begin[number]
        start = self.end[on] - self.rest[on] if self.state[on] == "started" else self.begin[on]
        return start - lag - (self.end[number] if kind == "FS" else self.begin[number])

    def free_float(self, number: int, last: int) -> int:
        """Return how late something may be without anything else, or the end `last`, being late."""
        found = [
            self._slack(number, *link)
            for link in self.follow[number]
            if self.state[link[0]] != "done"
            and not (link[1] in ("SS", "SF") and self.state[number] != "waiting")
            and not (link[1] == "SS" and self.state[link[0]] == "started")
        ]
        return min([*found, last - self.end[number]])

    def length(self, number: int) -> int:
        """Return how many working days something takes from its begin to its end."""
        return self.end[number] - self.begin[number]


def _state(actual: Actual) -> State:
    return "done" if actual.finished else "started" if actual.started else "waiting"


def _rest(activity: Activity, actual: Actual, started: int | None, now: int) -> int:
    """Return how many working days are still to be done; what is not finished has at least one."""
    if started is None:
        return activity.days
    if actual.remaining is not None:
        return actual.remaining
    if actual.percent is not None:
        left = activity.days * (_WHOLE - actual.percent) / _WHOLE
        return max(int(left) + (left % 1 > _NOTHING), min(1, activity.days))
    return max(started + activity.days - now, min(1, activity.days))
