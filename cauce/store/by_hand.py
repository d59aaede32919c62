"""Writes that people did instead of a call, and whether the system has them by now."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import select

from cauce.permissions import Sight
from cauce.store.base import JSON, utc_now
from cauce.store.models import DoneByHand
from cauce.store.permissions import Rows, open_to
from cauce.store.session import Db
from cauce.store.upsert import insert_new

State = Literal["open", "confirmed", "different", "missing", "settled"]
UNSETTLED: tuple[State, ...] = ("open", "missing", "different")


async def add(
    db: Db, call: tuple[str, str, str, str, str, str], params: JSON, *, answer: JSON, by: str, at: datetime
) -> None:
    """Note what a person did; `call` is its token, connection, operation, key, instance and task."""
    token, connection, operation, key, instance, task = call
    where = {"connection": connection, "operation": operation, "key": key, "instance": instance, "task": task}
    await insert_new(db, DoneByHand, {"token": token, **where, "params": params, "answer": answer, "by": by, "at": at})


async def page(
    db: Db, states: Collection[str], *, after: int = 0, limit: int = 50, sight: Sight | None = None
) -> Sequence[DoneByHand]:
    """Return what was done by hand and is in one of these states, the oldest first."""
    shown = open_to(sight, Rows(instance=DoneByHand.instance))
    query = select(DoneByHand).where(DoneByHand.state.in_(states), DoneByHand.id > after, shown)
    return (await db.scalars(query.order_by(DoneByHand.id).limit(limit))).all()


async def longest_unasked(db: Db, limit: int) -> Sequence[DoneByHand]:
    """Return what is neither confirmed nor settled, and what the system was never or longest not asked for first."""
    query = select(DoneByHand).where(DoneByHand.state.in_(UNSETTLED))
    return (
        await db.scalars(query.order_by(DoneByHand.checked_at.asc().nulls_first(), DoneByHand.id).limit(limit))
    ).all()


async def find(db: Db, id_: int) -> DoneByHand | None:
    """Return one write that was done by hand."""
    return await db.get(DoneByHand, id_, populate_existing=True)


async def note(db: Db, row: DoneByHand, state: State, *, found: JSON = None, problem: str = "") -> None:
    """Note what the system said of it."""
    row.state, row.found, row.problem, row.checked_at = state, found, problem, utc_now()
    await db.flush()


async def settle(db: Db, row: DoneByHand, by: str, reason: str) -> None:
    """Note that a person decided that it is as it should be."""
    row.state, row.settled_by, row.reason = "settled", by, reason
    await db.flush()
