"""`/metrics`, for Prometheus and what else reads its text format."""

from fastapi import APIRouter, Request, Response

from api.deps import HubDep, SessionDep, SessionsDep, caller
from cauce.errors import NotFoundError
from cauce.services import exposition, monitor

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def metrics(request: Request, hub: HubDep, sessions: SessionsDep, session: SessionDep) -> Response:
    """Return all figures; whether that takes a login is a setting."""
    if hub.settings.metrics == "off":
        raise NotFoundError("There are no metrics here.", hint="Set CAUCE_METRICS to login or open.")
    if hub.settings.metrics == "login":
        actor = await caller(request, hub, sessions, session)
        actor.require("read the metrics", *monitor.scrapers)
    return Response(await exposition.text(hub), media_type=exposition.media_type)
