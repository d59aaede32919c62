"""Who has a task or a case in hand, for what tells them that it is left lying."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from cauce.store import notifications
from cauce.store.base import JSON
from cauce.store.models import Task
from cauce.store.session import Db


def of_task(row: Task) -> str | None:
    """Return who has claimed a task or was given it."""
    return row.claimed_by or row.user


async def of_case(db: Db, instance: str) -> str | None:
    """Return who did the last task of a case."""
    done = (Task.instance == instance, Task.closed_by.is_not(None))
    return await db.scalar(select(Task.closed_by).where(*done).order_by(Task.closed_at.desc(), Task.id).limit(1))


async def told(db: Db, whom: JSON, instance: str, rows: Iterable[Task]) -> list[dict[str, JSON]]:
    """Return who is told, each as a group or a user: where the holder is meant, who has these tasks.

    That is who did the case's last task when nobody has them, and the group when that is nobody who is here any more.
    """
    given = whom if isinstance(whom, Mapping) else {}
    plain = {key: given[key] for key in ("group", "user") if given.get(key)}
    if given.get("holder"):
        names = {name for row in rows if (name := of_task(row))}
        if not names and (last := await of_case(db, instance)):
            names = {last}
        here = [name for name in sorted(names) if await notifications.readers(db, person=name)]
        if here:
            return [{"user": name} for name in here]
    return [plain] if plain else []


def named(people: list[dict[str, JSON]]) -> dict[str, JSON]:
    """Return who was told, as one entry of the audit trail says it."""
    users = [each["user"] for each in people if "user" in each]
    return {"user": ", ".join(users)} if users else people[0]
