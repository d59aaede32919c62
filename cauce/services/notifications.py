"""What people are told in the hub: listed, read, and what they want by mail."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, get_args

from cauce.errors import InputError, NotFoundError
from cauce.services.hub import Actor, Hub
from cauce.services.mails import links, outbox
from cauce.services.permissions import covering
from cauce.store import notifications, users
from cauce.store.models import Notification
from cauce.store.notifications import KINDS, How
from cauce.store.session import Db

HOW: Final[tuple[How, ...]] = get_args(How)
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
class Choice:
    """Where somebody gets mail, and how they hear of each kind: `none`, `at-once` or `daily`.

    It `is_set_up` when there is a connection that sends mail.
    """

    email: str
    kinds: Mapping[str, How]
    is_set_up: bool


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
        shown = [await _view(db, row, actor) for row in rows[:limit]]
    return Notifications(tuple(shown), count, rows[limit - 1].id if len(rows) > limit else None)


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
        return await _view(db, row, actor)


async def open_link(hub: Hub, actor: Actor, token: str) -> NotificationView:
    """Return what a link in a mail is about, and mark it as read; nobody but whom the mail was for can."""
    notification = links.notification_of(hub.settings, token)
    try:
        return await mark_one(hub, actor, notification)
    except NotFoundError as error:
        raise NotFoundError(
            "This link is for somebody else, or what it told is gone.", hint="Log in as whoever the mail was for."
        ) from error


async def choice(hub: Hub, actor: Actor) -> Choice:
    """Return where somebody gets mail, and how they want to hear of each kind."""
    async with hub.store.read() as db:
        email, kinds = await notifications.choice(db, actor.name)
        is_set_up = await outbox.is_set_up(db, hub.settings)
    return Choice(email, {kind: _how(kinds.get(kind)) for kind in KINDS}, is_set_up=is_set_up)


async def choose(hub: Hub, actor: Actor, *, email: str | None = None, kinds: Mapping[str, str] | None = None) -> Choice:
    """Keep where somebody wants mail (nothing is nowhere), and how they want to hear of kinds; the others stay."""
    plain = None if email is None else email.strip()
    if plain and not _ADDRESS.fullmatch(plain):
        errors = [{"pointer": "/email", "problem": "This is no mail address."}]
        raise InputError("This is no mail address.", hint="Write it as ana@example.org.", errors=errors)
    wanted = dict(kinds or {})
    for kind, how in wanted.items():
        if kind not in KINDS or how not in HOW:
            hint = f"Choose one of {', '.join(HOW)} for each of {', '.join(KINDS)}."
            errors = [{"pointer": f"/kinds/{kind}", "problem": "This cannot be chosen."}]
            raise InputError("This cannot be chosen.", hint=hint, errors=errors)
    async with hub.store.transaction() as db:
        if await users.find(db, actor.name) is None:
            raise NotFoundError(f"There is no account '{actor.name}'.", hint="Addresses belong to accounts.")
        _, before = await notifications.choice(db, actor.name)
        await notifications.choose(db, actor.name, email=plain, kinds={**before, **wanted} if wanted else None)
    return await choice(hub, actor)


def _how(chosen: str | None) -> How:
    return next((each for each in HOW if each == chosen), "none")


async def _view(db: Db, row: Notification, actor: Actor) -> NotificationView:
    title, text = await covering.told(db, row, actor)
    return NotificationView(row.id, row.at, title, text, row.link, row.instance, row.read_at)
