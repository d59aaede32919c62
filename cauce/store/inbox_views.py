"""The views of the inbox that people keep."""

from collections.abc import Sequence

from sqlalchemy import delete, select

from cauce.store.base import utc_now
from cauce.store.models import InboxView
from cauce.store.session import Db
from cauce.store.upsert import changed


async def of_person(db: Db, person: str, *, locked: bool = False) -> Sequence[InboxView]:
    """Return the views of one person by name; `locked`, they do not change until this transaction ends."""
    query = select(InboxView).where(InboxView.person == person).order_by(InboxView.name, InboxView.id)
    return (await db.scalars(query.with_for_update() if locked else query)).all()


def put(db: Db, known: InboxView | None, new: InboxView) -> InboxView:
    """Return the row to be changed: one that is there, else the new one."""
    row = new if known is None else known
    row.saved_at = utc_now()
    if known is None:
        db.add(row)
    return row


async def drop(db: Db, person: str, view_id: str) -> bool:
    """Delete a view of one person; return whether there was one."""
    return await changed(db, delete(InboxView).where(InboxView.id == view_id, InboxView.person == person)) == 1
