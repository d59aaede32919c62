"""The plan of a roadmap as a chart and as a table, and what would be if something were otherwise."""

import asyncio
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.deps import HubDep, VisitorDep
from api.pages import view
from api.pages.roadmaps import frame
from cauce.errors import CauceError, ConflictError, InputError, NotFoundError
from cauce.services.roadmaps.formats import formats
from cauce.services.roadmaps.standing import Standing
from cauce.services.roadmaps.what_if import Edit, Outcome, what_if
from workflows.roadmap.model import FACTORS

router = APIRouter(include_in_schema=False)


@router.get("/roadmaps/{name}/{key}/plan")
async def plan_page(  # noqa: PLR0913 - what is asked of one activity
    request: Request,
    hub: HubDep,
    actor: VisitorDep,
    name: str,
    key: str,
    *,
    step: str = "",
    shift: Annotated[int, Query(ge=-2_000, le=2_000)] = 0,
    days: str = "",
    drop: bool = False,
    factor: str = FACTORS[-1],
    cost: str = "",
) -> Response:
    """Show when everything happens; with `step`, also what would be."""
    standing = await frame.standing(hub, actor, name, key)
    outcome: Outcome | None = None
    refusal: CauceError | None = None
    try:
        if step:
            edit = _edit(step, shift, days, drop=drop, factor=factor, cost=cost)
            outcome = await asyncio.to_thread(what_if, standing, [edit])
    except (ConflictError, InputError, NotFoundError) as error:
        refusal = error
    plan = standing.plan()
    return frame.render(
        request,
        "roadmap_plan.html",
        standing,
        "plan",
        picture=True,  # the chart writes its styles itself
        plan=plan,
        baseline=standing.course.baseline(),
        percents={each.id: each.percent for each in standing.detail.steps},
        outcome=outcome,
        asked={"step": step, "shift": shift, "days": days, "drop": drop, "factor": factor, "cost": cost},
        factors=FACTORS,
        refusal=refusal,
    )


@router.get("/roadmaps/{name}/{key}/calendar.ics")
async def calendar_feed(request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str) -> Response:
    """Return the plan for calendars."""
    return handed_over(request, await frame.standing(hub, actor, name, key), "ical")


@router.get("/roadmaps/{name}/{key}/plan.csv")
async def plan_table(request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str) -> Response:
    """Return the plan for spreadsheets."""
    return handed_over(request, await frame.standing(hub, actor, name, key), "csv")


@router.get("/roadmaps/{name}/{key}/plan.xml")
async def plan_for_project(request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str) -> Response:
    """Return the plan for Microsoft Project."""
    return handed_over(request, await frame.standing(hub, actor, name, key), "mspdi")


def handed_over(request: Request, standing: Standing, form: str) -> Response:
    """Return the plan in the form of another program."""
    media_type, render = formats[form]
    language = view.language_of(request).code
    return Response(render(standing.plan(), language), media_type=f"{media_type}; charset=utf-8")


def _edit(step: str, shift: int, days: str, *, drop: bool, factor: str, cost: str) -> Edit:
    more = frame.amount(cost) if cost else Decimal()
    return Edit(step, shift, frame.whole(days) if days else None, drop, {factor: more} if more else {})
