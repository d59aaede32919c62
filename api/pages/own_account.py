"""One's own account: the password, the browsers one is logged in on, the tokens of one's programs."""

from datetime import timedelta
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from api.deps import FormDep, HubDep, SessionDep, SessionsDep, VisitorDep
from api.pages import view
from api.pages.account import let_in
from api.security import Session
from cauce.errors import CauceError, InputError, UnauthenticatedError
from cauce.services import users
from cauce.services.access import passwords, second_factors, tokens
from cauce.services.access import sessions as login_sessions
from cauce.services.hub import Actor, Hub, scopes

router = APIRouter(include_in_schema=False)
notices = {
    "password": view.message("You have a new password; you are logged in on this browser only."),
    "ended": view.message("The session is ended."),
    "token": view.message("The token is worth nothing any more."),
    "factor": view.message("The second step is removed."),
}
password_rules = (
    view.message("At least %(least)s characters, and at most %(most)s."),
    view.message("It does not contain your name."),
    view.message("It is none of the passwords that everybody tries first, and no row of letters or digits."),
)
lifetimes = (30, 90, 365)
longest_label = 100


@router.get("/account")
async def account_page(
    request: Request, hub: HubDep, actor: VisitorDep, session: SessionDep, done: str = ""
) -> Response:
    """Show one's own account."""
    message = view.language_of(request).gettext(notices.get(done, ""))
    return await _page(request, hub, actor, session, message=message)


@router.post("/account/password")
async def change_password(
    request: Request, hub: HubDep, actor: VisitorDep, session: SessionDep, sessions: SessionsDep, form: FormDep
) -> Response:
    """Give oneself a new password; every other browser is logged out."""
    try:
        await users.change_own_password(hub, actor, str(form.get("password", "")), typed_twice(form))
    except (InputError, UnauthenticatedError) as error:
        return await _page(request, hub, actor, session, error=error)
    response = _back("password")
    await let_in(request, response, hub, sessions, actor)
    return response


@router.post("/account/sessions/end")
async def end_session(hub: HubDep, actor: VisitorDep, session: SessionDep, form: FormDep) -> Response:
    """End one of one's sessions, or all others."""
    if ended := str(form.get("session", "")):
        await login_sessions.end(hub, actor, ended)
    else:
        await login_sessions.end_others(hub, actor, session.nonce)
    return _back("ended")


@router.post("/account/tokens")
async def make_token(request: Request, hub: HubDep, actor: VisitorDep, session: SessionDep, form: FormDep) -> Response:
    """Make a token, and show it this once."""
    try:
        label, days = _asked(form)
        wanted = [str(each) for each in form.getlist("scope")]
        token = await users.create_token(hub, actor, label=label, scopes=wanted, expires_in=timedelta(days=days))
    except InputError as error:
        return await _page(request, hub, actor, session, error=error)
    return await _page(request, hub, actor, session, token=token)


@router.post("/account/tokens/end")
async def end_token(hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Make a token worth nothing."""
    await tokens.end_token(hub, actor, str(form.get("token", "")))
    return _back("token")


def rules_of(request: Request, hub: Hub) -> list[str]:
    """Return the rules of passwords, a sentence each, in the language of who asks."""
    numbers = {"least": hub.settings.password_min_length, "most": passwords.longest}
    return [view.language_of(request).gettext(each) % numbers for each in password_rules]


def typed_twice(form: FormData) -> str:
    """Return a new password that was typed twice."""
    new = str(form.get("new", ""))
    if new != str(form.get("again", "")):
        raise InputError("The two new passwords differ.", hint="Type the same one twice.")
    return new


def _asked(form: FormData) -> tuple[str, int]:
    label, days = str(form.get("label", "")).strip(), str(form.get("days", ""))
    if not label or len(label) > longest_label:
        raise InputError("Say in a few words what the token is for.", hint="You will look for it by that.")
    if days not in {str(each) for each in lifetimes}:
        raise InputError("A token of the pages is good for some days.", hint="Choose one of those offered.")
    return label, int(days)


def _back(done: str) -> Response:
    return RedirectResponse(f"/account?done={done}", status_code=HTTPStatus.SEE_OTHER)


async def _page(
    request: Request,
    hub: Hub,
    actor: Actor,
    session: Session,
    *,
    message: str = "",
    token: str = "",
    error: CauceError | None = None,
) -> Response:
    return view.render(
        request,
        "own_account.html",
        message=message,
        refusal=error,
        factor=await second_factors.state(hub, actor),
        rules=rules_of(request, hub),
        sessions=await login_sessions.list_sessions(hub, actor, session.nonce),
        tokens=await tokens.list_tokens(hub, actor),
        scopes=[each for each in scopes if each in actor.roles or actor.may()],
        lifetimes=lifetimes,
        token=token,
    )
