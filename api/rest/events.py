"""Events: CloudEvents 1.0 over HTTP, and the log of all that came."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.cloud_events import BATCH, STRUCTURED, is_batch, read_events
from api.rest.paging import Limit, next_page
from api.rest.schemas import Model, Page, Receipt, Sink
from api.rest.subject import subject
from cauce import cloud_events
from cauce.services import events, sinks

JSON = Any

router = subject("events", "/events")

example = {
    "specversion": "1.0",
    "id": "a-1",
    "source": "/shop",
    "type": "com.example.lead.received.v1",
    "subject": "lead:2041",
    "data": {"company": "Talleres Ibarra, S.L."},
}
one = {"type": "object", "required": ["id", "source", "type"]}
body = {
    "requestBody": {
        "required": True,
        "content": {
            STRUCTURED: {"schema": one, "example": example},
            BATCH: {"schema": {"type": "array", "items": one}, "example": [example]},
            "application/json": {"schema": {}, "example": example["data"]},
        },
    }
}


class LoggedEvent(Model):
    """An event of the log."""

    sequence: int = Field(description="Its place in the log.", examples=[42])
    received_at: datetime
    instance: str | None = Field(description="The instance that emitted it; null when it came from outside.")
    routed: bool = Field(description="Whether everybody who waited for it has been told.")
    event: JSON = Field(examples=[example])


@router.post(
    "",
    status_code=HTTPStatus.ACCEPTED,
    response_model=Receipt | list[Receipt],
    responses=documented(413, 422, 503),
    openapi_extra=body,
)
async def receive_event(request: Request, hub: HubDep, actor: CallerDep) -> events.Receipt | list[events.Receipt]:
    """Take an event: structured JSON, a batch of such, or any data with the attributes in `ce-` headers.

    An event is known by `source` and `id`: sending it again changes nothing, and starts what could not be started then.
    A batch is checked as a whole before any of it is taken, and gets a receipt for each.
    """
    found = [cloud_events.check(each) for each in await read_events(request)]
    receipts = [await events.receive(hub, actor, each) for each in found]
    return receipts if is_batch(request) else receipts[0]


@router.get("", responses=documented(422))
async def list_events(
    request: Request,
    hub: HubDep,
    actor: CallerDep,
    *,
    type_: Annotated[str | None, Query(alias="type", examples=["com.example.lead.received.v1"])] = None,
    source: str | None = None,
    after: Annotated[str | None, Query(description="Comes with `next`.")] = None,
    limit: Limit = 50,
) -> Page[LoggedEvent]:
    """List the events of the log, the newest first."""
    page = await events.list_events(hub, actor, type_=type_, source=source, after=after, limit=limit)
    return Page(items=[LoggedEvent.model_validate(each) for each in page.events], next=next_page(request, page.next))


@router.get("/sinks", responses=documented())
async def list_sinks(hub: HubDep, actor: CallerDep) -> list[Sink]:
    """List where events go: how many wait, what keeps them, and what was refused."""
    return [Sink.model_validate(each) for each in await sinks.list_sinks(hub, actor)]
