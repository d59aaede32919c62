"""Starts servers for tests and makes sure that none outlives them."""

import contextlib
import ctypes
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_guarded: list["_Guarded"] = []


class NotReadyError(Exception):
    """A server did not start; the text holds the end of its log."""


def free_port() -> int:
    """Return a port on loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(
    command: Sequence[str | Path],
    *,
    log: Path,
    ready: Callable[[], bool],
    seconds: float = 60,
    stop: signal.Signals = signal.SIGTERM,
    environment: Mapping[str, str] | None = None,
    user: int | None = None,
    group: int | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block is left; it has `seconds` to become ready."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the tests; the server stops after them
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - no threads of ours are running yet, and nothing else does it
        )
    try:
        _wait_until(ready, process, log, time.monotonic() + seconds)
        yield process
    finally:
        _end(process, stop)


@contextlib.contextmanager
def guarded(command: Sequence[str | Path], *, log: Path, ready: Callable[[], bool]) -> Iterator[None]:
    """Run a server that many tests share until the block is left; `mend` starts it again where it was."""
    with contextlib.ExitStack() as stack:

        def start() -> subprocess.Popen[bytes]:
            return stack.enter_context(running(command, log=log, ready=ready))

        server = _Guarded(start, log, start())
        _guarded.append(server)
        stack.callback(_guarded.remove, server)
        yield


def mend() -> list[str]:
    """Start again what ended by itself, so that not all tests after it fail, and return what each said last."""
    return [server.mend() for server in _guarded if server.process.poll() is not None]


@dataclass(slots=True, eq=False)
class _Guarded:
    start: Callable[[], subprocess.Popen[bytes]]
    log: Path
    process: subprocess.Popen[bytes]

    def mend(self) -> str:
        told = f"{self.process.args!r} ended by itself with exit code {self.process.returncode}:\n{_tail(self.log)}"
        self.process = self.start()
        return told


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, deadline: float) -> None:
    while not ready():
        ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            what = f"ended with exit code {process.returncode}" if ended else "did not become ready"
            raise NotReadyError(f"{process.args!r} {what}:\n{_tail(log)}")
        time.sleep(0.05)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])


def _end(process: subprocess.Popen[bytes], stop: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(stop)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
