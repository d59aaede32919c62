"""Recorded exchanges: masked before they come here, a limited number for each connection, and who wants them."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update

from cauce.store.base import JSON, utc_now
from cauce.store.models import MaskingKey, RecordedExchange, RecordingSwitch
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new


async def masking_key(db: Db) -> bytes:
    """Return the key of this environment's masks, made when it is asked for the first time."""
    key = await db.scalar(select(MaskingKey.key).where(MaskingKey.id == 1))
    if key is None:
        await insert_new(db, MaskingKey, {"id": 1, "key": secrets.token_hex(32)})
        key = await db.scalar(select(MaskingKey.key).where(MaskingKey.id == 1))
    return bytes.fromhex(key or "")


async def switch_on(
    db: Db, connection: str, *, until: datetime, left: int | None, operations: Sequence[str], by: str
) -> None:
    """Have a connection recorded for a while, whatever was wanted before."""
    await switch_off(db, connection)
    wanted = RecordingSwitch(connection=connection, until=until, left=left, operations=list(operations), by=by)
    db.add(wanted)
    await db.flush()


async def switch_off(db: Db, connection: str) -> bool:
    """Have a connection not recorded any more; return whether it was."""
    return await changed(db, delete(RecordingSwitch).where(RecordingSwitch.connection == connection)) > 0


async def switch(db: Db, connection: str) -> RecordingSwitch | None:
    """Return that a connection is recorded for a while; None when it is not, or not any more."""
    row = await db.get(RecordingSwitch, connection, populate_existing=True)
    over = row is not None and (row.until <= utc_now() or (row.left is not None and row.left < 1))
    return None if over else row


async def take_turn(db: Db, connection: str) -> bool:
    """Take one of the calls that are left to record; return whether there was one, whoever else records."""
    mine = RecordingSwitch.connection == connection
    taken = update(RecordingSwitch).where(mine, RecordingSwitch.left > 0).values(left=RecordingSwitch.left - 1)
    if await changed(db, taken):
        return True
    row = await switch(db, connection)
    return row is not None and row.left is None


async def keep(db: Db, connection: str, document: JSON, *, most: int) -> None:
    """Keep an exchange, and let go of the connection's oldest above `most`."""
    operation, failed = str(document["operation"]), "error" in document
    db.add(RecordedExchange(connection=connection, operation=operation, failed=failed, document=document))
    await db.flush()
    kept = (
        select(RecordedExchange.id)
        .where(RecordedExchange.connection == connection)
        .order_by(RecordedExchange.id.desc())
        .offset(most)
        .limit(1)
    )
    oldest = await db.scalar(kept)
    if oldest is not None:
        mine = RecordedExchange.connection == connection
        await changed(db, delete(RecordedExchange).where(mine, RecordedExchange.id <= oldest))


async def exchanges(
    db: Db, connection: str, operations: Sequence[str] = (), *, limit: int
) -> Sequence[RecordedExchange]:
    """Return the newest exchanges of a connection, or of some of its operations, the newest first."""
    wanted = select(RecordedExchange).where(RecordedExchange.connection == connection)
    if operations:
        wanted = wanted.where(RecordedExchange.operation.in_(operations))
    return (await db.scalars(wanted.order_by(RecordedExchange.id.desc()).limit(limit))).all()


async def counts(db: Db, connection: str) -> dict[str, int]:
    """Return how many exchanges of each operation there are."""
    counted = (
        select(RecordedExchange.operation, func.count())
        .where(RecordedExchange.connection == connection)
        .group_by(RecordedExchange.operation)
        .order_by(RecordedExchange.operation)
    )
    return {str(name): int(number) for name, number in (await db.execute(counted)).all()}


async def forget(db: Db, connection: str) -> int:
    """Delete what was recorded of a connection; return how many exchanges that were."""
    return await changed(db, delete(RecordedExchange).where(RecordedExchange.connection == connection))
