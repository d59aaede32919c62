"""One process of the embedded stack: started bound to us, watched, and started again when it ends by itself."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_bound = Path(__file__).with_name("bound.py")
_largest_log = 10_000_000
_first_pause_s = 0.25
_longest_pause_s = 15.0
_stable_s = 20.0


@dataclass(frozen=True, slots=True)
class ChildState:
    """How a child is, as `stack.json` tells it; `since` is seconds of the epoch."""

    name: str
    pid: int | None
    restarts: int
    since: float
    last_exit: int | None = None


@dataclass(slots=True)
class Child:
    """A process that is kept running until `stop`.

    It lives in a session of its own, so that Ctrl-C in the terminal reaches only us and we can end it with its own
    children. `start` must be called on a thread that lives as long as the stack (the main one): the kernel binds a
    process to the thread that started it.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    on_change: Callable[[], None] = lambda: None
    restarts: int = 0
    since: float = 0.0
    last_exit: int | None = None
    _process: asyncio.subprocess.Process | None = None
    _watch: asyncio.Task[None] | None = None
    _stopping: bool = field(default=False)

    @property
    def state(self) -> ChildState:
        """How the child is now."""
        return ChildState(self.name, self.pid, self.restarts, self.since, self.last_exit)

    @property
    def pid(self) -> int | None:
        """The id of the process, when it runs."""
        process = self._process
        return process.pid if process and process.returncode is None else None

    async def start(self) -> None:
        """Start the process and keep it running."""
        _rotate(self.log)
        await self._spawn()
        self._watch = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    async def stop(self, patience_s: float = 10.0) -> None:
        """End the process and what it left: first asked, then killed."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            _signal_group(process.pid, signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), patience_s)
            except TimeoutError:
                _signal_group(process.pid, signal.SIGKILL)
                await process.wait()
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        if process is not None:
            _signal_group(process.pid, signal.SIGKILL)

    async def _spawn(self) -> None:
        launcher = [sys.executable, "-I", "-S", str(_bound), str(os.getpid())]
        # 0600: what a component logs may name customers.
        descriptor = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *launcher,
                *self.command,
                env=dict(self.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,
            )
        finally:
            os.close(descriptor)
        self.since = time.time()
        self.on_change()

    async def _keep(self) -> None:
        pause_s = _first_pause_s
        while True:
            if self._process is None:
                return
            process = self._process
            self.last_exit = await process.wait()
            _signal_group(process.pid, signal.SIGKILL)  # what it had started itself
            if self._stopping:
                return
            pause_s = _first_pause_s if time.time() - self.since > _stable_s else min(pause_s * 2, _longest_pause_s)
            self.restarts += 1
            self.on_change()
            await asyncio.sleep(pause_s)
            await self._spawn()


def last_line(log: Path) -> str:
    """Return the last line of a log that says something, for a message."""
    with contextlib.suppress(OSError):
        lines = [line.strip() for line in log.read_text("utf-8", "replace")[-4000:].splitlines()]
        return next((line for line in reversed(lines) if line), "")
    return ""


def _rotate(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _largest_log:
        log.replace(log.with_suffix(".1.log"))


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
