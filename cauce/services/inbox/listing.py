"""How many tasks wait for somebody, and what tasks are called."""

from collections.abc import Collection, Mapping
from typing import Any

from cauce.services.hub import Actor, Hub
from cauce.services.tasks import view, viewer_of
from cauce.store import inbox
from cauce.store.inbox import Counts

JSON = Any


async def counts(hub: Hub, actor: Actor) -> Counts:
    """Return how many open tasks concern the actor, by what they are and by form."""
    async with hub.store.read() as db:
        return await inbox.counts(db, viewer_of(actor))


async def titles(hub: Hub, actor: Actor, ids: Collection[str]) -> Mapping[str, JSON]:
    """Return the titles of those of the tasks that the actor sees, open or not."""
    async with hub.store.read() as db:
        rows = await inbox.named(db, viewer_of(actor), ids)
    return {row.id: view(row, actor).title for row in rows}
