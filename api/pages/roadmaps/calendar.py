"""The calendar of a roadmap, and the address at which programs for calendars read it without a login."""

from fastapi import APIRouter, Request, Response

from api.deps import FormDep, HubDep, VisitorDep
from api.pages.roadmaps import frame, plan
from cauce.services.access import feeds

router = APIRouter(include_in_schema=False)


@router.get("/roadmaps/{name}/{key}/calendar")
async def calendar_page(request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str) -> Response:
    """Show what an address is for."""
    standing = await frame.standing(hub, actor, name, key)
    return frame.render(request, "roadmap_calendar.html", standing, "plan", address="")


@router.post("/roadmaps/{name}/{key}/calendar")
async def make_address(
    request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str, form: FormDep
) -> Response:
    """Make an address, and show it this once."""
    del form
    standing = await frame.standing(hub, actor, name, key)
    address = await feeds.make(hub, actor, f"{name}/{key}")
    return frame.render(request, "roadmap_calendar.html", standing, "plan", address=address)


@router.get("/feeds/{token}.ics")
async def feed(request: Request, hub: HubDep, token: str) -> Response:
    """Return the calendar of an address, as its owner sees it."""
    actor, roadmap = await feeds.read(hub, token)
    name, _, key = roadmap.partition("/")
    request.state.locale = actor.locale or None
    response = plan.handed_over(request, await frame.standing(hub, actor, name, key), "ical")
    # The address is all it takes to read it.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "private, max-age=900"
    return response
