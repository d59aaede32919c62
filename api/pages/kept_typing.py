"""What is typed in a form and kept as a draft by itself: by the script of its page, or when a session has run out."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from types import EllipsisType
from typing import Protocol

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import FormData

from api.deps import most_fields, most_files
from api.i18n import Language
from api.security import Sessions
from api.sentences import said
from cauce.errors import CauceError, InputError
from cauce.services import users
from cauce.services.hub import Actor, Hub

version_field = "_version"
# Of the draft that a page knows, for its own button; the script of the page tells its version by itself.
known_field = "_known"


class Kept(Protocol):
    """A draft that was saved."""

    @property
    def saved_at(self) -> datetime:
        """When it was."""


async def of_past_session(
    request: Request, hub: Hub, sessions: Sessions, keep: Callable[[Actor, FormData], Awaitable[None]]
) -> None:
    """Let what was typed be kept for somebody whose session has run out meanwhile.

    The cookie proves whose session it was, and the form's token that it is from a page of it. More than a draft of that
    person's own must never come of it.
    """
    past = sessions.past(request)
    if not past.user or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return
    async with request.form(max_files=most_files, max_fields=most_fields) as form:
        try:
            sessions.check(past, str(form.get("csrf", "")))
            await keep(await users.actor_of(hub, past.user), form)
        except CauceError:
            # They are sent to the login in any case.
            return


async def told(kept: Awaitable[Kept], lang: Language) -> Response:
    """Tell the script of the page what came of it."""
    try:
        found = await kept
    except CauceError as error:
        refusal = {"said": said(error.problem, lang), "hint": said(error.hint, lang)}
        return JSONResponse(refusal, status_code=error.http_status)
    text = lang.gettext("Saved at %s.") % lang.clock(found.saved_at)
    return JSONResponse({"said": text, "version": found.saved_at.isoformat()})


def version_of(form: FormData, field: str = version_field) -> datetime | EllipsisType | None:
    """Return the moment of the draft that the page knows; None for none, and `...` when it takes the place of any."""
    text = form.get(field)
    try:
        return ... if text is None else datetime.fromisoformat(str(text)) if text else None
    except ValueError as cause:
        raise InputError("That is no version of a draft.", hint="Load the page again.") from cause
