"""The figures of a roadmap: its budget by month, earned value, forecasts, risks, and what it is worth."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from cauce.services.hub import Actor, Hub, Role
from cauce.services.roadmaps.plans import Asked, Computed, compute, documents
from workflows.roadmap import budget, earned, finance, risks
from workflows.roadmap.budget import Line
from workflows.roadmap.figures import Figure
from workflows.roadmap.model import FACTORS

JSON = Any
overseers: Final[tuple[Role, ...]] = ("designer", "manager", "auditor")
_RATIO: Final = Decimal("0.0001")
_NOTHING: Final = Decimal()
# Of each index: whether it is money, and under which name thresholds are given for it.
_INDICES: Final[Mapping[str, tuple[bool, str]]] = {
    "cpi": (False, "cpi"),
    "spi": (False, "spi"),
    "earned_schedule": (False, ""),
    "spi_t": (False, "spi"),
    "eac_typical": (True, ""),
    "eac_atypical": (True, ""),
    "eac_both": (True, ""),
    "etc": (True, ""),
    "vac": (True, ""),
    "tcpi_bac": (False, ""),
    "tcpi_eac": (False, ""),
}


@dataclass(frozen=True, slots=True)
class Index:
    """A figure as it is shown: rounded, or with the reason why there is none; `light` is green, amber, red or empty."""

    name: str
    value: Decimal | None
    reason: str = ""
    light: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """The money of a factor, or of all of them (`total`): planned in all, and so far planned, earned and spent."""

    factor: str
    budget: Decimal
    pv: Decimal
    ev: Decimal
    ac: Decimal
    overspent: Index


@dataclass(frozen=True, slots=True)
class Month:
    """What is to be spent in a month, by factor, and up to its end."""

    period: str
    factors: Mapping[str, Decimal]
    total: Decimal
    cumulative: Decimal


@dataclass(frozen=True, slots=True)
class CaseView:
    """The business case: all costs are now, and benefits come year by year."""

    cost: Decimal
    benefit: Decimal
    flows: list[Decimal]
    indices: list[Index]


@dataclass(frozen=True, slots=True)
class FiguresView:
    """All figures of a roadmap on one day; what comes from earned value is empty before a report."""

    roadmap: str
    title: JSON
    currency: str
    status: date | None
    budget: Decimal
    budget_with_contingency: Decimal
    months: list[Month]
    rows: list[Row]
    cost_variance: Decimal
    schedule_variance: Decimal
    indices: list[Index]
    baseline_finish: date
    planned_finish: date
    finish_at_speed: date | None
    finish_reason: str
    exposure: int
    fired: list[str]
    case: CaseView | None = None
    lines: list[Line] = field(default_factory=list)


async def figures(
    hub: Hub, actor: Actor, name: str, asked: Asked, metrics: Mapping[str, float] | None = None
) -> FiguresView:
    """Return the figures of a published roadmap."""
    actor.require("see the figures of roadmaps", *overseers)
    document, calendar = await documents(hub, actor, name)
    return await asyncio.to_thread(figured, document, calendar, asked, metrics)


def figured(document: JSON, calendar: JSON, asked: Asked, metrics: Mapping[str, float] | None = None) -> FiguresView:
    """Return the figures of a checked document; `metrics` are what else is known that may trigger risks."""
    return figures_of(compute(document, calendar, asked), document, asked, metrics)


def figures_of(
    found: Computed, document: JSON, asked: Asked, metrics: Mapping[str, float] | None = None
) -> FiguresView:
    """Return the figures of a plan that was computed, measured by its baseline."""
    base, days = found.baseline, found.days
    at = days.after(asked.status) if asked.status else base.begin
    done = earned.performance(base, asked.actuals, at)
    whole = budget.with_contingency(done.bac, found.roadmap.contingency)
    end = earned.expected_end(base, days, done.spi_t)
    lines = list(budget.lines(base, days))
    listed = document.get("risks") or ()
    return FiguresView(
        roadmap=found.roadmap.name,
        title=found.roadmap.title,
        currency=found.roadmap.currency,
        status=asked.status,
        budget=_money(done.bac),
        budget_with_contingency=_money(whole),
        months=list(_months(lines)),
        rows=list(_rows(found, done)),
        cost_variance=_money(done.cv),
        schedule_variance=_money(done.sv),
        indices=list(_indices(done, document.get("thresholds") or {})),
        baseline_finish=base.finish,
        planned_finish=found.plan.finish,
        finish_at_speed=end if isinstance(end, date) else None,
        finish_reason=end if isinstance(end, str) else "",
        exposure=risks.exposure(listed),
        fired=risks.fired(listed, {**_own_metrics(found, done), **(metrics or {})}),
        case=_case(document.get("benefits"), whole),
        lines=lines,
    )


def _own_metrics(found: Computed, done: earned.Performance) -> Mapping[str, float]:
    """Return the metrics of risks that a roadmap knows of itself."""
    work = found.roadmap.activities
    technology = sum((each.budget for each in work if each.pillar == "technology"), _NOTHING)
    known = {"technology-share": float(technology / done.bac)} if done.bac else {}
    if done.eac_typical.value is not None and done.bac:
        known["cost-overrun"] = float(done.eac_typical.value / done.bac - 1)
    return known


def _months(lines: list[Line]) -> Iterator[Month]:
    cumulative = _NOTHING
    for period, factors in budget.by_period(iter(lines)).items():
        amount = sum(factors.values(), _NOTHING)
        cumulative += amount
        yield Month(period, {name: _money(each) for name, each in factors.items()}, amount, cumulative)


def _rows(found: Computed, done: earned.Performance) -> Iterator[Row]:
    amounts = budget.totals(found.baseline)
    for factor, values in (*((each, done.factors[each]) for each in FACTORS), ("total", done.whole)):
        planned = amounts.get(factor, done.bac)
        overspent = _index("overspent", values.overspent)
        yield Row(factor, _money(planned), _money(values.pv), _money(values.ev), _money(values.ac), overspent)


def _indices(done: earned.Performance, thresholds: Mapping[str, Mapping[str, float]]) -> Iterator[Index]:
    for name, (is_money, band) in _INDICES.items():
        figure, limits, light = getattr(done, name), thresholds.get(band), ""
        if limits:
            light = earned.light(figure, Decimal(str(limits["amber"])), Decimal(str(limits["red"])))
        yield _index(name, figure, is_money=is_money, light=light)


def _case(benefits: JSON, cost: Decimal) -> CaseView | None:
    if not benefits:
        return None
    amounts = [[Decimal(str(amount)) for amount in each["amounts"]] for each in benefits["list"]]
    made = finance.case(cost, amounts, Decimal(str(benefits["discount"])))
    indices = [_index("npv", made.npv, is_money=True)]
    indices += [_index(name, getattr(made, name)) for name in ("roi", "irr", "payback", "discounted_payback")]
    return CaseView(_money(made.cost), _money(made.benefit), [_money(flow) for flow in made.flows], indices)


def _index(name: str, figure: Figure, *, is_money: bool = False, light: str = "") -> Index:
    if figure.value is None:
        return Index(name, None, figure.reason)
    return Index(name, _money(figure.value) if is_money else figure.value.quantize(_RATIO), light=light)


def _money(amount: Decimal) -> Decimal:
    return amount.quantize(budget.CENT)
