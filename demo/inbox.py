"""The scripted staff at work: takes every open task from the inbox and completes it as the person who may."""

import asyncio
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cauce.errors import CauceError, ConflictError, NotFoundError, TransientError
from cauce.services import tasks
from cauce.services.hub import Actor, Hub
from cauce.store import tasks as inbox
from cauce.store.models import Task
from demo import complaints, staff
from demo.people import Person, who_may

_look_every_s = 0.2
_at_once = 100


@dataclass(slots=True)
class Staff:
    """Works until it is cancelled; `left_open` are the tasks it leaves to people, with their instances.

    `leave_every` of n leaves one of n tasks (always the same ones) although the script has an answer for it; not of
    complaints, each of which has its own place to rest.
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
        queue: asyncio.Queue[Task] = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            for _ in range(self.concurrency):
                group.create_task(self._clerk(queue))
            while True:
                begin = time.monotonic()
                for task in await self._new_tasks() if self._busy < _at_once else ():
                    self._seen.add(task.id)
                    self._busy += 1
                    queue.put_nowait(task)
                # Looking takes longer the more is left open; it must not take the time of doing.
                await asyncio.sleep(max(_look_every_s, 4 * (time.monotonic() - begin)))

    @property
    def is_idle(self) -> bool:
        """Whether no task is being worked on."""
        return self._busy == 0

    async def _new_tasks(self) -> Sequence[Task]:
        # The oldest first, and so many that those which are left open do not hide the new ones.
        async with self.hub.store.read() as db:
            rows = await inbox.open_tasks(db, len(self.left_open) + self._busy + _at_once)
        return [row for row in rows if row.id not in self._seen]

    async def _clerk(self, queue: "asyncio.Queue[Task]") -> None:
        while True:
            task = await queue.get()
            try:
                await self._do(task)
            except TransientError:
                self._seen.discard(task.id)  # taken up again at the next look
            except (ConflictError, NotFoundError):
                pass  # it was closed meanwhile: by a time limit, or by a person at the inbox
            except CauceError as error:
                self.problems.append(f"task {task.name} of {task.instance}: {error}")
            finally:
                self._busy -= 1

    async def _do(self, task: Task) -> None:
        answer = self.answer(task)
        person = who_may(task.group, task.user, task.different_from or ())
        if answer is None or person is None:
            self.left_open[task.id] = task.instance
            return
        await tasks.complete(self.hub, actor_of(person), task.id, answer)
        self.completed += 1

    def answer(self, task: Task) -> Mapping[str, Any] | None:
        """Return what is entered into a task; None for one that is left to people."""
        if not self.answers:
            return None
        if (found := complaints.answer(task.form, task.data or {})) is not None:
            return found
        if self.leave_every and zlib.crc32(f"{task.business_key}/{task.name}".encode()) % self.leave_every == 0:
            return None
        return staff.answer({"form": task.form, "data": task.data, "createdAt": task.created_at})


def actor_of(person: Person) -> Actor:
    """Return a person as the services know them."""
    return Actor(person.name, frozenset(person.roles), frozenset(person.groups))
