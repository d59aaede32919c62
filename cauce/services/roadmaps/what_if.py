"""What would be if an activity were later, longer, dearer, or not done at all; nothing is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Final

from cauce.errors import InputError
from cauce.services.roadmaps.standing import Standing
from workflows.roadmap import earned
from workflows.roadmap.baseline import Shift, baseline_of, compare
from workflows.roadmap.model import FACTORS, Activity, Roadmap
from workflows.roadmap.plan import Plan

_MOST_SHIFT: Final = 2_000
_MOST_DAYS: Final = 5_000
_MOST_MONEY: Final = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class Edit:
    """What is asked of one activity: so many working days later, so long, so much dearer by factor, or not at all."""

    activity: str
    shift: int = 0
    days: int | None = None
    drop: bool = False
    cost: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def asks(self) -> bool:
        """Whether anything is asked."""
        return bool(self.shift or self.days is not None or self.drop or any(self.cost.values()))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it is, and how it would be; `eac` is the typical estimate at completion, or the budget before any report."""

    finish: date
    finish_then: date
    eac: Decimal
    eac_then: Decimal
    moved: list[Shift]
    critical: list[str]


def what_if(standing: Standing, edits: Sequence[Edit]) -> Outcome:
    """Return what would be.

    Raises:
        ForbiddenError: The money of the roadmap is closed to who asks.
        InputError: An edit is out of range, or is of what has happened.
        NotFoundError: It is of what is not there.
    """
    standing.require_figures()
    course, today, now = standing.course, standing.today, standing.computed()
    found = {each.activity.id: each for each in now.plan.activities}
    critical = {name for name, each in found.items() if each.critical}
    changed: dict[str, Activity] = {}
    for edit in edits:
        activity = course.activity(edit.activity)
        _check(edit, done=course.state(edit.activity) == "done")
        changed[edit.activity] = _edited(activity, edit, standing, found[edit.activity].begin)
    roadmap = _with(course.roadmap, changed)
    then = course.would(today, roadmap=roadmap)
    base = replace(
        now.baseline,
        activities=tuple(
            replace(each, activity=changed.get(each.activity.id, each.activity)) for each in now.baseline.activities
        ),
    )
    return Outcome(
        finish=now.plan.finish,
        finish_then=then.finish,
        eac=_eac(standing, now.baseline),
        eac_then=_eac(standing, base),
        moved=compare(baseline_of(now.plan), then, course.days),
        critical=[each.activity.id for each in then.activities if each.critical and each.activity.id not in critical],
    )


def _check(edit: Edit, *, done: bool) -> None:
    if done and edit.asks:
        raise InputError(f"`{edit.activity}` is done.", hint="What has happened cannot be planned anew.")
    if abs(edit.shift) > _MOST_SHIFT or not 0 <= (edit.days or 0) <= _MOST_DAYS:
        hint = f"Up to {_MOST_SHIFT:,} days later or earlier, and up to {_MOST_DAYS:,} long."
        raise InputError(f"`{edit.activity}` cannot be moved or lengthened by so much.", hint=hint)
    for factor, amount in edit.cost.items():
        if factor not in FACTORS or abs(amount) > _MOST_MONEY:
            raise InputError(f"`{edit.activity}` cannot cost {amount} more of `{factor}`.", hint=", ".join(FACTORS))


def _edited(activity: Activity, edit: Edit, standing: Standing, begin: int) -> Activity:
    if edit.drop:
        # What waits for it goes on: it takes no time and no money any more.
        return replace(activity, days=0, cost={})
    cost = {factor: activity.cost.get(factor, Decimal()) + amount for factor, amount in edit.cost.items()}
    found = replace(activity, cost={**activity.cost, **cost})
    if edit.days is not None:
        found = replace(found, days=edit.days)
    if edit.shift:
        later = standing.course.days.day(begin + edit.shift)
        found = replace(found, constraint=replace(activity.constraint, start_no_earlier=later))
    return found


def _with(roadmap: Roadmap, changed: Mapping[str, Activity]) -> Roadmap:
    return replace(roadmap, activities=tuple(changed.get(each.id, each) for each in roadmap.activities))


def _eac(standing: Standing, base: Plan) -> Decimal:
    course = standing.course
    done = earned.performance(base, course.actuals(), course.days.after(standing.today))
    typical = done.eac_typical.value
    return done.bac if typical is None else typical
