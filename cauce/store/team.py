"""Who has how much to do: counted by person and, of what nobody has taken, by group."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, literal, or_, select

from cauce.store.inbox import Page, paged
from cauce.store.inbox_counts import MOST, number, values_of
from cauce.store.models import Task, User
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


class Account(NamedTuple):
    """What the team's page says of an account; of thousands, whole rows take three times as long to be read."""

    name: str
    full_name: str
    groups: list[str]
    roles: list[str]
    active: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which open tasks: of a person, of a group, those that nobody has, those that are due until then."""

    person: str | None = None
    group: str | None = None
    free: bool = False
    until: datetime | None = None


async def accounts(db: Db) -> list[Account]:
    """Return all accounts by name."""
    query = select(User.name, User.full_name, User.groups, User.roles, User.active).order_by(User.name)
    return [Account(*each) for each in await db.execute(query)]


async def by_person(db: Db, viewer: Viewer, now: datetime, tonight: datetime) -> list[Load]:
    """Return what each person has: what they claimed, else what is for them."""
    holder = func.coalesce(Task.claimed_by, Task.user)
    query = select(holder, *_counted(now, tonight)).where(
        Task.closed_at.is_(None), visible(viewer), holder.is_not(None)
    )
    return [Load(*each) for each in (await db.execute(query.group_by(holder).order_by(holder))).all()]


async def by_group(db: Db, viewer: Viewer, now: datetime, tonight: datetime) -> list[Load]:
    """Return what waits for each group and nobody has taken; what is for anybody has no name."""
    # By form as well, as the index has them: SQLite would sort them all by group alone, in twice the time.
    query = select(Task.group, *_counted(now, tonight)).where(Task.closed_at.is_(None), visible(viewer), _free())
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for group, *numbers in (await db.execute(query.group_by(Task.form, Task.group))).all():
        sums[group or ""] = [each + more for each, more in zip(sums[group or ""], numbers, strict=True)]
    return [Load(name, *sums[name]) for name in sorted(sums)]


async def by_group_up_to(db: Db, viewer: Viewer, now: datetime, tonight: datetime, most: int = MOST) -> list[Load]:
    """Return what `by_group` does, each number up to one more than a ceiling: a group may have very many."""
    late, today = Task.due_at < now, and_(Task.due_at >= now, Task.due_at < tonight)
    free = and_(_free(), visible(viewer))
    groups, found = values_of("group"), []
    for theirs in (Task.group == groups.c.value, Task.group.is_(None)):
        every = (and_(theirs, free), and_(theirs, free, late), and_(theirs, free, today))
        found.append([number(each, most, groups) for each in every])
    named, nameless = found
    rows = [*await db.execute(select(groups.c.value, *named).where(groups.c.value.is_not(None)))]
    rows += [*await db.execute(select(literal(""), *nameless))]
    return sorted((Load(*row) for row in rows if row[1]), key=lambda each: each.name)


async def open_tasks(
    db: Db,
    viewer: Viewer,
    wanted: Wanted,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int,
    brief: bool = False,
) -> Page:
    """Return open tasks in the order of the inbox, whose index has all that is asked for."""
    query = select(Task.id).where(Task.closed_at.is_(None), visible(viewer))
    if wanted.person is not None:
        theirs = and_(Task.claimed_by.is_(None), Task.user == wanted.person)
        query = query.where(or_(Task.claimed_by == wanted.person, theirs))
    if wanted.group is not None:
        query = query.where(unindexed(Task.group) == wanted.group)
    if wanted.free:
        query = query.where(_free())
    if wanted.until is not None:
        query = query.where(Task.due_at <= wanted.until)
    return await paged(db, query, after=after, before=before, limit=limit, brief=brief)


def _free() -> ColumnElement[bool]:
    return and_(unindexed(Task.claimed_by).is_(None), unindexed(Task.user).is_(None))


def _counted(now: datetime, tonight: datetime) -> tuple[ColumnElement[int], ColumnElement[int], ColumnElement[int]]:
    late = func.count().filter(Task.due_at < now)
    return func.count(), late, func.count().filter(Task.due_at >= now, Task.due_at < tonight)
