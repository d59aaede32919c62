"""The plan and the figures of a roadmap that runs, and what they would be with other plans."""

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import Any

from cauce.errors import ForbiddenError
from cauce.roadmaps import ApplyDefinition, Done
from cauce.services import definitions
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import running
from cauce.services.roadmaps.figures import FiguresView, figures_of, overseers
from cauce.services.roadmaps.plans import Asked, Computed, PlanView, view_of
from cauce.services.roadmaps.running import RunDetail
from cauce.store.base import utc_now
from workflows.roadmap.baseline import Span
from workflows.roadmap.running import changes
from workflows.roadmap.running.course import Course, Moment
from workflows.roadmap.running.daily import measured, metrics
from workflows.roadmap.running.journal import Journal

JSON = Any


@dataclass(frozen=True, slots=True)
class Preview:
    """What another version would do; `kept` are activities that have begun and are not in it: they are cancelled."""

    version: str
    plan: PlanView
    kept: list[str]


async def plan(hub: Hub, actor: Actor, identity: str) -> PlanView:
    """Return the plan of today, compared with the baseline that is in force."""
    course = await course_of(hub, actor, identity)
    return await asyncio.to_thread(plan_of, course)


async def figures(hub: Hub, actor: Actor, identity: str) -> FiguresView:
    """Return the figures of today, measured by the baseline that is in force."""
    detail = await running.running(hub, actor, identity)
    if not may_see_figures(actor, detail):
        raise ForbiddenError(f"'{actor.name}' may not see the figures of roadmaps.", hint="Ask who plans it.")
    return await asyncio.to_thread(course_figures, await course_of(hub, actor, identity))


def may_see_figures(actor: Actor, detail: RunDetail) -> bool:
    """Tell whether somebody may see the money of a roadmap."""
    return detail.may_plan or actor.may(*overseers)


def course_figures(course: Course) -> FiguresView:
    """Return the figures of today, measured by the baseline that is in force."""
    today = today_of(course)
    asked = Asked(course.start, course.actuals(), today)
    return figures_of(computed_of(course), course.document, asked, metrics(course, today))


async def preview(hub: Hub, actor: Actor, identity: str, version: str | None = None) -> Preview:
    """Return what another published version of the definition would do; the latest unless one is named."""
    course = await course_of(hub, actor, identity)
    wanted, calendar = await _version(hub, course, version)

    def work() -> Preview:
        found = changes.preview(course, wanted.document, calendar, _moment(course))
        computed = Computed(course.roadmap, course.days, course.plan(today_of(course)), found.plan)
        before = {name: (each.start, each.finish) for name, each in course.planned(today_of(course)).items()}
        spans = {name: Span(*days) for name, days in before.items()}
        return Preview(wanted.version, view_of(computed, spans, wanted.document["owners"]), list(found.kept))

    return await asyncio.to_thread(work)


async def apply(hub: Hub, actor: Actor, identity: str, version: str | None = None, reason: str = "") -> Done:
    """Put another published version of the definition in force; what has happened stays."""
    course = await course_of(hub, actor, identity)
    wanted, calendar = await _version(hub, course, version)
    request = ApplyDefinition(actor.name, wanted.version, wanted.document, calendar, reason)
    return await running.act(hub, actor, identity, request)


async def course_of(hub: Hub, actor: Actor, identity: str) -> Course:
    """Return a roadmap in its course, to compute with; what is done to it here, it does not know of."""
    return Course(Journal(**await running.journal(hub, actor, identity)), identity=identity)


async def _version(hub: Hub, course: Course, version: str | None) -> tuple[definitions.DefinitionView, JSON]:
    wanted = await definitions.definition(hub, course.journal.roadmap, version, kind="roadmap")
    return wanted, await running.calendar_of(hub, wanted.document, course.start)


def plan_of(course: Course) -> PlanView:
    """Return the plan of today, compared with the baseline that is in force."""
    return view_of(computed_of(course), course.baseline(), course.document["owners"])


def computed_of(course: Course) -> Computed:
    """Return the plan of today beside the baseline that is in force."""
    today = today_of(course)
    return Computed(course.roadmap, course.days, measured(course, today), course.plan(today))


def _moment(course: Course) -> Moment:
    return Moment(utc_now().isoformat(), today_of(course))


def today_of(course: Course) -> date:
    """Return today, or the last day of a roadmap that has ended."""
    last = date.fromisoformat(course.journal.today)
    return max(course.day(utc_now()), last) if course.journal.state == "running" else last
