"""The accounts as lists show them: some of them, by name, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Select, and_, literal, or_, select, true

from cauce.store import bulk
from cauce.store.base import utc_now
from cauce.store.json_lists import entries, holds
from cauce.store.models import User
from cauce.store.session import Db
from cauce.store.task_search import has_words, words_of

State = Literal["open", "locked", "closed"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which accounts are wanted; what is empty leaves all in. `text` is what words of their names begin with."""

    text: str = ""
    role: str = ""
    group: str = ""
    state: State | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some accounts, and the names where to go on if there are more, and where to go back if there are some before."""

    rows: Sequence[User]
    after: str | None = None
    before: str | None = None


async def page(db: Db, wanted: Wanted, *, after: str | None = None, before: str | None = None, limit: int = 50) -> Page:
    """Return the accounts whose names come `after` one, or `before` one."""
    backwards = before is not None
    query = select(User).where(*_conditions(db, wanted))
    if wanted.text.strip():
        query = query.where(bulk.among(db, User.name, await _called(db, wanted)))
    if before is not None:
        query = query.where(User.name < before).order_by(User.name.desc())
    else:
        query = query.where(User.name > after if after else true()).order_by(User.name)
    found = list(await db.scalars(query.limit(limit + 1)))
    more, rows = len(found) > limit, found[:limit]
    if backwards:
        rows.reverse()
    if not rows:
        return Page(())
    has_after, has_before = (True, more) if backwards else (more, bool(after))
    return Page(rows, rows[-1].name if has_after else None, rows[0].name if has_before else None)


async def groups(db: Db) -> list[str]:
    """Return the names of all groups that somebody is in."""
    each = entries(db, User.groups)
    return sorted(await db.scalars(select(each.c.value).select_from(User).join(each, true()).distinct()))


async def has_group(db: Db, group: str) -> bool:
    """Tell whether somebody who works here is in a group."""
    found = select(literal(1)).where(User.active.is_(True), holds(db, User.groups, group)).limit(1)
    return await db.scalar(found) is not None


async def _called(db: Db, wanted: Wanted) -> list[str]:
    """Return the names of those whose words begin so; no database folds accents as people expect it."""
    sought = words_of(wanted.text)
    query: Select[str, str] = select(User.name, User.full_name).where(*_conditions(db, wanted))
    found = []
    for name, full_name in await db.execute(query):
        if sought and has_words(sought, f"{name} {full_name}"):
            found.append(name)
    return found


def _conditions(db: Db, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.role:
        found.append(holds(db, User.roles, wanted.role))
    if wanted.group:
        found.append(holds(db, User.groups, wanted.group))
    locked = and_(User.locked_until.is_not(None), User.locked_until > utc_now())
    match wanted.state:
        case "closed":
            found.append(User.active.is_(False))
        case "locked":
            found += [User.active.is_(True), locked]
        case "open":
            found += [User.active.is_(True), or_(User.locked_until.is_(None), User.locked_until <= utc_now())]
        case None:
            pass
    return found
