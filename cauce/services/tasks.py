"""What people do with the tasks in their inbox."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from cauce.contract import COMPLETE_TASK, CompleteTask
from cauce.depth import check_depth
from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from cauce.services.hub import Actor, Hub, Role
from cauce.services.temporal_errors import explained
from cauce.services.waiting import update_timeout
from cauce.store import audit, tasks
from cauce.store.base import utc_now
from cauce.store.models import Task
from cauce.store.session import Db
from cauce.store.tasks import Filters, Viewer
from schemas import validate_data

JSON = Any
overseers: tuple[Role, ...] = ("manager", "operator", "auditor")
deciders: tuple[Role, ...] = ("staff", "manager")
most_rows = 200


@dataclass(frozen=True, slots=True)
class TaskView:
    """A human task as it is shown; `may_act` says whether who looks at it may claim and complete it."""

    id: str
    instance: str
    definition: str
    version: str
    name: str
    reference: str
    title: JSON
    form: str
    form_document: JSON
    data: JSON
    group: str | None
    user: str | None
    claimed_by: str | None
    state: str
    priority: int
    due_at: datetime | None
    created_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    answer: JSON
    business_key: str
    may_act: bool
    different_from: tuple[str, ...] = ()
    assignment: JSON = None


@dataclass(frozen=True, slots=True)
class Inbox:
    """A page of an inbox, where the next begins, and how many tasks there are in all."""

    tasks: tuple[TaskView, ...]
    after: str | None
    counts: dict[str, int]


async def inbox(
    hub: Hub, actor: Actor, filters: Filters | None = None, *, after: str | None = None, limit: int = 50
) -> Inbox:
    """Return the tasks that concern the actor, the most urgent first."""
    viewer = _viewer(actor)
    async with hub.store.read() as db:
        page = await tasks.inbox(db, viewer, filters, after=after, limit=max(1, min(limit, most_rows)))
        counts = await tasks.counts(db, viewer)
    return Inbox(tuple(_view(row, actor) for row in page.rows), page.after, counts)


async def open_count(hub: Hub, actor: Actor) -> int:
    """Return how many tasks wait for the actor."""
    async with hub.store.read() as db:
        return (await tasks.counts(db, _viewer(actor)))["open"]


async def task(hub: Hub, actor: Actor, task_id: str) -> TaskView:
    """Return a task that the actor may see."""
    async with hub.store.read() as db:
        return _view(await _visible(db, actor, task_id), actor)


async def claim(hub: Hub, actor: Actor, task_id: str) -> TaskView:
    """Take a task, so that nobody else does it; of several who try at once one gets it."""
    async with hub.store.transaction() as db:
        row = await _visible(db, actor, task_id)
        _check_may_act(row, actor)
        if not await tasks.claim(db, task_id, actor.name):
            raise _taken(await _visible(db, actor, task_id), actor)
        row = await _visible(db, actor, task_id)
        await audit.append(db, actor.name, "task.claim", task_id, {"instance": row.instance})
    return _view(row, actor)


async def release(hub: Hub, actor: Actor, task_id: str, *, reason: str = "") -> TaskView:
    """Put a claimed task back for the others; who oversees the work may do so with anybody's."""
    async with hub.store.transaction() as db:
        row = await _visible(db, actor, task_id)
        holder = None if actor.may("manager", "operator") else actor.name
        if not await tasks.release(db, task_id, holder):
            raise _taken(row, actor) if row.state != "open" else _not_claimed()
        row = await _visible(db, actor, task_id)
        data = {"instance": row.instance} | ({"reason": reason} if reason else {})
        await audit.append(db, actor.name, "task.return" if reason else "task.release", task_id, data)
    return _view(row, actor)


async def return_task(hub: Hub, actor: Actor, task_id: str, reason: str) -> TaskView:
    """Give a claimed task back, and say why."""
    if not reason.strip():
        raise InputError(
            "A task is given back with a reason.", errors=[{"pointer": "/reason", "problem": "Say why in a few words."}]
        )
    return await release(hub, actor, task_id, reason=reason.strip())


async def complete(hub: Hub, actor: Actor, task_id: str, answer: JSON) -> TaskView:
    """Answer a task; when this returns, the instance has the answer and goes on.

    Raises InputError when the answer does not fit the form (the task stays open), ConflictError when the task is over
    or somebody else's, ForbiddenError when the actor may not do it, TransientError when Temporal or the worker is down.
    """
    async with hub.store.read() as db:
        row = await _visible(db, actor, task_id)
    if row.closed_at or (row.claimed_by and row.claimed_by != actor.name):
        raise _taken(row, actor)
    _check_may_act(row, actor)
    check_depth(answer, "answer")
    schema = (row.form_document or {}).get("schema")
    if schema is not None:
        validate_data(schema, answer, where="answer")
    await _send(hub, row, CompleteTask(task_id, answer, actor.name, utc_now().isoformat()))
    async with hub.store.transaction() as db:
        # The instance closes it too; whoever comes first, the inbox is right when the person looks again.
        await tasks.close(db, task_id, "completed", by=actor.name, answer=answer)
        row = await _visible(db, actor, task_id)
        await audit.append(db, actor.name, "task.complete", task_id, {"instance": row.instance})
    return _view(row, actor)


async def _send(hub: Hub, row: Task, answer: CompleteTask) -> None:
    # The same person sending the same answer again joins the update that is on its way, instead of starting another.
    identity = uuid5(NAMESPACE_OID, json.dumps([row.id, answer.by, answer.answer], sort_keys=True))
    handle = hub.temporal.get_workflow_handle(row.instance)
    try:
        with explained(row.instance):
            await handle.execute_update(COMPLETE_TASK, answer, id=str(identity), rpc_timeout=update_timeout)
    except NotFoundError as error:
        raise ConflictError(f"Instance {row.instance} is gone.", hint="Ask an operator to look at it.") from error


def _check_may_act(row: Task, actor: Actor) -> None:
    actor.require("do tasks", *deciders)
    if actor.name in row.different_from:
        raise ForbiddenError(
            f"'{actor.name}' did an earlier part of this case and may not decide this one.",
            hint="Another person has to complete it (four eyes).",
        )
    if not _is_meant(row, actor):
        meant = f"'{row.user}'" if row.user else f"the group {row.group}"
        raise ForbiddenError(f"This task is for {meant}.", hint="Ask them, or ask an admin to change your groups.")


def _is_meant(row: Task, actor: Actor) -> bool:
    if actor.may():
        return True
    if row.user:
        return row.user == actor.name
    return row.group is None or row.group in actor.groups


def _may_act(row: Task, actor: Actor) -> bool:
    free = row.closed_at is None and row.claimed_by in {None, actor.name}
    return free and actor.may(*deciders) and _is_meant(row, actor) and actor.name not in row.different_from


def _taken(row: Task, actor: Actor) -> ConflictError:
    if row.state == "completed":
        who = "you" if row.closed_by == actor.name else f"'{row.closed_by}'"
        return ConflictError(f"The task was completed by {who}.", hint="Reload the inbox.")
    if row.closed_at:
        return ConflictError(f"The task is {row.state}.", hint="Reload the inbox.")
    return ConflictError(f"The task is claimed by '{row.claimed_by}'.", hint="Ask them to give it back.")


def _not_claimed() -> ConflictError:
    return ConflictError("Nobody has claimed this task.", hint="There is nothing to give back.")


def _viewer(actor: Actor) -> Viewer:
    return Viewer(actor.name, actor.groups, sees_all=actor.may(*overseers))


async def _visible(db: Db, actor: Actor, task_id: str) -> Task:
    row = await tasks.find_task(db, task_id)
    if row is None:
        raise NotFoundError(f"There is no task {task_id}.", hint="Reload the inbox.")
    concerned = {row.user, row.claimed_by, row.closed_by}
    if not (actor.may(*overseers) or actor.name in concerned or _is_meant(row, actor)):
        raise ForbiddenError("This task is not one of yours.", hint="Ask an admin to change your groups.")
    return row


def _view(row: Task, actor: Actor) -> TaskView:
    return TaskView(
        id=row.id,
        instance=row.instance,
        definition=row.definition,
        version=row.version,
        name=row.name,
        reference=row.reference,
        title=row.title,
        form=row.form,
        form_document=row.form_document,
        data=row.data,
        group=row.group,
        user=row.user,
        claimed_by=row.claimed_by,
        state=row.state,
        priority=row.priority,
        due_at=row.due_at,
        created_at=row.created_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        answer=row.answer,
        business_key=row.business_key,
        may_act=_may_act(row, actor),
        different_from=tuple(row.different_from or ()),
        assignment=row.assignment,
    )
