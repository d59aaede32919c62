"""Connections: what there is, and whether it works."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import view
from cauce.connector import Probe
from cauce.services import connections
from cauce.services.hub import Actor, Hub

router = APIRouter()


@router.get("/connections")
async def connection_list(request: Request, hub: HubDep, actor: VisitorDep) -> Response:
    """Show the connections."""
    return await _page(request, hub, actor)


@router.post("/connections/{name}/test")
async def test_connection(request: Request, hub: HubDep, actor: VisitorDep, name: str, form: FormDep) -> Response:
    """Test a connection and show each stage."""
    del form
    probes = await connections.test(hub, actor, name)
    return await _page(request, hub, actor, tested=name, probes=probes)


async def _page(
    request: Request, hub: Hub, actor: Actor, *, tested: str = "", probes: Sequence[Probe] = ()
) -> Response:
    listed = await connections.list_connections(hub, actor)
    return view.render(
        request,
        "connections.html",
        connections=listed,
        qualities=await connections.qualities(each.kind for each in listed),
        tested=tested,
        probes=probes,
        may_test=actor.may("integrator", "operator"),
    )
