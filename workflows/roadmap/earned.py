"""Earned value: what is done, beside what was to be done and what it has cost, and what follows from that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Final

from workflows.roadmap.budget import curve, planned_value, total
from workflows.roadmap.days import Days
from workflows.roadmap.figures import Figure, ratio
from workflows.roadmap.model import FACTORS, Activity, Actual
from workflows.roadmap.plan import Plan

_NOTHING: Final = Decimal()
_WHOLE: Final = Decimal(1)
_HALF: Final = Decimal("0.5")
_FINE: Final = Decimal("1e-9")
# Nobody believes a forecast of more than a lifetime.
_FURTHEST: Final = 20_000


@dataclass(frozen=True, slots=True)
class Values:
    """Planned value, earned value and actual cost of the day of the report, of the whole or of a factor."""

    pv: Decimal
    ev: Decimal
    ac: Decimal

    @property
    def overspent(self) -> Figure:
        """How much more than planned was spent, as a part of the plan."""
        return ratio(self.ac - self.pv, self.pv, "Nothing was planned to be spent so far.")


@dataclass(frozen=True, slots=True)
class Performance:
    """How a roadmap does. The three estimates differ in what becomes of the rest.

    `eac_typical`: it costs as much more, or less, as what is done; `eac_atypical`: it costs what was planned;
    `eac_both`: being late costs as well. `etc`, `vac` and `tcpi_eac` are of the typical one.
    """

    bac: Decimal
    whole: Values
    factors: Mapping[str, Values]
    cv: Decimal
    sv: Decimal
    cpi: Figure
    spi: Figure
    earned_schedule: Figure
    actual_time: int
    spi_t: Figure
    eac_typical: Figure
    eac_atypical: Figure
    eac_both: Figure
    etc: Figure
    vac: Figure
    tcpi_bac: Figure
    tcpi_eac: Figure


def share(activity: Activity, actual: Actual | None) -> Decimal:
    """Return how much of an activity counts as done, by its rule: from 0 to 1."""
    if actual is None or actual.started is None:
        return _NOTHING
    is_finished = actual.finished is not None
    if activity.rule in ("milestones", "deliverables") and (actual.parts is not None or not is_finished):
        there = actual.parts or frozenset()
        done = sum((weight for number, weight in enumerate(activity.parts, 1) if number in there), _NOTHING)
        return done / sum(activity.parts)
    if is_finished:
        return _WHOLE
    return _HALF if activity.rule == "50/50" else _NOTHING


def performance(baseline: Plan, actuals: Mapping[str, Actual], at: int) -> Performance:
    """Return how a roadmap does before the working day `at`, measured by a baseline."""
    planned = planned_value(baseline, at)
    happened = [
        (each.activity, actuals[each.activity.id]) for each in baseline.activities if each.activity.id in actuals
    ]
    done = [(activity, actual, share(activity, actual)) for activity, actual in happened]
    factors = {factor: _values(done, planned[factor], factor) for factor in FACTORS}
    each = factors.values()
    whole = Values(
        sum((one.pv for one in each), _NOTHING),
        sum((one.ev for one in each), _NOTHING),
        sum((one.ac for one in each), _NOTHING),
    )
    schedule, passed = earned_schedule(baseline, whole.ev), max(at - baseline.begin, 0)
    return _performance(total(baseline), whole, factors, schedule, passed)


def _performance(
    bac: Decimal, whole: Values, factors: Mapping[str, Values], schedule: Figure, passed: int
) -> Performance:
    pv, ev, ac = whole.pv, whole.ev, whole.ac
    rest = bac - ev
    unearned, unspent, spent = "Nothing is earned so far.", "Nothing was spent so far.", "The budget is spent."
    typical = ratio(bac * ac, ev, unearned) if ac else Figure(None, unspent)
    # The same as the rest by CPI and SPI, and exact.
    both = ratio(rest * ac * pv, ev * ev, unearned)
    behind = None if both.value is None else ac + both.value
    return Performance(
        bac=bac,
        whole=whole,
        factors=factors,
        cv=ev - ac,
        sv=ev - pv,
        cpi=ratio(ev, ac, unspent),
        spi=ratio(ev, pv, "Nothing was planned to be done so far."),
        earned_schedule=schedule,
        actual_time=passed,
        spi_t=ratio(schedule.value or _NOTHING, Decimal(passed), "No working day has passed.")
        if schedule.value is not None
        else schedule,
        eac_typical=typical,
        eac_atypical=Figure(ac + rest),
        eac_both=Figure(behind, both.reason),
        etc=_less(typical, ac),
        vac=Figure(None, typical.reason) if typical.value is None else Figure(bac - typical.value),
        tcpi_bac=ratio(rest, bac - ac, spent),
        tcpi_eac=typical if typical.value is None else ratio(rest, typical.value - ac, "Nothing is left to be spent."),
    )


def earned_schedule(baseline: Plan, ev: Decimal) -> Figure:
    """Return after how many working days what is earned was to be earned."""
    planned = curve(baseline)
    ev = ev.quantize(_FINE)
    if not planned or not planned[-1]:
        return Figure(None, "The roadmap costs nothing.")
    if ev >= planned[-1]:
        return Figure(Decimal(next(number for number, value in enumerate(planned) if value >= planned[-1])))
    whole = max((number for number, value in enumerate(planned) if value <= ev), default=0)
    step = planned[whole + 1] - planned[whole]
    return Figure(whole + max(ev - planned[whole], _NOTHING) / step)


def expected_end(baseline: Plan, days: Days, spi_t: Figure) -> date | str:
    """Return when it ends if it goes on at the speed so far, or why nobody can say."""
    if spi_t.value is None:
        return spi_t.reason
    length = baseline.end - baseline.begin
    if spi_t.value * _FURTHEST <= length:
        return "Nothing is earned so far." if not spi_t.value else "At the speed so far it never ends."
    needed = int((length / spi_t.value).quantize(_FINE).to_integral_value(ROUND_CEILING))
    return days.day(baseline.begin + max(needed, 1) - 1)


def light(figure: Figure, amber: Decimal, red: Decimal) -> str:
    """Return the colour of an index by its thresholds; none where it has no value."""
    if figure.value is None:
        return ""
    return "red" if figure.value < red else "amber" if figure.value < amber else "green"


def _values(done: Sequence[tuple[Activity, Actual, Decimal]], pv: Decimal, factor: str) -> Values:
    earned = sum((activity.cost.get(factor, _NOTHING) * part for activity, _, part in done if part), _NOTHING)
    spent = sum(((actual.cost or {}).get(factor, _NOTHING) for _, actual, _ in done), _NOTHING)
    return Values(pv, earned.quantize(_FINE), spent)


def _less(figure: Figure, amount: Decimal) -> Figure:
    return figure if figure.value is None else Figure(figure.value - amount)
