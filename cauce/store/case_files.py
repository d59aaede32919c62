"""What the store keeps of one case: tasks, what was said of them and put to them, writes elsewhere, who was told."""

from collections.abc import Collection, Iterator
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase

from cauce.store.base import JSON
from cauce.store.json_lists import holds
from cauce.store.models import (
    Attachment,
    Clock,
    Comment,
    DeadLetter,
    DoneByHand,
    Event,
    EventConsumption,
    EventStart,
    LedgerEntry,
    Notification,
    Task,
)
from cauce.store.session import Db

_Kind = tuple[Any, tuple[str, ...]]
_kinds: Final[dict[str, _Kind]] = {
    "tasks": (Task, ("created_at", "id")),
    "comments": (Comment, ("id",)),
    "attachments": (Attachment, ("id",)),
    "writes": (LedgerEntry, ("id",)),
    "byHand": (DoneByHand, ("id",)),
    "deadLetters": (DeadLetter, ("id",)),
    "clocks": (Clock, ("started_at", "name")),
    "notifications": (Notification, ("at", "id")),
    "events": (Event, ("id",)),
}
_most_at_once: Final = 500
# Only there to give the inbox its order.
_left_out = frozenset({"urgent_at", "leads", "clocked"})


async def run_by(db: Db, instance: str) -> set[str]:
    """Return the instances with tasks that an instance ran, and those between them."""
    rows = await db.execute(select(Task.instance, Task.ancestors).where(holds(db, Task.ancestors, instance)))
    below = [[*ancestors, own] for own, ancestors in rows]
    return {each for line in below for each in line[line.index(instance) + 1 :]}


async def of_instances(db: Db, instances: Collection[str]) -> dict[str, list[dict[str, JSON]]]:
    """Return the rows of some instances, by what they are, each kind in its order."""
    found = {name: await _rows(db, kind, instances) for name, kind in _kinds.items()}
    return found | {"eventsHeard": [row for some in _batches(instances) for row in await _heard(db, some)]}


async def _rows(db: Db, kind: _Kind, instances: Collection[str]) -> list[dict[str, JSON]]:
    table, order = kind
    found: list[DeclarativeBase] = []
    for some in _batches(instances):
        found += await db.scalars(select(table).where(table.instance.in_(some)))
    return sorted((_plain(row) for row in found), key=lambda row: [row[each] for each in order])


async def _heard(db: Db, instances: list[str]) -> list[dict[str, JSON]]:
    """Return the events that started instances or that these took, each with who heard it: `by`."""
    found = []
    for table in (EventStart, EventConsumption):
        query = select(Event, table.instance).join(table, table.event == Event.id).where(table.instance.in_(instances))
        found += [_plain(row) | {"by": by} for row, by in await db.execute(query.order_by(Event.id))]
    return found


def _batches(instances: Collection[str]) -> Iterator[list[str]]:
    """Yield some at a time: databases take only so many values in one question."""
    wanted = list(instances)
    for start in range(0, len(wanted), _most_at_once):
        yield wanted[start : start + _most_at_once]


def _plain(row: DeclarativeBase) -> dict[str, JSON]:
    columns = [column.key for column in row.__mapper__.column_attrs]
    return {name: getattr(row, name) for name in columns if name not in _left_out}
