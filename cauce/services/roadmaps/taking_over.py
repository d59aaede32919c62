"""Roadmaps that were under way before anybody wrote them down here: what was done of them already."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from cauce.errors import InputError
from cauce.roadmaps import RoadmapStart
from workflows.roadmap.model import Actual
from workflows.roadmap.plan import plan
from workflows.roadmap.running.course import Course
from workflows.roadmap.running.journal import Journal

JSON = Any


def taken_over(given: RoadmapStart, happened: Mapping[str, Actual], today: date) -> list[JSON]:
    """Return what has happened before a roadmap is taken over, as its workflow takes it.

    Raises:
        InputError: It contradicts itself or the roadmap, or something of it begins before the roadmap does.
    """
    course = Course(Journal.begun(given), identity="")
    found = plan(course.roadmap, course.days, course.start, actuals=happened, status=today)
    early = [name for name, each in happened.items() if each.started and each.started.isoformat() < given.start]
    if early:
        raise InputError(f"`{early[0]}` began before the roadmap.", hint=f"Let the roadmap start before {given.start}.")
    known = {each.activity.id: each.activity for each in found.activities}
    return [
        _said_before(name, each, is_gate=known[name].gate)
        for name, each in sorted(happened.items(), key=lambda one: one[1].started or today)
        if each.started
    ]


def _said_before(name: str, each: Actual, *, is_gate: bool) -> JSON:
    if is_gate and not each.finished:
        raise InputError(f"The gate `{name}` has no day on which it was decided.", hint="Give it, or leave it out.")
    said: dict[str, JSON] = {"id": name, "started": str(each.started), "gate": is_gate}
    said |= {"finished": str(each.finished)} if each.finished else {}
    said |= {"percent": float(each.percent)} if each.percent is not None and not each.finished else {}
    return said | {"cost": {factor: str(amount) for factor, amount in (each.cost or {}).items()}}
