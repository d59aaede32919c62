"""What the store keeps of one case: tasks, what was said of them, writes elsewhere, what was refused, clocks."""

from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase

from cauce.store.base import JSON
from cauce.store.models import Clock, Comment, DeadLetter, DoneByHand, Event, LedgerEntry, Task
from cauce.store.session import Db

# Only there to give the inbox its order.
_left_out = frozenset({"urgent_at", "leads", "clocked"})


async def of_instance(db: Db, instance: str) -> dict[str, list[dict[str, JSON]]]:
    """Return the rows of an instance, by what they are, each kind in its order."""
    queries = {
        "tasks": select(Task).where(Task.instance == instance).order_by(Task.created_at, Task.id),
        "comments": select(Comment).where(Comment.instance == instance).order_by(Comment.id),
        "writes": select(LedgerEntry).where(LedgerEntry.instance == instance).order_by(LedgerEntry.id),
        "byHand": select(DoneByHand).where(DoneByHand.instance == instance).order_by(DoneByHand.id),
        "deadLetters": select(DeadLetter).where(DeadLetter.instance == instance).order_by(DeadLetter.id),
        "clocks": select(Clock).where(Clock.instance == instance).order_by(Clock.name),
        "events": select(Event).where(Event.instance == instance).order_by(Event.id),
    }
    return {name: [_plain(row) for row in await db.scalars(query)] for name, query in queries.items()}


def _plain(row: DeclarativeBase) -> dict[str, JSON]:
    columns = [column.key for column in row.__mapper__.column_attrs]
    return {name: getattr(row, name) for name in columns if name not in _left_out}
