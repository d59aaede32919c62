"""One act for many tasks: each as if it were alone, with a result of its own, which leaves the others be."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cauce.errors import CauceError, InputError, NotFoundError
from cauce.services import task_acts, tasks
from cauce.services.hub import Actor, Hub
from cauce.services.tasks import TaskView

JSON = Any
most_tasks: Final = 200
_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one task of a batch; `problem` are problem details, None when it was done."""

    id: str
    state: str
    problem: JSON = None


async def complete(hub: Hub, actor: Actor, ids: Sequence[str], answer: JSON) -> list[Row]:
    """Give the same answer to tasks that have the same form."""
    actor.require_somewhere("do tasks", "work", *tasks.deciders)
    wanted = _wanted(ids)
    first = await first_seen(hub, actor, wanted)
    kind = None if first is None else kind_of(first)

    async def one(task_id: str) -> TaskView:
        if kind_of(await tasks.task(hub, actor, task_id)) != kind:
            raise InputError("The task is not like the first one of the batch.", hint="Answer it by itself.")
        return await tasks.complete(hub, actor, task_id, answer)

    return await _each(wanted, one)


async def claim(hub: Hub, actor: Actor, ids: Sequence[str]) -> list[Row]:
    """Take tasks, so that nobody else does them."""
    actor.require_somewhere("do tasks", "work", *tasks.deciders)
    return await _each(_wanted(ids), lambda task_id: tasks.claim(hub, actor, task_id))


async def assign(
    hub: Hub, actor: Actor, ids: Sequence[str], *, user: str | None = None, group: str | None = None, note: str = ""
) -> list[Row]:
    """Give tasks to a person or a group, whoever has them now."""
    actor.require("reassign tasks", "manager")
    return await _each(
        _wanted(ids), lambda task_id: task_acts.assign(hub, actor, task_id, user=user, group=group, note=note)
    )


async def set_priority(hub: Hub, actor: Actor, ids: Sequence[str], priority: int, reason: str = "") -> list[Row]:
    """Change how urgent tasks are, from 0 to 100."""
    actor.require("change the priority of tasks", "manager")
    return await _each(_wanted(ids), lambda task_id: task_acts.set_priority(hub, actor, task_id, priority, reason))


def kind_of(task: TaskView) -> tuple[str, str, str]:
    """Return what tasks have in common that one answer is for."""
    return task.definition, task.name, task.form


async def _each(ids: Sequence[str], act: Callable[[str], Awaitable[TaskView]]) -> list[Row]:
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(task_id: str) -> Row:
        async with room:
            try:
                return Row(task_id, (await act(task_id)).state)
            except CauceError as error:
                return Row(task_id, "", error.problem_details())

    return list(await asyncio.gather(*(one(each) for each in ids)))


def _wanted(ids: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(ids))
    if not 1 <= len(found) <= most_tasks:
        raise InputError(f"A batch has from 1 to {most_tasks} tasks.", hint="Send several batches.")
    return found


async def first_seen(hub: Hub, actor: Actor, ids: Sequence[str]) -> TaskView | None:
    """Return the first of some tasks that the actor sees: what it is asks, the others have to ask, too."""
    for each in ids:
        try:
            return await tasks.task(hub, actor, each)
        except NotFoundError:
            continue
    return None
