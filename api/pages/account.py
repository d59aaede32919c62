"""Logging in and out, and the language of the pages."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import ChoosingDep, FormDep, HubDep, SessionDep, SessionsDep
from api.i18n import locales
from api.pages import view
from api.security import Sessions, attempt_cookie, language_cookie, step_cookie, year_seconds
from api.sentences import said
from cauce.errors import CauceError, ConflictError, TransientError, UnauthenticatedError
from cauce.services import openid, users
from cauce.services.access import second_factors
from cauce.services.access import sessions as login_sessions
from cauce.services.hub import Actor, Hub

router = APIRouter(include_in_schema=False)


def local(address: str) -> str:
    """Return an address of this site, whatever was asked for: a link must not lead people elsewhere."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if plain and not address.startswith("/login") else "/inbox"


@router.get("/")
async def home() -> Response:
    """Lead to the inbox."""
    return RedirectResponse("/inbox", status_code=HTTPStatus.SEE_OTHER)


@router.get("/login")
async def login_page(request: Request, hub: HubDep, next: str = "/inbox") -> Response:  # noqa: A002 - as in the address
    """Show the login form."""
    return _form(request, hub, local(next))


@router.get("/login/openid")
async def openid_begin(hub: HubDep, sessions: SessionsDep, next: str = "/inbox") -> Response:  # noqa: A002 - as above
    """Send the person to the OpenID provider."""
    address, attempt = await openid.begin(hub, local(next))
    response = RedirectResponse(address, status_code=HTTPStatus.SEE_OTHER)
    sessions.keep_attempt(response, attempt)
    return response


@router.get(openid.callback)
async def openid_return(request: Request, hub: HubDep, sessions: SessionsDep) -> Response:
    """Log in whom the OpenID provider sends back."""
    attempt = sessions.attempt(request)
    try:
        actor = await openid.finish(hub, attempt, request.query_params)
    except (UnauthenticatedError, ConflictError, TransientError) as error:
        return _again(request, hub, error, attempt.target if attempt else "/inbox")
    response = RedirectResponse(attempt.target if attempt else "/inbox", status_code=HTTPStatus.SEE_OTHER)
    response.delete_cookie(attempt_cookie, path="/login")
    await let_in(request, response, hub, sessions, actor, by_password=False)
    return response


@router.post("/login/openid/logout")
async def openid_logout(request: Request, hub: HubDep) -> Response:
    """End the sessions of somebody who logged out at the provider; it proves with its signature that it says so."""
    async with request.form() as form:
        try:
            await openid.end(hub, str(form.get("logout_token", "")))
        except UnauthenticatedError:
            return Response(status_code=HTTPStatus.BAD_REQUEST)  # as the standard has it
    return Response()


@router.post("/login")
async def login(request: Request, hub: HubDep, sessions: SessionsDep, form: FormDep) -> Response:
    """Log in."""
    name, target = str(form.get("name", "")).strip(), local(str(form.get("next", "")))
    try:
        known = sessions.knows(request, name)
        actor = await users.authenticate(hub, name, str(form.get("password", "")), known=known)
    except UnauthenticatedError as error:
        return _again(request, hub, error, target, name)
    if await second_factors.needed(hub, actor.name):
        response = RedirectResponse("/login/code", status_code=HTTPStatus.SEE_OTHER)
        sessions.keep_step(response, actor.name, target)
        return response
    response = RedirectResponse(target, status_code=HTTPStatus.SEE_OTHER)
    sessions.remember(request, response, actor.name)
    await let_in(request, response, hub, sessions, actor)
    return response


@router.get("/login/code")
async def code_page(request: Request, sessions: SessionsDep) -> Response:
    """Ask for the second step of a login."""
    name, _ = sessions.step(request)
    if not name:
        return RedirectResponse("/login", status_code=HTTPStatus.SEE_OTHER)
    return view.render(request, "login_code.html", problem="", hint="")


@router.post("/login/code")
async def enter_code(request: Request, hub: HubDep, sessions: SessionsDep, form: FormDep) -> Response:
    """Log in whose code is right."""
    name, target = sessions.step(request)
    if not name:
        return RedirectResponse("/login", status_code=HTTPStatus.SEE_OTHER)
    try:
        known = sessions.knows(request, name)
        actor = await second_factors.verify(hub, name, str(form.get("code", "")), known=known)
    except UnauthenticatedError as error:
        lang = view.language_of(request)
        problem, hint = said(error.problem, lang), said(error.hint, lang)
        return view.render(request, "login_code.html", status=error.http_status, problem=problem, hint=hint)
    response = RedirectResponse(target, status_code=HTTPStatus.SEE_OTHER)
    response.delete_cookie(step_cookie, path="/login")
    sessions.remember(request, response, actor.name)
    await let_in(request, response, hub, sessions, actor)
    return response


async def let_in(
    request: Request, response: Response, hub: Hub, sessions: Sessions, actor: Actor, *, by_password: bool = True
) -> None:
    """Begin the session of somebody who has proved who they are."""
    session = sessions.begin(response, actor.name)
    address = request.client.host if request.client else ""
    browser = request.headers.get("user-agent", "")
    await login_sessions.begin(
        hub, actor.name, session.nonce, address=address, browser=browser, by_password=by_password
    )


def _again(request: Request, hub: Hub, error: CauceError, target: str, name: str = "") -> Response:
    lang = view.language_of(request)
    problem = f"{said(error.problem, lang)} {said(error.hint, lang)}"
    return _form(request, hub, target, name, status=error.http_status, problem=problem)


def _form(request: Request, hub: Hub, target: str, name: str = "", *, status: int = 200, problem: str = "") -> Response:
    company = bool(hub.settings.openid_issuer)
    return view.render(request, "login.html", status=status, next=target, name=name, problem=problem, company=company)


@router.post("/logout")
async def logout(
    hub: HubDep, actor: ChoosingDep, sessions: SessionsDep, session: SessionDep, form: FormDep
) -> Response:
    """Log out."""
    del form
    await login_sessions.leave(hub, actor, session.nonce)
    response = RedirectResponse("/login", status_code=HTTPStatus.SEE_OTHER)
    sessions.end(response)
    return response


@router.post("/language")
async def choose_language(form: FormDep) -> Response:
    """Remember the language of this browser."""
    response = RedirectResponse(local(str(form.get("next", ""))), status_code=HTTPStatus.SEE_OTHER)
    if str(form.get("next", "")).startswith("/login"):
        response.headers["location"] = "/login"
    chosen = str(form.get("language", ""))
    if chosen in locales:
        response.set_cookie(language_cookie, chosen, max_age=year_seconds, httponly=True, samesite="lax")
    return response
