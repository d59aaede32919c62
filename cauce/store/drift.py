"""Contracts as they were agreed, and the cases in which they are not kept."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select

from cauce.store.base import JSON, utc_now
from cauce.store.models import Contract, DriftCase
from cauce.store.session import Db
from cauce.store.upsert import insert_new

UNSETTLED = ("open", "acknowledged")


async def contract(db: Db, connection: str) -> Contract | None:
    """Return what is known of a connection's contract."""
    return await db.get(Contract, connection, populate_existing=True)


async def contracts(db: Db) -> Mapping[str, Contract]:
    """Return what is known of all contracts, by connection."""
    return {row.connection: row for row in await db.scalars(select(Contract))}


async def lock(db: Db, connection: str) -> Contract:
    """Return the row of a connection's contract, made if need be; nobody else changes it before the commit."""
    await insert_new(db, Contract, {"connection": connection, "version": "", "agreed": {}, "problem": ""})
    query = select(Contract).filter_by(connection=connection).with_for_update()
    return (await db.scalars(query.execution_options(populate_existing=True))).one()


async def unsettled(db: Db, connections: Collection[str] | None = None) -> Mapping[str, DriftCase]:
    """Return the cases that are open or acknowledged, by connection."""
    query = select(DriftCase).where(DriftCase.state.in_(UNSETTLED)).order_by(DriftCase.id)
    if connections is not None:
        query = query.where(DriftCase.connection.in_(connections))
    return {row.connection: row for row in await db.scalars(query)}


async def settled(db: Db, connection: str, limit: int = 20) -> Sequence[DriftCase]:
    """Return the cases of a connection that are settled, the newest first."""
    query = select(DriftCase).filter_by(connection=connection).where(DriftCase.state.not_in(UNSETTLED))
    return (await db.scalars(query.order_by(DriftCase.id.desc()).limit(limit))).all()


async def case(db: Db, connection: str, number: int) -> DriftCase | None:
    """Return one case of a connection."""
    return (await db.scalars(select(DriftCase).filter_by(connection=connection, id=number))).first()


async def open_case(db: Db, connection: str, *, breaking: bool, changes: JSON, found: JSON) -> DriftCase:
    """Open a case."""
    made = DriftCase(connection=connection, breaking=breaking, changes=changes, found=found, state="open")
    db.add(made)
    await db.flush()
    return made


async def decide(db: Db, row: DriftCase, state: str, by: str, reason: str) -> None:
    """Note what somebody decided about a case."""
    row.state, row.decided_by, row.reason, row.decided_at = state, by, reason, utc_now()
    await db.flush()
