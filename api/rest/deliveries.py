"""Deliveries: what systems outside sent to connections."""

from datetime import datetime

from pydantic import Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.paging import Limit
from api.rest.schemas import Model, Page
from api.rest.subject import subject
from cauce.services import inbound

router = subject("connections", "/connections")


class Delivery(Model):
    """What came once, or several times under one id, and what became of it last."""

    id: str = Field(description="What tells it from others.", examples=["msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"])
    state: str = Field(
        description="accepted, repeated, ignored, completed, running, refused (nobody known) or failed.",
        examples=["accepted"],
    )
    reception: str = Field(description="Which of `receives` took it.", examples=["order"])
    event: int | None = Field(description="The place of its event in the log.", examples=[42])
    instance: str = Field(description="The instance that it started; empty for none.")
    problem: str
    size: int = Field(description="Its bytes.", examples=[612])
    count: int = Field(description="How often it came.", examples=[1])
    first_at: datetime
    last_at: datetime


class Receiver(Model):
    """A connection that systems outside send to."""

    connection: str = Field(examples=["shop"])
    kind: str = Field(examples=["webhook"])
    address: str = Field(examples=["https://cauce.example.com/in/shop"])
    receives: list[str] = Field(examples=[["order"]])
    lately: list[Delivery]


@router.get("/receiving", responses=documented())
async def list_receivers(hub: HubDep, actor: CallerDep) -> Page[Receiver]:
    """List the connections that systems outside send to, with their addresses and what came lately."""
    found = await inbound.list_receivers(hub, actor)
    return Page(items=[Receiver.model_validate(each) for each in found])


@router.get("/{name}/deliveries", responses=documented(404, 422))
async def list_deliveries(hub: HubDep, actor: CallerDep, name: str, limit: Limit = 50) -> Page[Delivery]:
    """List what was sent to a connection, the last first; some hundreds are kept."""
    (found,) = await inbound.list_receivers(hub, actor, name, limit=limit)
    return Page(items=[Delivery.model_validate(each) for each in found.lately])
