"""The scripted staff at work: takes every open task from the inbox and completes it as the person who may."""

import asyncio
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from cauce.errors import CauceError, ConflictError, NotFoundError, TransientError
from cauce.services import tasks
from cauce.services.hub import Actor, Hub
from cauce.store.models import Task
from demo import staff
from demo.people import Person, who_may

_look_every_s = 0.1
_at_once = 200


@dataclass(slots=True)
class Staff:
    """Works until it is cancelled; `left_open` are the tasks it leaves to people, with their instances.

    `leave_every` of n leaves one of n tasks (always the same ones) although the script has an answer for it.
    """

    hub: Hub
    concurrency: int = 12
    leave_every: int | None = None
    answers: bool = True
    completed: int = 0
    left_open: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _busy: int = 0

    async def work(self) -> None:
        """Take tasks as they come."""
        queue: asyncio.Queue[str] = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            for _ in range(self.concurrency):
                group.create_task(self._clerk(queue))
            while True:
                for task_id in await self._new_tasks():
                    self._seen.add(task_id)
                    self._busy += 1
                    queue.put_nowait(task_id)
                await asyncio.sleep(_look_every_s)

    @property
    def is_idle(self) -> bool:
        """Whether no task is being worked on."""
        return self._busy == 0

    async def _new_tasks(self) -> list[str]:
        query = select(Task.id).where(Task.closed_at.is_(None)).order_by(Task.created_at)
        async with self.hub.store.read() as db:
            found = [row for row in (await db.scalars(query)).all() if row not in self._seen]
        # Few at a time, so that the oldest of those that come meanwhile get their turn.
        return found[:_at_once]

    async def _clerk(self, queue: "asyncio.Queue[str]") -> None:
        while True:
            task_id = await queue.get()
            try:
                await self._do(task_id)
            except TransientError:
                self._seen.discard(task_id)  # taken up again at the next look
            except (ConflictError, NotFoundError):
                pass  # it was closed meanwhile: by a time limit, or by a person at the inbox
            except CauceError as error:
                self.problems.append(f"{task_id}: {error}")
            finally:
                self._busy -= 1

    async def _do(self, task_id: str) -> None:
        async with self.hub.store.read() as db:
            task = await db.get(Task, task_id)
        if task is None or task.closed_at is not None:
            return
        answer = self._answer(task)
        person = who_may(task.group, task.user, task.different_from or ())
        if answer is None or person is None:
            self.left_open[task.id] = task.instance
            return
        await tasks.complete(self.hub, actor_of(person), task.id, answer)
        self.completed += 1

    def _answer(self, task: Task) -> Mapping[str, Any] | None:
        if not self.answers:
            return None
        if self.leave_every and zlib.crc32(f"{task.business_key}/{task.name}".encode()) % self.leave_every == 0:
            return None
        return staff.answer({"form": task.form, "data": task.data, "createdAt": task.created_at})


def actor_of(person: Person) -> Actor:
    """Return a person as the services know them."""
    return Actor(person.name, frozenset(person.roles), frozenset(person.groups))
