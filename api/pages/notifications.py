"""What somebody is told: the list behind the bell, and what of it they want by mail."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import view
from api.pages.account import local
from api.sentences import said
from cauce.errors import InputError
from cauce.services import notifications
from cauce.services.mails import letters, links
from cauce.store.notifications import KINDS, How, Kind

router = APIRouter(include_in_schema=False)
_kinds: Mapping[Kind, str] = {
    "told": view.message("What processes tell me"),
    "task": view.message("Tasks that I am given"),
    "late": view.message("What is left lying or late"),
    "mention": view.message("Where somebody names me"),
}
_ways: Mapping[How, str] = {
    "none": view.message("No mail"),
    "at-once": view.message("At once"),
    "daily": view.message("Once a day"),
}


@router.get("/notifications")
async def page(request: Request, hub: HubDep, actor: VisitorDep, after: str = "", done: str = "") -> Response:
    """Show what whoever is logged in is told, the newest first."""
    lang = view.language_of(request)
    said = lang.gettext(view.message("What you get by mail is saved.")) if done == "address" else ""
    return await _shown(request, hub, actor, after=after, message=said)


@router.post("/notifications/read")
async def read_all(hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Mark all of it as read."""
    del form
    await notifications.mark(hub, actor)
    return RedirectResponse("/notifications", status_code=HTTPStatus.SEE_OTHER)


@router.post("/notifications/address")
async def save_address(request: Request, hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Keep where they want mail, and of what."""
    given = str(form.get("email", ""))
    kinds = {each: str(form[each]) for each in KINDS if each in form}
    try:
        await notifications.choose(hub, actor, email=given, kinds=kinds)
    except InputError as error:
        lang = view.language_of(request)
        problem = f"{said(error.problem, lang)} {said(error.hint, lang)}"
        return await _shown(request, hub, actor, status=422, email=given, problem=problem)
    return RedirectResponse("/notifications?done=address", status_code=HTTPStatus.SEE_OTHER)


@router.get(f"{links.path}{{token}}")
async def open_link(hub: HubDep, actor: VisitorDep, token: str) -> Response:
    """Lead from a mail to what it told, after the login."""
    found = await notifications.open_link(hub, actor, token)
    return RedirectResponse(local(found.link), status_code=HTTPStatus.SEE_OTHER)


@router.post("/notifications/{notification_id}/open")
async def open_one(hub: HubDep, actor: VisitorDep, notification_id: str, form: FormDep) -> Response:
    """Mark one as read and lead to what it is about."""
    del form
    found = await notifications.mark_one(hub, actor, notification_id)
    return RedirectResponse(local(found.link), status_code=HTTPStatus.SEE_OTHER)


@router.post("/notifications/mails/{mail_id}/again")
async def send_again(hub: HubDep, actor: VisitorDep, mail_id: str, form: FormDep) -> Response:
    """Send a mail that was lost after all."""
    del form
    await letters.send_again(hub, actor, mail_id)
    return RedirectResponse("/notifications", status_code=HTTPStatus.SEE_OTHER)


async def _shown(
    request: Request, hub: HubDep, actor: VisitorDep, *, after: str = "", status: int = 200, **more: str
) -> Response:
    found = await notifications.list_notifications(hub, actor, after=after or None)
    chosen = await notifications.choice(hub, actor)
    may_see = actor.may(*letters.readers)
    shown: dict[str, Any] = {"email": chosen.email, **more}
    return view.render(
        request,
        "notifications.html",
        status=status,
        found=found,
        chosen=chosen,
        kinds=_kinds,
        ways=_ways,
        lost=await letters.list_letters(hub, actor, state="lost", limit=20) if may_see else (),
        may_send=actor.may(*letters.deciders),
        **shown,
    )
