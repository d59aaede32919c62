"""The event log, and which instances each event started."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import select, update

from cauce.store.base import JSON, utc_now
from cauce.store.models import Event, EventStart
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new

lease = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Logged:
    """An event's place in the log; not `new` when it was received before."""

    id: int
    new: bool


async def append(db: Db, document: JSON) -> Logged:
    """Add a CloudEvent (with `id`, `source` and `type`) to the log, once."""
    identity = {"source": document["source"], "event_id": document["id"]}
    values = identity | {"type": document["type"], "subject": document.get("subject"), "document": document}
    new = await insert_new(db, Event, values)
    return Logged((await db.scalars(select(Event.id).filter_by(**identity))).one(), new)


async def lease_start(db: Db, event: int, definition: str, instance: str) -> Literal["first", "again", "done", "busy"]:
    """Ask to be the one who starts `definition` for an event.

    `first`: nobody tried before. `again`: somebody tried and did not come back, so look first whether the instance is
    there. `done`: it is started (or was refused). `busy`: somebody is at it now.
    """
    now = utc_now()
    values = {
        "event": event,
        "definition": definition,
        "instance": instance,
        "state": "pending",
        "lease_until": now + lease,
    }
    if await insert_new(db, EventStart, values):
        return "first"
    mine = EventStart.event == event, EventStart.definition == definition
    statement = update(EventStart).where(*mine, EventStart.state == "pending", EventStart.lease_until < now)
    if await changed(db, statement.values(lease_until=now + lease)):
        return "again"
    state = await db.scalar(select(EventStart.state).where(*mine))
    return "busy" if state == "pending" else "done"


async def settle_start(
    db: Db, event: int, definition: str, state: Literal["started", "refused"], problem: str = ""
) -> None:
    """Note how the start ended."""
    statement = update(EventStart).where(EventStart.event == event, EventStart.definition == definition)
    await changed(db, statement.values(state=state, problem=problem))


async def give_up_lease(db: Db, event: int, definition: str) -> None:
    """Let the next who receives the event try at once."""
    statement = update(EventStart).where(
        EventStart.event == event, EventStart.definition == definition, EventStart.state == "pending"
    )
    await changed(db, statement.values(lease_until=utc_now()))


async def starts_of(db: Db, event: int) -> list[EventStart]:
    """Return what an event started."""
    return list(await db.scalars(select(EventStart).where(EventStart.event == event).order_by(EventStart.definition)))
