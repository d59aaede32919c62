"""What you are told in the hub: list, read, and where you want mail."""

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import Query, Request
from pydantic import BaseModel, Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.paging import Limit, next_page
from api.rest.schemas import Model, Page
from api.rest.subject import subject
from cauce.services import notifications
from cauce.services.mails import letters
from cauce.services.mails.letters import LetterView
from cauce.services.notifications import Choice, NotificationView
from cauce.store.notifications import How, Kind

router = subject("notifications", "/notifications")
_KINDS: Final = {"told": "at-once", "late": "daily"}


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


class Kinds(Model):
    """How you hear of each kind of notification by mail."""

    kinds: dict[Kind, How] = Field(examples=[_KINDS])
    is_set_up: bool = Field(description="Whether this hub can send mail.", examples=[True])


class Chosen(BaseModel):
    """How you want to hear of kinds of notifications by mail."""

    kinds: dict[Kind, How] = Field(
        description="`told` by processes, a `task` you are given, what is `late`, and a `mention` of your name.",
        examples=[_KINDS],
    )


class Mail(Model):
    """A mail to one person, with some of what they are told."""

    id: str = Field(examples=["9f1c0e0e6cc7470e8d9e3c2c1a2b3c4d"])
    person: str = Field(examples=["ana"])
    state: str = Field(description="due, sent or lost.", examples=["sent"])
    problem: str = Field(description="Why it was lost.")
    digest: bool = Field(description="Whether it is a day's.")
    made_at: datetime
    ended_at: datetime | None


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
    return Address(email=(await notifications.choice(hub, actor)).email)


@router.put("/address", responses=documented(422))
async def put_address(hub: HubDep, actor: CallerDep, given: Address) -> Address:
    """Say where you want the mail that processes write to you or to a group of yours, and what you are told."""
    return Address(email=(await notifications.choose(hub, actor, email=given.email)).email)


@router.get("/kinds", response_model=Kinds, responses=documented())
async def get_kinds(hub: HubDep, actor: CallerDep) -> Choice:
    """Return how you hear of each kind of notification by mail."""
    return await notifications.choice(hub, actor)


@router.put("/kinds", response_model=Kinds, responses=documented(422))
async def put_kinds(hub: HubDep, actor: CallerDep, given: Chosen) -> Choice:
    """Say how you want to hear of kinds of notifications by mail; those that you leave out stay as they are."""
    return await notifications.choose(hub, actor, kinds=dict[str, str](given.kinds.items()))


@router.get("/mails", responses=documented(403, 422))
async def list_mails(
    hub: HubDep,
    actor: CallerDep,
    state: Annotated[Literal["due", "sent", "lost"] | None, Query(description="Only these.")] = None,
    limit: Limit = 50,
) -> list[Mail]:
    """List the mails that tell people what they are told, the newest first, and what became of them."""
    found = await letters.list_letters(hub, actor, state=state, limit=limit)
    return [Mail.model_validate(each) for each in found]


@router.post("/mails/{mail_id}/again", response_model=Mail, responses=documented(403, 404, 409))
async def send_mail_again(hub: HubDep, actor: CallerDep, mail_id: str) -> LetterView:
    """Send a mail that was lost after all."""
    return await letters.send_again(hub, actor, mail_id)


@router.post("/{notification_id}/mark", response_model=Notification, responses=documented(404, 422))
async def mark_one(hub: HubDep, actor: CallerDep, notification_id: str, given: Mark) -> NotificationView:
    """Mark one as read or unread."""
    return await notifications.mark_one(hub, actor, notification_id, read=given.read)
