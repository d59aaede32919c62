"""What comparing both sides of syncs came to; rows are only added."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from cauce.store import definitions
from cauce.store.base import JSON
from cauce.store.models import Reconciliation
from cauce.store.session import Db

# A week after it was compared, nobody knows what both sides hold.
counts_h: Final = 168


async def add(db: Db, sync: str, version: str, facts: Mapping[str, JSON], by: str) -> Reconciliation:
    """Keep what a comparison came to."""
    row = Reconciliation(sync=sync, version=version, **facts, by=by)
    db.add(row)
    await db.flush()
    return row


async def kept(db: Db, number: int) -> Reconciliation:
    """Return a comparison by the number under which it was kept."""
    return (await db.scalars(select(Reconciliation).where(Reconciliation.id == number))).one()


async def last(db: Db, sync: str) -> Reconciliation | None:
    """Return the last comparison of a sync, or None when there was none."""
    query = select(Reconciliation).where(Reconciliation.sync == sync).order_by(Reconciliation.id.desc()).limit(1)
    return (await db.scalars(query)).one_or_none()


async def current(db: Db, sync: str, at: datetime) -> Reconciliation | None:
    """Return the last comparison if it still counts `at` a moment: of the version that is published, and no older."""
    row, published = await last(db, sync), await definitions.find(db, "sync", "", sync)
    if row is None or published is None or row.version != published.version:
        return None
    return row if at - row.at <= timedelta(hours=counts_h) else None
