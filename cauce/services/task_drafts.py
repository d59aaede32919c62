"""Drafts: what a person has typed of a task, kept on the server until it is sent, dropped, or the task is over."""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from types import EllipsisType
from typing import Any, Final

from cauce.depth import check_entered
from cauce.errors import NotFoundError, StaleError, TooLargeError
from cauce.services.hub import Actor, Hub
from cauce.services.permissions import covering
from cauce.services.tasks import TaskView, check_may_act, taken, visible
from cauce.store import audit, definitions, drafts

JSON = Any
most_characters: Final = 262_144


@dataclass(frozen=True, slots=True)
class DraftView:
    """A person's draft; `outdated` when the form has changed since it was saved."""

    content: JSON
    saved_at: datetime
    version: str
    outdated: bool


async def draft(hub: Hub, actor: Actor, task_id: str) -> DraftView | None:
    """Return the actor's own draft of a task; None without one."""
    async with hub.store.read() as db:
        row = await visible(db, actor, task_id)
        found = await drafts.find(db, task_id, actor.name)
        if found is None:
            return None
        content = await covering.typed(db, row, actor, found.content)
    return DraftView(content, found.saved_at, row.version, found.form_digest != form_digest(row.form_document))


async def save(
    hub: Hub, actor: Actor, task_id: str, content: JSON, *, after: datetime | EllipsisType | None = ...
) -> DraftView:
    """Save a draft in the place of the one before; it need not fit the form yet.

    With `after` it only takes the place of the draft that was saved then (None: of none), so that two windows do not
    overwrite what the other saved. Raises StaleError for that, ConflictError when the task is over or somebody
    else's, TooLargeError for more than a form can hold.
    """
    check_size(content)
    async with hub.store.transaction() as db:
        row = await visible(db, actor, task_id)
        if row.closed_at or (row.claimed_by and row.claimed_by != actor.name):
            raise taken(row, actor)
        check_may_act(row, actor)
        saved = await drafts.put(db, task_id, actor.name, content, form_digest(row.form_document), after)
        if saved.newer:
            problem = "Another window of yours has saved a newer draft of this task."
            raise StaleError(problem, hint="Load the page again to see it; what you typed here is not lost.")
        if saved.first:
            # Only the first: a page saves by itself while somebody types.
            await audit.append(db, actor.name, "task.draft", task_id, {"instance": row.instance})
    return DraftView(content, saved.at, row.version, outdated=False)


async def drop(hub: Hub, actor: Actor, task_id: str) -> None:
    """Forget the actor's own draft of a task."""
    async with hub.store.transaction() as db:
        row = await visible(db, actor, task_id)
        if not await drafts.drop(db, task_id, actor.name):
            raise NotFoundError("There is no draft of yours.", hint="Nothing was kept, so nothing is lost.")
        await audit.append(db, actor.name, "task.draft-drop", task_id, {"instance": row.instance})


def check_size(content: JSON) -> None:
    """Raise TooLargeError for more than a form can hold, and InputError for what is nested too deeply."""
    check_entered(content, "draft")
    if len(json.dumps(content, ensure_ascii=False)) > most_characters:
        raise TooLargeError(f"A draft has at most {most_characters:,} characters.", hint="Send large texts as files.")


def form_digest(form: JSON) -> str:
    """Return what tells one form from another."""
    return sha256(json.dumps(form, sort_keys=True).encode()).hexdigest()


async def begun_with(hub: Hub, actor: Actor, task: TaskView) -> JSON:
    """Return what the form shows when there is no draft: its answer, or the one that was sent back; None without.

    What is personal in it is covered as it is in the task.
    """
    if task.answer is not None or not task.returned:
        return task.answer
    async with hub.store.read() as db:
        return await covering.begun(db, await visible(db, actor, task.id), actor)


async def newer_version(hub: Hub, task: TaskView) -> str:
    """Return the latest version of the process if its form is another one than that of an open task; else nothing."""
    namespace, _, name = task.definition.rpartition(".")
    async with hub.store.read() as db:
        latest = await definitions.find(db, "process", namespace, name)
    forms = (latest.bundle or {}).get("forms") or {} if latest and latest.version != task.version else {}
    changed = task.form in forms and dict(forms[task.form]) != dict(task.form_document)
    return str(latest.version) if latest and changed else ""
