"""What endpoints ask for: the hub, who is calling, and forms that provably come from our own pages."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from starlette.datastructures import FormData

from api.names import called
from api.security import Session, Sessions
from cauce.errors import ForbiddenError, UnauthenticatedError
from cauce.services import tasks, users
from cauce.services.access import sessions as login_sessions
from cauce.services.access.sessions import Lacking
from cauce.services.hub import Actor, Hub

csrf_field = "csrf"
csrf_header = "x-csrf-token"
# Also fields for files that were left empty, one in each line of a list. How much may come is limited in bytes.
most_files = 500
most_fields = 10_000
safe_methods = frozenset({"GET", "HEAD", "OPTIONS"})

# Only for the OpenAPI document: what is checked is in `caller`, which takes sessions as well.
bearer = HTTPBearer(auto_error=False, description="A token made with `POST /api/v1/tokens`, or by `cauce users token`.")


def _hub(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


def _session(request: Request) -> Session:
    return _sessions(request).read(request)


HubDep = Annotated[Hub, Depends(_hub)]
SessionsDep = Annotated[Sessions, Depends(_sessions)]
SessionDep = Annotated[Session, Depends(_session)]


async def caller(request: Request, hub: HubDep, sessions: SessionsDep, session: SessionDep) -> Actor:
    """Return who calls: by a token, or by the session of a browser."""
    return await _calling(request, hub, sessions, session)


async def _settling(request: Request, hub: HubDep, sessions: SessionsDep, session: SessionDep) -> Actor:
    """Return who calls to choose a password of their own, also when they may do nothing else before."""
    return await _calling(request, hub, sessions, session, Lacking.OWN_PASSWORD)


async def _calling(
    request: Request, hub: Hub, sessions: Sessions, session: Session, lacking: Lacking = Lacking.NOTHING
) -> Actor:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return await users.actor_of_token(hub, token.strip())
    if not session.user:
        raise UnauthenticatedError("Nobody is logged in.", hint="Send a bearer token, or log in at /login.")
    if request.method not in safe_methods:
        # A browser sends the cookie by itself, also from pages of others.
        sessions.check(session, request.headers.get(csrf_header, ""))
    return await login_sessions.actor_of(hub, session.user, session.nonce, lacking=lacking)


async def visitor_of(request: Request, hub: Hub) -> Actor:
    """Return who is logged in on the browser that asks by itself, if they still are."""
    session = _logged_in(request)
    return await login_sessions.actor_of(hub, session.user, session.nonce, used=False)


def _logged_in(request: Request) -> Session:
    session = _session(request)
    if not session.user:
        raise UnauthenticatedError("Nobody is logged in.", hint="Log in first.")
    return session


async def _visitor(request: Request, hub: HubDep) -> Actor:
    return await _shown(request, hub)


async def _counting(request: Request, hub: HubDep) -> Actor:
    """Return who is logged in, for a page that says itself how many tasks wait for them (`say_open`)."""
    return await _shown(request, hub, counted=False)


def say_open(request: Request, number: int) -> None:
    """Let the page say how many tasks wait, as on every page."""
    request.state.open_tasks = min(number, tasks.most_counted)


async def _enrolling(request: Request, hub: HubDep) -> Actor:
    """Return who sets up the second step of the login: all that those may do who have to."""
    return await _shown(request, hub, lacking=Lacking.SECOND_STEP)


async def _choosing(request: Request, hub: HubDep) -> Actor:
    """Return who chooses a password of their own, or leaves: all that those may do whose password others made."""
    return await _shown(request, hub, lacking=Lacking.OWN_PASSWORD)


async def _listening(request: Request, hub: HubDep) -> Actor:
    """Return who is logged in, for what a page asks by itself for as long as it stands open."""
    return await _shown(request, hub, used=False)


async def _shown(
    request: Request, hub: Hub, *, lacking: Lacking = Lacking.NOTHING, counted: bool = True, used: bool = True
) -> Actor:
    session = _logged_in(request)
    visit = await login_sessions.visit(hub, session.user, session.nonce, lacking=lacking, counted=counted, used=used)
    request.state.actor = visit.actor
    request.state.locale = visit.actor.locale
    request.state.called = await called(request)
    request.state.open_tasks, request.state.unread = visit.open_tasks, visit.unread
    return visit.actor


async def _form(request: Request, sessions: SessionsDep, session: SessionDep) -> AsyncIterator[FormData]:
    origin = request.headers.get("sec-fetch-site", "same-origin")
    if origin not in {"same-origin", "none"}:
        raise ForbiddenError("The form was sent from another site.", hint="Open the page in Cauce and send it there.")
    # Closed when the answer is made, because uploads are files.
    async with request.form(max_files=most_files, max_fields=most_fields) as form:
        sessions.check(session, str(form.get(csrf_field, "")))
        yield form


CallerDep = Annotated[Actor, Depends(caller)]
SettlingDep = Annotated[Actor, Depends(_settling)]
VisitorDep = Annotated[Actor, Depends(_visitor)]
CountingDep = Annotated[Actor, Depends(_counting)]
ListeningDep = Annotated[Actor, Depends(_listening)]
EnrollingDep = Annotated[Actor, Depends(_enrolling)]
ChoosingDep = Annotated[Actor, Depends(_choosing)]
FormDep = Annotated[FormData, Depends(_form)]
