"""Events: CloudEvents 1.0 over HTTP, structured or binary."""

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, Request

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.schemas import Receipt
from cauce.errors import InputError
from cauce.services import events
from cauce.services.events import Receipt as Received

JSON = Any

router = APIRouter(prefix="/events", tags=["events"])

structured = "application/cloudevents+json"
example = {
    "specversion": "1.0",
    "id": "a-1",
    "source": "/shop",
    "type": "com.example.lead.received.v1",
    "subject": "lead:2041",
    "data": {"company": "Talleres Ibarra, S.L."},
}
body = {
    "requestBody": {
        "required": True,
        "content": {
            structured: {"schema": {"type": "object", "required": ["id", "source", "type"]}, "example": example},
            "application/json": {"schema": {}, "example": example["data"]},
        },
    }
}


@router.post(
    "",
    status_code=HTTPStatus.ACCEPTED,
    response_model=Receipt,
    responses=documented(422, 503),
    openapi_extra=body,
)
async def receive_event(request: Request, hub: HubDep, actor: CallerDep) -> Received:
    """Take an event: `application/cloudevents+json`, or any JSON with the attributes in `ce-` headers.

    An event is known by `source` and `id`: sending it again changes nothing, and starts what could not be started then.
    """
    return await events.receive(hub, actor, await cloud_event(request))


async def cloud_event(request: Request) -> dict[str, JSON]:
    """Read an event in either of the two forms in which HTTP carries them."""
    content = parsed(await request.body())
    if request.headers.get("content-type", "").partition(";")[0].strip() == structured:
        if not isinstance(content, dict):
            raise InputError("A structured event is a JSON object.", hint="See cloudevents.io, HTTP binding, 3.2.")
        return content
    # Header values are percent-encoded where they are not plain ASCII (HTTP binding, 3.1.3.2).
    attributes = {
        name.removeprefix("ce-"): unquote(value) for name, value in request.headers.items() if name.startswith("ce-")
    }
    if not attributes:
        raise InputError(
            "The request holds no event.",
            hint=f"Send {structured}, or the attributes as `ce-` headers beside the data.",
        )
    return {**attributes, "datacontenttype": "application/json", "data": content}


def parsed(text: bytes) -> JSON:
    """Read JSON; an event without data has no body."""
    try:
        return json.loads(text) if text.strip() else None
    except (ValueError, RecursionError) as cause:
        raise InputError("The body is not JSON.", hint="Send the data of the event as JSON.") from cause
