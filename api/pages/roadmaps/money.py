"""The money of a roadmap: its budget by month and factor, what is earned and spent, and where it ends."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.deps import HubDep, VisitorDep
from api.pages import view
from api.pages.roadmaps import frame
from cauce.services.roadmaps.figures import FiguresView
from cauce.services.roadmaps.standing import Standing
from workflows.roadmap.model import FACTORS

JSON = Any
router = APIRouter(include_in_schema=False)
_WIDTH: Final = 640.0
_HEIGHT: Final = 220.0
index_words: Final = {
    "cpi": view.message("Cost performance (CPI)"),
    "spi": view.message("Schedule performance (SPI)"),
    "earned_schedule": view.message("Earned schedule, working days"),
    "spi_t": view.message("Schedule performance in time (SPI(t))"),
    "eac_typical": view.message("At completion, if it goes on like this (EAC)"),
    "eac_atypical": view.message("At completion, if the rest goes as planned"),
    "eac_both": view.message("At completion, if being late costs as well"),
    "etc": view.message("Still to be spent (ETC)"),
    "vac": view.message("Under budget at completion (VAC)"),
    "tcpi_bac": view.message("To be reached for the budget (TCPI)"),
    "tcpi_eac": view.message("To be reached for the estimate (TCPI)"),
    "npv": view.message("Net present value"),
    "roi": view.message("Return on investment"),
    "irr": view.message("Internal rate of return"),
    "payback": view.message("Payback, years"),
    "discounted_payback": view.message("Payback with discount, years"),
}


@dataclass(frozen=True, slots=True)
class Curve:
    """The S-curve as a picture: the plan, what was earned and what was spent, and the top of its scale."""

    planned: str
    earned: str
    spent: str
    months: list[tuple[float, str]]
    most: Decimal


@router.get("/roadmaps/{name}/{key}/money")
async def money_page(request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str) -> Response:
    """Show the money."""
    standing = await frame.standing(hub, actor, name, key)
    figures = standing.figures()
    return frame.render(
        request,
        "roadmap_money.html",
        standing,
        "money",
        figures=figures,
        factors=FACTORS,
        curve=curve(standing, figures),
        periods=standing.course.journal.periods,
        owners=standing.course.document["owners"],
        index_word=frame.word(request, index_words),
    )


def curve(standing: Standing, figures: FiguresView) -> Curve:
    """Return the S-curve: a point at the end of each month, and one for today."""
    months = [each.period for each in figures.months]
    known = {each["period"]: each["figures"] for each in standing.course.journal.periods}
    months = sorted({*months, *known})
    if not months:
        return Curve("", "", "", [], Decimal())
    planned, total = {}, Decimal()
    for each in figures.months:
        total = each.cumulative
        planned[each.period] = total
    now = next(each for each in figures.rows if each.factor == "total")
    values = [total, now.ev, now.ac, *(Decimal(each["ac"]) for each in known.values())]
    most = max(*values, Decimal(1))
    x = {month: _WIDTH * (number + 1) / len(months) for number, month in enumerate(months)}
    today = f"{standing.today:%Y-%m}"
    at = x.get(today, _WIDTH if months[-1] < today else 0.0) - _WIDTH / len(months) * (1 - standing.today.day / 31)

    def line(points: list[tuple[float, Decimal]]) -> str:
        return " ".join(f"{across:.1f},{_HEIGHT - float(amount / most) * _HEIGHT:.1f}" for across, amount in points)

    plan = [(0.0, Decimal())]
    for month in months:
        plan.append((x[month], planned.get(month, plan[-1][1])))
    behind = [(x[month], said) for month, said in sorted(known.items()) if month < today]
    ev = [(0.0, Decimal()), *((across, Decimal(said["ev"])) for across, said in behind), (max(at, 0.0), now.ev)]
    ac = [(0.0, Decimal()), *((across, Decimal(said["ac"])) for across, said in behind), (max(at, 0.0), now.ac)]
    return Curve(line(plan), line(ev), line(ac), [(x[month], month) for month in months], most)
