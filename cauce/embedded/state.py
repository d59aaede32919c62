"""Who runs a stack in a data directory and where its parts are: `stack.json`, and the lock that makes it true.

The file alone proves nothing, as a killed stack leaves it behind; the lock does, as the kernel lets go of it.
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from cauce.embedded.child import ChildState
from cauce.errors import ConflictError, SettingsError


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts of a stack listen."""

    temporal: str
    api: str
    temporal_ui: str | None = None


@dataclass(frozen=True, slots=True)
class StackFile:
    """What `stack.json` says."""

    pid: int
    started_at: float
    ready: bool
    addresses: Addresses
    children: tuple[ChildState, ...] = ()


def write(data_dir: Path, state: StackFile) -> None:
    """Replace `stack.json` in one step, readable by its owner only."""
    path = data_dir / "stack.json"
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(state), file, indent=1)
    fresh.replace(path)


def last(data_dir: Path) -> StackFile | None:
    """Return what the last stack in `data_dir` wrote, running or not."""
    try:
        data = json.loads((data_dir / "stack.json").read_text("utf-8"))
        children = tuple(ChildState(**child) for child in data.pop("children"))
        return StackFile(addresses=Addresses(**data.pop("addresses")), children=children, **data)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def running(data_dir: Path) -> StackFile | None:
    """Return the stack that runs in `data_dir` now; `None` when none does."""
    try:
        descriptor = os.open(data_dir / "stack.lock", os.O_RDWR)
    except OSError:
        return None
    try:
        # Shared, so that two who only look do not see each other.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return last(data_dir)
    finally:
        os.close(descriptor)
    return None


@contextlib.contextmanager
def hold(data_dir: Path) -> Iterator[None]:
    """Be the only stack in `data_dir`.

    Raises:
        ConflictError: Another one runs there.
        SettingsError: Nothing can be written there.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(data_dir / "stack.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SettingsError(
            f"{data_dir} cannot be used as the data directory: {error.strerror}.",
            hint="Name another with --data-dir or CAUCE_DATA_DIR.",
        ) from error
    try:
        if not _locked(descriptor):
            other = last(data_dir)
            who = f" (process {other.pid})" if other else ""
            raise ConflictError(
                f"A stack is already running in {data_dir}{who}.",
                hint="Look at it with 'cauce status', stop it with 'cauce down', or name another --data-dir.",
            )
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    # Tried for a moment: `running` holds the lock too, for the time of one look.
    for _ in range(5):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False
