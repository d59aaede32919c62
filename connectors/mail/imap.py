"""A login to an IMAP server for one piece of work, in a thread, with a deadline that holds.

IMAPClient (on the standard library's imaplib) reads what servers say; it blocks, so it has threads of its own, and it
takes lines and literals of any size, so what it reads is counted here.
"""

import asyncio
import imaplib
import logging
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from imapclient import IMAPClient
from imapclient.exceptions import CapabilityError
from imapclient.exceptions import LoginError as RefusedLogin

from cauce.errors import LoginError, PermanentError, RemoteError, TransientError
from connectors.mail.settings import Imap

T = TypeVar("T")
# It writes every line of the conversation at this level.
logging.getLogger("imapclient").setLevel(logging.INFO)
_most_threads: Final = 32
_overhead: Final = 2_000_000
# Codes of RFC 5530 that say: later.
_later = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")


def is_for_now(refusal: Exception) -> bool:
    """Say whether the server refused for a reason that passes."""
    said = str(refusal)
    return any(code in said for code in _later)


class TooMuchError(Exception):
    """The server sent more than it may."""


@dataclass(slots=True)
class Guard:
    """What one piece of work may take, and the way to end it from outside."""

    timeout_s: float
    left: int
    held: socket.socket | None = None
    cut_off: bool = False

    def hold(self, sock: socket.socket) -> None:
        """Remember the socket; one that comes after the end is ended at once."""
        self.held = sock
        if self.cut_off:
            self.cut()

    def take(self, size: int) -> None:
        """Count what was read, or is about to be."""
        self.left -= size
        if self.left < 0:
            raise TooMuchError

    def cut(self) -> None:
        """Break the conversation off, so that the thread ends."""
        self.cut_off = True
        if self.held is not None:
            with suppress(OSError):
                # Not the method of TLS sockets: that one changes what the other thread is reading from.
                socket.socket.shutdown(self.held, socket.SHUT_RDWR)


class _Wire(imaplib.IMAP4):
    def __init__(self, guard: Guard, server: Imap, tls: ssl.SSLContext | None) -> None:
        self._guard = guard
        self._tls = tls
        super().__init__(server.host, server.at, timeout=guard.timeout_s)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        sock = socket.create_connection((self.host, self.port), timeout)
        try:
            if self._tls is not None:
                secure = self._tls.wrap_socket(sock, server_hostname=self.host, do_handshake_on_connect=False)
                sock = secure
                self._guard.hold(sock)
                secure.do_handshake()
            else:
                self._guard.hold(sock)
        except BaseException:
            sock.close()
            raise
        return sock

    def read(self, size: int) -> bytes:
        self._guard.take(size)
        return super().read(size)

    def readline(self) -> bytes:
        try:
            line = super().readline()
        except imaplib.IMAP4.error as cause:
            raise TooMuchError from cause
        self._guard.take(len(line))
        return line


class _Client(IMAPClient):  # type: ignore[misc]  # the library has no annotations
    def __init__(self, guard: Guard, server: Imap, tls: ssl.SSLContext | None) -> None:
        self._guard = guard
        self._server = server
        self._context = tls if server.security == "tls" else None
        super().__init__(server.host, server.at, ssl=server.security == "tls", timeout=guard.timeout_s)

    def _create_IMAP4(self) -> _Wire:  # noqa: N802 (the library's name)
        return _Wire(self._guard, self._server, self._context)


@dataclass(slots=True)
class Mailboxes:
    """Does pieces of work on one IMAP server, each with a login of its own."""

    name: str
    server: Imap
    tls: ssl.SSLContext | None
    _threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_most_threads, thread_name_prefix="imap")
    )

    async def use(self, work: Callable[[Any], T], timeout_s: float, max_bytes: int, token: str | None) -> T:
        """Log in (with a token, if there is one), do the work, log out; raises `RemoteError` and nothing else."""
        guard = Guard(timeout_s, max_bytes + _overhead)
        future = self._threads.submit(self._do, guard, work, token)
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            problem = f"The IMAP server of {self.name} gave no answer within {timeout_s:g} s."
            raise TransientError(problem, hint="Is it running?", remote_code="connection") from None
        finally:
            guard.cut()

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _do(self, guard: Guard, work: Callable[[Any], T], token: str | None) -> T:
        try:
            with _Client(guard, self.server, self.tls) as client:
                if self.server.security == "starttls":
                    client.starttls(self.tls)
                    guard.hold(client.socket())
                if token is None:
                    client.login(self.server.username, self.server.secret)
                else:
                    client.oauth2_login(self.server.username, token)
                return work(client)
        except RemoteError:
            raise
        except Exception as cause:
            raise self._failure(cause) from cause

    def _failure(self, cause: Exception) -> RemoteError:  # noqa: PLR0911 (one answer for each thing that goes wrong)
        server = f"The IMAP server of {self.name}"
        if isinstance(cause, TooMuchError):
            return PermanentError(f"{server} sent more than it may.", hint="Raise settings.max_bytes.")
        if isinstance(cause, ssl.SSLError):
            return TransientError(
                f"No secure connection to {self.server.host} could be made.",
                hint="Check its certificate, settings.ca_file, imap.security and imap.port.",
                remote_code="tls",
            )
        lost = cause.__context__ if isinstance(cause, RefusedLogin) else cause
        if isinstance(lost, imaplib.IMAP4.abort | OSError):
            problem = f"{server} could not be reached, or ended the conversation."
            return TransientError(problem, hint="Is it running?", remote_code="connection")
        said = str(cause)
        if is_for_now(cause):
            problem = f"{server} is not available now."
            return TransientError(problem, remote_code="unavailable", detail={"text": said})
        if isinstance(cause, RefusedLogin | UnicodeError):
            hint = "Check imap.username, imap.security, and imap.password or imap.oauth2."
            return LoginError(f"{server} refuses the login.", hint=hint, remote_code="login", detail={"text": said})
        if isinstance(cause, CapabilityError):
            return PermanentError(f"{server} cannot do this: {said}.", remote_code="capability")
        problem = f"{server} refuses, or says what cannot be understood."
        hint = "What it said is in the detail of this error."
        return PermanentError(problem, hint=hint, remote_code="refused", detail={"text": said})
