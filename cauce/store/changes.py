"""What has changed in the inbox since somebody looked: by the trail of what people did, and by when rows came."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from cauce.store.models import AuditEntry, Notification, Task
from cauce.store.session import Db


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did with a task."""

    seq: int
    by: str
    action: str
    task: str


async def mark(db: Db) -> int:
    """Return the last line of the trail; its numbers have no gaps, and come in the order of the commits."""
    return await db.scalar(select(func.max(AuditEntry.seq))) or 0


async def acts(db: Db, after: int, until: int, actions: Collection[str], limit: int) -> list[Act]:
    """Return what was done last after a line of the trail, up to another; the oldest of it first."""
    line = AuditEntry
    query = select(line.seq, line.actor, line.action, line.subject).where(line.seq > after, line.seq <= until)
    query = query.where(line.action.in_(actions)).order_by(line.seq.desc()).limit(limit)
    return [Act(*row) for row in (await db.execute(query)).all()][::-1]


async def tasks_since(db: Db, since: datetime, limit: int) -> Sequence[Task]:
    """Return open tasks that came since then, the newest first."""
    query = select(Task).where(Task.closed_at.is_(None), Task.created_at > since)
    return (await db.scalars(query.order_by(Task.created_at.desc(), Task.id).limit(limit))).all()


async def tasks_of(db: Db, ids: Collection[str]) -> dict[str, Task]:
    """Return some tasks by their ids."""
    return {row.id: row for row in await db.scalars(select(Task).where(Task.id.in_(ids)))}


async def told_since(db: Db, since: datetime, limit: int) -> list[tuple[str, str]]:
    """Return which notifications came since then, and for whom."""
    query = select(Notification.id, Notification.person).where(Notification.at > since)
    rows = await db.execute(query.order_by(Notification.at.desc()).limit(limit))
    return [(id_, person) for id_, person in rows.all()]
