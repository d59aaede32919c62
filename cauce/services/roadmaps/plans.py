"""The plan of a roadmap: when everything happens by its calendar, what is critical, and what has moved."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from cauce.calendars import pinned
from cauce.errors import InputError, NotFoundError
from cauce.services import definitions
from cauce.services.definitions import DefinitionView
from cauce.services.hub import Actor, Hub, Role
from cauce.store import definitions as stored
from workflows.roadmap.baseline import Shift, Span, baseline_of, compare
from workflows.roadmap.days import SATURDAY, Days
from workflows.roadmap.model import Activity, Actual, Constraint, Link, Roadmap, State
from workflows.roadmap.paths import critical_paths
from workflows.roadmap.plan import Plan, Planned
from workflows.roadmap.plan import plan as computed
from workflows.roadmap.reading import roadmap_of
from workflows.working_time import WorkingTime

JSON = Any
# As far as the public holidays of a calendar are known.
_FIRST, _LAST = date(1970, 1, 1), date(2200, 1, 1)
readers: Final[tuple[Role, ...]] = ("designer", "integrator", "manager", "staff", "operator", "auditor")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan is asked for: from when on, what has happened by the evening of `status`, and since which plan."""

    start: date | None = None
    actuals: Mapping[str, Actual] = field(default_factory=dict)
    status: date | None = None
    baseline: Mapping[str, Span] | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """An activity or a gate in a plan.

    Floats are in working days: how late it may be without the whole being late, and without anything else being late.
    `start_shift` and `finish_shift` are the working days by which it is later than in the baseline, none if it is new.
    """

    id: str
    kind: Literal["activity", "gate"]
    phase: str
    wave: str
    title: JSON
    pillar: str
    owner: str
    days: int
    after: list[str]
    state: State
    start: date
    finish: date
    late_start: date
    late_finish: date
    total_float: int
    free_float: int
    critical: bool
    start_shift: int | None
    finish_shift: int | None
    links: tuple[Link, ...]
    cost: Mapping[str, Decimal]
    constraint: Mapping[str, date]
    run: Mapping[str, JSON] | None


@dataclass(frozen=True, slots=True)
class PlanView:
    """The plan of a roadmap; `late` are the ids that cannot keep to the days they have to.

    `owners` are their titles. `days_off` are from Monday to Friday, `days_on` are worked at a weekend.
    """

    roadmap: str
    title: JSON
    calendar: str
    start: date
    finish: date
    baseline_finish: date
    status: date | None
    working_days: int
    phases: Mapping[str, JSON]
    steps: list[Step]
    critical_paths: list[tuple[str, ...]]
    late: list[str]
    dropped: list[str]
    currency: str
    owners: Mapping[str, JSON]
    days_off: list[date]
    days_on: list[date]


async def list_roadmaps(hub: Hub, actor: Actor) -> list[DefinitionView]:
    """Return the published roadmaps, by name."""
    actor.require("see roadmaps", *readers)
    async with hub.store.read() as db:
        return [definitions.view(row) for row in await stored.latest(db, "roadmap")]


async def roadmap(hub: Hub, actor: Actor, name: str) -> DefinitionView:
    """Return a published roadmap; raises `NotFoundError`."""
    actor.require("see roadmaps", *readers)
    return await definitions.definition(hub, name, kind="roadmap")


async def plan(hub: Hub, actor: Actor, name: str, asked: Asked) -> PlanView:
    """Return the plan of a published roadmap, by its calendar as it is published now."""
    document, calendar = await documents(hub, actor, name)
    # Thousands of activities would keep everybody else waiting.
    return await asyncio.to_thread(planned, document, calendar, asked)


async def documents(hub: Hub, actor: Actor, name: str) -> tuple[JSON, JSON]:
    """Return a published roadmap and its calendar, if it has one."""
    document = (await roadmap(hub, actor, name)).document
    if "calendar" not in document:
        return document, None
    return document, (await definitions.definition(hub, document["calendar"], kind="calendar")).document


@dataclass(frozen=True, slots=True)
class Computed:
    """A roadmap with its plan as it was written and as it is now."""

    roadmap: Roadmap
    days: Days
    baseline: Plan
    plan: Plan


def compute(document: JSON, calendar: JSON, asked: Asked) -> Computed:
    """Return the plans of a checked document, by the document of its calendar.

    Raises:
        InputError: The days given cannot be, or name what is not there.
        NotFoundError: The roadmap names a calendar, and there is none.
    """
    if calendar is None and "calendar" in document:
        raise NotFoundError(f"There is no calendar `{document['calendar']}`.", hint="Write it beside the roadmap.")
    plotted = roadmap_of(document)
    if asked.actuals and asked.status is None:
        raise InputError("Nobody knows as of which day this has happened.", hint="Say the day of the report.")
    start = asked.start or plotted.start or datetime.now(UTC).date()
    written = plotted.start or start
    for day in (start, written, asked.status, *(each.started for each in asked.actuals.values())):
        if day and not _FIRST <= day <= _LAST:
            raise InputError(f"{day} is out of range.", hint=f"Plans are made from {_FIRST} to {_LAST}.")
    firsts = [start, written, *(each.started for each in asked.actuals.values() if each.started)]
    days = Days(WorkingTime.of(pinned(calendar, start)) if calendar else None, min(firsts))
    now = computed(plotted, days, start, actuals=asked.actuals, status=asked.status)
    return Computed(plotted, days, computed(plotted, days, written), now)


def planned(document: JSON, calendar: JSON, asked: Asked) -> PlanView:
    """Return the plan of a checked document, compared with its baseline; raises as `compute` does."""
    found = compute(document, calendar, asked)
    baseline = baseline_of(found.baseline) if asked.baseline is None else asked.baseline
    return view_of(found, baseline, document["owners"])


def view_of(computed: Computed, baseline: Mapping[str, Span], owners: JSON) -> PlanView:
    """Return a plan as it is shown, compared with a baseline."""
    roadmap, found = computed.roadmap, computed.plan
    shifts = compare(baseline, found, computed.days)
    moved = {each.id: each for each in shifts}
    exceptions = _exceptions(computed.days, found.start, found.finish)
    return PlanView(
        roadmap=roadmap.name,
        title=roadmap.title,
        calendar=roadmap.calendar,
        start=found.start,
        finish=found.finish,
        baseline_finish=max((each.finish for each in baseline.values()), default=found.finish),
        status=found.status,
        working_days=found.end - found.begin,
        phases=roadmap.phases,
        steps=[_step(each, moved.get(each.activity.id)) for each in found.activities],
        critical_paths=critical_paths(found),
        late=[each.activity.id for each in found.late],
        dropped=[each.id for each in shifts if each.what == "dropped"],
        currency=roadmap.currency,
        owners={name: owner["title"] for name, owner in owners.items()},
        days_off=[day for day in exceptions if day.weekday() < SATURDAY],
        days_on=[day for day in exceptions if day.weekday() >= SATURDAY],
    )


def _exceptions(days: Days, first: date, last: date) -> list[date]:
    every = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [day for day in every if days.works(day) != (day.weekday() < SATURDAY)]


def _step(each: Planned, shift: Shift | None) -> Step:
    activity: Activity = each.activity
    is_new = shift is not None and shift.what == "added"
    return Step(
        id=activity.id,
        kind="gate" if activity.gate else "activity",
        phase=activity.phase,
        wave=activity.wave,
        title=activity.title,
        pillar=activity.pillar,
        owner=activity.owner,
        days=activity.days,
        after=[_said(link) for link in activity.links],
        state=each.state,
        start=each.start,
        finish=each.finish,
        late_start=each.late_start,
        late_finish=each.late_finish,
        total_float=each.total_float,
        free_float=each.free_float,
        critical=each.critical,
        start_shift=None if is_new else shift.start_days if shift else 0,
        finish_shift=None if is_new else shift.finish_days if shift else 0,
        links=activity.links,
        cost=activity.cost,
        constraint=_constraint(activity.constraint),
        run=activity.run,
    )


def _constraint(given: Constraint) -> dict[str, date]:
    days = {
        "startNoEarlier": given.start_no_earlier,
        "startNoLater": given.start_no_later,
        "finishNoEarlier": given.finish_no_earlier,
        "finishNoLater": given.finish_no_later,
    }
    return {name: day for name, day in days.items() if day}


def _said(link: Link) -> str:
    """Return a link as planners write it: `a`, `a SS`, `a FS+5d`."""
    lag = f"{link.lag:+d}d" if link.lag else ""
    return link.on if link.type == "FS" and not lag else f"{link.on} {link.type}{lag}"
