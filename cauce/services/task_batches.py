"""Many tasks of one kind answered at once: each as if it were alone, with a result of its own."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cauce.errors import CauceError, InputError
from cauce.services import tasks
from cauce.services.hub import Actor, Hub

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
    """Give the same answer to tasks that have the same form; what cannot be done leaves the others alone."""
    wanted = list(dict.fromkeys(ids))
    if not 1 <= len(wanted) <= most_tasks:
        raise InputError(f"A batch has from 1 to {most_tasks} tasks.", hint="Send several batches.")
    actor.require_somewhere("do tasks", "work", *tasks.deciders)
    kind = await _kind_of_first(hub, actor, wanted)
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(task_id: str) -> Row:
        async with room:
            try:
                task = await tasks.task(hub, actor, task_id)
                if _kind(task) != kind:
                    raise InputError("The task is not like the first one of the batch.", hint="Answer it by itself.")
                return Row(task_id, (await tasks.complete(hub, actor, task_id, answer)).state)
            except CauceError as error:
                return Row(task_id, "", error.problem_details())

    return list(await asyncio.gather(*(one(each) for each in wanted)))


async def _kind_of_first(hub: Hub, actor: Actor, ids: Sequence[str]) -> tuple[str, str, str] | None:
    for each in ids:
        try:
            return _kind(await tasks.task(hub, actor, each))
        except CauceError:
            continue
    return None


def _kind(task: tasks.TaskView) -> tuple[str, str, str]:
    return task.definition, task.name, task.form
