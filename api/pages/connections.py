"""Connections: what there is, and whether it works."""

from fastapi import APIRouter, Request, Response

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import view
from cauce.services import connections
from cauce.services.hub import Actor

router = APIRouter()


@router.get("/connections")
async def connection_list(request: Request, hub: HubDep, actor: VisitorDep) -> Response:
    """Show the connections."""
    listed = await connections.list_connections(hub, actor)
    return view.render(request, "connections.html", connections=listed, tested="", probes=(), may_test=may_test(actor))


@router.post("/connections/{name}/test")
async def test_connection(request: Request, hub: HubDep, actor: VisitorDep, name: str, form: FormDep) -> Response:
    """Test a connection and show each stage."""
    del form
    probes = await connections.test(hub, actor, name)
    listed = await connections.list_connections(hub, actor)
    return view.render(
        request, "connections.html", connections=listed, tested=name, probes=probes, may_test=may_test(actor)
    )


def may_test(actor: Actor) -> bool:
    """Return whether to offer the test."""
    return actor.may("integrator", "operator")
