"""Who answered tasks with some forms, from the trail, and for which groups such tasks were."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from cauce.permissions import Sight
from cauce.store.models import AuditEntry, Task
from cauce.store.permissions import Rows, open_to
from cauce.store.session import Db


@dataclass(frozen=True, slots=True)
class Answered:
    """That somebody answered a task; `seq` is the line of the trail that says so.

    `root` is the instance itself, or the one that runs it as a sub-process.
    """

    person: str
    instance: str
    root: str
    form: str
    task: str
    at: datetime
    seq: int


async def answered(db: Db, forms: Collection[str], *, sight: Sight, limit: int) -> Sequence[Answered]:
    """Return who answered tasks with these forms, by the trail, the newest first."""
    form, about = AuditEntry.data["form"].as_string(), AuditEntry.data["instance"].as_string()
    shown = open_to(sight, Rows(instance=func.coalesce(about, "")))
    query = (
        select(AuditEntry, Task.ancestors)
        .outerjoin(Task, Task.id == AuditEntry.subject)
        .where(AuditEntry.action == "task.complete", form.in_(sorted(forms)), shown)
    )
    rows = await db.execute(query.order_by(AuditEntry.seq.desc()).limit(limit))
    return [
        Answered(row.actor, instance, (ancestors or [instance])[0], str(row.data["form"]), row.subject, row.at, row.seq)
        for row, ancestors in rows
        if row.data and (instance := str(row.data["instance"]))
    ]


async def groups_of(db: Db, forms: Collection[str]) -> dict[str, set[str | None]]:
    """Return the groups that tasks with these forms were for; None where they were for nobody in particular."""
    found: dict[str, set[str | None]] = {}
    query = select(Task.form, Task.group).where(Task.form.in_(sorted(forms))).distinct()
    for form, group in (await db.execute(query)).all():
        found.setdefault(form, set()).add(group)
    return found
