"""Drafts of what starts a process: what a person has typed, kept on the server until it is sent or dropped."""

from dataclasses import dataclass
from datetime import datetime
from types import EllipsisType
from typing import Any

from cauce.errors import NotFoundError, StaleError
from cauce.services import instances
from cauce.services.hub import Actor, Hub
from cauce.services.task_drafts import check_size, form_digest
from cauce.store import drafts

JSON = Any


@dataclass(frozen=True, slots=True)
class Beginning:
    """A process that somebody may start, and what they are asked for."""

    process: str
    version: str
    document: JSON
    form: JSON


@dataclass(frozen=True, slots=True)
class StartDraft:
    """A person's draft; `key` is that of the case that it will be, `outdated` says that the form is another one now."""

    content: JSON
    saved_at: datetime
    key: str
    outdated: bool


async def draft(hub: Hub, actor: Actor, asked: Beginning) -> StartDraft | None:
    """Return the actor's own draft of what starts a process; None without one."""
    async with hub.store.read() as db:
        found = await drafts.find_start(db, asked.process, actor.name)
    if found is None:
        return None
    return StartDraft(found.content, found.saved_at, found.key, found.form_digest != form_digest(asked.form))


async def save(
    hub: Hub, actor: Actor, asked: Beginning, key: str, content: JSON, *, after: datetime | EllipsisType | None = ...
) -> StartDraft:
    """Save a draft in the place of the one before, as `task_drafts.save` does."""
    check_size(content)
    key, digest = instances.business_key(key), form_digest(asked.form)
    async with hub.store.transaction() as db:
        saved = await drafts.put_start(db, asked.process, actor.name, content, digest, key=key, after=after)
    if saved.newer:
        problem = "Another window of yours has saved a newer draft of this form."
        raise StaleError(problem, hint="Load the page again to see it; what you typed here is not lost.")
    return StartDraft(content, saved.at, key, outdated=False)


async def drop(hub: Hub, actor: Actor, asked: Beginning) -> None:
    """Forget the actor's own draft of what starts a process."""
    async with hub.store.transaction() as db:
        if not await drafts.drop_start(db, asked.process, actor.name):
            raise NotFoundError("There is no draft of yours.", hint="Nothing was kept, so nothing is lost.")
