"""How a roadmap that runs stands: what lists have of it beside its course, as its workflow has it."""

import asyncio
from dataclasses import dataclass
from datetime import date

from cauce.errors import ForbiddenError
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import running, running_plans
from cauce.services.roadmaps.figures import FiguresView
from cauce.services.roadmaps.plans import Computed, PlanView
from cauce.services.roadmaps.running import RunDetail
from workflows.roadmap.running.course import Course


@dataclass(frozen=True, slots=True)
class Standing:
    """A roadmap that runs, as of `today`, which is the last day of its course when it has ended."""

    detail: RunDetail
    course: Course
    today: date
    may_see_figures: bool

    def computed(self) -> Computed:
        """Return the plan of today beside the baseline that is in force."""
        return running_plans.computed_of(self.course)

    def plan(self) -> PlanView:
        """Return when everything happens, and what has moved since the baseline."""
        return running_plans.plan_of(self.course)

    def figures(self) -> FiguresView:
        """Return its budget, earned value, forecasts and risks; raises `ForbiddenError` for whom money is closed."""
        self.require_figures()
        return running_plans.course_figures(self.course)

    def require_figures(self) -> None:
        """Refuse whom the money of the roadmap is closed to; raises `ForbiddenError`."""
        if not self.may_see_figures:
            raise ForbiddenError("You may not see the figures of this roadmap.", hint="Ask who plans it.")


async def standing(hub: Hub, actor: Actor, identity: str) -> Standing:
    """Return how a roadmap stands; raises `NotFoundError`."""
    detail = await running.running(hub, actor, identity)
    course = await running_plans.course_of(hub, actor, identity)
    today = running_plans.today_of(course)
    # Thousands of activities would keep everybody else waiting.
    await asyncio.to_thread(course.plan, today)
    return Standing(detail, course, today, running_plans.may_see_figures(actor, detail))
