"""What people have filled in of a task and not sent yet: one draft for each person and task, gone when it is over."""

from sqlalchemy import delete

from cauce.store.base import JSON, utc_now
from cauce.store.models import Draft
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new


async def find(db: Db, task: str, person: str) -> Draft | None:
    """Return a person's draft of a task, or None when there is none."""
    return await db.get(Draft, (task, person), populate_existing=True)


async def put(db: Db, task: str, person: str, content: JSON, form_digest: str) -> bool:
    """Save a draft in the place of the one before; returns whether it is the first."""
    values = {"content": content, "form_digest": form_digest, "saved_at": utc_now()}
    if await insert_new(db, Draft, {"task": task, "person": person, **values}):
        return True
    draft = await db.get(Draft, (task, person), with_for_update=True, populate_existing=True)
    if draft is not None:
        draft.content, draft.form_digest, draft.saved_at = content, form_digest, values["saved_at"]
    return False


async def drop(db: Db, task: str, person: str) -> bool:
    """Forget a draft; returns whether there was one."""
    return await changed(db, delete(Draft).where(Draft.task == task, Draft.person == person)) == 1
