"""When everything in a roadmap happens, with what has happened so far."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from cauce.errors import InputError
from workflows.roadmap.days import Days
from workflows.roadmap.model import Activity, Actual, Roadmap, State
from workflows.roadmap.network import Network


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
    today: date | None = None,
) -> Plan:
    """Return when everything happens, as of the evening of `status` or in the course of `today` if there is either.

    What has not begun may still begin today, and is late from tomorrow on.

    Raises:
        InputError: Activities wait for each other in a circle, or what has happened contradicts itself.
    """
    upto, first = status or today, days.number(start)
    evening = max(first, days.after(upto)) if upto else first
    begin = evening if status or not today else max(first, days.number(today))
    return _Dates(_numbers(roadmap, days, actuals or {}, upto, (begin, evening)), first).plan(upto)


def check(roadmap: Roadmap, days: Days, start: date, *, actuals: Mapping[str, Actual], today: date) -> None:
    """Raise what `plan` would; half of a plan is enough for that."""
    first = days.number(start)
    begin, evening = max(first, days.number(today)), max(first, days.after(today))
    net = _numbers(roadmap, days, actuals, today, (begin, evening))
    days.day(max(net.end, default=first))


def _numbers(
    roadmap: Roadmap, days: Days, actuals: Mapping[str, Actual], upto: date | None, now: tuple[int, int]
) -> Network:
    _check(roadmap, actuals, upto)
    net = Network(roadmap.activities, days, actuals)
    net.forward(*now)
    return net


def _check(roadmap: Roadmap, actuals: Mapping[str, Actual], status: date | None) -> None:
    known = {each.id: each for each in roadmap.activities}
    for name, actual in actuals.items():
        if name not in known:
            raise InputError(
                f"There is no activity `{name}` in the roadmap.", hint="An activity of a wave is `id.wave`."
            )
        unknown = sorted(number for number in actual.parts or () if number > len(known[name].parts))
        if unknown:
            raise InputError(f"`{name}` has no part {unknown[0]}.", hint="Parts are its milestones or deliverables.")
        if actual.finished and not actual.started:
            raise InputError(f"`{name}` is finished and was never started.", hint="Say when it was started.")
        if actual.finished and actual.started and actual.finished < actual.started:
            raise InputError(f"`{name}` is finished before it was started.", hint="Correct its days.")
        last = actual.finished or actual.started
        if last and (status is None or last > status):
            raise InputError(f"`{name}` has happened after the day of the report.", hint="Report as of a later day.")


@dataclass(frozen=True, slots=True)
class _Dates:
    """Turns the numbers of a network into days; `first` is where the roadmap starts."""

    net: Network
    first: int

    def plan(self, status: date | None) -> Plan:
        net = self.net
        late, last = net.late_ends(), max(net.end, default=self.first)
        found = [self._planned(number, late[number], last) for number in range(len(net.activities))]
        finish = max((each.finish for each in found), default=net.days.day(self.first))
        start = min((each.start for each in found), default=finish)
        return Plan(tuple(found), start, finish, min(net.begin, default=self.first), last, status)

    def _planned(self, number: int, late_end: int, last: int) -> Planned:
        net = self.net
        begin, end, actual = net.begin[number], net.end[number], net.actual[number]
        is_done = net.state[number] == "done"
        start, finish = self._days(begin, end)
        late_end = end if is_done else late_end
        late_start, late_finish = self._days(late_end - net.length(number), late_end)
        return Planned(
            activity=net.activities[number],
            state=net.state[number],
            begin=begin,
            end=end,
            late_end=late_end,
            free_float=0 if is_done else net.free_float(number, last),
            # What has happened is told as it was, be it on a day off.
            start=actual.started or start,
            finish=actual.finished or finish,
            late_start=late_start,
            late_finish=late_finish,
        )

    def _days(self, begin: int, end: int) -> tuple[date, date]:
        """Return the first and the last day; what takes no day is at the end of one, or where everything begins."""
        day = self.net.days.day
        if begin == end:
            at = day(end - 1 if end > self.first else end)
            return at, at
        return day(begin), day(end - 1)
