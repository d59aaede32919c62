"""Events on their way out: per connection a place in the log."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select, update

from cauce.store.alerts import SOURCE as ALERTS
from cauce.store.base import utc_now
from cauce.store.models import Event
from cauce.store.models.sinks import EventSink
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new

lease = timedelta(minutes=2)
longest_problem = 500


async def known(db: Db, connection: str) -> EventSink:
    """Return how far a connection is; one that is new gets what comes from now on."""
    last = await db.scalar(select(func.max(Event.id))) or 0
    now = utc_now()
    values = {"connection": connection, "position": last, "failures": 0, "problem": "", "next_at": now}
    await insert_new(db, EventSink, values | {"lease_until": now})
    return (await db.scalars(select(EventSink).filter_by(connection=connection))).one()


async def all_of(db: Db) -> Sequence[EventSink]:
    """Return all that is known."""
    return (await db.scalars(select(EventSink).order_by(EventSink.connection))).all()


async def take(db: Db, connection: str) -> bool:
    """Ask to be the one who sends to a connection; not while somebody is, nor in a pause after a failure."""
    now = utc_now()
    free = EventSink.connection == connection, EventSink.lease_until <= now, EventSink.next_at <= now
    return bool(await changed(db, update(EventSink).where(*free).values(lease_until=now + lease)))


async def waiting(db: Db, position: int, limit: int) -> Sequence[Event]:
    """Return what instances emitted behind a place of the log, and what was told of alerts."""
    query = select(Event).where(Event.id > position, _goes_out()).order_by(Event.id).limit(limit)
    return (await db.scalars(query)).all()


async def count_waiting(db: Db, position: int) -> int:
    """Return how many events there are behind a place of the log."""
    query = select(func.count()).select_from(Event).where(Event.id > position, _goes_out())
    return await db.scalar(query) or 0


def _goes_out() -> ColumnElement[bool]:
    # What came from outside is not sent out again.
    return Event.instance.is_not(None) | (Event.source == ALERTS)


async def pass_by(db: Db, connection: str, position: int) -> None:
    """Note that everything up to a place was sent or refused; whoever sends goes on."""
    values = {"position": position, "failures": 0, "problem": "", "lease_until": utc_now() + lease}
    await changed(db, update(EventSink).filter_by(connection=connection).values(**values))


async def advance(db: Db, connection: str, position: int) -> None:
    """Note that everything up to a place was sent, refused or not wanted, and let others go on."""
    values = {"position": position, "failures": 0, "problem": "", "lease_until": utc_now()}
    await changed(db, update(EventSink).filter_by(connection=connection).values(**values))


async def fail(db: Db, connection: str, position: int, problem: str, pause: timedelta) -> None:
    """Note that the connection could not be reached for what is behind a place, and when to try again."""
    now = utc_now()
    values = {"position": position, "failures": EventSink.failures + 1, "problem": problem[:longest_problem]}
    statement = update(EventSink).filter_by(connection=connection)
    await changed(db, statement.values(**values, next_at=now + pause, lease_until=now))
