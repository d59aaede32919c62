"""When people are away, as they or their managers entered it."""

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import delete, select

from cauce.absence import Absence
from cauce.store.models import AbsenceEntry, User
from cauce.store.people import DOERS
from cauce.store.session import Db
from cauce.store.upsert import changed


async def add(db: Db, absence: Absence, *, note: str, by: str) -> AbsenceEntry:
    """Enter an absence of an account that exists."""
    row = AbsenceEntry(
        user=absence.person,
        begins=absence.begins,
        ends=absence.ends,
        substitute=absence.substitute,
        group=absence.group,
        form=absence.form,
        note=note,
        entered_by=by,
    )
    db.add(row)
    await db.flush()
    return row


async def find(db: Db, absence_id: int) -> AbsenceEntry | None:
    """Return an absence, or None when there is no such."""
    return await db.get(AbsenceEntry, absence_id)


async def remove(db: Db, absence_id: int) -> bool:
    """Take an absence back; return False when there is no such."""
    return await changed(db, delete(AbsenceEntry).where(AbsenceEntry.id == absence_id)) == 1


async def ending_from(db: Db, day: date, *, person: str | None = None, limit: int) -> Sequence[AbsenceEntry]:
    """Return what is not over on a day, the next first; of one person, or of all."""
    query = select(AbsenceEntry).where(AbsenceEntry.ends >= day)
    if person is not None:
        query = query.where(AbsenceEntry.user == person)
    return (await db.scalars(query.order_by(AbsenceEntry.begins, AbsenceEntry.id).limit(limit))).all()


async def on(db: Db, day: date) -> list[Absence]:
    """Return the absences of a day."""
    query = select(AbsenceEntry).where(AbsenceEntry.ends >= day, AbsenceEntry.begins <= day)
    return [absence(row) for row in (await db.scalars(query)).all()]


async def gone(db: Db, known: Collection[Absence]) -> set[str]:
    """Return who was to stand in and does no tasks any more: their account is closed, or has no such role."""
    named = {each.substitute for each in known if each.substitute is not None}
    if not named:
        return set()
    rows = await db.scalars(select(User).where(User.name.in_(named), User.active))
    return named - {row.name for row in rows if DOERS & set(row.roles)}


def absence(row: AbsenceEntry) -> Absence:
    """Return a row as the pure functions take it."""
    return Absence(row.user, row.begins, row.ends, row.substitute, row.group, row.form, row.id)
