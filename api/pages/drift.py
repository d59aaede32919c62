"""The contract of a connection: what changed of it, what that touches, and what somebody decides."""

import re
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import view
from cauce.errors import InputError
from cauce.services.drift import cases
from cauce.services.drift.cases import Drift
from cauce.services.hub import Actor

router = APIRouter(include_in_schema=False)
_LONGEST_NUMBER = 9
_ways = {
    "by name": view.message("by name"),
    "as a whole": view.message("as a whole"),
    "perhaps": view.message("perhaps"),
    "missing": view.message("it is missing"),
}
_sentence = re.compile(r"(?:`(?P<path>.+?)`|It) (?P<words>[^:]+)(?:: (?P<detail>.+))?\.", re.DOTALL)
# What sentences about changes say; `parts` finds it in them.
_words = (
    view.message("is not taken any more"),
    view.message("is not given any more"),
    view.message("is not in the contract any more"),
    view.message("is new and has to be sent"),
    view.message("is new"),
    view.message("has to be sent now"),
    view.message("need not be sent any more"),
    view.message("always comes now"),
    view.message("may be missing now"),
    view.message("takes less than before"),
    view.message("takes more than before"),
    view.message("gives less variety than before"),
    view.message("may give what never came before"),
    view.message("has another rule"),
)


@router.get("/connections/{name}/drift")
async def drift_page(request: Request, hub: HubDep, actor: VisitorDep, name: str) -> Response:
    """Show what is known of a connection's contract."""
    return _page(request, actor, await cases.show(hub, actor, name))


@router.post("/connections/{name}/drift")
async def decide(request: Request, hub: HubDep, actor: VisitorDep, name: str, form: FormDep) -> Response:
    """Read the contract again, or decide about what changed of it."""
    given, reason = str(form.get("case", "")), str(form.get("reason", ""))
    number = int(given) if given.isdecimal() and len(given) <= _LONGEST_NUMBER else 0
    try:
        match form.get("do"):
            case "accept":
                await cases.accept(hub, actor, name, number, reason)
            case "acknowledge":
                await cases.acknowledge(hub, actor, name, number, reason)
            case _:
                await cases.look(hub, actor, name)
    except InputError as error:
        return _page(request, actor, await cases.show(hub, actor, name), error)
    return RedirectResponse(request.url.path, status_code=HTTPStatus.SEE_OTHER)


def parts(sentence: str) -> tuple[str, str, str]:
    """Return what a sentence about a change is about, its words to be translated, and what is in no language."""
    found = _sentence.fullmatch(sentence)
    return (found["path"] or "", found["words"], found["detail"] or "") if found else ("", sentence, "")


def _page(request: Request, actor: Actor, found: Drift, problem: InputError | None = None) -> Response:
    return view.render(
        request,
        "drift.html",
        status=problem.http_status if problem else HTTPStatus.OK,
        found=found,
        case=found.case,
        problem=problem,
        ways=_ways,
        parts=parts,
        may_look=actor.may(*cases.LOOKERS),
        may_decide=actor.may("integrator"),
    )
