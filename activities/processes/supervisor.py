"""Starts a process in a cell, feeds it, reads what it prints, and ends it with all that it started."""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from cauce.contract import JSON
from cauce.errors import SettingsError, TooLargeError

_CELL: Final = Path(__file__).with_name("cell.py")
# What a command may see of the machine; never the places where secrets, stores and people's files are.
_SYSTEM: Final = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"),
    *("/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime"),
)
_CHUNK: Final = 65_536
_LOOK_S: Final = 0.01
_EXCEEDED: Final = {
    "memory": "more memory than the {memory_mb} MB",
    "cpu": "more computing time than the {cpu_s} s",
    "files": "more room for files than the {files_mb} MB",
    "processes": "more processes than the {processes}",
    "output": "more output than the {output_bytes} bytes",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process may use, with all that it starts."""

    seconds: float = 60
    cpu_s: int = 30
    memory_mb: int = 512
    files_mb: int = 64
    processes: int = 64
    output_bytes: int = 1_000_000

    def exceeded(self, which: str) -> TooLargeError:
        """Return the error of a process that wanted more."""
        given = {name: getattr(self, name) for name in self.__slots__}
        return TooLargeError(
            f"The process needs {_EXCEEDED[which].format(**given)} that it may have.",
            hint="Let it do less, or have the operator raise the limit: the settings CAUCE_RUN_….",
        )


@dataclass(frozen=True, slots=True)
class Job:
    """One command; `files` are put where it can read them, `shown` is what it sees besides the system.

    A step of the command that is the name of one of the files becomes its path.
    """

    command: Sequence[str]
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    stdin: str = ""
    shown: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended."""

    code: int
    stdout: str
    stderr: str


async def run(job: Job, limits: Limits, *, confined: bool, begun: asyncio.Event | None = None) -> Ended:
    """Run a job to its end.

    Raises:
        TimeoutError: It took too long, and was ended.
        TooLargeError: It wanted more than it may have, and was ended.
        SettingsError: It could not be started, or not be shut in.
    """
    async with _folder(confined=confined) as folder, asyncio.timeout(limits.seconds):
        order = _order(job, limits, folder, confined=confined)
        async with _started(order) as (process, report):
            feeding = asyncio.create_task(_feed(process, job.stdin.encode(errors="replace")))
            reading = [asyncio.create_task(each) for each in _readers(process, limits)]
            try:
                if begun is not None:
                    await _begin(process, report, begun)
                stdout, stderr = await asyncio.gather(*reading)
                await process.wait()
            finally:
                for task in (feeding, *reading):
                    task.cancel()
                await asyncio.gather(feeding, *reading, return_exceptions=True)
            return _ended(report, limits, stdout, stderr)


async def _begin(process: asyncio.subprocess.Process, report: BinaryIO, begun: asyncio.Event) -> None:
    """Tell that the command itself runs; not, when it could not be started."""
    # A file tells nobody that it was written to.
    while process.returncode is None and not os.fstat(report.fileno()).st_size:  # noqa: ASYNC110 - a file has no event
        await asyncio.sleep(_LOOK_S)
    said = _said(report)
    if "begun" in said and "unstartable" not in said:
        begun.set()


def _order(job: Job, limits: Limits, folder: str, *, confined: bool) -> dict[str, JSON]:
    where = "/" if confined else folder
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": folder,
        "TMPDIR": folder,
        "LANG": "C.UTF-8",
        **job.environment,
    }
    return {
        "confined": confined,
        "system": [*(each for each in _SYSTEM if os.path.lexists(each)), *job.shown],
        "folder": folder,
        "files": dict(job.files),
        "command": [str(Path(where, step)) if step in job.files else step for step in job.command],
        "environment": environment,
        "limits": {
            "memory": limits.memory_mb << 20,
            "files": limits.files_mb << 20,
            "cpu_s": limits.cpu_s,
            # Elsewhere the kernel counts all processes of the user.
            **({"processes": limits.processes} if confined else {}),
        },
    }


@asynccontextmanager
async def _folder(*, confined: bool) -> AsyncIterator[str]:
    """Give out an empty folder; in a cell it is one that only exists there."""
    if confined:
        yield "/tmp"  # noqa: S108 - of the cell's own
        return
    folder = tempfile.mkdtemp(prefix="cauce-run-")
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


@asynccontextmanager
async def _started(order: Mapping[str, JSON]) -> AsyncIterator[tuple[asyncio.subprocess.Process, BinaryIO]]:
    """Start a cell with an order; nothing of it is left behind. What it reports is in the file given out."""
    with tempfile.TemporaryFile() as wanted, tempfile.TemporaryFile() as report:
        wanted.write(json.dumps(order).encode())
        wanted.seek(0)
        descriptors = [wanted.fileno(), report.fileno()]
        process = await asyncio.create_subprocess_exec(
            *[sys.executable, "-I", "-S", str(_CELL), *map(str, descriptors), str(os.getpid())],
            env={},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            pass_fds=descriptors,
        )
        try:
            yield process, report
        finally:
            await _end(process, signal.SIGKILL if order["confined"] else signal.SIGTERM)


async def _end(process: asyncio.subprocess.Process, how: signal.Signals) -> None:
    """End a cell. One that is shut in dies with its first process; the other one has to end what it started."""
    with suppress(ProcessLookupError):
        process.send_signal(how)
    # Nobody reads them any more, and a pipe that is full would never be seen to end.
    transport = process._transport  # type: ignore[attr-defined]  # noqa: SLF001 - the only way to its pipes
    for number in range(3):
        if (pipe := transport.get_pipe_transport(number)) is not None:
            pipe.close()
    await process.wait()


async def _feed(process: asyncio.subprocess.Process, data: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - we asked for a pipe
    with suppress(BrokenPipeError, ConnectionResetError):  # it need not read what it is given
        process.stdin.write(data)
        await process.stdin.drain()
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.close()
        await process.stdin.wait_closed()


def _readers(process: asyncio.subprocess.Process, limits: Limits) -> list[Coroutine[None, None, str]]:
    left = limits.output_bytes

    async def read(stream: asyncio.StreamReader | None) -> str:
        nonlocal left
        assert stream is not None  # noqa: S101 - we asked for a pipe
        chunks = []
        while chunk := await stream.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise limits.exceeded("output")
            chunks.append(chunk)
        return b"".join(chunks).decode("utf-8", "replace")

    return [read(process.stdout), read(process.stderr)]


def _ended(report: BinaryIO, limits: Limits, stdout: str, stderr: str) -> Ended:
    said = _said(report)
    if "refused" in said:
        raise SettingsError(
            f"This machine lets no process be shut in: {said['refused']}.",
            hint="Linux 5.12 with user namespaces does. The operator can let processes run with all that the worker "
            "can reach: CAUCE_ALLOW_RUN_UNCONFINED=true.",
        )
    if "unstartable" in said:
        raise SettingsError(f"The process could not be started: {said['unstartable']}.")
    if "exceeded" in said:
        raise limits.exceeded(said["exceeded"])
    if "code" not in said:
        # Whoever ended the watcher did so from outside; as a rule it is the kernel, when memory runs out.
        raise limits.exceeded("memory")
    return Ended(said["code"], stdout, stderr)


def _said(report: BinaryIO) -> dict[str, JSON]:
    # Without moving: the cell writes where this file stands.
    lines = os.pread(report.fileno(), _CHUNK, 0).splitlines()
    return {key: value for line in lines for key, value in json.loads(line).items()}
