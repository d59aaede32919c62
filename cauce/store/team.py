"""Who has how much to do: counted by person and, of what nobody has taken, by group."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from cauce.store.models import Task
from cauce.store.scanning import unindexed
from cauce.store.session import Db
from cauce.store.tasks import Viewer, visible


@dataclass(frozen=True, slots=True)
class Load:
    """How many tasks a person or a group has that are open, late, and due until the end of the day."""

    name: str
    open: int = 0
    late: int = 0
    today: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which open tasks: of a person, of a group, those that nobody has, those that are due until then."""

    person: str | None = None
    group: str | None = None
    free: bool = False
    until: datetime | None = None


async def by_person(db: Db, viewer: Viewer, now: datetime, tonight: datetime) -> list[Load]:
    """Return what each person has: what they claimed, else what is for them."""
    holder = func.coalesce(Task.claimed_by, Task.user)
    return await _loads(db, _counted(holder, now, tonight).where(visible(viewer), holder.is_not(None)))


async def by_group(db: Db, viewer: Viewer, now: datetime, tonight: datetime) -> list[Load]:
    """Return what waits for each group and nobody has taken; what is for anybody has no name."""
    group = func.coalesce(Task.group, "")
    return await _loads(db, _counted(group, now, tonight).where(visible(viewer), _free()))


async def open_tasks(db: Db, viewer: Viewer, wanted: Wanted, limit: int) -> Sequence[Task]:
    """Return open tasks in the order of the inbox, whose index has all that is asked for."""
    query = select(Task.id).where(Task.closed_at.is_(None), visible(viewer))
    if wanted.person is not None:
        theirs = and_(Task.claimed_by.is_(None), Task.user == wanted.person)
        query = query.where(or_(Task.claimed_by == wanted.person, theirs))
    if wanted.group is not None:
        query = query.where(Task.group == wanted.group)
    if wanted.free:
        query = query.where(_free())
    if wanted.until is not None:
        query = query.where(Task.due_at <= wanted.until)
    ids = (await db.scalars(query.order_by(Task.urgent_at, Task.id).limit(limit))).all()
    return (await db.scalars(select(Task).where(Task.id.in_(ids)).order_by(Task.urgent_at, Task.id))).all()


def _free() -> ColumnElement[bool]:
    return and_(unindexed(Task.claimed_by).is_(None), unindexed(Task.user).is_(None))


def _counted(name: ColumnElement[str], now: datetime, tonight: datetime) -> Select[str, int, int, int]:
    late = func.count().filter(Task.due_at < now)
    today = func.count().filter(Task.due_at >= now, Task.due_at < tonight)
    return select(name, func.count(), late, today).where(Task.closed_at.is_(None)).group_by(name).order_by(name)


async def _loads(db: Db, query: Select[str, int, int, int]) -> list[Load]:
    return [Load(name, waiting, late, today) for name, waiting, late, today in (await db.execute(query)).all()]
