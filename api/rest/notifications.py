"""What you are told in the hub: list, read, and where you want mail."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.paging import Limit, next_page
from api.rest.schemas import Model, Page
from cauce.services import notifications
from cauce.services.notifications import NotificationView

router = APIRouter(prefix="/notifications", tags=["notifications"])


class Notification(Model):
    """Something you are told."""

    id: str = Field(examples=["6f9619ff-8b86-5d01-b42d-00c04fc964ff"])
    at: datetime
    title: str = Field(examples=["An order is late"])
    text: str = Field(examples=["It comes tomorrow."])
    link: str = Field(description="A path of the hub.", examples=["/instances/sales.order/7"])
    instance: str = Field(examples=["sales.order/7"])
    read_at: datetime | None = Field(description="When you read it; null when you have not.")


class Unread(Page[Notification]):
    """A page of what you are told."""

    unread: int = Field(description="How much you have not read, on all pages.", examples=[3])


class Mark(BaseModel):
    """What to mark."""

    read: bool = Field(default=True, description="Whether it counts as read or as unread.", examples=[True])


class Address(BaseModel):
    """Where you get mail."""

    email: str = Field(description="Your address; empty for none.", examples=["ana@example.org"], max_length=255)


@router.get("", responses=documented(422))
async def list_notifications(
    request: Request,
    hub: HubDep,
    actor: CallerDep,
    *,
    unread: Annotated[bool, Query(description="Only what you have not read.")] = False,
    after: Annotated[str | None, Query(description="Comes with `next`.")] = None,
    limit: Limit = 50,
) -> Unread:
    """List what you are told, the newest first."""
    found = await notifications.list_notifications(hub, actor, unread=unread, after=after, limit=limit)
    items = [Notification.model_validate(each) for each in found.items]
    return Unread(items=items, next=next_page(request, found.after), unread=found.unread)


@router.post("/read", responses=documented())
async def read_all(hub: HubDep, actor: CallerDep) -> dict[str, int]:
    """Mark all of it as read; returns how much that changed."""
    return {"changed": await notifications.mark(hub, actor)}


@router.get("/address", responses=documented())
async def get_address(hub: HubDep, actor: CallerDep) -> Address:
    """Return where you get mail."""
    return Address(email=await notifications.address(hub, actor))


@router.put("/address", responses=documented(422))
async def put_address(hub: HubDep, actor: CallerDep, given: Address) -> Address:
    """Say where you want the mail that processes write to you or to a group of yours."""
    return Address(email=await notifications.set_address(hub, actor, given.email))


@router.post("/{notification_id}/mark", response_model=Notification, responses=documented(404, 422))
async def mark_one(hub: HubDep, actor: CallerDep, notification_id: str, given: Mark) -> NotificationView:
    """Mark one as read or unread."""
    return await notifications.mark_one(hub, actor, notification_id, read=given.read)
