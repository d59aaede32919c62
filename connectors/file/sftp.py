"""A folder of a server that speaks SFTP; only the server whose keys the settings name is talked to."""

import asyncio
import contextlib
import posixpath
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from tempfile import SpooledTemporaryFile
from time import perf_counter
from typing import BinaryIO, Final, cast

import asyncssh

from cauce.connector import Probe
from cauce.errors import AmbiguousError, LoginError, RemoteError
from cauce.probes import reach
from connectors.file.login import connect, patience_s
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
from connectors.file.settings import Sftp

Way = tuple[str, ...]
_block: Final = 262_144
_in_memory: Final = 1_000_000
_regular: Final = asyncssh.FILEXFER_TYPE_REGULAR
_gone: Final = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)
_lost: Final = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.DisconnectError, OSError)


class Remote:
    """The files of a folder of an SFTP server, over one connection that is kept."""

    def __init__(self, name: str, folder: str, server: Sftp, max_bytes: int) -> None:
        self.name = name
        self.folder = folder
        self.server = server
        self.max_bytes = max_bytes
        self._lock = asyncio.Lock()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None
        self._base = ""

    async def files(self, folder: Way) -> list[Entry]:
        """Return the files of a folder."""
        path = self._path(folder)
        found = []
        with _explained(path):
            client, at = await self._at(folder)
            count = 0
            async for one in client.scandir(at):
                count += 1
                if count > most_names:
                    raise is_denied(path, f"has more than {most_names:,} names", "Move old files away.")
                if one.attrs.type == _regular:
                    found.append(_entry(str(one.filename), one.attrs))
        return found

    @asynccontextmanager
    async def opened(self, folder: Way, name: str) -> AsyncIterator[tuple[BinaryIO, Entry]]:
        """Fetch a file, as far as the limit allows, to read it here."""
        path = self._path(folder, name)
        with SpooledTemporaryFile(max_size=_in_memory) as copy:
            with _explained(path):
                client, at = await self._at(folder)
                file = posixpath.join(at, name)
                if (await client.lstat(file)).type != _regular:
                    raise is_denied(path, "is not a file")
                async with client.open(file, "rb") as stream:
                    entry = _entry(name, await stream.stat())
                    size = entry.size
                    while size <= self.max_bytes and (block := await stream.read(_block)):
                        size = copy.tell() + copy.write(cast("bytes", block))
                if size > self.max_bytes:
                    raise is_too_large(path, self.max_bytes)
            copy.seek(0)
            yield cast("BinaryIO", copy), entry

    async def put(self, folder: Way, name: str, content: BinaryIO, attempt: Attempt, *, replace: bool) -> None:
        """Write a file under another name, and rename it when it is complete."""
        path = self._path(folder, name)
        with _explained(path):
            client, at = await self._at(folder, make=True)
            draft = posixpath.join(at, draft_of(name, secrets.token_hex(8)))
            try:
                async with client.open(draft, "xb") as stream:
                    while block := content.read(_block):
                        await stream.write(block)
                await self._rename(client, (draft, posixpath.join(at, name)), attempt, replace=replace)
            except BaseException:
                with contextlib.suppress(asyncssh.Error, OSError):
                    async with asyncio.timeout(1):
                        await client.remove(draft)
                raise

    async def move(self, source: tuple[Way, str], target: tuple[Way, str], attempt: Attempt) -> bool:
        """Move a file to where there is none yet."""
        path = self._path(*source)
        with _explained(path):
            client, at = await self._at(source[0])
            _, into = await self._at(target[0], make=True)
            old, new = posixpath.join(at, source[1]), posixpath.join(into, target[1])
            before, after = await _status(client, old), await _status(client, new)
            if before is None:
                if after is None:
                    raise is_missing(path)
                return False
            if before.type != _regular:
                raise is_denied(path, "is not a file")
            if after is not None:
                raise is_there(self._path(*target))
            await self._rename(client, (old, new), attempt, replace=False)
        return True

    async def check(self) -> list[Probe]:
        """Reach the server, know it by its key, log in, and list the folder."""
        probes = await reach(self.server.host, self.server.port)
        if not probes[-1].ok:
            return probes
        started = perf_counter()
        known = Probe("host-key", ok=True, sentence="The server has the key of the settings.")
        try:
            await self._open()
        except LoginError as error:
            return [*probes, known, Probe("login", ok=False, sentence=str(error))]
        except RemoteError as error:
            if self._connection is None:
                return [*probes, Probe("host-key", ok=False, sentence=str(error))]
            return [*probes, known, Probe("sftp", ok=False, sentence=str(error))]
        took = (perf_counter() - started) * 1000
        said = f"{self.server.username} is logged in."
        probes += [known, Probe("login", ok=True, sentence=said, milliseconds=took)]
        try:
            async with asyncio.timeout(patience_s):
                count = len(await self.files(()))
        except (RemoteError, TimeoutError) as error:
            sentence = str(error) or f"{self.folder} was not listed in {patience_s:g} s; is the server overloaded?"
            return [*probes, Probe("folder", ok=False, sentence=sentence)]
        return [*probes, Probe("folder", ok=True, sentence=f"{self.folder} can be read: files: {count}.")]

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.close()
            with contextlib.suppress(TimeoutError, OSError, asyncssh.Error):
                async with asyncio.timeout(1):
                    await connection.wait_closed()

    async def _rename(
        self, client: asyncssh.SFTPClient, names: tuple[str, str], attempt: Attempt, *, replace: bool
    ) -> None:
        """Rename; from here on it may be done although nobody answers."""
        old, new = names
        if not replace and await _status(client, new) is not None:
            raise is_there(posixpath.relpath(new, self._base))
        attempt.begin()
        try:
            if replace:
                await client.posix_rename(old, new)
            else:
                await client.rename(old, new)
        except asyncssh.SFTPOpUnsupported as cause:
            problem = "cannot be written over: the server does not replace a file in one step"
            raise is_denied(posixpath.relpath(new, self._base), problem, "Move the old file away first.") from cause
        except _lost as cause:
            raise AmbiguousError(
                f"{self.name} was told to give a file its name, and did not answer.",
                hint="Look whether the file is there.",
                remote_code="lost",
            ) from cause

    async def _at(self, folder: Way, *, make: bool = False) -> tuple[asyncssh.SFTPClient, str]:
        """Return the client and the path of a folder, which must not lead through links."""
        client = await self._open()
        path = self._base
        for part in folder:
            path = posixpath.join(path, part)
            if make and await _status(client, path) is None:
                with contextlib.suppress(asyncssh.SFTPFileAlreadyExists, asyncssh.SFTPFailure):
                    await client.mkdir(path)
        if folder and str(await client.realpath(path)) != path:
            raise is_denied(self._path(folder), "leads through a link", "Write the real folder.")
        return client, path

    async def _open(self) -> asyncssh.SFTPClient:
        """Return the client, connecting when there is none or it was lost."""
        async with self._lock:
            if self._client is not None and self._connection is not None and not self._connection.is_closed():
                return self._client
            await self.close()
            self._connection = await connect(self.name, self.server)
            with _explained(self.folder):
                self._client = await self._connection.start_sftp_client()
                self._base = str(await self._client.realpath(self.folder))
            return self._client

    def _path(self, folder: Way, name: str = "") -> str:
        return "/".join((*folder, name)) if name or folder else self.folder


def _entry(name: str, known: asyncssh.SFTPAttrs) -> Entry:
    return Entry(name, known.size or 0, int(known.mtime or 0) * 10**9 + (known.mtime_ns or 0))


async def _status(client: asyncssh.SFTPClient, path: str) -> asyncssh.SFTPAttrs | None:
    try:
        return await client.lstat(path)
    except _gone:
        return None


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Turn what the server refused into an error that says what to do."""
    try:
        yield
    except _gone:
        raise is_missing(path) from None
    except asyncssh.SFTPFileAlreadyExists:
        raise is_there(path) from None
    except (asyncssh.SFTPPermissionDenied, asyncssh.SFTPWriteProtect) as cause:
        raise is_denied(path, "may not be used by this login", "Change its rights at the server.") from cause
    except _lost as cause:
        raise is_broken(path, "the connection was lost") from cause
    except asyncssh.Error as cause:
        raise is_broken(path, "the server refused without a reason") from cause
