"""What people have filled in and not sent yet: one draft for each person and task, or process to start; gone when sent.

A draft of a task is gone with it, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import EllipsisType
from typing import TypeVar

from sqlalchemy import delete

from cauce.store.base import JSON, utc_now
from cauce.store.models import Draft, StartDraft
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new


async def find(db: Db, task: str, person: str) -> Draft | None:
    """Return a person's draft of a task, or None when there is none."""
    return await db.get(Draft, (task, person), populate_existing=True)


_Kept = TypeVar("_Kept", Draft, StartDraft)


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
    return await _put(
        db, Draft, {"task": task, "person": person}, {"content": content, "form_digest": form_digest}, after
    )


async def _put(
    db: Db,
    model: type[_Kept],
    place: Mapping[str, str],
    given: Mapping[str, JSON],
    after: datetime | EllipsisType | None,
) -> Saved:
    values = {**given, "saved_at": utc_now()}
    if after in (None, ...) and await insert_new(db, model, {**place, **values}):
        return Saved(values["saved_at"], first=True)
    draft = await db.get(model, tuple(place.values()), with_for_update=True, populate_existing=True)
    if draft is None:
        # Forgotten meanwhile, or since the page was shown.
        return Saved(values["saved_at"], newer=True)
    if after not in (..., draft.saved_at):
        return Saved(draft.saved_at, newer=True)
    for name, value in values.items():
        setattr(draft, name, value)
    return Saved(values["saved_at"])


async def drop(db: Db, task: str, person: str) -> bool:
    """Forget a draft; returns whether there was one."""
    return await changed(db, delete(Draft).where(Draft.task == task, Draft.person == person)) == 1


async def find_start(db: Db, definition: str, person: str) -> StartDraft | None:
    """Return a person's draft of what starts a process, or None when there is none."""
    return await db.get(StartDraft, (definition, person), populate_existing=True)


async def put_start(
    db: Db,
    definition: str,
    person: str,
    content: JSON,
    form_digest: str,
    *,
    key: str,
    after: datetime | EllipsisType | None = ...,
) -> Saved:
    """Save a draft of what starts a process, as `put` does; `key` is that of the case that it will be."""
    given = {"content": content, "form_digest": form_digest, "key": key}
    return await _put(db, StartDraft, {"definition": definition, "person": person}, given, after)


async def drop_start(db: Db, definition: str, person: str, *, key: str | None = None) -> bool:
    """Forget a draft of what starts a process, or only that of one case; returns whether there was one."""
    of = [StartDraft.definition == definition, StartDraft.person == person]
    if key is not None:
        of.append(StartDraft.key == key)
    return await changed(db, delete(StartDraft).where(*of)) == 1
