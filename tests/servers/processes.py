"""Starts servers for tests and makes sure that none outlives them."""

import contextlib
import ctypes
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1


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


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, deadline: float) -> None:
    while not ready():
        ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            what = f"ended with exit code {process.returncode}" if ended else "did not become ready"
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
            raise NotReadyError(f"{process.args!r} {what}:\n{tail}")
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes], stop: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(stop)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
