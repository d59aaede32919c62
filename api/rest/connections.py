"""Connections: list and test."""

from typing import Annotated

from fastapi import Query

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.schemas import Connection, Page, Probe, Record, Recording, Sample, Test
from api.rest.subject import subject
from cauce.connection import seconds
from cauce.services import connections, recordings

router = subject("connections", "/connections")


@router.get("", responses=documented())
async def list_connections(hub: HubDep, actor: CallerDep) -> Page[Connection]:
    """List the published connections; there are few, so they come in one page."""
    found = await connections.list_connections(hub, actor)
    return Page(items=[Connection.model_validate(each) for each in found])


@router.post("/{name}/test", responses=documented(404))
async def test_connection(hub: HubDep, actor: CallerDep, name: str) -> Test:
    """Test a connection in stages (name, port, encryption, login, reading); the last one says what is wrong."""
    probes = await connections.test(hub, actor, name)
    return Test(ok=all(each.ok for each in probes), probes=[Probe.model_validate(each) for each in probes])


@router.get("/{name}/recording", responses=documented(404))
async def recording_of_connection(hub: HubDep, actor: CallerDep, name: str) -> Recording:
    """Say whether a connection is recorded now, and how many exchanges of it there are."""
    return Recording.model_validate(await recordings.recording(hub, actor, name))


@router.put("/{name}/recording", responses=documented(404, 422))
async def record_connection(hub: HubDep, actor: CallerDep, name: str, wanted: Record) -> Recording:
    """Have a connection recorded, masked, for a time, for a number of calls, or both."""
    lasts_s = None if wanted.lasts is None else seconds(wanted.lasts, "for")
    found = await recordings.start(hub, actor, name, lasts_s=lasts_s, calls=wanted.calls, operations=wanted.operations)
    return Recording.model_validate(found)


@router.delete("/{name}/recording", responses=documented(404))
async def stop_recording(hub: HubDep, actor: CallerDep, name: str) -> Recording:
    """Have a connection not recorded any more; what was recorded stays."""
    return Recording.model_validate(await recordings.stop(hub, actor, name))


@router.get("/{name}/operations/{operation}/samples", responses=documented(404))
async def list_samples(
    hub: HubDep,
    actor: CallerDep,
    name: str,
    operation: str,
    limit: Annotated[int, Query(ge=1, le=recordings.most_samples)] = 20,
) -> Page[Sample]:
    """List the newest recorded calls of an operation, masked, the newest first."""
    found = await recordings.list_samples(hub, actor, name, operation, limit=limit)
    return Page(items=[Sample.model_validate(each) for each in found])
