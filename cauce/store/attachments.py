"""The files of instances: what people attached to tasks, and what processes made. The same bytes are kept once."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select, update

from cauce.store import blobs
from cauce.store.base import JSON, utc_now
from cauce.store.models import Attachment, Task
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new

# Stands for the task where somebody attached a file to the form that starts a process.
START: Final = "start"


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to keep, with whose it is."""

    instance: str
    name: str
    type: str
    content: bytes
    task: str = ""
    by: str = ""
    ancestors: tuple[str, ...] = ()


async def keep(db: Db, file: NewFile) -> Attachment:
    """Keep a file; the same one again in the same place changes nothing."""
    digest = await blobs.put(db, file.content, held=True)
    place = {"instance": file.instance, "task": file.task, "digest": digest}
    about = {"name": file.name, "type": file.type, "size": len(file.content), "by": file.by, "at": utc_now()}
    about["ancestors"] = list(file.ancestors)
    await insert_new(db, Attachment, {**place, **about})
    return (await db.scalars(select(Attachment).filter_by(**place))).one()


async def of_task(db: Db, instance: str, task: str) -> Sequence[Attachment]:
    """Return what was attached to a task, the oldest first."""
    return (await db.scalars(select(Attachment).filter_by(instance=instance, task=task).order_by(Attachment.id))).all()


async def of_start(db: Db, instance: str, by: str) -> Sequence[Attachment]:
    """Return what somebody attached to the form that an instance is started with, the oldest first."""
    query = select(Attachment).filter_by(instance=instance, task=START, by=by)
    return (await db.scalars(query.order_by(Attachment.id))).all()


async def unsent(db: Db, by: str) -> int:
    """Return how many files somebody has attached to forms that were never sent."""
    found = await db.scalar(select(func.count()).select_from(Attachment).filter_by(task=START, by=by, kept=False))
    return found or 0


async def mark_sent(db: Db, instance: str, by: str, digests: Collection[str], *, sent: bool) -> None:
    """Say whether the form that somebody attached files to has started an instance; those it names are kept then."""
    of = Attachment.instance == instance, Attachment.task == START, Attachment.by == by
    await changed(db, update(Attachment).where(*of, Attachment.digest.in_(digests)).values(kept=sent))


async def of_instance(db: Db, instance: str, digests: Iterable[str]) -> Sequence[Attachment]:
    """Return the files of an instance that have one of these digests."""
    wanted = Attachment.digest.in_(list(digests))
    return (await db.scalars(select(Attachment).where(Attachment.instance == instance, wanted))).all()


async def in_tree(db: Db, instance: str, ancestors: Collection[str], digest: str) -> Sequence[Attachment]:
    """Return the files of a digest that are of an instance, of those that run it, and of those that it runs."""
    rows = await db.scalars(select(Attachment).filter_by(digest=digest).order_by(Attachment.id))
    above = {instance, *ancestors}
    found = [row for row in rows if row.instance in above or instance in row.ancestors]
    return sorted(found, key=lambda row: row.instance != instance)


async def adopt(db: Db, source: str, instance: str, digests: Iterable[str]) -> list[Attachment]:
    """Make files that a process took in, or that people sent with a form, files of another instance, too.

    What somebody attached and did not send stays where it is.
    """
    for row in await of_instance(db, source, digests):
        if await _is_sent(db, row):
            about = {"name": row.name, "type": row.type, "size": row.size, "by": "", "at": utc_now()}
            await insert_new(db, Attachment, {"instance": instance, "task": "", "digest": row.digest, **about})
    return [row for row in await of_instance(db, instance, digests) if not row.task]


async def _is_sent(db: Db, row: Attachment) -> bool:
    """Tell whether a file came by itself, or with what somebody has sent."""
    if row.task == START:
        return row.kept
    if not row.task:
        return not row.by
    task = await db.get(Task, row.task)
    return task is not None and task.state == "completed" and row.digest in json.dumps(task.answer)


def described(row: Attachment) -> dict[str, JSON]:
    """Return a file as answers and data hold it."""
    return {"name": row.name, "sha256": row.digest, "size": row.size, "type": row.type}
