"""What came to connections from outside: the last deliveries of each, so that people see whether and how it works."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import delete, select, update

from cauce.store.base import utc_now
from cauce.store.models import Received
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new

most_kept: Final = 500


@dataclass(frozen=True, slots=True)
class Note:
    """That a delivery came, and what became of it."""

    connection: str
    identity: str
    state: str
    reception: str = ""
    event: int | None = None
    instance: str = ""
    problem: str = ""
    size: int = 0


async def note(db: Db, seen: Note) -> None:
    """Note a delivery, once however often it comes; what is older than the last ones goes."""
    values, now = asdict(seen), utc_now()
    if not await insert_new(db, Received, values | {"count": 1, "first_at": now, "last_at": now}):
        told = {name: values[name] for name in ("state", "reception", "event", "instance", "problem", "size")}
        mine = Received.connection == seen.connection, Received.identity == seen.identity
        again = {"count": Received.count + 1, "last_at": now}
        await changed(db, update(Received).where(*mine).values(**told, **again))
        return
    newest = select(Received.last_at).filter_by(connection=seen.connection).order_by(Received.last_at.desc())
    if (oldest := await db.scalar(newest.offset(most_kept).limit(1))) is not None:
        await changed(db, delete(Received).where(Received.connection == seen.connection, Received.last_at <= oldest))


async def latest(db: Db, connection: str, limit: int) -> Sequence[Received]:
    """Return the deliveries to a connection that came last."""
    query = select(Received).filter_by(connection=connection)
    return (await db.scalars(query.order_by(Received.last_at.desc(), Received.id.desc()).limit(limit))).all()
