"""Setting up the second step of one's login, and taking it away again."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import EnrollingDep, FormDep, HubDep, VisitorDep
from api.pages import view
from cauce.errors import CauceError, InputError, UnauthenticatedError
from cauce.services.access import second_factors
from cauce.services.hub import Actor, Hub

router = APIRouter(include_in_schema=False)


@router.get("/account/second-factor")
async def factor_page(request: Request, hub: HubDep, actor: EnrollingDep) -> Response:
    """Show how the second step is set up, or that it is."""
    return await _page(request, hub, actor)


@router.post("/account/second-factor")
async def confirm(request: Request, hub: HubDep, actor: EnrollingDep, form: FormDep) -> Response:
    """Let the second step count, and show the recovery codes."""
    try:
        codes = await second_factors.confirm(hub, actor, str(form.get("code", "")))
    except InputError as error:
        return await _page(request, hub, actor, error=error)
    return await _page(request, hub, actor, codes=codes)


@router.post("/account/second-factor/codes")
async def renew_codes(request: Request, hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Make new recovery codes, and show them."""
    try:
        codes = await second_factors.renew_codes(hub, actor, str(form.get("password", "")))
    except UnauthenticatedError as error:
        return await _page(request, hub, actor, error=error)
    return await _page(request, hub, actor, codes=codes)


@router.post("/account/second-factor/remove")
async def remove(request: Request, hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Take the second step away."""
    try:
        await second_factors.remove(hub, actor, str(form.get("password", "")))
    except UnauthenticatedError as error:
        return await _page(request, hub, actor, error=error)
    return RedirectResponse("/account?done=factor", status_code=HTTPStatus.SEE_OTHER)


async def _page(
    request: Request, hub: Hub, actor: Actor, *, codes: list[str] | None = None, error: CauceError | None = None
) -> Response:
    state = await second_factors.state(hub, actor)
    offered = await second_factors.offer(hub, actor) if state.available and not state.confirmed_at else None
    return view.render(
        request,
        "second_factor.html",
        refusal=error,
        factor=state,
        offer=offered,
        codes=codes or [],
    )
