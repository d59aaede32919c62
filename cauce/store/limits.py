"""What workers tell each other about a connection; each change holds the connection's row, so they come in turn."""

import time
from collections.abc import Sequence

from sqlalchemy import delete, extract, func, select

from cauce.store.models.limits import ConnectionShare, ConnectionState
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new

longest_problem = 500


async def hold(db: Db, connection: str) -> ConnectionState:
    """Return what is known of a connection, to be changed; until the commit nobody else may."""
    query = select(ConnectionState).filter_by(connection=connection).with_for_update()
    row = (await db.scalars(query)).one_or_none()
    if row is None:
        values = {"failed": 0, "problem": "", "given_until": 0.0, "window_begun": 0.0}
        counts = dict.fromkeys(("calls", "retries", "calls_before", "retries_before"), 0)
        await insert_new(db, ConnectionState, {"connection": connection, **values, **counts})
        row = (await db.scalars(query)).one()
    return row


async def now(db: Db) -> float:
    """Return the time by the clock that all workers share: the database's, or this machine's with SQLite."""
    if db.get_bind().dialect.name == "sqlite":
        return time.time()
    return float(await db.scalar(select(extract("epoch", func.clock_timestamp()))) or 0.0)


async def shares(db: Db, moment: float, connection: str | None = None) -> Sequence[ConnectionShare]:
    """Return who has places at a moment, of one connection or of all."""
    query = select(ConnectionShare).where(ConnectionShare.lease_until > moment)
    if connection is not None:
        query = query.filter_by(connection=connection)
    return (await db.scalars(query)).all()


async def put_share(db: Db, connection: str, worker: str, places: int, wanted: int, lease_until: float) -> None:
    """Note the places of a worker."""
    await db.merge(
        ConnectionShare(connection=connection, worker=worker, places=places, wanted=wanted, lease_until=lease_until)
    )


async def drop_share(db: Db, connection: str, worker: str) -> None:
    """Give the places of a worker back."""
    await changed(db, delete(ConnectionShare).filter_by(connection=connection, worker=worker))


async def drop_old_shares(db: Db, connection: str, moment: float) -> None:
    """Forget the workers that are gone."""
    gone = ConnectionShare.connection == connection, ConnectionShare.lease_until <= moment
    await changed(db, delete(ConnectionShare).where(*gone))


async def states(db: Db) -> dict[str, ConnectionState]:
    """Return what is known of all connections that were called, by name."""
    return {row.connection: row for row in await db.scalars(select(ConnectionState))}
