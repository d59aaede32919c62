"""A worker process as the connector sees it: started, asked, cancelled, and killed when it does not answer."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

from connectors.odbc import frames
from connectors.odbc.objects import rows_of

cancel_grace_s: Final = 2.0
pipe_bytes: Final = 1 << 20
_exit_grace_s: Final = 1.0
_secret_prefixes: Final = ("CAUCE_SECRET_", "CAUCE_SETTING_")
# The memory of a batch is kept for the next one; glibc gives it back each time otherwise, a tenth of a read's work.
_memory: Final = {"MALLOC_TRIM_THRESHOLD_": str(16 << 20), "MALLOC_TOP_PAD_": str(1 << 20)}


class WorkerGoneError(Exception):
    """The process ended (or was killed) before it answered; `committing` says whether it had announced the commit."""

    def __init__(self, signal_name: str = "") -> None:
        super().__init__(signal_name)
        self.signal_name = signal_name
        self.committing = False


class DeadlineError(Exception):
    """The call's time was up; `committing` says whether the commit had been sent, `started` the statement."""

    def __init__(self, *, started: bool, committing: bool) -> None:
        super().__init__(started, committing)
        self.started = started
        self.committing = committing


@dataclass(slots=True)
class Result:
    """The rows that one statement gave; a procedure may give several of them."""

    names: list[str]
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, columns: list[list[Any]]) -> None:
        """Take one more batch."""
        self.rows += rows_of(self.names, columns)


@dataclass(slots=True)
class Reply:
    """What a worker answered to one request."""

    last: dict[str, Any]
    results: list[Result] = field(default_factory=list)


class WorkerProcess:
    """One process, seen from the connector; serves one request at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.born = self.used = monotonic()
        self.usable = True
        self.ended: dict[str, Any] = {}
        self._size: int | None = None

    @classmethod
    async def start(cls) -> "WorkerProcess":
        """Start a process; it gets no secret, neither in its arguments nor in its environment."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith(_secret_prefixes)}
        environment |= _memory
        # Texts come in the encoding of the process.
        environment["LC_ALL"] = "C.UTF-8"
        environment["PYTHONPATH"] = os.pathsep.join(entry for entry in sys.path if entry)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "connectors.odbc.process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
            limit=4 * pipe_bytes,
        )
        return cls(process)

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    async def ask(self, request: Mapping[str, Any], deadline: float) -> Reply:
        """Send a request and collect its answer; after the deadline cancel it, and kill the process if need be.

        Raises:
            DeadlineError: the time was up, and the work was stopped one way or the other.
            WorkerGoneError: the process ended by itself.
        """
        self.usable = False
        progress = _Progress()
        try:
            async with asyncio.timeout_at(deadline):
                await self._send(request)
                reply = await self._collect(progress)
        except TimeoutError:
            late = await self._stop(progress)
            self.usable = late is not None and bool(late.last.get("usable", True))
            if late is None or late.last["is"] == "failed" or request["do"] == "open":
                raise DeadlineError(started=request["do"] != "open", committing=progress.committing) from None
            reply = late
        except WorkerGoneError as gone:
            gone.committing = progress.committing
            raise
        except asyncio.CancelledError:
            self.kill()
            raise
        self.usable = bool(reply.last.get("usable", True))
        self.used = monotonic()
        return reply

    async def stream(self, request: Mapping[str, Any], wait_s: float) -> AsyncGenerator[list[dict[str, Any]], None]:
        """Send a request and yield its rows batch by batch; the process goes on only as fast as they are taken.

        What it ends with is `ended` afterwards. Whoever stops before the end has the process killed.

        Raises:
            DeadlineError: a batch did not come within `wait_s`.
            WorkerGoneError: the process ended by itself.
        """
        self.usable = False
        names: list[str] = []
        try:
            await self._send(request)
            while True:
                async with asyncio.timeout(wait_s):
                    message = await self._receive()
                match message["is"]:
                    case "columns":
                        names = message["names"]
                    case "batch":
                        yield rows_of(names, message["columns"])
                    case _:
                        self.ended = message
                        self.usable = bool(message.get("usable", True))
                        self.used = monotonic()
                        return
        except TimeoutError:
            raise DeadlineError(started=True, committing=False) from None
        finally:
            if not self.usable:
                self.kill()

    def kill(self) -> None:
        """Kill the process now."""
        self.usable = False
        with suppress(ProcessLookupError):
            self._process.kill()

    async def close(self) -> None:
        """End the process: by the end of its input if it listens, by force if it does not."""
        self.usable = False
        if self._process.stdin:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(1.0):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()

    async def _send(self, request: Mapping[str, Any]) -> None:
        assert self._process.stdin  # noqa: S101 - made with a pipe
        try:
            self._process.stdin.write(frames.pack(request))
            await self._process.stdin.drain()
        except (ConnectionError, RuntimeError) as cause:
            raise WorkerGoneError from cause

    async def _collect(self, progress: "_Progress") -> Reply:
        while True:
            message = await self._receive()
            match message["is"]:
                case "columns":
                    progress.results.append(Result(message["names"]))
                case "batch":
                    progress.results[-1].add(message["columns"])
                case "committing":
                    progress.committing = True
                case _:
                    return Reply(message, progress.results)

    async def _receive(self) -> dict[str, Any]:
        assert self._process.stdout  # noqa: S101 - made with a pipe
        try:
            # Kept, because a deadline may fall between the length and the message.
            if self._size is None:
                head = await self._process.stdout.readexactly(frames.header.size)
                self._size = frames.header.unpack(head)[0]
            if self._size > frames.largest:
                self.kill()
                raise WorkerGoneError
            body = await self._process.stdout.readexactly(self._size)
        except (asyncio.IncompleteReadError, ConnectionError) as cause:
            raise WorkerGoneError(await self._signal_name()) from cause
        self._size = None
        return frames.unpack(body)

    async def _signal_name(self) -> str:
        """Return the signal that ended the process, if one did; one that has only closed its output is killed."""
        try:
            async with asyncio.timeout(_exit_grace_s):
                code = await self._process.wait()
        except TimeoutError:
            self.kill()
            return ""
        self.usable = False
        return signal.Signals(-code).name if code < 0 else ""

    async def _stop(self, progress: "_Progress") -> Reply | None:
        """Cancel what runs; kill the process when that does not help, having read what it still said."""
        with suppress(WorkerGoneError, TimeoutError):
            async with asyncio.timeout(cancel_grace_s):
                await self._send({"do": "cancel"})
                return await self._collect(progress)
        self.kill()
        with suppress(WorkerGoneError, TimeoutError):
            async with asyncio.timeout(cancel_grace_s):
                return await self._collect(progress)
        return None


@dataclass(slots=True)
class _Progress:
    results: list[Result] = field(default_factory=list)
    committing: bool = False
