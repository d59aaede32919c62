"""What people do with a task besides answering it: hand it over, set it aside, make it more urgent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from cauce.errors import ConflictError, ForbiddenError, InputError
from cauce.services.hub import Actor, Hub
from cauce.services.tasks import TaskView, check_may_act, deciders, taken, thing_of, view, visible
from cauce.store import audit, given_tasks, people_list, permissions, task_acts, users
from cauce.store.base import utc_now
from cauce.store.models import Task
from cauce.store.session import Db

JSON = Any
longest_note: Final = 1_000
_LONGEST_SET_ASIDE: Final = timedelta(days=366)


async def delegate(hub: Hub, actor: Actor, task_id: str, to: str, note: str) -> TaskView:
    """Hand one's task to another person who may do it, with a note; it stays in sight, and comes back if returned."""
    note = _checked_note(note, "A task is delegated with a note.")
    async with _changing(hub, actor, task_id, "task.delegate", {"to": to, "note": note}) as (db, row):
        if actor.name not in {row.claimed_by or row.user, row.owner} or (row.claimed_by not in {None, actor.name}):
            raise ConflictError("The task is not yours to delegate.", hint="Claim it first, or ask who has it.")
        if row.owner != actor.name:
            check_may_act(row, actor)
        await _check_person(db, row, to, group=row.group)
        if to == row.user:
            raise ConflictError(f"'{to}' has the task already.", hint="Delegate it to somebody else.")
        if to == actor.name:
            task_acts.give_back(row, note)
        else:
            task_acts.delegate(row, actor.name, to, note)
    return await _shown(hub, actor, task_id)


async def assign(
    hub: Hub, actor: Actor, task_id: str, *, user: str | None = None, group: str | None = None, note: str = ""
) -> TaskView:
    """Give a task to a person or a group, whoever has it now."""
    actor.require_somewhere("reassign tasks", "supervise", "manager")
    if bool(user) == bool(group):
        raise InputError("A task is for a person or for a group.", hint="Give `user` or `group`.")
    if len(note) > longest_note:
        raise _too_long()
    said = {"user": user, "group": group, "note": note}
    async with _changing(hub, actor, task_id, "task.assign", said) as (db, row):
        actor.require_on("reassign this task", "supervise", thing_of(row), "manager")
        if user:
            await _check_person(db, row, user, group=None)
        elif group and not await people_list.has_group(db, group):
            raise InputError(f"Nobody is in the group '{group[:100]}'.", hint="The task would be in nobody's inbox.")
        task_acts.assign(row, user=user, group=group, note=note)
    return await _shown(hub, actor, task_id)


async def set_priority(hub: Hub, actor: Actor, task_id: str, priority: int, reason: str = "") -> TaskView:
    """Change how urgent a task is, from 0 to 100."""
    actor.require_somewhere("change the priority of tasks", "supervise", "manager")
    if not 0 <= priority <= task_acts.highest_priority:
        raise InputError("A priority is a whole number from 0 to 100.", hint="50 is the usual one.")
    async with _changing(hub, actor, task_id, "task.priority", {"to": priority, "reason": reason}) as (_, row):
        actor.require_on("change the priority of this task", "supervise", thing_of(row), "manager")
        task_acts.set_priority(row, priority)
    return await _shown(hub, actor, task_id)


async def follow_up(hub: Hub, actor: Actor, task_id: str, at: datetime | None) -> TaskView:
    """Keep one's task out of the inbox until a moment, which is never after it is due; None brings it back."""
    said = {"until": at.isoformat() if at else None}
    async with _changing(hub, actor, task_id, "task.follow-up", said) as (_, row):
        if actor.name != (row.claimed_by or row.user):
            raise ConflictError("The task is not yours to set aside.", hint="Claim it first.")
        check_may_act(row, actor)
        if at is not None:
            _check_moment(row, at)
        task_acts.set_follow_up(row, at)
    return await _shown(hub, actor, task_id)


def _check_moment(row: Task, at: datetime) -> None:
    now = utc_now()
    latest = row.due_at or now + _LONGEST_SET_ASIDE
    if at.tzinfo is None:
        raise InputError("The moment lacks its time zone.", hint="Write it as 2026-12-31T12:00:00Z.")
    if at <= now:
        raise InputError("A follow-up date is in the future.", hint="Choose a later one.")
    if at > latest:
        what = "when the task is due" if row.due_at else "in a year"
        raise InputError(f"A follow-up date is not later than {what}.", hint=f"Choose {latest.isoformat()} or earlier.")


@asynccontextmanager
async def _changing(
    hub: Hub, actor: Actor, task_id: str, act: str, said: dict[str, JSON]
) -> AsyncIterator[tuple[Db, Task]]:
    """Give out a task that nobody else changes meanwhile, and note afterwards who did what with it."""
    async with hub.store.transaction() as db:
        await visible(db, actor, task_id)
        row = await task_acts.locked(db, task_id)
        if row is None:
            raise taken(await visible(db, actor, task_id), actor)
        before = {"user": row.user, "group": row.group, "claimedBy": row.claimed_by, "priority": row.priority}
        yield db, row
        await db.flush()
        if row.user not in {before["user"], actor.name}:
            await given_tasks.tell(db, row)
        kept = {key: value for key, value in said.items() if value not in (None, "")}
        await audit.append(db, actor.name, act, task_id, {"instance": row.instance, **kept, "before": before})


async def _shown(hub: Hub, actor: Actor, task_id: str) -> TaskView:
    async with hub.store.read() as db:
        return view(await visible(db, actor, task_id), actor)


async def _check_person(db: Db, row: Task, name: str, *, group: str | None) -> None:
    """Refuse somebody who may not do the task: unknown, without the role, not of the group, or bound by four eyes."""
    person = await users.find(db, name)
    if person is None or not person.active:
        raise InputError(f"There is no active account '{name[:100]}'.", hint="Look at the names of your colleagues.")
    rules = await permissions.grants(db)
    found = Actor(person.name, frozenset(person.roles), frozenset(person.groups), grants=rules)
    may = found.decide("work", thing_of(row), *deciders)
    if may.closed:
        raise InputError(f"'{name}' may not do this task.", hint="A grant closes it to all but those whom it names.")
    if not may.allowed:
        raise InputError(f"'{name}' may not do tasks.", hint=f"It takes one of the roles {', '.join(deciders)}.")
    if group is not None and group not in found.groups and not found.may():
        raise InputError(f"'{name}' is not in the group {group}.", hint="A manager may give the task to anybody.")
    if name in {*row.different_from, *row.answered_by}:
        raise ForbiddenError(
            f"'{name}' did an earlier part of this case and may not decide this one.",
            hint="Another person has to complete it (four eyes).",
        )


def _checked_note(note: str, problem: str) -> str:
    note = note.strip()
    if not note:
        raise InputError(problem, errors=[{"pointer": "/note", "problem": "Say why in a few words."}])
    if len(note) > longest_note:
        raise _too_long()
    return note


def _too_long() -> InputError:
    return InputError(f"A note has at most {longest_note:,} characters.", hint="Say it in fewer words.")
