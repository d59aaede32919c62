"""The place of a task in the inbox, worked out anew whenever something changes of what it depends on."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from cauce.contract import HumanTask
from cauce.store.base import JSON
from cauce.store.models import Clock, Task
from cauce.store.session import Db
from cauce.urgency import SEVERITIES, comes_up, head_start


async def of_new(db: Db, task: HumanTask, due_at: datetime | None, now: datetime) -> dict[str, JSON]:
    """Return what a task that comes into the inbox is given to find its place."""
    severity = task.severity or await _of_clocks(db, task.instance)
    hours = head_start(task.priority, severity, task.value)
    return {
        "severity": severity,
        "clocked": task.severity is None,
        "value": task.value,
        "leads": task.leads,
        "urgent_at": comes_up(due_at, now, hours, task.leads),
    }


def place(row: Task) -> None:
    """Give a task its place again, after something that it depends on has changed."""
    hours = head_start(row.priority, row.severity, row.value)
    row.urgent_at = comes_up(row.due_at, row.created_at, hours, row.leads)


async def follow_clocks(db: Db, instance: str) -> None:
    """Give the open tasks of an instance the severity that its clocks have now."""
    theirs = (Task.instance == instance, Task.closed_at.is_(None), Task.clocked)
    rows = (await db.scalars(select(Task).where(*theirs).order_by(Task.id).with_for_update())).all()
    severity = await _of_clocks(db, instance) if rows else None
    for row in rows:
        row.severity = severity
        place(row)


async def _of_clocks(db: Db, instance: str) -> str | None:
    """Return the worst severity of the clocks that run for an instance, of those that the inbox knows."""
    query = select(Clock.severity).where(
        Clock.instance == instance, Clock.stopped_at.is_(None), Clock.severity.in_(SEVERITIES)
    )
    return _worst(await db.scalars(query))


def _worst(found: Iterable[str | None]) -> str | None:
    return max((each for each in found if each), key=SEVERITIES.index, default=None)
