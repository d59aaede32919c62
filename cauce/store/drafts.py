"""What people have filled in of a task and not sent yet: one draft for each person and task, gone when it is over."""

from dataclasses import dataclass
from datetime import datetime
from types import EllipsisType

from sqlalchemy import delete

from cauce.store.base import JSON, utc_now
from cauce.store.models import Draft
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new


async def find(db: Db, task: str, person: str) -> Draft | None:
    """Return a person's draft of a task, or None when there is none."""
    return await db.get(Draft, (task, person), populate_existing=True)


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a draft: when it was saved, whether it is the first, and whether a `newer` one was in its way."""

    at: datetime
    first: bool = False
    newer: bool = False


async def put(
    db: Db, task: str, person: str, content: JSON, form_digest: str, after: datetime | EllipsisType | None = ...
) -> Saved:
    """Save a draft in the place of the one before; with `after` only if that is the one of this moment (None: none)."""
    values = {"content": content, "form_digest": form_digest, "saved_at": utc_now()}
    if after in (None, ...) and await insert_new(db, Draft, {"task": task, "person": person, **values}):
        return Saved(values["saved_at"], first=True)
    draft = await db.get(Draft, (task, person), with_for_update=True, populate_existing=True)
    if draft is None:
        # Forgotten meanwhile, or since the page was shown.
        return Saved(values["saved_at"], newer=True)
    if after not in (..., draft.saved_at):
        return Saved(draft.saved_at, newer=True)
    draft.content, draft.form_digest, draft.saved_at = content, form_digest, values["saved_at"]
    return Saved(values["saved_at"])


async def drop(db: Db, task: str, person: str) -> bool:
    """Forget a draft; returns whether there was one."""
    return await changed(db, delete(Draft).where(Draft.task == task, Draft.person == person)) == 1
