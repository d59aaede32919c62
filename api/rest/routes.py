"""The routes of the REST API, and its own description."""

from typing import Any

from fastapi import APIRouter, Depends, Request

from api.deps import CallerDep, bearer
from api.rest import (
    account,
    accounts,
    attachments,
    by_hand,
    catalogs,
    certification,
    clocks,
    comments,
    connections,
    dead_letters,
    definitions,
    deliveries,
    drift,
    events,
    health,
    inbox,
    instances,
    monitor,
    notifications,
    people,
    permissions,
    profiles,
    roadmap_control,
    roadmap_costs,
    roadmaps,
    running_acts,
    running_roadmaps,
    schedules,
    syncs,
    tasks,
    team,
    test_runs,
    trail,
    why,
)
from api.rest.subject import root

router = APIRouter(prefix=root, dependencies=[Depends(bearer)])
subjects = (
    *(
        definitions,
        test_runs,
        schedules,
        syncs,
        # Before the instances, whose last route takes whatever is left of an address.
        clocks,
        comments,
        why,
        instances,
        inbox,
        tasks,
        team,
        attachments,
        catalogs,
        connections,
        certification,
        profiles,
        roadmaps,
        running_roadmaps,
        running_acts,
        roadmap_costs,
        roadmap_control,
        deliveries,
        drift,
        events,
        dead_letters,
        account,
        notifications,
        by_hand,
        trail,
    ),
    *(accounts, people, permissions, monitor, health),
)
for each in subjects:
    router.routes.extend(each.router.routes)


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request, _: CallerDep) -> dict[str, Any]:
    """Return the OpenAPI document."""
    document: dict[str, Any] = request.app.openapi()
    return document
