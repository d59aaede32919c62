"""A roadmap in its course: the journal, and what is computed from it: the plan of today, and what may be done."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any, Final, TypeVar, cast
from zoneinfo import ZoneInfo

from cauce.errors import NotFoundError
from workflows.roadmap.baseline import Span
from workflows.roadmap.days import Days
from workflows.roadmap.model import Activity, Actual, Link, Roadmap
from workflows.roadmap.plan import Plan, Planned, check, plan
from workflows.roadmap.reading import roadmap_of, written
from workflows.roadmap.running import folds
from workflows.roadmap.running.journal import Event, Journal
from workflows.working_time import WorkingTime

JSON = Any
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is asked for: the instant, and the day that it is where the roadmap is."""

    at: str
    today: date


class Course:
    """A roadmap that runs; `record` changes it, all else only looks at it."""

    def __init__(self, journal: Journal, *, identity: str) -> None:
        """Go on from a journal."""
        self.journal = journal
        self.identity = identity
        self._read: _Reading | None = None
        self._made: dict[Hashable, object] = {}

    def record(self, event: Event, moment: Moment) -> Event:
        """Number an event and take it."""
        numbered = {**event, "number": self.journal.number + 1, "at": moment.at}
        folds.record(self.journal, numbered)
        if event["kind"] in REDRAWS:
            self._read = None
        if event["kind"] not in STANDS:
            self._made.clear()
        return numbered

    def once(self, what: Hashable, make: Callable[[], _Made]) -> _Made:
        """Return what is made once, until something happens that the plan has to take account of.

        `what` names all else that it depends on.
        """
        if what not in self._made:
            self._made[what] = make()
        return cast("_Made", self._made[what])

    @property
    def document(self) -> JSON:
        """The definition that is in force."""
        return self.journal.document

    @property
    def roadmap(self) -> Roadmap:
        """The roadmap with what approved changes made of it."""
        return self._reading().roadmap

    @property
    def days(self) -> Days:
        """The working days of its calendar."""
        return self._reading().days

    @property
    def hours(self) -> WorkingTime | None:
        """Its calendar, if it has one."""
        return self._reading().hours

    @property
    def activities(self) -> Mapping[str, Activity]:
        """Activities and gates by their id."""
        return self._reading().activities

    @property
    def start(self) -> date:
        """The first day."""
        return date.fromisoformat(self.journal.start)

    @property
    def zone(self) -> tzinfo:
        """Where the roadmap is."""
        return ZoneInfo(self.journal.calendar["timezone"]) if self.journal.calendar else UTC

    def day(self, at: datetime) -> date:
        """Return which day a moment is, where the roadmap is."""
        return at.astimezone(self.zone).date()

    def actuals(self) -> dict[str, Actual]:
        """Return what has happened, as the plan takes it."""
        journal = self.journal
        found = {name: actual(said) for name, said in journal.activities.items() if "started" in said}
        for name in journal.costs:
            # What is not in the plan any more is not measured by it; what has not begun may have cost something.
            if name in self.activities:
                found[name] = replace(found.get(name, Actual()), cost=self.spent(name))
        return found

    def spent(self, name: str) -> dict[str, Decimal]:
        """Return what an activity has cost so far, by factor, in the plan or left behind by it.

        By factor it is what was reported last as all that it has cost, and the entries that came after that.
        """
        journal = self.journal
        said = journal.activities.get(name) or (journal.kept.get(name) or {}).get("actual") or {}
        found = {factor: Decimal(amount) for factor, amount in (said.get("cost") or {}).items()}
        entries = journal.costs.get(name)
        if entries is None:
            return found
        for factor, amount in entries["booked"].items():
            since = Decimal(amount) - Decimal(entries["reported"].get(factor, "0"))
            found[factor] = max(found.get(factor, Decimal()) + since, Decimal())
        return found

    def plan(self, today: date) -> Plan:
        """Return when everything happens, as it looks in the course of a day."""
        day = self.as_of(today)
        return self.once(("plan", day), lambda: self.would(day))

    def would(
        self, today: date, *, actuals: Mapping[str, Actual] | None = None, roadmap: Roadmap | None = None
    ) -> Plan:
        """Return the plan if other things had happened, or if the roadmap were another one; raises as `plan` does."""
        happened = self.actuals() if actuals is None else actuals
        return plan(roadmap or self.roadmap, self.days, self.start, actuals=happened, today=self.as_of(today))

    def check(self, today: date, actuals: Mapping[str, Actual]) -> None:
        """Raise what `would` does, if other things had happened, without the plan of it."""
        check(self.roadmap, self.days, self.start, actuals=actuals, today=self.as_of(today))

    def as_of(self, today: date) -> date:
        """Return the day that a plan is of: a clock that is set back undoes nothing."""
        return max(today, date.fromisoformat(self.journal.today or self.journal.start))

    def activity(self, name: str) -> Activity:
        """Return an activity or a gate; raises `NotFoundError`."""
        found = self.activities.get(name)
        if found is None:
            hint = "An activity of a wave is `id.wave`; `cauce roadmap show` lists them."
            raise NotFoundError(f"There is no activity `{name[:100]}` in the roadmap.", hint=hint)
        return found

    def gate(self, name: str) -> Mapping[str, JSON]:
        """Return a gate as it is written; raises `NotFoundError`."""
        found = self._reading().gates.get(written(name))
        if found is None or name not in self.activities:
            raise NotFoundError(f"There is no gate `{name[:100]}`.", hint="`cauce roadmap show` lists them.")
        return dict(found)

    def state(self, name: str) -> str:
        """Return how an activity or a gate is."""
        return self.once(("state", name), lambda: self._state(name))

    def _state(self, name: str) -> str:
        said = self.journal.activities.get(name, {})
        if "finished" in said:
            return "done"
        if "started" in said:
            return "started"
        gate = self.journal.gates.get(name)
        if gate is not None:
            return str(gate["state"])
        return "waiting" if self.missing(self.activities[name]) else "ready"

    def has_come(self, each: Planned, today: date) -> bool:
        """Tell whether something may be begun; what once could can still, when its plan moves on with the days."""
        return each.start <= today or f"activity:{each.activity.id}" in self.journal.tasks

    def missing(self, activity: Activity) -> list[str]:
        """Return what has to be there, and is not, before an activity may begin or a gate be asked for."""
        return [link.on for link in activity.links if link.on in self.activities and not self._lets_begin(link)]

    def unfinished(self, activity: Activity) -> list[str]:
        """Return what has to be there, and is not, before an activity may be finished."""
        links = [link for link in activity.links if link.type in ("FF", "SF") and link.on in self.activities]
        return [link.on for link in links if not self._has(link.on, "finished" if link.type == "FF" else "started")]

    def _lets_begin(self, link: Link) -> bool:
        if link.type in ("FF", "SF"):
            return True
        # One that may overlap begins when the other has begun; when exactly is the plan's to say.
        return self._has(link.on, "finished" if link.type == "FS" and link.lag >= 0 else "started")

    def _has(self, name: str, what: str) -> bool:
        return what in self.journal.activities.get(name, {})

    def baseline(self) -> Mapping[str, Span]:
        """Return the first and last days of the baseline that is in force."""
        return self.once(("baseline", len(self.journal.baselines)), self._baseline)

    def _baseline(self) -> Mapping[str, Span]:
        kept = self.journal.baselines[-1]["plan"] if self.journal.baselines else {}
        return {name: Span(date.fromisoformat(first), date.fromisoformat(last)) for name, (first, last) in kept.items()}

    def planned(self, today: date) -> Mapping[str, Planned]:
        """Return the plan by activity."""
        day = self.as_of(today)
        return self.once(("planned", day), lambda: {each.activity.id: each for each in self.plan(day).activities})

    def owner(self, name: str) -> Mapping[str, JSON]:
        """Return who an owner is; empty when nobody is known by that name any more."""
        return dict(self.document["owners"].get(name) or {})

    def _reading(self) -> "_Reading":
        if self._read is None:
            self._read = _Reading.of(self.journal, self.start)
        return self._read


@dataclass(frozen=True, slots=True)
class _Reading:
    """A definition as it is computed with, read once."""

    roadmap: Roadmap
    days: Days
    hours: WorkingTime | None
    activities: dict[str, Activity]
    gates: dict[str, JSON]

    @classmethod
    def of(cls, journal: Journal, start: date) -> "_Reading":
        roadmap = changed(roadmap_of(journal.document), journal.overrides)
        hours = WorkingTime.of(journal.calendar) if journal.calendar else None
        gates = {phase["gate"]["id"]: phase["gate"] for phase in journal.document["phases"]}
        return cls(roadmap, Days(hours, start), hours, {each.id: each for each in roadmap.activities}, gates)


REDRAWS: Final = frozenset({"change-requested", "change-decided", "definition-applied"})
# After these the plan, and how activities and gates are, is as it was; but another day may have come.
STANDS: Final = frozenset(
    {
        *("roadmap-started", "day-came", "roadmap-ended", "baseline-set"),
        *("task-opened", "tasks-moved", "task-closed", "task-escalated"),
        *("risk-fired", "risk-answered", "risk-over", "metrics-reported", "metrics-measured"),
        *("period-closed", "period-corrected", "correction-done", "stop-asked", "stop-decided"),
        *("process-asked", "process-started", "process-leaving", "process-left"),
        *("gate-signed", "gate-answered", "evidence-waived"),
    }
)


def changed(roadmap: Roadmap, edits: Mapping[str, JSON]) -> Roadmap:
    """Return a roadmap with other days and costs of some activities."""
    found = [_edited(each, edits[each.id]) if each.id in edits else each for each in roadmap.activities]
    return replace(roadmap, activities=tuple(found))


def _edited(activity: Activity, edit: Mapping[str, JSON]) -> Activity:
    cost = {factor: Decimal(str(amount)) for factor, amount in edit.get("cost", {}).items()}
    return replace(activity, days=edit.get("days", activity.days), cost={**activity.cost, **cost})


def actual(said: Mapping[str, JSON]) -> Actual:
    """Return what has become of an activity as the plan takes it."""
    percent, parts = said.get("percent"), said.get("parts")
    return Actual(
        started=_date(said.get("started")),
        finished=_date(said.get("finished")),
        percent=None if percent is None else Decimal(str(percent)),
        remaining=said.get("remaining"),
        parts=None if parts is None else frozenset(parts),
        cost={factor: Decimal(amount) for factor, amount in (said.get("cost") or {}).items()},
    )


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
