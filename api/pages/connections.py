"""Connections: what there is, and whether it works."""

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, Request, Response

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import listed, view
from cauce.connector import Probe
from cauce.services import connections, inbound
from cauce.services.drift import cases
from cauce.services.hub import Actor, Hub

router = APIRouter(include_in_schema=False)
# Each has its operations, and the rules that its connector keeps.
page_size: Final = 25
_delivery_states = {
    "accepted": view.message("accepted"),
    "repeated": view.message("repeated"),
    "ignored": view.message("not meant for anybody"),
    "completed": view.message("answered"),
    "running": view.message("still running"),
    "refused": view.message("stranger turned away"),
    "failed": view.message("not applied"),
}


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
    lang, every = view.language_of(request), await connections.list_connections(hub, actor)
    part = listed.part(
        request, "/connections", every, lambda each: (each.name, lang.label(each.title, "")), size=page_size
    )
    receivers = await inbound.list_receivers(hub, actor, limit=10) if actor.may(*inbound.readers) else []
    return view.render(
        request,
        "connections.html",
        connections=part.rows,
        part=part,
        qualities=await connections.qualities(each.kind for each in part.rows),
        drifted=await cases.states(hub, actor),
        may_see_contract=actor.may(*cases.READERS),
        tested=tested,
        probes=probes,
        delivery_states=_delivery_states,
        receivers={each.connection: each for each in receivers},
        may_import=actor.may("integrator"),
        may_test=actor.may("integrator", "operator"),
    )
