"""Files that were attached to a task and that no answer names: removed, with their bytes when nobody else has those."""

import json
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, or_, select

from cauce.store import audit
from cauce.store.attachments import START
from cauce.store.models import Attachment, Blob, DeadLetter, Draft, StartDraft, Task
from cauce.store.session import Db

BY: Final = "upkeep"
# Bytes that were there before the file was attached belong to something else, too: a file that a process made.
_SAME_MOMENT: Final = timedelta(minutes=1)


async def sweep(db: Db, before: datetime, after: int, limit: int) -> tuple[int, int | None]:
    """Look at some files attached before a moment; return how many were removed, and where to go on, if anywhere.

    One that an answer names is marked as kept when its task is over, and not looked at again.
    """
    unsure = Attachment.task != "", Attachment.kept.is_(False), Attachment.id > after
    rows = (await db.scalars(select(Attachment).where(*unsure).order_by(Attachment.id).limit(limit))).all()
    removed = 0
    for row in rows:
        if row.at >= before:
            continue
        task = await db.get(Task, row.task)
        if row.task == START and await _is_typed(db, row):
            continue
        if await _is_used(db, row, task):
            row.kept = task is None or task.closed_at is not None
        else:
            await _remove(db, row)
            removed += 1
    await db.flush()
    return removed, rows[-1].id if len(rows) == limit else None


async def _is_used(db: Db, row: Attachment, task: Task | None) -> bool:
    """Tell whether an answer, the data of a task of the same case, or somebody's draft names a file."""
    if task is not None and task.approvals and task.answered_by:
        # What each of several people has answered is known to the instance until all have.
        return True
    fields = Task.answer, Task.data, Task.returned
    named = [tuple(each) for each in await db.execute(select(*fields).filter_by(instance=row.instance))]
    drafts = (await db.scalars(select(Draft.content).filter_by(task=row.task))).all()
    return any(row.digest in json.dumps(each) for each in (*named, *drafts))


async def _is_typed(db: Db, row: Attachment) -> bool:
    """Tell whether a draft names a file that somebody attached to the form that starts a process."""
    drafts = (await db.scalars(select(StartDraft.content).filter_by(person=row.by))).all()
    return any(row.digest in json.dumps(each) for each in drafts)


async def _remove(db: Db, row: Attachment) -> None:
    said = {"instance": row.instance, "sha256": row.digest, "size": row.size}
    await audit.append(db, BY, "task.detach", row.task, said)
    # Who attaches the same bytes holds them until that is done, so the others are counted after the lock is there.
    blob = await db.scalar(select(Blob.created_at).where(Blob.digest == row.digest).with_for_update())
    await db.execute(delete(Attachment).where(Attachment.id == row.id))
    if blob is None or blob < row.at - _SAME_MOMENT:
        return
    letters = DeadLetter.request == row.digest, DeadLetter.edited == row.digest
    for others in (select(Attachment.id).filter_by(digest=row.digest), select(DeadLetter.id).where(or_(*letters))):
        if await db.scalar(others.limit(1)) is not None:
            return
    await db.execute(delete(Blob).where(Blob.digest == row.digest))
