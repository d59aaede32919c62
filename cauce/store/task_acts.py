"""What happens to a task that is open: it goes to somebody else, is set aside, becomes more urgent, is partly answered.

Whoever changes a row here has locked it first, so that of two who change it at once one sees what the other did.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import select

from cauce.contract import TaskChange
from cauce.store import urgency
from cauce.store.models import Task
from cauce.store.session import Db

highest_priority: Final = 100


async def locked(db: Db, task_id: str) -> Task | None:
    """Return a task that nobody else changes until this transaction ends; None when it is over or not there."""
    query = select(Task).where(Task.id == task_id, Task.closed_at.is_(None)).with_for_update()
    return (await db.scalars(query.execution_options(populate_existing=True))).one_or_none()


def delegate(row: Task, by: str, to: str, note: str) -> None:
    """Hand a task to one person; who hands it over keeps it in sight, and counts as its doer."""
    _hand_over(row, user=to, group=row.group)
    row.owner, row.note = by, note
    row.delegated_by = list(dict.fromkeys([*row.delegated_by, by]))
    row.revision += 1


def give_back(row: Task, note: str) -> None:
    """Return a delegated task to who delegated it."""
    owner = row.owner
    _hand_over(row, user=owner, group=row.group)
    # They do it themselves now, or hand it to another: both is noted anew.
    row.delegated_by = [each for each in row.delegated_by if each != owner]
    row.note = note
    row.revision += 1


def assign(row: Task, *, user: str | None, group: str | None, note: str) -> None:
    """Give a task to a person, or to a group when there is none."""
    _hand_over(row, user=user, group=group or row.group)
    row.note = note
    row.revision += 1


def set_priority(row: Task, priority: int) -> None:
    """Change how urgent a task is."""
    _set_priority(row, priority)
    row.revision += 1


def set_follow_up(row: Task, at: datetime | None) -> None:
    """Keep a task out of the inbox until a moment, or bring it back."""
    row.follow_up_at = at
    row.revision += 1


async def change(db: Db, wanted: TaskChange) -> Task | None:
    """Do what a process changes of its task; returns the row when a step of its ladder was new, else None."""
    row = await locked(db, wanted.id)
    if row is None:
        return None
    if len(wanted.answered) > len(row.answered_by):
        row.answered_by = list(wanted.answered)
        row.approvals = wanted.approvals or row.approvals
        if wanted.approvals and row.group and {row.claimed_by, row.user} & set(wanted.answered):
            # Nobody answers for two groups: whoever has done so for another one keeps this task from nobody.
            _hand_over(row, user=None, group=row.group)
        if not wanted.rung and wanted.group:
            _hand_over(row, user=None, group=wanted.group)
    if wanted.rung <= row.rung:
        return None
    row.rung = wanted.rung
    _set_priority(row, row.priority + wanted.raised)
    if wanted.user or wanted.group:
        _hand_over(row, user=wanted.user, group=wanted.group or row.group)
    return row


def _hand_over(row: Task, *, user: str | None, group: str | None) -> None:
    row.user, row.group, row.owner = user, group, None
    row.claimed_by, row.state = None, "open"
    row.follow_up_at = None


def _set_priority(row: Task, priority: int) -> None:
    row.priority = max(0, min(priority, highest_priority))
    urgency.place(row)
