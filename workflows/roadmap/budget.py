"""What a plan is to cost, and when: by activity, month and factor, and the planned value of any day.

The cost of an activity is spread evenly over its working days; what takes none costs all of it at its end.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from workflows.roadmap.days import Days
from workflows.roadmap.model import FACTORS
from workflows.roadmap.plan import Plan, Planned

CENT: Final = Decimal("0.01")
_FINE: Final = Decimal("1e-9")
_NOTHING: Final = Decimal()


@dataclass(frozen=True, slots=True)
class Line:
    """What an activity costs in a month (`2027-01`), by factor."""

    activity: str
    period: str
    factor: str
    amount: Decimal


def total(plan: Plan) -> Decimal:
    """Return the budget at completion, without contingency."""
    return sum((each.activity.budget for each in plan.activities), _NOTHING)


def totals(plan: Plan) -> dict[str, Decimal]:
    """Return the budget at completion by factor."""
    return {factor: sum((_cost(each, factor) for each in plan.activities), _NOTHING) for factor in FACTORS}


def more(before: Plan, after: Plan) -> tuple[dict[str, Decimal], Decimal]:
    """Return what a plan costs more than the one before: by factor, and in percent of all of that one."""
    old, new, whole = totals(before), totals(after), total(before)
    by_factor = {factor: new[factor] - old[factor] for factor in old}
    percent = sum(by_factor.values(), Decimal()) / whole * 100 if whole else Decimal()
    return by_factor, percent.quantize(CENT)


def planned_value(plan: Plan, at: int) -> dict[str, Decimal]:
    """Return what was to be done before the working day `at`, in money, by factor."""
    # What lies behind the day has no share in it, and that is most of what there is.
    shares = [(each, _share(each, at)) for each in plan.activities if each.begin < at or each.end <= at]
    return {
        factor: sum((_cost(each, factor) * share for each, share in shares), _NOTHING).quantize(_FINE)
        for factor in FACTORS
    }


def lines(plan: Plan, days: Days) -> Iterator[Line]:
    """Yield the budget in cents; the months of an activity add up to what it costs."""
    for each in plan.activities:
        months = list(_months(days.day(each.begin), days.day(max(each.end - 1, each.begin))))
        for factor, amount in each.activity.cost.items():
            spent = _NOTHING
            for period, last in months:
                upto = (amount * _share(each, days.after(last))).quantize(CENT, ROUND_HALF_EVEN)
                if upto != spent:
                    yield Line(each.activity.id, period, factor, upto - spent)
                spent = upto


def curve(plan: Plan) -> list[Decimal]:
    """Return the planned value after each working day, from none to the last one: the S-curve."""
    length = plan.end - plan.begin
    rates = [_NOTHING] * (length + 2)
    jumps = [_NOTHING] * (length + 1)
    for each in plan.activities:
        first, past = each.begin - plan.begin, each.end - plan.begin
        if first == past:
            jumps[past] += each.activity.budget
        else:
            rate = each.activity.budget / (past - first)
            rates[first + 1] += rate
            rates[past + 1] -= rate
    found, rate, value = [], _NOTHING, _NOTHING
    for number in range(length + 1):
        rate += rates[number]
        value += rate + jumps[number]
        found.append(value.quantize(_FINE))
    return found


def with_contingency(amount: Decimal, percent: Decimal) -> Decimal:
    """Return an amount with its reserve."""
    return amount * (100 + percent) / 100


def by_period(budget: Iterator[Line]) -> Mapping[str, Mapping[str, Decimal]]:
    """Return the sums of a budget by month and factor, the months in order."""
    found: dict[str, dict[str, Decimal]] = {}
    for line in budget:
        month = found.setdefault(line.period, dict.fromkeys(FACTORS, _NOTHING))
        month[line.factor] += line.amount
    return dict(sorted(found.items()))


def _cost(each: Planned, factor: str) -> Decimal:
    return each.activity.cost.get(factor, _NOTHING)


def _share(each: Planned, at: int) -> Decimal:
    """Return how much of an activity lies before a working day."""
    if each.end == each.begin:
        return Decimal(at >= each.end)
    return Decimal(min(max(at - each.begin, 0), each.end - each.begin)) / (each.end - each.begin)


def _months(first: date, last: date) -> Iterator[tuple[str, date]]:
    month = first.replace(day=1)
    while month <= last:
        following = (month + timedelta(days=32)).replace(day=1)
        yield f"{month:%Y-%m}", following - timedelta(days=1)
        month = following
