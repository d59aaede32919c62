"""When everything in a roadmap happens: the critical path method in working days, with what has happened so far.

What nobody has begun starts as soon as it may, what is under way has its rest done when what it waits for is there,
and what is done stays where it was. All is computed in numbers of working days, from the first to the last and back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from cauce.errors import InputError
from workflows.roadmap.days import Days
from workflows.roadmap.model import Activity, Roadmap

State = Literal["waiting", "started", "done"]
_WHOLE: Final = 100
_NOTHING: Final = Decimal()


@dataclass(frozen=True, slots=True)
class Actual:
    """What has become of an activity so far.

    `remaining` are working days; without them, `percent` says how much of its planned length is done. `parts` are the
    milestones or deliverables that are there, counted from 1, and `cost` is what it has cost, by factor.
    """

    started: date | None = None
    finished: date | None = None
    percent: Decimal | None = None
    remaining: int | None = None
    parts: frozenset[int] | None = None
    cost: Mapping[str, Decimal] | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """An activity or gate in the plan; `begin` and `end` are numbers of working days, `end` the first one after it.

    `total_float` are the working days that it may be late without the whole being late, `free_float` those without
    anything else being late.
    """

    activity: Activity
    state: State
    begin: int
    end: int
    late_end: int
    free_float: int
    start: date
    finish: date
    late_start: date
    late_finish: date

    @property
    def total_float(self) -> int:
        """How many working days it may be late."""
        return self.late_end - self.end

    @property
    def critical(self) -> bool:
        """Whether the whole is late when this is."""
        return self.state != "done" and self.total_float <= 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole plan, in the order of the roadmap."""

    activities: tuple[Planned, ...]
    start: date
    finish: date
    begin: int
    end: int
    status: date | None

    @property
    def late(self) -> tuple[Planned, ...]:
        """What cannot keep to the days it has to."""
        return tuple(each for each in self.activities if each.state != "done" and each.total_float < 0)


def plan(
    roadmap: Roadmap,
    days: Days,
    start: date,
    *,
    actuals: Mapping[str, Actual] | None = None,
    status: date | None = None,
) -> Plan:
    """Return when everything happens, as of the evening of `status` if there is one.

    Raises:
        InputError: Activities wait for each other in a circle, or what has happened contradicts itself.
    """
    happened = actuals or {}
    _check(roadmap, happened, status)
    net = _Net(roadmap.activities, days, happened)
    first = days.number(start)
    net.forward(max(first, days.after(status)) if status else first)
    return net.result(first, status)


def ordered(activities: Sequence[Activity]) -> list[int]:
    """Return the positions of activities so that each one comes after what it waits for.

    Raises:
        InputError: Some wait for each other in a circle.
    """
    place = {each.id: number for number, each in enumerate(activities)}
    waits = [[place[link.on] for link in each.links if link.on in place] for each in activities]
    followers: list[list[int]] = [[] for _ in activities]
    for number, before in enumerate(waits):
        for each in before:
            followers[each].append(number)
    open_ = [len(before) for before in waits]
    found = [number for number, count in enumerate(open_) if not count]
    for number in found:
        for each in followers[number]:
            open_[each] -= 1
            if not open_[each]:
                found.append(each)
    if len(found) < len(activities):
        names = circle(activities)
        raise InputError(f"These wait for each other in a circle: {', '.join(names)}.", hint="Take one `after` out.")
    return found


def circle(activities: Sequence[Activity]) -> list[str]:
    """Return the ids of some activities that wait for each other in a circle, in that order; none if there is none."""
    waits = {each.id: [link.on for link in each.links] for each in activities}
    waits = {each: [on for on in before if on in waits] for each, before in waits.items()}
    left = dict(waits)
    while free := [each for each, before in left.items() if not any(on in left for on in before)]:
        for each in free:
            del left[each]
    if not left:
        return []
    path = [next(iter(left))]
    while True:
        following = next(on for on in left[path[-1]] if on in left)
        if following in path:
            return path[path.index(following) :][::-1]
        path.append(following)


def _check(roadmap: Roadmap, actuals: Mapping[str, Actual], status: date | None) -> None:
    known = {each.id for each in roadmap.activities}
    for name, actual in actuals.items():
        if name not in known:
            raise InputError(f"There is no activity `{name}` in the roadmap.", hint="An activity of a wave is `id.wave`.")
        if actual.finished and not actual.started:
            raise InputError(f"`{name}` is finished and was never started.", hint="Say when it was started.")
        if actual.finished and actual.started and actual.finished < actual.started:
            raise InputError(f"`{name}` is finished before it was started.", hint="Correct its days.")
        last = actual.finished or actual.started
        if last and (status is None or last > status):
            raise InputError(f"`{name}` has happened after the day of the report.", hint="Report as of a later day.")


class _Net:
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
        self.before = [[(place[link.on], link.type, link.lag) for link in each.links if link.on in place] for each in activities]
        self.follow: list[list[tuple[int, str, int]]] = [[] for _ in activities]
        for number, links in enumerate(self.before):
            for on, kind, lag in links:
                self.follow[on].append((number, kind, lag))

    def forward(self, now: int) -> None:
        """Find the first possible days."""
        for number in self.order:
            activity, actual, state = self.activities[number], self.actual[number], self.state[number]
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
        bound = -(10**9)
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
        limit, bound = activity.constraint, -(10**9)
        if limit.start_no_earlier:
            number = self.days.number if activity.days else self.days.after
            bound = number(limit.start_no_earlier)
        if limit.finish_no_earlier:
            bound = max(bound, self.days.after(limit.finish_no_earlier) - activity.days)
        return bound

    def _late_ends(self) -> list[int]:
        """Return the last possible ends, from the last to the first."""
        late = [max(self.end, default=0)] * len(self.activities)
        for number in reversed(self.order):
            activity, length = self.activities[number], self._length(number)
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
            late[number] = min(latest, self._limit(activity, length, latest, is_started=self.state[number] != "waiting"))
        return late

    def _limit(self, activity: Activity, length: int, latest: int, *, is_started: bool) -> int:
        limit = activity.constraint
        if limit.finish_no_later:
            latest = min(latest, self.days.after(limit.finish_no_later))
        if limit.start_no_later and not is_started:
            latest = min(latest, self.days.after(limit.start_no_later) - min(1, length) + length)
        return latest

    def slack(self, number: int, on: int, kind: str, lag: int) -> int:
        """Return how much later `number` could be without making `on`, which waits for it, later."""
        if kind == "FF":
            return self.end[on] - lag - self.end[number]
        if kind == "SF":
            return self.end[on] - lag - self.begin[number]
        start = self.end[on] - self.rest[on] if self.state[on] == "started" else self.begin[on]
        return start - lag - (self.end[number] if kind == "FS" else self.begin[number])

    def _free_float(self, number: int, last: int) -> int:
        found = [
            self.slack(number, *link)
            for link in self.follow[number]
            if self.state[link[0]] != "done"
            and not (link[1] in ("SS", "SF") and self.state[number] != "waiting")
            and not (link[1] == "SS" and self.state[link[0]] == "started")
        ]
        return min([*found, last - self.end[number]])

    def _length(self, number: int) -> int:
        return self.end[number] - self.begin[number]

    def _dates(self, begin: int, end: int, first: int) -> tuple[date, date]:
        """Return the first and the last day; what takes no day is at the end of one, or where everything begins."""
        if begin == end:
            at = self.days.day(end - 1 if end > first else end)
            return at, at
        return self.days.day(begin), self.days.day(end - 1)

    def result(self, first: int, status: date | None) -> Plan:
        """Return the plan of what was found."""
        late, last = self._late_ends(), max(self.end, default=first)
        found = [self._planned(number, late[number], first, last) for number in range(len(self.activities))]
        finish = max((each.finish for each in found), default=self.days.day(first))
        start = min((each.start for each in found), default=finish)
        return Plan(tuple(found), start, finish, min(self.begin, default=first), last, status)

    def _planned(self, number: int, late_end: int, first: int, last: int) -> Planned:
        begin, end, actual = self.begin[number], self.end[number], self.actual[number]
        is_done = self.state[number] == "done"
        start, finish = self._dates(begin, end, first)
        late_end = end if is_done else late_end
        late_start, late_finish = self._dates(late_end - self._length(number), late_end, first)
        return Planned(
            activity=self.activities[number],
            state=self.state[number],
            begin=begin,
            end=end,
            late_end=late_end,
            free_float=0 if is_done else self._free_float(number, last),
            # What has happened is told as it was, be it on a day off.
            start=actual.started or start,
            finish=actual.finished or finish,
            late_start=late_start,
            late_finish=late_finish,
        )


_NONE: Final = Actual()


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
