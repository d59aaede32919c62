"""Logging in and out, and the language of the pages."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import FormDep, HubDep, SessionsDep, VisitorDep
from api.i18n import locales
from api.pages import view
from api.security import language_cookie, year_seconds
from cauce.errors import UnauthenticatedError
from cauce.services import users

router = APIRouter()


def local(address: str) -> str:
    """Return an address of this site, whatever was asked for: a link must not lead people elsewhere."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if plain and not address.startswith("/login") else "/inbox"


@router.get("/")
async def home() -> Response:
    """Lead to the inbox."""
    return RedirectResponse("/inbox", status_code=HTTPStatus.SEE_OTHER)


@router.get("/login")
async def login_page(request: Request, next: str = "/inbox") -> Response:  # noqa: A002 - the name in the address
    """Show the login form."""
    return view.render(request, "login.html", next=local(next), name="")


@router.post("/login")
async def login(request: Request, hub: HubDep, sessions: SessionsDep, form: FormDep) -> Response:
    """Log in."""
    name, target = str(form.get("name", "")).strip(), local(str(form.get("next", "")))
    try:
        actor = await users.authenticate(hub, name, str(form.get("password", "")))
    except UnauthenticatedError as error:
        lang = view.language_of(request)
        problem = f"{lang.gettext(error.problem)} {lang.gettext(error.hint)}"
        return view.render(request, "login.html", status=401, next=target, name=name, problem=problem)
    response = RedirectResponse(target, status_code=HTTPStatus.SEE_OTHER)
    sessions.begin(response, actor.name)
    return response


@router.post("/logout")
async def logout(_: VisitorDep, sessions: SessionsDep, form: FormDep) -> Response:
    """Log out."""
    del form
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
