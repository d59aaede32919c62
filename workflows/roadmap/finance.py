"""What a roadmap is worth: return, present value, internal rate and payback of its costs and benefits by year."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, pairwise, zip_longest
from typing import Final

from workflows.roadmap.figures import Figure, ratio

_NOTHING: Final = Decimal()
_ONE: Final = Decimal(1)
_HUNDRED: Final = Decimal(100)
_HALVINGS: Final = 120
_LEAST_RATE, _MOST_RATE = Decimal("-0.999"), Decimal(1_000)


@dataclass(frozen=True, slots=True)
class Case:
    """A business case; paybacks are in years, and rates are parts of one."""

    cost: Decimal
    benefit: Decimal
    flows: tuple[Decimal, ...]
    roi: Figure
    npv: Figure
    irr: Figure
    payback: Figure
    discounted_payback: Figure


def case(cost: Decimal, benefits: Sequence[Sequence[Decimal]], percent: Decimal) -> Case:
    """Return the case of a cost now and of benefits by year, discounted by so many percent a year."""
    yearly = [sum(year, _NOTHING) for year in zip_longest(*benefits, fillvalue=_NOTHING)]
    flows, rate, benefit = (-cost, *yearly), percent / _HUNDRED, sum(yearly, _NOTHING)
    return Case(
        cost=cost,
        benefit=benefit,
        flows=flows,
        roi=ratio(benefit - cost, cost, "It costs nothing."),
        npv=npv(flows, rate),
        irr=irr(flows),
        payback=payback(flows),
        discounted_payback=payback(flows, rate),
    )


def npv(flows: Sequence[Decimal], rate: Decimal) -> Figure:
    """Return what flows of money, the first one now and then one a year, are worth today."""
    if rate <= -1:
        return Figure(None, "A year cannot take everything away.")
    return Figure(sum(_discounted(flows, rate), _NOTHING))


def irr(flows: Sequence[Decimal]) -> Figure:
    """Return the rate at which flows are worth nothing today; there is one only if their sign turns once."""
    signs = [flow > 0 for flow in flows if flow]
    turns = sum(before != after for before, after in pairwise(signs))
    if not turns:
        return Figure(None, "Money only goes one way.")
    if turns > 1:
        return Figure(None, "Money goes to and fro, and several rates would do.")
    low, high = _LEAST_RATE, _MOST_RATE
    # What is spent before it comes back is worth more at a lower rate.
    spends = not signs[0]
    if (_worth(flows, low) > 0) is not spends or (_worth(flows, high) > 0) is spends:
        return Figure(None, "The rate is out of all proportion.")
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if (_worth(flows, middle) > 0) is spends else (low, middle)
    return Figure((low + high) / 2)


def payback(flows: Sequence[Decimal], rate: Decimal = _NOTHING) -> Figure:
    """Return after how many years what was spent is back, within a year in proportion."""
    if rate <= -1:
        return Figure(None, "A year cannot take everything away.")
    worth = _discounted(flows, rate)
    before = _NOTHING
    for year, reached in enumerate(accumulate(worth)):
        if reached >= 0:
            return Figure(_NOTHING if not year else year - 1 + -before / worth[year])
        before = reached
    return Figure(None, "It does not pay back.")


def _worth(flows: Sequence[Decimal], rate: Decimal) -> Decimal:
    return sum(_discounted(flows, rate), _NOTHING)


def _discounted(flows: Sequence[Decimal], rate: Decimal) -> list[Decimal]:
    return [flow / (_ONE + rate) ** year for year, flow in enumerate(flows)]
