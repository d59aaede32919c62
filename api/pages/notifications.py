"""What somebody is told: the list behind the bell, and where they want mail."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import view
from api.pages.account import local
from cauce.errors import InputError
from cauce.services import notifications

router = APIRouter()


@router.get("/notifications")
async def page(request: Request, hub: HubDep, actor: VisitorDep, after: str = "", done: str = "") -> Response:
    """Show what whoever is logged in is told, the newest first."""
    lang = view.language_of(request)
    said = lang.gettext(view.message("Your mail address is saved.")) if done == "address" else ""
    return await _shown(request, hub, actor, after=after, message=said)


@router.post("/notifications/read")
async def read_all(hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Mark all of it as read."""
    del form
    await notifications.mark(hub, actor)
    return RedirectResponse("/notifications", status_code=HTTPStatus.SEE_OTHER)


@router.post("/notifications/address")
async def save_address(request: Request, hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Keep where they want mail."""
    given = str(form.get("email", ""))
    try:
        await notifications.set_address(hub, actor, given)
    except InputError as error:
        lang = view.language_of(request)
        problem = f"{lang.gettext(error.problem)} {error.hint}"
        return await _shown(request, hub, actor, status=422, email=given, problem=problem)
    return RedirectResponse("/notifications?done=address", status_code=HTTPStatus.SEE_OTHER)


@router.post("/notifications/{notification_id}/open")
async def open_one(hub: HubDep, actor: VisitorDep, notification_id: str, form: FormDep) -> Response:
    """Mark one as read and lead to what it is about."""
    del form
    found = await notifications.mark_one(hub, actor, notification_id)
    return RedirectResponse(local(found.link), status_code=HTTPStatus.SEE_OTHER)


async def _shown(
    request: Request, hub: HubDep, actor: VisitorDep, *, after: str = "", status: int = 200, **more: str
) -> Response:
    found = await notifications.list_notifications(hub, actor, after=after or None)
    email = more.pop("email", None)
    return view.render(
        request,
        "notifications.html",
        status=status,
        found=found,
        email=await notifications.address(hub, actor) if email is None else email,
        **more,
    )
