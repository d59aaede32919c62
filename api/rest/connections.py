"""Connections: list and test."""

from fastapi import APIRouter

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.schemas import Connection, Page, Probe, Test
from cauce.services import connections

router = APIRouter(prefix="/connections", tags=["connections"])


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
