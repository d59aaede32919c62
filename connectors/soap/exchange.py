"""One request and its answer, and what can be said when the answer is none."""

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from cauce.errors import AmbiguousError, PermanentError, RemoteError, TransientError
from cauce.recording import tape


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part of an answer that came beside its envelope."""

    id: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(slots=True)
class Exchange:
    """One request and its answer, as far as they have come."""

    timeout_s: float
    writes: bool = False
    started: float = field(default_factory=monotonic)
    sent: bool = False
    aborted: bool = False
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    connection: Any = None
    attachments: list[Attachment] = field(default_factory=list)
    # Taken where the call begins: the thread that makes it does not know who records.
    recording: tape.Tape | None = field(default_factory=tape.current)

    @property
    def left_s(self) -> float:
        """Return the seconds left until the deadline."""
        return self.started + self.timeout_s - monotonic()

    def note(self, url: str, headers: Mapping[str, str], body: bytes, started: float) -> None:
        """Let a recording have what was sent and what came back; `started` is of the performance counter."""
        if self.recording is not None and not self.attachments:
            answer = tape.http_response(self.status, self.headers, self.content) if self.status else None
            self.recording.note(tape.http_request("POST", url, headers, body), answer, started)

    def abort(self) -> None:
        """Break the connection, from another thread: whatever reads from it stops."""
        self.aborted = True
        if (sock := getattr(self.connection, "sock", None)) is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def no_answer(self, server: str, why: str) -> RemoteError:
        """Return the error for an exchange that broke off."""
        if not self.sent:
            return TransientError(f"{server} could not be reached: {why}; nothing was sent.", hint="Is it running?")
        if self.writes:
            return AmbiguousError(f"{server} {why}; it may or may not have done the work.")
        return TransientError(f"{server} {why}.")

    def unreadable(self, problem: str, hint: str = "") -> RemoteError:
        """Return the error for an answer that came and says nothing: after a write, it may be done."""
        succeeded = 200 <= self.status < 300  # noqa: PLR2004 - 2xx
        kind = AmbiguousError if self.writes and succeeded else PermanentError
        return kind(problem, hint=hint, remote_code="unreadable", detail={"status": self.status})


@dataclass(frozen=True, slots=True)
class Answer:
    """What zeep reads of an answer."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    encoding: str = "utf-8"


def origin(url: str) -> str:
    """Return scheme, host and port only: the rest of a URL may hold a secret."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "") if parts.hostname else url


def judge(exchange: Exchange, server: str) -> None:
    """Raise for an answer that is not XML; what XML says is for others to read."""
    status, content = exchange.status, exchange.content
    if _is_xml(exchange) or (not content and 200 <= status < 300):  # noqa: PLR2004 - 2xx
        return
    raise for_status(exchange, server)


def for_status(exchange: Exchange, server: str) -> RemoteError:
    """Return what a status means when the answer itself says nothing."""
    status = exchange.status
    detail = {"status": status}
    if status in {408, 425, 429, 503}:
        return TransientError(f"{server} is busy (HTTP {status}).", remote_code=str(status), detail=detail)
    if status >= 500:  # noqa: PLR2004 - 5xx
        problem = f"{server} failed (HTTP {status}) and gave no SOAP answer"
        if exchange.writes:
            problem = f"{problem}; it may or may not have done the work."
            return AmbiguousError(problem, remote_code=str(status), detail=detail)
        return TransientError(f"{problem}.", remote_code=str(status), detail=detail)
    if 200 <= status < 300:  # noqa: PLR2004 - 2xx
        kind = exchange.headers.get("Content-Type", "nothing named").partition(";")[0]
        return exchange.unreadable(
            f"{server} answered with {kind} that is not XML.",
            "Check the address: a proxy or a login page may stand before the service.",
        )
    if status in {401, 403}:
        problem, hint = f"{server} refuses the login (HTTP {status}).", "Check username, password and security."
    elif status < 400:  # noqa: PLR2004 - 3xx
        problem, hint = f"{server} redirects (HTTP {status}), which is not followed.", "Set settings.address."
    else:
        problem, hint = f"{server} has no SOAP service there (HTTP {status}).", "Check settings.address and the WSDL."
    return PermanentError(problem, hint=hint, remote_code=str(status), detail=detail)


def _is_xml(exchange: Exchange) -> bool:
    head = exchange.content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if exchange.content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return True
    return head.startswith(b"<") and not head.startswith((b"<html", b"<!doctype html"))
