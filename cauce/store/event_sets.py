"""Events collected until there are enough of them to start a process, once."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from sqlalchemy import func, select, update

from cauce.store.base import JSON, utc_now
from cauce.store.models import Event
from cauce.store.models.starting import EventSet
from cauce.store.session import Db
from cauce.store.upsert import changed

# A set is complete with so many events at the latest.
largest_set = 1_000
# So many sets of one process may be open; after that the oldest is dropped.
most_open = 10_000


async def one_at_a_time(db: Db, definition: str) -> None:
    """Let nobody else collect for a process until the commit; SQLite has one writer anyway."""
    if db.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(f"event-set {definition}".encode()).digest()[:8], signed=True)
        await db.execute(select(func.pg_advisory_xact_lock(number)))


async def open_sets(db: Db, definition: str, rule: str, values: Mapping[str, str]) -> Sequence[EventSet]:
    """Return the open sets that an event with these values to correlate by may belong to, the oldest first."""
    query = select(EventSet).filter_by(definition=definition, rule=rule, state="open").order_by(EventSet.id)
    if values:
        query = query.where(EventSet.key.in_(["", key_of(values)]))
    return (await db.scalars(query.limit(most_open))).all()


async def open_new(db: Db, definition: str, rule: str) -> EventSet:
    """Open a set; where there are too many already, the oldest is dropped."""
    mine = EventSet.definition == definition, EventSet.state == "open"
    count = await db.scalar(select(func.count()).select_from(EventSet).where(*mine)) or 0
    if count >= most_open:
        oldest = (await db.scalars(select(EventSet).where(*mine).order_by(EventSet.id).limit(1))).one()
        await db.delete(oldest)
    made = EventSet(
        definition=definition, rule=rule, state="open", key="", known={}, slots={}, events=[], opened_at=utc_now()
    )
    db.add(made)
    await db.flush()
    return made


async def complete(db: Db, definition: str) -> Sequence[EventSet]:
    """Return the sets that are to be started."""
    query = select(EventSet).filter_by(definition=definition, state="complete").order_by(EventSet.id)
    return (await db.scalars(query)).all()


async def settle(db: Db, id_: int) -> None:
    """Note that a set has started its instance, or never will."""
    await changed(db, update(EventSet).where(EventSet.id == id_).values(state="started"))


async def documents(db: Db, places: Sequence[int]) -> list[JSON]:
    """Return events by their places in the log, in this order."""
    rows = (await db.execute(select(Event.id, Event.document).where(Event.id.in_(places)))).all()
    found = {row.id: row.document for row in rows}
    return [found[place] for place in places if place in found]


def key_of(values: Mapping[str, str]) -> str:
    """Return the digest of values to correlate by."""
    text = json.dumps(dict(values), sort_keys=True)
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32] if values else ""
