"""Contracts as they were agreed, and the cases in which they are not kept."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from cauce.store.base import JSON, utc_now
from cauce.store.models import Contract, DriftCase
from cauce.store.session import Db
from cauce.store.upsert import insert_new

UNSETTLED = ("open", "acknowledged")


async def contract(db: Db, connection: str) -> Contract | None:
    """Return what is known of a connection's contract."""
    return await db.get(Contract, connection, populate_existing=True)


async def versions(db: Db) -> Mapping[str, str]:
    """Return which version of each connection its contract was looked at for."""
    rows = await db.execute(select(Contract.connection, Contract.version))
    return {row.connection: row.version for row in rows}


async def lock(db: Db, connection: str) -> Contract:
    """Return the row of a connection's contract, made if need be; nobody else changes it before the commit."""
    await insert_new(db, Contract, {"connection": connection, "version": "", "agreed": {}, "problem": ""})
    query = select(Contract).filter_by(connection=connection).with_for_update()
    return (await db.scalars(query.execution_options(populate_existing=True))).one()


async def unsettled(db: Db, connection: str) -> DriftCase | None:
    """Return the case of a connection that is open or acknowledged."""
    query = select(DriftCase).filter_by(connection=connection).where(DriftCase.state.in_(UNSETTLED))
    return (await db.scalars(query)).first()


async def breaking(db: Db) -> Mapping[str, bool]:
    """Return the connections with a case that is not settled, and whether it is breaking."""
    query = select(DriftCase.connection, DriftCase.breaking).where(DriftCase.state.in_(UNSETTLED))
    return {row.connection: row.breaking for row in await db.execute(query)}


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
