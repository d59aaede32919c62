"""The routes of all pages; none of them is part of the OpenAPI document."""

from fastapi import APIRouter

from api.pages import (
    absences,
    account,
    accounts,
    by_hand,
    catalogue,
    clocks,
    comments,
    connection,
    connection_import,
    connections,
    dead_letters,
    definitions,
    drift,
    events,
    expression,
    inbox,
    inbox_acts,
    instances,
    mapper,
    monitor,
    notifications,
    own_account,
    people,
    permissions,
    public_forms,
    second_factor,
    syncs,
    task,
    task_acts,
    team,
    trail,
)

router = APIRouter(include_in_schema=False)
for each in (
    account,
    events,
    own_account,
    second_factor,
    accounts,
    public_forms,
    inbox,
    inbox_acts,
    notifications,
    task,
    clocks,
    task_acts,
    comments,
    instances,
    expression,
    definitions,
    connections,
    syncs,
    drift,
    monitor,
    dead_letters,
    people,
    permissions,
    team,
    absences,
    by_hand,
    trail,
):
    router.include_router(each.router)
# The import first, or it would be taken for a connection of that name.
for each in (connection_import, connection, catalogue, mapper):
    router.include_router(each.router)
