"""What people are told in the hub: listed, read, and where they want mail."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cauce.errors import InputError, NotFoundError
from cauce.services.hub import Actor, Hub
from cauce.store import notifications, users
from cauce.store.models import Notification

_ADDRESS: Final = re.compile(r"[^\s@<>,;\"]{1,64}@[^\s@<>,;\"]{1,190}")


@dataclass(frozen=True, slots=True)
class NotificationView:
    """Something that a person is told; `link` is a path of the hub."""

    id: str
    at: datetime
    title: str
    text: str
    link: str
    instance: str
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Notifications:
    """A page of what a person is told, the newest first; `after` names the last of it when there is more."""

    items: tuple[NotificationView, ...]
    unread: int
    after: str | None


async def list_notifications(
    hub: Hub, actor: Actor, *, unread: bool = False, after: str | None = None, limit: int = 50
) -> Notifications:
    """Return what somebody is told, the newest first."""
    async with hub.store.read() as db:
        rows = await notifications.of_person(db, actor.name, unread=unread, after=after, limit=limit + 1)
        count = await notifications.unread(db, actor.name)
    more = rows[limit - 1].id if len(rows) > limit else None
    return Notifications(tuple(_view(row) for row in rows[:limit]), count, more)


async def unread_count(hub: Hub, actor: Actor) -> int:
    """Return how much somebody has not read."""
    async with hub.store.read() as db:
        return await notifications.unread(db, actor.name)


async def mark(hub: Hub, actor: Actor, ids: Sequence[str] | None = None, *, read: bool = True) -> int:
    """Mark some of what somebody is told, or all of it, as read or unread; returns how much that changed."""
    async with hub.store.transaction() as db:
        return await notifications.mark(db, actor.name, ids, read=read)


async def mark_one(hub: Hub, actor: Actor, notification_id: str, *, read: bool = True) -> NotificationView:
    """Mark one notification as read or unread, and return it."""
    async with hub.store.transaction() as db:
        await notifications.mark(db, actor.name, [notification_id], read=read)
        row = await notifications.find(db, actor.name, notification_id)
        if row is None:
            raise NotFoundError("There is no such notification.", hint="Load the list again.")
        return _view(row)


async def address(hub: Hub, actor: Actor) -> str:
    """Return where somebody gets mail; nothing when they gave no address."""
    async with hub.store.read() as db:
        return await notifications.address(db, actor.name)


async def set_address(hub: Hub, actor: Actor, email: str) -> str:
    """Keep where somebody wants mail; nothing is nowhere."""
    plain = email.strip()
    if plain and not _ADDRESS.fullmatch(plain):
        errors = [{"pointer": "/email", "problem": "This is no mail address."}]
        raise InputError("This is no mail address.", hint="Write it as ana@example.org.", errors=errors)
    async with hub.store.transaction() as db:
        if await users.find(db, actor.name) is None:
            raise NotFoundError(f"There is no account '{actor.name}'.", hint="Addresses belong to accounts.")
        await notifications.set_address(db, actor.name, plain)
    return plain


def _view(row: Notification) -> NotificationView:
    return NotificationView(row.id, row.at, row.title, row.text, row.link, row.instance, row.read_at)
