"""The first thing after a login with a password that somebody else made: choosing one's own."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import ChoosingDep, FormDep, HubDep, SessionsDep
from api.pages import view
from api.pages.account import let_in, local
from api.pages.own_account import rules_of, typed_twice
from cauce.errors import CauceError, InputError, UnauthenticatedError
from cauce.services import users
from cauce.services.hub import Hub

router = APIRouter(include_in_schema=False)


@router.get("/account/first-password")
async def password_page(request: Request, hub: HubDep, _: ChoosingDep, next: str = "/inbox") -> Response:  # noqa: A002 - as in the address
    """Ask for a password that nobody else knows."""
    return _page(request, hub, next)


@router.post("/account/first-password")
async def choose_password(
    request: Request, hub: HubDep, actor: ChoosingDep, sessions: SessionsDep, form: FormDep
) -> Response:
    """Give oneself a password, and go where one wanted to."""
    target = str(form.get("next", ""))
    try:
        await users.change_own_password(hub, actor, str(form.get("password", "")), typed_twice(form))
    except (InputError, UnauthenticatedError) as error:
        return _page(request, hub, target, refusal=error)
    response = RedirectResponse(local(target), status_code=HTTPStatus.SEE_OTHER)
    await let_in(request, response, hub, sessions, actor)
    return response


def _page(request: Request, hub: Hub, target: str, *, refusal: CauceError | None = None) -> Response:
    return view.render(request, "own_password.html", rules=rules_of(request, hub), next=local(target), refusal=refusal)
