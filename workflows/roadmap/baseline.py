"""How a plan differs from an earlier one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from workflows.roadmap.days import Days
from workflows.roadmap.plan import Plan


@dataclass(frozen=True, slots=True)
class Span:
    """The first and the last day of an activity, as a baseline remembers them."""

    start: date
    finish: date


@dataclass(frozen=True, slots=True)
class Shift:
    """By how many working days an activity starts and finishes later; earlier is less than none."""

    id: str
    what: Literal["moved", "added", "dropped"]
    start_days: int = 0
    finish_days: int = 0


def baseline_of(plan: Plan) -> dict[str, Span]:
    """Return what is remembered of a plan."""
    return {each.activity.id: Span(each.start, each.finish) for each in plan.activities}


def compare(baseline: Mapping[str, Span], plan: Plan, days: Days) -> list[Shift]:
    """Return what has moved since a baseline, what is new, and what is no longer there."""
    found = []
    for each in plan.activities:
        name = each.activity.id
        before = baseline.get(name)
        if before is None:
            found.append(Shift(name, "added"))
            continue
        starts = days.number(each.start) - days.number(before.start)
        finishes = days.after(each.finish) - days.after(before.finish)
        if starts or finishes:
            found.append(Shift(name, "moved", starts, finishes))
    there = {each.activity.id for each in plan.activities}
    return found + [Shift(name, "dropped") for name in baseline if name not in there]
