"""The event log: what came, whether it was delivered, and which instances each event started."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import func, select, update

from cauce.permissions import Sight
from cauce.store.base import JSON, utc_now
from cauce.store.models import Event, EventStart
from cauce.store.permissions import Rows, open_to
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new

lease = timedelta(seconds=60)
# Any number that nothing else in the database uses.
log_lock = 0x43_41_55_43_48


@dataclass(frozen=True, slots=True)
class Logged:
    """An event's place in the log; not `new` when it was received before."""

    id: int
    new: bool


async def lock(db: Db) -> None:
    """Let nobody else add events until the commit; whoever adds some asks for this first.

    So events become visible in the order of their ids: who has read up to one of them has seen all before it.
    """
    if db.get_bind().dialect.name == "postgresql":
        await db.execute(select(func.pg_advisory_xact_lock(log_lock)))


async def append(db: Db, document: JSON, *, instance: str | None = None, held: timedelta = timedelta()) -> Logged:
    """Add a CloudEvent (with `id`, `source` and `type`) to the log, once.

    `instance` is who emitted it. Whoever delivers it at once holds it for so long; after that others will.
    """
    await lock(db)
    identity = {"source": document["source"], "event_id": document["id"]}
    values = identity | {
        "type": document["type"],
        "subject": document.get("subject"),
        "document": document,
        "instance": instance,
        "lease_until": utc_now() + held,
    }
    new = await insert_new(db, Event, values)
    return Logged((await db.scalars(select(Event.id).filter_by(**identity))).one(), new)


async def position(db: Db) -> int:
    """Return the place of the last event in the log; 0 when it is empty."""
    return await db.scalar(select(func.max(Event.id))) or 0


async def page(
    db: Db,
    *,
    type_: str | None = None,
    source: str | None = None,
    before: int | None = None,
    limit: int = 50,
    sight: Sight | None = None,
) -> Sequence[Event]:
    """Return events of the log, the newest first."""
    shown = open_to(sight, Rows(instance=func.coalesce(Event.instance, "")))
    query = select(Event).where(shown).order_by(Event.id.desc()).limit(limit)
    if type_ is not None:
        query = query.where(Event.type == type_)
    if source is not None:
        query = query.where(Event.source == source)
    if before is not None:
        query = query.where(Event.id < before)
    return (await db.scalars(query)).all()


async def has_unrouted(db: Db, *, waiting: bool = False) -> bool:
    """Tell whether there are events that not everybody was told of; `waiting` for those that nobody delivers now."""
    query = select(Event.id).where(Event.routed_at.is_(None)).limit(1)
    if waiting:
        query = query.where(Event.lease_until <= utc_now())
    return (await db.scalar(query)) is not None


async def take_unrouted(db: Db, limit: int) -> Sequence[Event]:
    """Take some events that nobody delivers at the moment, oldest first; they are ours until the lease passes."""
    now = utc_now()
    query = (
        select(Event.id)
        .where(Event.routed_at.is_(None), Event.lease_until <= now)
        .order_by(Event.lease_until, Event.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = (await db.scalars(query)).all()
    if not ids:
        return []
    values = {"lease_until": now + lease, "attempts": Event.attempts + 1}
    await changed(db, update(Event).where(Event.id.in_(ids)).values(**values))
    return (await db.scalars(select(Event).where(Event.id.in_(ids)).order_by(Event.id))).all()


async def hold_longer(db: Db, event: int, pause: timedelta) -> None:
    """Let nobody try to deliver an event until a pause is over."""
    await changed(db, update(Event).where(Event.id == event).values(lease_until=utc_now() + pause))


async def settle_routing(db: Db, event: int) -> None:
    """Note that everybody who wanted an event has been told."""
    await changed(db, update(Event).where(Event.id == event, Event.routed_at.is_(None)).values(routed_at=utc_now()))


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


async def note_collected(db: Db, event: int, definition: str) -> bool:
    """Note that an event was added to what a process waits for; returns whether that is new."""
    values = {"event": event, "definition": definition, "instance": "", "state": "collected", "lease_until": utc_now()}
    return await insert_new(db, EventStart, values)


async def settle_collected(db: Db, event: int, definition: str, instance: str, problem: str) -> None:
    """Note what an event that was collected has started in the end."""
    mine = EventStart.event == event, EventStart.definition == definition, EventStart.state == "collected"
    state = "refused" if problem else "started"
    await changed(db, update(EventStart).where(*mine).values(instance=instance, state=state, problem=problem))


async def settle_replayed(db: Db, events: Sequence[int], definition: str, instance: str) -> None:
    """Note that what was refused has started an instance after all."""
    mine = EventStart.event.in_(events), EventStart.definition == definition
    await changed(db, update(EventStart).where(*mine).values(instance=instance, state="started", problem=""))
