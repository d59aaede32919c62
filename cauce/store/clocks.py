"""The clocks of instances: what an instance tells of them, and what it means for its open tasks."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import case, select, update

from cauce.contract import ClockNews, LifecycleEvents
from cauce.store import audit, lifecycle
from cauce.store.base import JSON
from cauce.store.models import Clock, Task
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new

highest_priority: Final = 100


async def record(db: Db, news: ClockNews) -> None:
    """Note what happened to clocks, each thing once, and do what escalates."""
    for note in news.notes:
        row = await _put(db, news, note)
        act = note.get("act")
        if act is not None and act["step"] not in row.acted:
            row.acted = [*row.acted, act["step"]]
            await _escalate(db, news.instance, row.name, act)
    await db.flush()
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
) -> Sequence[Clock]:
    """Return the clocks that run, those that are due first; what is past due and still open comes before all."""
    query = select(Clock).where(Clock.stopped_at.is_(None)).order_by(Clock.due_at, Clock.id).limit(limit)
    if until is not None:
        query = query.where(Clock.due_at <= until)
    if definition is not None:
        query = query.where(Clock.definition == definition)
    if after is not None:
        at, id_ = after
        query = query.where((Clock.due_at > at) | ((Clock.due_at == at) & (Clock.id > id_)))
    return (await db.scalars(query)).all()


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
    }
    await insert_new(db, Clock, {"id": note["id"], **values, "acted": []})
    row = (await db.scalars(select(Clock).where(Clock.id == note["id"]).with_for_update())).one()
    for name, value in values.items():
        setattr(row, name, value)
    return row


async def _escalate(db: Db, instance: str, clock: str, act: Mapping[str, JSON]) -> None:
    """Hand the open tasks that a clock is about to somebody else, and raise their priority."""
    wanted = [Task.instance == instance, Task.closed_at.is_(None)]
    if act["tasks"]:
        wanted.append(Task.name.in_(act["tasks"]))
    values: dict[str, JSON] = {}
    if "assign" in act:
        to = act["assign"]
        values |= {"group": to.get("group"), "user": to.get("user"), "claimed_by": None, "state": "open"}
        values["assignment"] = None
    if "raise" in act:
        raised = Task.priority + act["raise"]
        raised = case((raised > highest_priority, highest_priority), else_=raised)
        values |= {"priority": raised, "rank": -raised}
    if not values:
        return
    ids = (await db.scalars(select(Task.id).where(*wanted).order_by(Task.id))).all()
    await changed(db, update(Task).where(Task.id.in_(ids)).values(**values))
    does = {name: act[name] for name in ("assign", "raise") if name in act}
    for id_ in ids:
        data = {"instance": instance, "clock": clock, "step": act["step"], **does}
        await audit.append(db, f"clock:{clock}", "task.escalate", id_, data)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
