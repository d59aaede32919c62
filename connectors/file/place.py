"""What a place of files can do, wherever it is; and the errors that all places give."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Final, Protocol

from cauce.connector import JSON, Probe
from cauce.errors import BusinessError, PermanentError, TransientError

most_names: Final = 100_000
missing: Final = "missing"
exists: Final = "exists"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: its name in its folder, its size, and when it was last written."""

    name: str
    size: int
    modified_ns: int

    @property
    def version(self) -> str:
        """Return what differs when the file has been written again."""
        return f"{self.size}-{self.modified_ns}"

    def as_data(self) -> JSON:
        """Return it as JSON data."""
        # In whole seconds and from whole numbers: a float would give another time on another machine.
        modified = datetime.fromtimestamp(self.modified_ns // 10**9, UTC)
        return {"name": self.name, "size": self.size, "modified": modified.isoformat().replace("+00:00", "Z")}


@dataclass(slots=True)
class Attempt:
    """One write: whether its last step was begun, and whether anybody still waits for it."""

    begun: bool = False
    abandoned: bool = False

    def begin(self) -> None:
        """Begin the last step, after which others see what was done; not when nobody waits any longer."""
        # In this order: whoever abandons it afterwards sees that it was begun, and otherwise it is not done.
        self.begun = True
        if self.abandoned:
            raise TransientError("The time is over.", hint="Nothing was done.", remote_code="timeout")


class Place(Protocol):
    """A folder with files; `folder` is always the way from it, and no link is ever followed."""

    async def files(self, folder: tuple[str, ...]) -> list[Entry]:
        """Return the files of a folder, without other folders and links."""

    def opened(self, folder: tuple[str, ...], name: str) -> AbstractAsyncContextManager[tuple[BinaryIO, Entry]]:
        """Open a file to read."""

    async def put(
        self, folder: tuple[str, ...], name: str, content: BinaryIO, attempt: Attempt, *, replace: bool
    ) -> None:
        """Write a file that nobody sees before it is complete."""

    async def move(
        self, source: tuple[tuple[str, ...], str], target: tuple[tuple[str, ...], str], attempt: Attempt
    ) -> bool:
        """Move a file to where there is none yet; False when it was moved before."""

    async def check(self) -> list[Probe]:
        """Test, in stages, whether the folder can be reached and listed."""

    async def close(self) -> None:
        """Let go of what is held."""


def draft_of(name: str, token: str) -> str:
    """Return the name under which a file is written before it is complete."""
    return f".{name[:100]}.{token}.part"


def is_missing(path: str) -> BusinessError:
    """Return the error of a file that is not there."""
    return BusinessError(f"There is no file {path}.", hint="It may not have come yet.", remote_code=missing)


def is_there(path: str) -> BusinessError:
    """Return the error of a file that would be written over."""
    return BusinessError(
        f"There is a file {path} already, with other content.",
        hint="Choose another name, or write over it with replace: true in `request`.",
        remote_code=exists,
    )


def is_denied(path: str, why: str, hint: str = "") -> PermanentError:
    """Return the error of a file that must not be touched."""
    return PermanentError(f"{path} {why}.", hint=hint, remote_code="denied")


def is_too_large(path: str, most: int) -> PermanentError:
    """Return the error of a file beyond the limit."""
    return PermanentError(
        f"{path} is larger than {most:,} bytes.", hint="Raise max_bytes in the settings.", remote_code="too-large"
    )


def is_broken(path: str, why: str) -> TransientError:
    """Return the error of a disk or server that does not do now what it should."""
    return TransientError(f"{path} could not be reached: {why}.", hint="Nothing was done.", remote_code="io")
