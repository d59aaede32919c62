"""What was granted, and what follows from it for lists: the same decision as `cauce.permissions`, in SQL."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, false, not_, or_, select, true

from cauce.permissions import Grant, Sight
from cauce.store.models import GrantRow
from cauce.store.session import Db
from cauce.store.upsert import changed

Column = Any


async def grants(db: Db) -> tuple[Grant, ...]:
    """Return everything that was granted, the oldest first."""
    return tuple(_grant(row) for row in await db.scalars(select(GrantRow).order_by(GrantRow.id)))


async def put(db: Db, grant: Grant) -> Grant:
    """Keep a grant in the place of the one that the same person, group or role had there."""
    same = select(GrantRow).where(
        GrantRow.who == grant.who, GrantRow.name == grant.name, GrantRow.place == grant.place, GrantRow.of == grant.of
    )
    row = await db.scalar(same) or GrantRow(who=grant.who, name=grant.name, place=grant.place, of=grant.of)
    row.acts, row.only, row.note, row.by = sorted(grant.acts), grant.only, grant.note, grant.by
    db.add(row)
    await db.flush()
    return _grant(row)


async def find(db: Db, id_: int) -> Grant | None:
    """Return one grant, or None when there is no such."""
    row = await db.get(GrantRow, id_)
    return None if row is None else _grant(row)


async def remove(db: Db, id_: int) -> bool:
    """Take a grant back; return False when there is no such."""
    return await changed(db, delete(GrantRow).where(GrantRow.id == id_)) == 1


def open_to(sight: Sight | None, rows: "Rows") -> ColumnElement[bool]:
    """Return the condition under which a row is not closed to who looks."""
    if sight is None or not sight.closing:
        return true()
    return or_(not_(rows.within(sight.closing)), rows.within(sight.opening))


@dataclass(frozen=True, slots=True)
class Rows:
    """Where the rows of a table say what they belong to: the full name of a process, or an instance; and a form."""

    definition: Column = None
    instance: Column = None
    form: Column = None

    def within(self, grants: Iterable[Grant]) -> ColumnElement[bool]:
        """Return the condition under which one of the grants speaks of a row."""
        return or_(false(), *(self._at(each) for each in grants))

    def _at(self, grant: Grant) -> ColumnElement[bool]:
        column = self.instance if self.definition is None else self.definition
        found: ColumnElement[bool] = false()
        match grant.place:
            case "all":
                found = true()
            case "namespace":
                found = column.startswith(f"{grant.of}.", autoescape=True)
            case "process" if self.definition is None:
                found = column.startswith(f"{grant.of}/", autoescape=True)
            case "process":
                found = column == grant.of
            case "form" if self.form is not None:
                found = self.form == grant.of
            case _:
                pass
        return found


def _grant(row: GrantRow) -> Grant:
    acts = frozenset(row.acts)
    return Grant(row.who, row.name, acts, row.place, row.of, row.only, row.id, row.note, row.by, row.at)  # type: ignore[arg-type]  # written from a Grant
