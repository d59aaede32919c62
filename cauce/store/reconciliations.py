"""What comparing both sides of syncs came to; rows are only added."""

from collections.abc import Mapping

from sqlalchemy import select

from cauce.store.base import JSON
from cauce.store.models import Reconciliation
from cauce.store.session import Db


async def add(db: Db, sync: str, version: str, facts: Mapping[str, JSON], by: str) -> Reconciliation:
    """Keep what a comparison came to."""
    row = Reconciliation(sync=sync, version=version, **facts, by=by)
    db.add(row)
    await db.flush()
    return row


async def last(db: Db, sync: str) -> Reconciliation | None:
    """Return the last comparison of a sync, or None when there was none."""
    query = select(Reconciliation).where(Reconciliation.sync == sync).order_by(Reconciliation.id.desc()).limit(1)
    return (await db.scalars(query)).one_or_none()
