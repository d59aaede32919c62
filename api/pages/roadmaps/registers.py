"""The registers of a roadmap: deliverables, risks, issues, dependencies; who does how much; changes and baselines."""

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import view
from api.pages.roadmaps import frame, noted_words
from cauce import roadmaps
from cauce.errors import CauceError, ConflictError, ForbiddenError, InputError, NotFoundError
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import noted, registers, running

router = APIRouter(include_in_schema=False)
notices = {
    "baseline": view.message("The plan of now is what is measured by."),
    "request": view.message("The change is put to who decides on it."),
    "approved": view.message("The change is approved, and the plan has it."),
    "rejected": view.message("The change is rejected."),
    "deferred": view.message("The change waits."),
}


@router.get("/roadmaps/{name}/{key}/registers")
async def registers_page(request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str) -> Response:
    """Show what is kept lists of."""
    standing = await frame.standing(hub, actor, name, key)
    return frame.render(
        request,
        "roadmap_registers.html",
        standing,
        "registers",
        deliverables=registers.deliverables(standing),
        risks=registers.risks(standing),
        issues=registers.issues(standing),
        dependencies=registers.dependencies(standing),
        noted=await noted.kinds(hub, standing),
        figures=await noted.figures(hub, standing),
        kind_word=frame.word(request, noted_words.kind_words),
        noted_word=frame.word(request, noted_words.state_words),
        assumptions=(standing.course.document.get("budget") or {}).get("zero") or {},
        stop=standing.course.document.get("stop") or [],
    )


@router.get("/roadmaps/{name}/{key}/people")
async def people_page(request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str) -> Response:
    """Show who is responsible and accountable, and how much is still to come for each."""
    standing = await frame.standing(hub, actor, name, key)
    loads = registers.people(standing)
    months = sorted({month for each in loads for month in each.months})
    return frame.render(
        request,
        "roadmap_people.html",
        standing,
        "people",
        loads=loads,
        months=months,
        most=max((days for each in loads for days in each.months.values()), default=1),
        phases=standing.course.roadmap.phases,
    )


@router.get("/roadmaps/{name}/{key}/changes")
async def changes_page(
    request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str, done: str = ""
) -> Response:
    """Show what was asked to be changed, and how the baselines differ."""
    message = view.language_of(request).gettext(notices[done]) if done in notices else ""
    return await _changes(request, hub, actor, name, key, message=message)


@router.post("/roadmaps/{name}/{key}/changes")
async def change_plan(request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str, form: FormDep) -> Response:
    """Ask for a change, decide on one, or set a baseline."""
    standing = await frame.standing(hub, actor, name, key)
    try:
        await running.act(hub, actor, standing.detail.run.id, _request(form))
    except (ConflictError, InputError, ForbiddenError, NotFoundError) as error:
        return await _changes(request, hub, actor, name, key, refusal=error)
    return frame.back(standing, "changes", done=str(form.get("do", "")))


def _request(form: FormData) -> roadmaps.Request:
    given = {each: str(form.get(each, "")).strip() for each in ("do", "change", "step", "days", "cost", "factor")}
    said = {each: str(form.get(each, "")).strip() for each in ("what", "why", "reason")}
    match given["do"]:
        case "baseline":
            return roadmaps.SetBaseline("", said["reason"])
        case "request":
            is_urgent = bool(form.get("emergency"))
            return roadmaps.RequestChange("", said["what"], said["why"], _edits(given), is_urgent)
        case "approved" | "rejected" | "deferred" as decision:
            return roadmaps.DecideChange(given["change"], "", decision, said["reason"])
        case _:
            raise InputError("Nothing is asked for.", hint="Ask for a change, decide on one, or set a baseline.")


def _edits(given: dict[str, str]) -> dict[str, dict[str, object]]:
    """Return the edit of one activity as a change has it."""
    edit: dict[str, object] = {}
    if given["days"]:
        edit["days"] = frame.whole(given["days"])
    if given["cost"]:
        edit["cost"] = {given["factor"]: str(frame.amount(given["cost"]))}
    return {given["step"]: edit}


async def _changes(
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
    return frame.render(
        request,
        "roadmap_changes.html",
        standing,
        "changes",
        changes=standing.course.journal.changes,
        baselines=list(registers.baselines_compared(standing)),
        activities=[each for each in standing.course.roadmap.activities if not each.gate],
        message=message,
        refusal=refusal,
    )
