"""The gate of a phase: its evidence as it is now, who decides, and what was decided before."""

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import view
from api.pages.roadmaps import frame
from api.pages.roadmaps.evidence_words import evidence_word
from cauce import roadmaps
from cauce.errors import CauceError, ConflictError, ForbiddenError, InputError
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import gates, running

router = APIRouter(include_in_schema=False)
notices = {
    "request": view.message("It was put to those who decide."),
    "sign": view.message("It is signed."),
    "waive": view.message("The gate does without it until then."),
    "decide": view.message("Your word is noted."),
}


@router.get("/roadmaps/{name}/{key}/gates/{gate}")
async def gate_page(
    request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str, gate: str, done: str = ""
) -> Response:
    """Show a gate; its facts are asked for now."""
    message = view.language_of(request).gettext(notices[done]) if done in notices else ""
    return await _page(request, hub, actor, (name, key, gate), message=message)


@router.post("/roadmaps/{name}/{key}/gates/{gate}")
async def act_on_gate(
    request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str, gate: str, form: FormDep
) -> Response:
    """Ask for a gate, sign or waive a piece of its evidence, or decide it."""
    standing = await frame.standing(hub, actor, name, key)
    try:
        await running.act(hub, actor, standing.detail.run.id, _request(gate, form))
    except (ConflictError, InputError, ForbiddenError) as error:
        return await _page(request, hub, actor, (name, key, gate), refusal=error)
    return frame.back(standing, "gates", gate, done=str(form.get("do", "")))


def _request(gate: str, form: FormData) -> roadmaps.Request:
    given = {name: str(form.get(name, "")) for name in ("do", "evidence", "reason", "until", "approver", "word")}
    evidence = int(given["evidence"]) if given["evidence"].isdecimal() else -1
    match given["do"]:
        case "request":
            return roadmaps.RequestGate(gate, "")
        case "sign":
            return roadmaps.SignGate(gate, evidence, "")
        case "waive":
            return roadmaps.WaiveEvidence(gate, evidence, "", given["reason"], given["until"])
        case "decide" if given["word"] in ("yes", "no"):
            return roadmaps.DecideGate(gate, "", given["approver"], given["word"] == "yes", given["reason"])
    raise InputError("Nothing is asked for.", hint="Ask for the gate, sign, waive, or decide.")


async def _page(
    request: Request,
    hub: Hub,
    actor: Actor,
    at: tuple[str, str, str],
    *,
    message: str = "",
    refusal: CauceError | None = None,
) -> Response:
    name, key, gate = at
    standing = await frame.standing(hub, actor, name, key)
    found, label = await gates.gate(hub, actor, standing, gate), view.language_of(request).label
    return frame.render(
        request,
        "roadmap_gate.html",
        standing,
        "",
        gate=found,
        missing=[label(standing.course.activity(each).title, each) for each in found.missing],
        evidence_word=evidence_word(request),
        message=message,
        refusal=refusal,
    )
