"""The clocks of instances: what an instance tells of them, and what it means for its open tasks."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from cauce.contract import ClockNews, LifecycleEvents
from cauce.permissions import Sight
from cauce.store import clock_ladder, lifecycle, urgency
from cauce.store.base import JSON, utc_now
from cauce.store.models import Clock
from cauce.store.permissions import Rows, open_to
from cauce.store.session import Db
from cauce.store.upsert import insert_new

_rows = Rows(definition=Clock.definition)


async def record(db: Db, news: ClockNews) -> None:
    """Note what happened to clocks, each thing once, and do what escalates."""
    for note in news.notes:
        row = await _put(db, news, note)
        act = note.get("act")
        if act is not None and act["step"] not in row.acted:
            row.acted = [*row.acted, act["step"]]
            await clock_ladder.climb(db, row, note["clock"].get("percent", 0), act)
    await db.flush()
    await urgency.follow_clocks(db, news.instance)
    await lifecycle.record(db, [LifecycleEvents(news.instance, [note["event"] for note in news.notes])])


async def of_instance(db: Db, instance: str) -> Sequence[Clock]:
    """Return the clocks of an instance, the first started first."""
    query = select(Clock).where(Clock.instance == instance).order_by(Clock.started_at, Clock.id)
    return (await db.scalars(query)).all()


async def nearest(db: Db, instances: Collection[str]) -> Mapping[str, Clock]:
    """Return of each instance the clock that runs and is due first."""
    query = select(Clock).where(Clock.instance.in_(instances), Clock.stopped_at.is_(None)).order_by(Clock.due_at.desc())
    return {row.instance: row for row in await db.scalars(query)}


async def ahead(
    db: Db,
    *,
    until: datetime | None = None,
    definition: str | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
    sight: Sight | None = None,
) -> Sequence[Clock]:
    """Return the clocks that run, those that are due first; what is past due and still open comes before all."""
    running = Clock.stopped_at.is_(None), open_to(sight, _rows)
    query = select(Clock).where(*running).order_by(Clock.due_at, Clock.id).limit(limit)
    if until is not None:
        query = query.where(Clock.due_at <= until)
    if definition is not None:
        query = query.where(Clock.definition == definition)
    if after is not None:
        at, id_ = after
        query = query.where((Clock.due_at > at) | ((Clock.due_at == at) & (Clock.id > id_)))
    return (await db.scalars(query)).all()


async def missed(db: Db, sight: Sight | None = None) -> int:
    """Return how many clocks run and are past due."""
    late = Clock.stopped_at.is_(None), Clock.due_at < utc_now(), open_to(sight, _rows)
    return await db.scalar(select(func.count()).select_from(Clock).where(*late)) or 0


@dataclass(frozen=True, slots=True)
class Run:
    """A clock as a report counts it."""

    clock: str
    title: JSON
    severity: str
    started_at: datetime
    due_at: datetime
    breached_at: datetime | None
    stopped_at: datetime | None
    used_s: int | None


async def started_since(
    db: Db, since: datetime, *, clock: str | None, definition: str | None, sight: Sight | None
) -> AsyncIterator[Run]:
    """Yield the clocks that were started since a moment."""
    severity = func.coalesce(Clock.severity, "")
    times = Clock.started_at, Clock.due_at, Clock.breached_at, Clock.stopped_at
    query = select(Clock.name, Clock.title, severity, *times, Clock.used_s)
    query = query.where(Clock.started_at >= since, open_to(sight, _rows))
    if clock is not None:
        query = query.where(Clock.name == clock)
    if definition is not None:
        query = query.where(Clock.definition == definition)
    async for row in await db.stream(query):
        yield Run(*row)


async def _put(db: Db, news: ClockNews, note: Mapping[str, JSON]) -> Clock:
    shown = note["clock"]
    values = {
        "instance": news.instance,
        "definition": news.definition,
        "version": news.version,
        "business_key": news.business_key,
        "name": shown["clock"],
        "title": shown["title"],
        "state": shown["state"],
        "severity": shown["severity"],
        "target": note["target"],
        "pauses": note["pauses"],
        "steps": shown["steps"],
        "started_at": datetime.fromisoformat(shown["startedAt"]),
        "due_at": datetime.fromisoformat(shown["dueAt"]),
        "paused_until": _moment(shown.get("pausedUntil")),
        "reason": shown.get("reason", ""),
        "breached_at": _moment(shown.get("breachedAt")),
        "stopped_at": _moment(shown.get("stoppedAt")),
        "used_s": note.get("used"),
    }
    await insert_new(db, Clock, {"id": note["id"], **values, "acted": []})
    row = (await db.scalars(select(Clock).where(Clock.id == note["id"]).with_for_update())).one()
    for name, value in values.items():
        setattr(row, name, value)
    return row


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
