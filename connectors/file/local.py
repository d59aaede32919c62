"""A folder of this machine, within those that the operator allows.

The way to a file is gone step by step with open folders in hand, and no step may be a link: what is checked is what is
opened, whoever changes the folders meanwhile.
"""

import asyncio
import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import PurePosixPath
from time import perf_counter
from typing import BinaryIO, Final

from cauce import settings as environment
from cauce.connector import Probe
from cauce.errors import PermanentError, RemoteError, SettingsError
from connectors.file.place import (
    Attempt,
    Entry,
    draft_of,
    is_broken,
    is_denied,
    is_missing,
    is_there,
    is_too_large,
    most_names,
)

_a_folder: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_to_read: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_to_write: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_no_links_there: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
Way = tuple[str, ...]


class Local:
    """The files of a folder of this machine."""

    def __init__(self, folder: str, max_bytes: int) -> None:
        self.folder = PurePosixPath(folder)
        self.max_bytes = max_bytes

    async def files(self, folder: Way) -> list[Entry]:
        """Return the files of a folder."""
        return await asyncio.to_thread(self._files, folder)

    @asynccontextmanager
    async def opened(self, folder: Way, name: str) -> AsyncIterator[tuple[BinaryIO, Entry]]:
        """Open a file to read."""
        stream, entry = await asyncio.to_thread(self._open, folder, name)
        with stream:
            yield stream, entry

    async def put(self, folder: Way, name: str, content: BinaryIO, attempt: Attempt, *, replace: bool) -> None:
        """Write a file under another name, and give it its own when it is complete and on the disk."""
        await asyncio.to_thread(self._put, folder, name, content, attempt, replace=replace)

    async def move(self, source: tuple[Way, str], target: tuple[Way, str], attempt: Attempt) -> bool:
        """Move a file to where there is none yet."""
        return await asyncio.to_thread(self._move, source, target, attempt)

    async def check(self) -> list[Probe]:
        """Look whether the folder is allowed, and can be listed."""
        return await asyncio.to_thread(self._check)

    async def close(self) -> None:
        """Do nothing: no file stays open between two calls."""

    def _files(self, folder: Way) -> list[Entry]:
        found = []
        with _explained(self._path(folder)), self._at(folder) as at, os.scandir(at) as entries:
            for index, one in enumerate(entries):
                if index == most_names:
                    raise is_denied(self._path(folder), f"has more than {most_names:,} names", "Move old files away.")
                # A file may be gone between its name and its size.
                with contextlib.suppress(FileNotFoundError):
                    known = one.stat(follow_symlinks=False)
                    if stat.S_ISREG(known.st_mode):
                        found.append(Entry(one.name, known.st_size, known.st_mtime_ns))
        return found

    def _open(self, folder: Way, name: str) -> tuple[BinaryIO, Entry]:
        path = self._path(folder, name)
        with _explained(path), self._at(folder) as at:
            handle = os.open(name, _to_read, dir_fd=at)
        known = os.fstat(handle)
        problem = None
        if not stat.S_ISREG(known.st_mode):
            problem = is_denied(path, "is not a file")
        elif known.st_size > self.max_bytes:
            problem = is_too_large(path, self.max_bytes)
        if problem is not None:
            os.close(handle)
            raise problem
        return os.fdopen(handle, "rb"), Entry(name, known.st_size, known.st_mtime_ns)

    def _put(self, folder: Way, name: str, content: BinaryIO, attempt: Attempt, *, replace: bool) -> None:
        draft = draft_of(name, secrets.token_hex(8))
        with _explained(self._path(folder, name)), self._at(folder, make=True) as at:
            try:
                with os.fdopen(os.open(draft, _to_write, 0o660, dir_fd=at), "wb") as stream:
                    shutil.copyfileobj(content, stream)
                    stream.flush()
                    os.fsync(stream.fileno())
                attempt.begin()
                if replace:
                    os.replace(draft, name, src_dir_fd=at, dst_dir_fd=at)
                else:
                    _give_name(at, draft, at, name)
            finally:
                with contextlib.suppress(OSError):
                    os.unlink(draft, dir_fd=at)
            with contextlib.suppress(OSError):  # it is there already; whether its name is on the disk yet is no error
                os.fsync(at)

    def _move(self, source: tuple[Way, str], target: tuple[Way, str], attempt: Attempt) -> bool:
        path = self._path(*source)
        with _explained(path), self._at(source[0]) as old, self._at(target[0], make=True) as new:
            before, after = _status(old, source[1]), _status(new, target[1])
            if before is None:
                if after is None:
                    raise is_missing(path)
                return False
            if not stat.S_ISREG(before.st_mode):
                raise is_denied(path, "is not a file")
            attempt.begin()
            if after is not None and os.path.samestat(before, after) and before.st_nlink > 1:
                os.unlink(source[1], dir_fd=old)  # an earlier attempt came half-way
            else:
                with _explained(self._path(*target)):
                    _give_name(old, source[1], new, target[1])
        return True

    def _check(self) -> list[Probe]:
        started = perf_counter()
        try:
            self._allowed()
        except (RemoteError, SettingsError) as error:
            return [Probe("allowed", ok=False, sentence=str(error))]
        probes = [Probe("allowed", ok=True, sentence=f"{self.folder} is within CAUCE_FILE_FOLDERS.")]
        try:
            count = len(self._files(()))
        except RemoteError as error:
            return [*probes, Probe("folder", ok=False, sentence=str(error))]
        took = (perf_counter() - started) * 1000
        return [*probes, Probe("folder", ok=True, sentence=f"It can be read: files: {count}.", milliseconds=took)]

    def _allowed(self) -> tuple[str, Way]:
        """Return the allowed folder that this one is in, and the way from there."""
        for root in environment.load().file_folders:
            if self.folder.is_relative_to(root):
                return str(root), self.folder.relative_to(root).parts
        raise is_denied(
            str(self.folder),
            "is not within the folders that this environment allows",
            "The operator names them in CAUCE_FILE_FOLDERS, separated by commas.",
        )

    @contextmanager
    def _at(self, folder: Way, *, make: bool = False) -> Iterator[int]:
        """Open a folder, step by step; `make` makes those below the connection's own."""
        root, inner = self._allowed()
        at = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for step, part in enumerate((*inner, *folder)):
                if make and step >= len(inner):
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, 0o770, dir_fd=at)
                below = os.open(part, _a_folder, dir_fd=at)
                os.close(at)
                at = below
            yield at
        finally:
            os.close(at)

    def _path(self, folder: Way, name: str = "") -> str:
        return "/".join((*folder, name)) if name or folder else str(self.folder)


def _give_name(old: int, draft: str, new: int, name: str) -> None:
    """Give a file its name unless another has it; in one step where the disk knows links."""
    try:
        os.link(draft, name, src_dir_fd=old, dst_dir_fd=new, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _no_links_there:
            raise
        if _status(new, name) is not None:
            raise FileExistsError(errno.EEXIST, "exists") from None
        os.rename(draft, name, src_dir_fd=old, dst_dir_fd=new)
    else:
        os.unlink(draft, dir_fd=old)


def _status(at: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=at, follow_symlinks=False)
    except FileNotFoundError:
        return None


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Turn what the system refused into an error that says what to do."""
    try:
        yield
    except FileNotFoundError:
        raise is_missing(path) from None
    except FileExistsError:
        raise is_there(path) from None
    except PermissionError as cause:
        raise is_denied(path, "may not be used by the account that Cauce runs as", "Change its rights.") from cause
    except OSError as cause:
        raise _refused(path, cause) from cause


def _refused(path: str, cause: OSError) -> RemoteError:
    if cause.errno in {errno.ELOOP, errno.ENOTDIR}:
        return is_denied(path, "leads through a link, or through what is no folder", "Write the real folder.")
    if cause.errno in {errno.EXDEV, errno.EISDIR}:
        return is_denied(path, "cannot be moved there: it is a folder, or on another disk")
    if cause.errno == errno.ENAMETOOLONG:
        return PermanentError("The name is too long.", where=path, remote_code="params")
    return is_broken(path, (cause.strerror or "no reason given").lower())
