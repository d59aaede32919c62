"""Programs that a process has started here, one line of text at a time: only those that this environment allows."""

import asyncio
import os
import shutil
import signal
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from cauce.errors import ForbiddenError, PermanentError

_INHERITED: Final = ("HOME", "LANG", "LC_ALL", "PATH", "TZ")
_LONGEST: Final = 10_000_000
_CHUNK: Final = 65_536
_GRACE_S: Final = 1.0


class Program:
    """A running program: lines in, lines out, and no more of them than it may write."""

    def __init__(self, name: str, process: Process) -> None:
        self.name = name
        self._process = process
        self._written = 0

    async def write(self, line: bytes) -> None:
        """Write one line to its input."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        try:
            self._process.stdin.write(line + b"\n")
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as cause:
            raise await self._ended() from cause

    async def read(self) -> bytes:
        """Read one line of its output."""
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            line = await self._process.stdout.readline()
        except ValueError as cause:  # a line beyond the limit
            raise self._too_much() from cause
        self._written += len(line)
        if self._written > _LONGEST:
            raise self._too_much()
        if not line:
            raise await self._ended()
        return line

    def _too_much(self) -> PermanentError:
        return PermanentError(f"The program '{self.name}' wrote more than {_LONGEST:,} bytes.", remote_code="too-large")

    async def _ended(self) -> PermanentError:
        with suppress(TimeoutError):  # its pipes are closed a moment before its status is known
            await asyncio.wait_for(self._process.wait(), _GRACE_S)
        code = self._process.returncode
        status = "" if code is None else f" with status {code}"
        return PermanentError(
            f"The program '{self.name}' ended{status} before it had answered.",
            hint="Run it by hand with the same arguments to see what it says.",
            remote_code="" if code is None else f"exit-{code}",
        )


@asynccontextmanager
async def started(
    command: str, arguments: Sequence[str], environment: Mapping[str, str], allowed: Collection[str]
) -> AsyncIterator[Program]:
    """Run a program in an empty folder and a session of its own; at the end it is gone, with its children."""
    if command not in allowed:
        raise ForbiddenError(
            f"A process may not start the program '{command[:100]}' here.",
            hint="An operator allows it by its name: CAUCE_ALLOWED_PROGRAMS.",
        )
    own = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    found = shutil.which(command)
    if found is None:
        raise PermanentError(f"There is no program '{command}' on this worker.", hint="Install it, or correct PATH.")
    with tempfile.TemporaryDirectory(prefix="cauce-program-", ignore_cleanup_errors=True) as folder:
        try:
            process = await asyncio.create_subprocess_exec(
                found,
                *arguments,
                cwd=folder,
                env={**own, **environment},
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                limit=_LONGEST,
                start_new_session=True,
            )
        except (OSError, ValueError) as cause:
            raise PermanentError(f"The program '{command}' could not be started.") from cause
        try:
            yield Program(command, process)
        finally:
            await asyncio.shield(_end(process))


async def _end(process: Process) -> None:
    """Let a program end by closing its input; whoever of its group is left then is killed."""
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    process.stdin.close()
    await _leave(process, _GRACE_S)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await _leave(process, _GRACE_S)
    # A child that left the group may hold the pipes for ever; we do not.
    process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - nothing public closes the pipes


async def _leave(process: Process, limit_s: float) -> None:
    """Wait until a program has ended, which is noticed only when all it wrote has been read."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    with suppress(TimeoutError, OSError):
        async with asyncio.timeout(limit_s):
            while await process.stdout.read(_CHUNK):
                pass
            await process.wait()
