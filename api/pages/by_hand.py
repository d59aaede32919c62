"""What people did in other systems because a call could not be made: does the system have it, and is all well?"""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import view
from cauce.errors import ConflictError, InputError
from cauce.services import by_hand
from cauce.services.hub import Actor, Hub
from cauce.store.by_hand import UNSETTLED

router = APIRouter(include_in_schema=False)
_LONGEST_NUMBER = 9
_PAGE = 50
_states = {
    "open": (view.message("not asked yet"), "info"),
    "missing": (view.message("the system does not have it"), "danger"),
    "different": (view.message("the system has something else"), "warning"),
    "confirmed": (view.message("the system has it"), "success"),
    "settled": (view.message("settled"), "success"),
}


@router.get("/by-hand")
async def by_hand_page(
    request: Request, hub: HubDep, actor: VisitorDep, state: str = "open", after: str = ""
) -> Response:
    """Show what was done by hand."""
    return await _page(request, hub, actor, state, _number(after))


@router.post("/by-hand")
async def decide(request: Request, hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Ask the systems now, or note that somebody looked."""
    try:
        if number := _number(form.get("number")):
            await by_hand.settle(hub, actor, number, str(form.get("reason", "")))
        else:
            await by_hand.reconcile(hub, actor)
    except (InputError, ConflictError) as error:
        return await _page(request, hub, actor, "open", problem=error)
    return RedirectResponse("/by-hand", status_code=HTTPStatus.SEE_OTHER)


async def _page(
    request: Request,
    hub: Hub,
    actor: Actor,
    state: str,
    after: int = 0,
    problem: InputError | ConflictError | None = None,
) -> Response:
    wanted = ("confirmed", "settled") if state == "over" else UNSETTLED
    found = await by_hand.list_done(hub, actor, wanted, after=after, limit=_PAGE)
    return view.render(
        request,
        "by_hand.html",
        found=found,
        state="over" if state == "over" else "open",
        states=_states,
        following=found[-1].id if len(found) == _PAGE else 0,
        may_decide=actor.may("operator", "integrator"),
        refusal=problem,
        section="dead-letters",
    )


def _number(given: object) -> int:
    text = str(given or "")
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else 0
