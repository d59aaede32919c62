"""The board of a roadmap: its phases with their activities and gates, and what one may do with each."""

from itertools import groupby

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import view
from api.pages.roadmaps import frame
from cauce import roadmaps
from cauce.errors import CauceError, ConflictError, ForbiddenError, InputError
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import running
from workflows.roadmap.model import FACTORS

router = APIRouter(include_in_schema=False)
notices = {
    "start": view.message("It has begun."),
    "report": view.message("It is noted."),
    "finish": view.message("It is done; what waited for it may begin."),
    "run": view.message("Its process begins."),
}


@router.get("/roadmaps/{name}/{key}")
async def board_page(request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str, done: str = "") -> Response:
    """Show a roadmap by its phases."""
    message = view.language_of(request).gettext(notices[done]) if done in notices else ""
    return await _page(request, hub, actor, name, key, message=message)


@router.post("/roadmaps/{name}/{key}/steps/{step}")
async def act_on_step(
    request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str, step: str, form: FormDep
) -> Response:
    """Start an activity or its process, report on it, or finish it."""
    standing = await frame.standing(hub, actor, name, key)
    done = str(form.get("do", ""))
    try:
        await running.act(hub, actor, standing.detail.run.id, _request(done, step, form))
    except (ConflictError, InputError, ForbiddenError) as error:
        return await _page(request, hub, actor, name, key, refusal=error)
    return frame.back(standing, done=done)


def _request(done: str, step: str, form: FormData) -> roadmaps.Request:
    day = str(form.get("day", ""))
    match done:
        case "start":
            return roadmaps.StartActivity(step, "", day)
        case "finish":
            return roadmaps.FinishActivity(step, "", day, cost=_costs(form), note=str(form.get("note", "")))
        case "run":
            return roadmaps.RunActivity(step, "", str(form.get("note", "")))
        case "report":
            percent = str(form.get("percent", "")).strip()
            known = float(frame.amount(percent)) if percent else None
            return roadmaps.ReportActivity(step, "", known, cost=_costs(form), note=str(form.get("note", "")))
        case _:
            raise InputError("Nothing is asked for.", hint="Start it, report on it, or finish it.")


def _costs(form: FormData) -> dict[str, str] | None:
    given = {factor: str(form.get(factor, "")).strip() for factor in FACTORS}
    return {factor: str(frame.amount(said)) for factor, said in given.items() if said} or None


async def _page(
    request: Request,
    hub: Hub,
    actor: Actor,
    name: str,
    key: str,
    *,
    message: str = "",
    refusal: CauceError | None = None,
) -> Response:
    standing = await frame.standing(hub, actor, name, key)
    course = standing.course
    phases = [
        (phase, course.roadmap.phases.get(phase, phase), list(steps))
        for phase, steps in groupby(standing.detail.steps, key=lambda each: each.phase)
    ]
    return frame.render(
        request,
        "roadmap_board.html",
        standing,
        "",
        phases=phases,
        factors=FACTORS,
        processes={each.id for each in course.roadmap.activities if each.run is not None},
        owners=course.document["owners"],
        currency=course.roadmap.currency,
        message=message,
        refusal=refusal,
    )
