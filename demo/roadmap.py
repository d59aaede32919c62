"""The roll-out of the demo company, in the middle of its life: half a year is behind it, a bit late and a bit dear."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from cauce.calendars import pinned
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import plans, running
from workflows.roadmap.days import Days
from workflows.roadmap.model import Activity, Actual
from workflows.roadmap.plan import plan
from workflows.roadmap.reading import roadmap_of
from workflows.working_time import WorkingTime

JSON = Any
NAME: Final = "crm-rollout"
_BEHIND: Final = timedelta(weeks=26)
# Today's processes were harder to measure than thought: that took these days longer, and cost half as much again.
_HARDER: Final = "measure-today"
_LONGER: Final = 4
_DEARER: Final = Decimal("1.5")
_USUALLY: Final = Decimal("1.03")
_CENT: Final = Decimal("0.01")


def begun(today: date) -> date:
    """Return the day on which the company began it."""
    return today - _BEHIND


def happened(document: JSON, calendar: JSON, today: date) -> Mapping[str, Actual]:
    """Return what was done by yesterday, gates among it, and what is under way."""
    written, start = roadmap_of(document), begun(today)
    course = replace(written, activities=tuple(_as_it_was(each) for each in written.activities))
    days = Days(WorkingTime.of(pinned(calendar, start)) if calendar else None, start)
    found = {}
    for each in plan(course, days, start).activities:
        if each.finish < today:
            found[each.activity.id] = Actual(each.start, each.finish, cost=_spent(each.activity))
        elif each.start < today and not each.activity.gate:
            found[each.activity.id] = Actual(each.start, percent=Decimal(50))
    return found


def _as_it_was(activity: Activity) -> Activity:
    return replace(activity, days=activity.days + _LONGER) if activity.id == _HARDER else activity


def _spent(activity: Activity) -> dict[str, Decimal]:
    rate = _DEARER if activity.id == _HARDER else _USUALLY
    return {factor: (amount * rate).quantize(_CENT) for factor, amount in activity.cost.items()}


async def take_over(hub: Hub, actor: Actor, today: date) -> None:
    """Start it with what has happened."""
    document, calendar = await plans.documents(hub, actor, NAME)
    done = happened(document, calendar, today)
    await running.start(hub, actor, NAME, key=str(begun(today).year), day=begun(today), happened=done)
