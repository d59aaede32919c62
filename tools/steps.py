"""How the set-up runs its steps: numbered, timed, skipped when nothing changed, and with errors that say what to do.

Only the standard library, and only syntax that an old Python reads: it must live to say that Python is too old.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
NATIVE = VENV / "native"
STAMPS = VENV / ".stamps"

# They wait for the network in turn; more would wait for the processor.
_AT_ONCE = 3
# How the network's absence reads in pip, npm and apt-get.
OFFLINE = (
    "Connection refused",
    "ConnectionError",
    "Could not resolve",
    "ECONNREFUSED",
    "EAI_AGAIN",
    "ENETUNREACH",
    "ENOTFOUND",
    "ETIMEDOUT",
    "Failed to establish a new connection",
    "Name or service not known",
    "NewConnectionError",
    "Network is unreachable",
    "ReadTimeoutError",
    "Temporary failure",
)


class SetupError(Exception):
    """The set-up cannot go on; the text says what to do."""


@dataclass(frozen=True)
class Step:
    """One step: skipped when its inputs are those of the last time and what it makes is still there.

    It begins when those that it comes `after` have ended, beside all others.
    """

    title: str
    name: str
    run: Callable[[], str | None]
    inputs: Callable[[], Iterable[Path | str]]
    made: Callable[[], bool]
    after: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """Hash the inputs: files by their content, anything else as it is."""
        digest = hashlib.sha256()
        for item in self.inputs():
            digest.update(item.read_bytes() if isinstance(item, Path) else item.encode())
            digest.update(b"\0")
        return digest.hexdigest()

    def is_done(self, fingerprint: str) -> bool:
        """Tell whether running the step again would change nothing."""
        stamp = STAMPS / self.name
        return stamp.is_file() and stamp.read_text() == fingerprint and self.made()


def run_all(steps: Sequence[Step]) -> None:
    """Run the steps that have something to do, several at a time, and say how far it is.

    Where one fails nothing more begins, and its error is raised when what is under way has ended.
    """
    heads = {step.name: f"[{number}/{len(steps)}] {step.title}" for number, step in enumerate(steps, start=1)}
    waiting, ended = list(steps), set[str]()
    running: dict[Future[None], str] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while waiting or running:
            ready = [step for step in waiting if ended.issuperset(step.after)]
            for step in ready[: _AT_ONCE - len(running)]:
                waiting.remove(step)
                running[pool.submit(_run, step, heads[step.name])] = step.name
            if not running:
                raise SetupError(f"Steps wait for each other: {', '.join(step.name for step in waiting)}.")
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                ended.add(running.pop(future))
                future.result()


def _run(step: Step, head: str) -> None:
    fingerprint = step.fingerprint() if STAMPS.is_dir() else ""
    if fingerprint and step.is_done(fingerprint):
        say(f"{head}: nothing to do")
        return
    say(f"{head} …")
    started = time.monotonic()
    note = step.run()
    STAMPS.mkdir(exist_ok=True)
    # Computed again: the step before may have made an input of this one.
    (STAMPS / step.name).write_text(step.fingerprint())
    say(f"{head}: {note or 'done'} ({time.monotonic() - started:.1f} s)")


def say(text: str) -> None:
    """Print a line at once, also into a pipe; on a terminal over the count that stands there."""
    # In one piece, because several steps may have something to say.
    print(f"\x1b[2K{text}\n" if sys.stdout.isatty() else f"{text}\n", end="", flush=True)


def command(
    arguments: Sequence[str | Path], *, source: str = "", cwd: Path = ROOT, on_line: Callable[[str], None] | None = None
) -> str:
    """Run a program and return what it printed; on failure say which source of packages did not answer."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    lines: list[str] = []
    with subprocess.Popen(
        [str(argument) for argument in arguments],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            lines.append(line)
            if on_line:
                on_line(line)
    printed = "".join(lines)
    if process.returncode == 0:
        return printed
    shown = " ".join(Path(str(argument)).name if n == 0 else str(argument) for n, argument in enumerate(arguments))
    tail = "".join(f"    {line}" for line in lines[-15:])
    if source and any(sign in printed for sign in OFFLINE):
        raise SetupError(f"{source} did not answer; check the network and the proxy settings.\n{tail}")
    raise SetupError(f"`{shown}` failed with exit code {process.returncode}:\n{tail}")


class Counter:
    """Shows how many of the pinned packages the installer has got to."""

    def __init__(self, total: int, every: int = 25) -> None:
        self.total = total
        self.every = 1 if sys.stdout.isatty() else every
        self.seen = 0
        self.one_by_one = Lock()  # two installers are counted together

    def __call__(self, line: str) -> None:
        """Take one line of the installer's output."""
        if line.startswith(("Collecting ", "Requirement already satisfied")):
            with self.one_by_one:
                self._count()
        elif line.startswith("Installing collected packages"):
            say("      installing")

    def _count(self) -> None:
        self.seen = min(self.seen + 1, self.total)
        if self.seen % self.every == 0 or self.seen == self.total:
            end = "\r" if sys.stdout.isatty() and self.seen < self.total else "\n"
            print(f"      {self.seen} of {self.total} packages looked up", end=end, flush=True)
