"""Where systems outside send what connections receive; who they are, the connection itself finds out."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from api.deps import HubDep
from cauce import receiving
from cauce.services import inbound

router = APIRouter(include_in_schema=False)


@router.get("/in/{name}")
async def describe(request: Request, hub: HubDep, name: str) -> Response:
    """Say what can be sent to a connection."""
    return _response(await inbound.describe(hub, name, await _read(request, hub, name)))


@router.post("/in/{name}")
async def receive(request: Request, hub: HubDep, name: str) -> Response:
    """Take what is sent to a connection."""
    return _response(await inbound.receive(hub, name, await _read(request, hub, name)))


async def _read(request: Request, hub: HubDep, name: str) -> receiving.Request:
    return receiving.Request(
        method=request.method,
        address=inbound.address_of(hub, name),
        query=dict(request.query_params),
        headers={key.lower(): value for key, value in request.headers.items()},
        body=await request.body(),
        now=datetime.now(UTC),
    )


def _response(answer: receiving.Answer) -> Response:
    headers = dict(answer.headers)
    return Response(answer.body, status_code=answer.status, headers=headers, media_type=answer.media_type)
