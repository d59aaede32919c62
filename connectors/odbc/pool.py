"""The worker processes of one connection: started on demand, reused, and killed when they do not answer.

How many there are at most is the connection's concurrency limit: a process is started only when a call finds none idle.
"""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Any, Final

from connectors.odbc.worker import DeadlineError, Reply, WorkerGoneError, WorkerProcess, cancel_grace_s, pipe_bytes

_ping_after_s: Final = 15.0
# A process that nobody needed for so long is ended: with many connections they would fill the memory.
_idle_s: Final = 300.0


class Pool:
    """Idle processes by effect; reads and writes have connections of their own, with other options."""

    def __init__(self, opening: Mapping[str, Any], max_age_s: float) -> None:
        self._opening = opening
        self._max_age_s = max_age_s
        self._idle: dict[str, list[WorkerProcess]] = {"read": [], "write": []}
        self._busy: set[WorkerProcess] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._sweep: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def worker(self, effect: str, deadline: float) -> AsyncIterator[tuple[WorkerProcess, Reply]]:
        """Lend a process whose connection is open; the reply is that of opening it."""
        worker, opened = await self._take(effect, deadline)
        self._busy.add(worker)
        try:
            yield worker, opened
        finally:
            self._busy.discard(worker)
            if worker.usable and opened.last["is"] == "done":
                self._idle[effect].append(worker)
                self._sweep_later()
            else:
                self._dispose(worker)

    async def close(self) -> None:
        """End all processes."""
        if self._sweep:
            self._sweep.cancel()
            self._sweep = None
        workers = [*self._busy, *(worker for idle in self._idle.values() for worker in idle)]
        self._idle = {"read": [], "write": []}
        await asyncio.gather(*(worker.close() for worker in workers), *self._closing)

    async def _take(self, effect: str, deadline: float) -> tuple[WorkerProcess, Reply]:
        idle = self._idle[effect]
        while idle:
            worker = idle.pop()
            if monotonic() - worker.born <= self._max_age_s and await self._answers(worker, deadline):
                return worker, Reply({"is": "done"})
            self._dispose(worker)
        worker = await WorkerProcess.start()
        try:
            _widen(worker)
            return worker, await worker.ask({"do": "open", "effect": effect, **self._opening}, deadline)
        except BaseException:
            worker.kill()
            self._dispose(worker)
            raise

    async def _answers(self, worker: WorkerProcess, deadline: float) -> bool:
        if monotonic() - worker.used < _ping_after_s:
            return True
        soon = min(deadline, asyncio.get_running_loop().time() + cancel_grace_s)
        try:
            reply = await worker.ask({"do": "ping"}, soon)
        except (DeadlineError, WorkerGoneError):
            return False
        return bool(reply.last["is"] == "done")

    def _sweep_later(self) -> None:
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(_idle_s, self._end_idle)

    def _end_idle(self) -> None:
        """End the processes that nobody needed for long, and look again as long as there are others."""
        self._sweep = None
        for effect, workers in self._idle.items():
            for worker in [each for each in workers if monotonic() - each.used >= _idle_s]:
                self._idle[effect].remove(worker)
                self._dispose(worker)
        if any(self._idle.values()):
            self._sweep_later()

    def _dispose(self, worker: WorkerProcess) -> None:
        task = asyncio.get_running_loop().create_task(worker.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _widen(worker: WorkerProcess) -> None:
    """Let the pipe hold a whole batch, so that the process fetches on while we read."""
    transport = worker._process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]  # noqa: SLF001 - no public way
    if (pipe := transport and transport.get_extra_info("pipe")) and hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, pipe_bytes)
