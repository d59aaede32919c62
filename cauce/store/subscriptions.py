"""Who listens to which events: found by what an event has, never by looking at every listener."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import Select, Text, cast, delete, exists, func, select

from cauce.bound_filters import BoundFilter, bound, keys_of
from cauce.store.base import JSON, utc_now
from cauce.store.models import Event, EventConsumption, EventKey, EventSubscription
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new

# How much of the log one look takes: rows examined, events and characters given back. Who wants more looks again.
rows_at_once = 500
events_at_once = 100
characters_at_once = 400_000
# Expressions evaluated for one event; a type with more ways to correlate than this is found by its type alone.
most_keys = 100


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody who waits: an instance, and which of its listeners."""

    instance: str
    token: str


@dataclass(frozen=True, slots=True)
class Used:
    """What an instance had used up at a turn."""

    instance: str
    turn: int


@dataclass(frozen=True, slots=True)
class Fitting:
    """Events that fit, each with its place in the log and the numbers of the filters, up to a position.

    With `more`, the log has not been read to its end.
    """

    position: int
    events: list[dict[str, JSON]]
    more: bool


async def subscribe(db: Db, listener: Listener, filters: Sequence[JSON]) -> None:
    """Let a listener be found by the events that its bound filters want; again makes it new again."""
    await unsubscribe(db, listener.token)
    for number, filter_ in enumerate(filters):
        index = bound(filter_).index()
        key = index.key
        if key and not await _remember_key(db, index.type, index.expression):
            key = ""
        values = {
            "token": listener.token,
            "number": number,
            "instance": listener.instance,
            "type": index.type,
            "source": index.source,
            "key": key,
            "filter": filter_,
            "created_at": utc_now(),
        }
        await insert_new(db, EventSubscription, values)


async def unsubscribe(db: Db, token: str) -> None:
    """Forget a listener."""
    await changed(db, delete(EventSubscription).where(EventSubscription.token == token))


async def forget_instance(db: Db, instance: str, older_than: timedelta) -> None:
    """Forget the listeners of an instance that is gone."""
    old = EventSubscription.created_at < utc_now() - older_than
    await changed(db, delete(EventSubscription).where(EventSubscription.instance == instance, old))


async def consume(db: Db, instance: str, events: Sequence[int], turn: int) -> None:
    """Note that a listener of an instance has used events up."""
    for event in events:
        await insert_new(db, EventConsumption, {"instance": instance, "event": event, "turn": turn})


async def listeners_of(db: Db, event: Mapping[str, JSON]) -> list[Listener]:
    """Return who wants an event."""
    rows = (await db.execute(await candidates(db, event))).all()
    wanted = {Listener(row.instance, row.token): None for row in rows if bound(row.filter).matches(event)}
    return list(wanted)


async def any_for(db: Db, types: Sequence[str]) -> bool:
    """Tell whether a listener may want an event of one of these types."""
    return bool(await db.scalar(select(exists().where(EventSubscription.type.in_(["", *types])))))


async def candidates(db: Db, event: Mapping[str, JSON]) -> Select[str, str, JSON]:
    """Return the query for the filters that may fit an event; each of its parts is found by the index."""
    types, sources = ["", event["type"]], ["", event["source"]]
    expressions = (await db.scalars(select(EventKey.expression).where(EventKey.type.in_(types)))).all()
    keys = ["", *sorted(keys_of(event, dict.fromkeys(expressions)))]
    table = EventSubscription
    return (
        select(table.instance, table.token, table.filter)
        .where(table.type.in_(types), table.source.in_(sources), table.key.in_(keys))
        .order_by(table.id)
    )


async def fitting(db: Db, instance: str, filters: Sequence[JSON], after: int, turn: int) -> Fitting:
    """Return the events behind a position that fit bound filters and that the instance had not used up at a turn."""
    last = await db.scalar(select(Event.id).order_by(Event.id.desc()).limit(1)) or 0
    made = [bound(each) for each in filters]
    rows = (await db.execute(_unread(Used(instance, turn), made, after, last))).all()
    found: list[dict[str, JSON]] = []
    characters = 0
    for row in rows:
        numbers = [number for number, each in enumerate(made) if each.matches(row.document)]
        if not numbers:
            continue
        characters += row.size
        if found and (characters > characters_at_once or len(found) == events_at_once):
            return Fitting(found[-1]["sequence"], found, more=True)
        found.append({"sequence": row.id, "event": row.document, "filters": numbers})
    if len(rows) == rows_at_once:
        return Fitting(rows[-1].id, found, more=True)
    return Fitting(max(last, after), found, more=False)


def _unread(used: Used, filters: Sequence[BoundFilter], after: int, last: int) -> Select[int, JSON, int]:
    by = EventConsumption
    gone = exists().where(by.instance == used.instance, by.event == Event.id, by.turn <= used.turn)
    size = func.length(cast(Event.document, Text)).label("size")
    query = select(Event.id, Event.document, size).where(Event.id > after, Event.id <= last, ~gone)
    indexes = [each.index() for each in filters]
    if all(each.type for each in indexes):
        query = query.where(Event.type.in_(sorted({each.type for each in indexes})))
    if all(each.source for each in indexes):
        query = query.where(Event.source.in_(sorted({each.source for each in indexes})))
    if all(each.expression == '.["subject"]' for each in indexes):
        query = query.where(Event.subject.in_(sorted({each.value for each in indexes})))
    return query.order_by(Event.id).limit(rows_at_once)


async def _remember_key(db: Db, type_: str, expression: str) -> bool:
    """Note that subscriptions for a type are filed under what an expression gives; False when there are too many."""
    digest = sha256(expression.encode(errors="replace")).hexdigest()[:32]
    known = (await db.scalars(select(EventKey.digest).where(EventKey.type == type_))).all()
    if digest in known:
        return True
    if len(known) >= most_keys:
        return False
    await insert_new(db, EventKey, {"type": type_, "digest": digest, "expression": expression})
    return True
