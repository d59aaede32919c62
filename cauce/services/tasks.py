"""What people do with the tasks in their inbox."""

import json
from dataclasses import dataclass, fields
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid4, uuid5

from cauce.contract import COMPLETE_TASK, CompleteTask
from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from cauce.permissions import Thing
from cauce.roadmaps import is_roadmap
from cauce.services import form_answers, sync_conflicts, trail
from cauce.services.hub import Actor, Hub, Role
from cauce.services.permissions import covering
from cauce.services.temporal_errors import explained
from cauce.services.waiting import update_timeout
from cauce.store import audit, drafts, inbox_counts, task_acts, tasks
from cauce.store import inbox as lists
from cauce.store.base import utc_now
from cauce.store.inbox import Filters
from cauce.store.models import Task
from cauce.store.session import Db
from cauce.store.tasks import Viewer

JSON = Any
overseers: tuple[Role, ...] = ("manager", "operator", "auditor")
deciders: tuple[Role, ...] = ("staff", "manager")
most_rows = 200
most_counted = inbox_counts.MOST
most_audited = 65_536


@dataclass(frozen=True, slots=True)
class TaskView:
    """A human task as it is shown; `may_act` says whether who looks at it may claim and complete it.

    It is `covered` when what is personal in it is not shown.
    """

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
    owner: str | None = None
    delegated_by: tuple[str, ...] = ()
    note: str = ""
    follow_up_at: datetime | None = None
    expires_at: datetime | None = None
    approvals: JSON = None
    answered_by: tuple[str, ...] = ()
    return_to: tuple[str, ...] = ()
    returned: JSON = None
    told: tuple[JSON, ...] = ()
    covered: bool = False
    urgent_at: datetime | None = None
    severity: str | None = None
    value: float | None = None
    customer: str = ""
    ancestors: tuple[str, ...] = ()


_LISTS: Final = ("different_from", "delegated_by", "answered_by", "return_to", "told", "ancestors")
_AS_IT_IS: Final = tuple(each.name for each in fields(TaskView) if each.name not in {*_LISTS, "may_act", "covered"})


@dataclass(frozen=True, slots=True)
class Inbox:
    """A page of an inbox, where the next begins, and where the one before ends."""

    tasks: tuple[TaskView, ...]
    after: str | None
    before: str | None = None


async def inbox(
    hub: Hub,
    actor: Actor,
    filters: Filters | None = None,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Inbox:
    """Return the tasks that concern the actor, the most urgent first."""
    limit = max(1, min(limit, most_rows))
    async with hub.store.read() as db:
        page = await lists.page(db, viewer_of(actor), filters, after=after, before=before, limit=limit)
    return Inbox(tuple(view(row, actor) for row in page.rows), page.after, page.before)


async def open_count(hub: Hub, actor: Actor) -> int:
    """Return how many tasks wait for the actor, counted up to `most_counted`."""
    async with hub.store.read() as db:
        return await inbox_counts.open_up_to(db, viewer_of(actor), most_counted)


async def task(hub: Hub, actor: Actor, task_id: str) -> TaskView:
    """Return a task that the actor may see; that they saw it is kept."""
    async with hub.store.read() as db:
        row = await visible(db, actor, task_id)
    await trail.note_sight(hub, actor, task_id, row.instance)
    return view(row, actor)


async def claim(hub: Hub, actor: Actor, task_id: str) -> TaskView:
    """Take a task, so that nobody else does it; of several who try at once one gets it."""
    async with hub.store.transaction() as db:
        row = await visible(db, actor, task_id)
        check_may_act(row, actor)
        if is_shared(row.approvals):
            raise ConflictError("Several people answer this task, each for themselves.", hint="Just answer it.")
        if not await tasks.claim(db, task_id, actor.name, instead_of=_absent(row, actor)):
            raise taken(await visible(db, actor, task_id), actor)
        row = await visible(db, actor, task_id)
        await audit.append(db, actor.name, "task.claim", task_id, {"instance": row.instance})
    return view(row, actor)


async def release(hub: Hub, actor: Actor, task_id: str, *, reason: str = "") -> TaskView:
    """Put a claimed task back for the others; who oversees the work may do so with anybody's."""
    async with hub.store.transaction() as db:
        row = await visible(db, actor, task_id)
        oversees = actor.decide("supervise", thing_of(row), "manager", "operator").allowed
        holder = None if oversees else actor.name
        if reason and row.owner and row.user == actor.name and (mine := await task_acts.locked(db, task_id)):
            # What was delegated goes back to who did that, claimed or not.
            task_acts.give_back(mine, reason)
            await db.flush()
        elif not await tasks.release(db, task_id, holder):
            raise taken(row, actor) if row.state != "open" else _not_claimed()
        # Who gave it back may not see it any more.
        await db.refresh(row)
        row.note = reason
        data = {"instance": row.instance} | ({"reason": reason} if reason else {})
        await audit.append(db, actor.name, "task.return" if reason else "task.release", task_id, data)
    return view(row, actor)


async def return_task(hub: Hub, actor: Actor, task_id: str, reason: str) -> TaskView:
    """Give a claimed task back, and say why."""
    if not reason.strip():
        raise InputError(
            "A task is given back with a reason.", errors=[{"pointer": "/reason", "problem": "Say why in a few words."}]
        )
    return await release(hub, actor, task_id, reason=reason.strip())


async def complete(hub: Hub, actor: Actor, task_id: str, answer: JSON) -> TaskView:
    """Answer a task; when this returns, the instance has the answer.

    Raises InputError when the answer does not fit the form (the task stays open), ConflictError when the task is over
    or somebody else's, ForbiddenError when the actor may not do it, TransientError when Temporal or the worker is down.
    """
    row = await _for_answer(hub, actor, task_id)
    answer = await _accepted(hub, row, answer)
    now, seen = utc_now().isoformat(), len(row.answered_by)
    sent = CompleteTask(task_id, answer, actor.name, now, behalf=list(row.delegated_by), seen=seen)
    of_sync = sync_conflicts.is_about_rows(row)
    outcome = "completed" if of_sync else await _send(hub, row, sent)
    async with hub.store.transaction() as db:
        if of_sync:
            await sync_conflicts.decide(db, row, answer)
        draft = await drafts.find(db, task_id, actor.name)
        before = draft.content if draft else row.data
        if outcome == "completed" and not row.approvals:
            # The instance closes it too; whoever comes first, the inbox is right when the person looks again.
            await tasks.close(db, task_id, "completed", by=actor.name, answer=answer)
        await drafts.drop(db, task_id, actor.name)
        row = await visible(db, actor, task_id)
        said = {"form": row.form, "version": row.version, "before": _kept(before), "after": _kept(answer)}
        await audit.append(db, actor.name, "task.complete", task_id, {"instance": row.instance, **said})
    if of_sync:
        await sync_conflicts.carry_out(hub, row, actor.name)
    return view(row, actor)


async def send_back(hub: Hub, actor: Actor, task_id: str, to: str, reason: str) -> TaskView:
    """Send the case back to an earlier task that the process allows, and say why; raises as `complete` does."""
    row = await _for_answer(hub, actor, task_id)
    now, behalf = utc_now().isoformat(), list(row.delegated_by)
    await _send(hub, row, CompleteTask(task_id, None, actor.name, now, return_to=to, reason=reason, behalf=behalf))
    async with hub.store.transaction() as db:
        row = await visible(db, actor, task_id)
        said = {"instance": row.instance, "to": to, "reason": reason}
        await audit.append(db, actor.name, "task.send-back", task_id, said)
    return view(row, actor)


async def _for_answer(hub: Hub, actor: Actor, task_id: str) -> Task:
    """Return a task that the actor may answer now."""
    async with hub.store.read() as db:
        row = await visible(db, actor, task_id)
    if row.closed_at or (row.claimed_by and row.claimed_by != actor.name):
        raise taken(row, actor)
    check_may_act(row, actor)
    return row


def _kept(form: JSON) -> JSON:
    """Return what the audit trail keeps of a form: all of it, unless that is very much."""
    text = json.dumps(form, sort_keys=True)
    if len(text) <= most_audited:
        return form
    return {"sha256": sha256(text.encode()).hexdigest(), "characters": len(text)}


async def _accepted(hub: Hub, row: Task, answer: JSON) -> JSON:
    region, form = hub.settings.phone_region, row.form_document or {}
    async with hub.store.read() as db:
        answer = await covering.uncovered(db, row, answer)
        return await form_answers.accepted(
            db, form, row.data, answer, instance=row.instance, task=row.id, region=region
        )


async def _send(hub: Hub, row: Task, answer: CompleteTask) -> str:
    # The same person sending the same answer again joins the update that is on its way, instead of starting another.
    parts = [row.id, answer.by, answer.answer, *([answer.return_to, answer.reason] if answer.return_to else [])]
    # A roadmap looks at its evidence anew each time, and may take today what it refused yesterday.
    identity = uuid4() if is_roadmap(row.instance) else uuid5(NAMESPACE_OID, json.dumps(parts, sort_keys=True))
    handle = hub.temporal.get_workflow_handle(row.instance)
    try:
        with explained(row.instance):
            outcome = await handle.execute_update(COMPLETE_TASK, answer, id=str(identity), rpc_timeout=update_timeout)
            return str(outcome)
    except NotFoundError as error:
        raise ConflictError(f"Instance {row.instance} is gone.", hint="Ask an operator to look at it.") from error


def check_may_act(row: Task, actor: Actor) -> None:
    """Refuse somebody who may not do a task: without the role, bound by four eyes, or not meant."""
    actor.require_on("do tasks", "work", thing_of(row), *deciders)
    if actor.name in row.different_from:
        raise ForbiddenError(
            f"'{actor.name}' did an earlier part of this case and may not decide this one.",
            hint="Another person has to complete it (four eyes).",
        )
    if actor.name in row.answered_by:
        raise ConflictError("You have given your answer to this task.", hint="The others have to give theirs.")
    if not _is_meant(row, actor):
        meant = f"'{row.user}'" if row.user else f"the group {row.group}"
        raise ForbiddenError(f"This task is for {meant}.", hint="Ask them, or ask an admin to change your groups.")


def _is_meant(row: Task, actor: Actor) -> bool:
    if actor.may():
        return True
    if actor.holds(row.claimed_by or row.user, row.group, row.form):
        return True
    if row.user:
        # Who stood in and took it has it, also when the other is back.
        return actor.name in {row.user, row.claimed_by}
    return row.group is None or row.group in actor.groups


def is_shared(approvals: JSON) -> bool:
    """Tell whether several people answer one task, each for themselves, so that nobody takes it from the others.

    Where groups are asked at the same time, the part of one that gives one signature is a task as any other.
    """
    if not approvals:
        return False
    groups = approvals.get("groups")
    return not groups or groups[approvals.get("part", 0)]["of"] > 1


def may_act_on(row: Task, actor: Actor) -> bool:
    """Tell whether somebody may claim and complete a task that they see."""
    free = row.closed_at is None and row.claimed_by in {None, actor.name, _absent(row, actor)}
    barred = {*row.different_from, *row.answered_by}
    may = actor.decide("work", thing_of(row), *deciders).allowed
    return free and may and _is_meant(row, actor) and actor.name not in barred


def taken(row: Task, actor: Actor) -> ConflictError:
    """Return the error of who comes too late."""
    if row.state == "completed":
        who = "you" if row.closed_by == actor.name else f"'{row.closed_by}'"
        return ConflictError(f"The task was completed by {who}.", hint="Reload the inbox.")
    if row.closed_at:
        return ConflictError(f"The task is {row.state}.", hint="Reload the inbox.")
    return ConflictError(f"The task is claimed by '{row.claimed_by}'.", hint="Ask them to give it back.")


def _not_claimed() -> ConflictError:
    return ConflictError("Nobody has claimed this task.", hint="There is nothing to give back.")


def viewer_of(actor: Actor) -> Viewer:
    """Return whose inbox it is."""
    return Viewer(actor.name, actor.groups, actor.may(*overseers), actor.stands_in, actor.sight)


def _absent(row: Task, actor: Actor) -> str | None:
    """Return who has claimed a task and is away, if the actor stands in for them."""
    return row.claimed_by if actor.holds(row.claimed_by, row.group, row.form) else None


async def visible(db: Db, actor: Actor, task_id: str) -> Task:
    """Return a task that the actor may see, or raise as if there were no such: that there is one is told to nobody."""
    row = await tasks.find_task(db, task_id)
    if row is None or not may_see(row, actor):
        raise NotFoundError(f"There is no task {task_id}.", hint="Reload the inbox.")
    return row


def may_see(row: Task, actor: Actor) -> bool:
    """Tell whether somebody may look at a task: they oversee it, or it concerns them and is not closed to them."""
    sight = actor.decide("see", thing_of(row), *overseers)
    return sight.allowed or (is_concerned(row, actor) and not sight.closed)


def thing_of(row: Task) -> Thing:
    """Return what permissions say of a task."""
    return Thing.of(row.definition, row.form)


def is_concerned(row: Task, actor: Actor) -> bool:
    """Tell whether a task is for somebody, was theirs, or is one that they were told of."""
    told = [each.get("user") for each in row.told]
    concerned = {row.user, row.claimed_by, row.closed_by, *row.delegated_by, *row.answered_by, *told}
    told_groups = {each["group"] for each in row.told if "group" in each}
    return actor.name in concerned or bool(told_groups & actor.groups) or _is_meant(row, actor)


@covering.covered
def view(row: Task, actor: Actor) -> TaskView:
    """Return a task as it is shown to somebody."""
    shown = {name: getattr(row, name) for name in _AS_IT_IS}
    lists: dict[str, Any] = {name: tuple(getattr(row, name) or ()) for name in _LISTS}
    return TaskView(**shown, **lists, may_act=may_act_on(row, actor))
