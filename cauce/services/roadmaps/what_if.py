"""What would be if an activity were later, longer, dearer, or not done at all; nothing is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Final

from cauce.errors import ConflictError, InputError
from cauce.services.roadmaps.plans import Computed, PlanView, view_of
from cauce.services.roadmaps.standing import Standing
from workflows.roadmap import budget, earned
from workflows.roadmap.baseline import Shift, baseline_of, compare
from workflows.roadmap.model import FACTORS, Activity, Roadmap
from workflows.roadmap.plan import Plan

_MOST_SHIFT: Final = 2_000
_MOST_DAYS: Final = 5_000
_MOST_MONEY: Final = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class Edit:
    """What is asked of one activity: so many working days later, so long, of such a cost, or not at all.

    `cost` is what it costs more by factor, `budget` what it costs in all, as a change has it.
    """

    activity: str
    shift: int = 0
    days: int | None = None
    drop: bool = False
    cost: Mapping[str, Decimal] = field(default_factory=dict)
    budget: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def asks(self) -> bool:
        """Whether anything is asked."""
        return bool(self.shift or self.days is not None or self.drop or any(self.cost.values()) or self.budget)


@dataclass(frozen=True, slots=True)
class Money:
    """What it would cost more by factor, and in percent of the budget.

    `eac` is the typical estimate at completion, or the budget before any report.
    """

    eac: Decimal
    eac_then: Decimal
    more: dict[str, Decimal]
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it is, and how it would be; `days` are working days later, `money` is None for whom it is closed to."""

    finish: date
    finish_then: date
    days: int
    money: Money | None
    moved: list[Shift]
    critical: list[str]
    plan: PlanView


def what_if(standing: Standing, edits: Sequence[Edit]) -> Outcome:
    """Return what would be.

    Raises:
        ConflictError: An edit gives days or money to a gate.
        InputError: An edit is out of range, or is of what has happened.
        NotFoundError: It is of what is not there.
    """
    course, today, now = standing.course, standing.today, standing.computed()
    found = {each.activity.id: each for each in now.plan.activities}
    critical = {name for name, each in found.items() if each.critical}
    changed: dict[str, Activity] = {}
    for edit in edits:
        activity = course.activity(edit.activity)
        _check(edit, done=course.state(edit.activity) == "done", gate=activity.gate)
        changed[edit.activity] = _edited(activity, edit, standing, found[edit.activity].begin)
    roadmap = _with(course.roadmap, changed)
    then = course.would(today, roadmap=roadmap)
    computed = Computed(roadmap, course.days, now.baseline, then)
    return Outcome(
        finish=now.plan.finish,
        finish_then=then.finish,
        days=then.end - now.plan.end,
        money=_money(standing, now, then, changed) if standing.may_see_figures else None,
        moved=compare(baseline_of(now.plan), then, course.days),
        critical=[each.activity.id for each in then.activities if each.critical and each.activity.id not in critical],
        plan=view_of(computed, course.baseline(), course.document["owners"]),
    )


def _check(edit: Edit, *, done: bool, gate: bool) -> None:
    if gate and (edit.days is not None or edit.cost or edit.budget):
        raise ConflictError(
            f"`{edit.activity}` is a gate.", hint="It takes no days and costs nothing; it can be later."
        )
    if done and edit.asks:
        raise InputError(f"`{edit.activity}` is done.", hint="What has happened cannot be planned anew.")
    if abs(edit.shift) > _MOST_SHIFT or not 0 <= (edit.days or 0) <= _MOST_DAYS:
        hint = f"Up to {_MOST_SHIFT:,} days later or earlier, and up to {_MOST_DAYS:,} long."
        raise InputError(f"`{edit.activity}` cannot be moved or lengthened by so much.", hint=hint)
    for more, amounts in ((" more", edit.cost), ("", edit.budget)):
        for factor, amount in amounts.items():
            if factor not in FACTORS or abs(amount) > _MOST_MONEY:
                hint = ", ".join(FACTORS)
                raise InputError(f"`{edit.activity}` cannot cost {amount}{more} of `{factor}`.", hint=hint)


def _edited(activity: Activity, edit: Edit, standing: Standing, begin: int) -> Activity:
    if edit.drop:
        # What waits for it goes on: it takes no time and no money any more.
        return replace(activity, days=0, cost={})
    cost = {**activity.cost, **edit.budget}
    cost |= {factor: cost.get(factor, Decimal()) + amount for factor, amount in edit.cost.items()}
    found = replace(activity, cost=cost)
    if edit.days is not None:
        found = replace(found, days=edit.days)
    if edit.shift:
        later = standing.course.days.day(begin + edit.shift)
        found = replace(found, constraint=replace(activity.constraint, start_no_earlier=later))
    return found


def _with(roadmap: Roadmap, changed: Mapping[str, Activity]) -> Roadmap:
    return replace(roadmap, activities=tuple(changed.get(each.id, each) for each in roadmap.activities))


def _money(standing: Standing, now: Computed, then: Plan, changed: Mapping[str, Activity]) -> Money:
    base = replace(
        now.baseline,
        activities=tuple(
            replace(each, activity=changed.get(each.activity.id, each.activity)) for each in now.baseline.activities
        ),
    )
    return Money(_eac(standing, now.baseline), _eac(standing, base), *budget.more(now.plan, then))


def _eac(standing: Standing, base: Plan) -> Decimal:
    course = standing.course
    done = earned.performance(base, course.actuals(), course.days.after(standing.today))
    typical = done.eac_typical.value
    return done.bac if typical is None else typical
