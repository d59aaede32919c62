"""What goes over the wire during one call: connectors note it here, and pay nothing while nobody records.

Credentials never come in: of the headers only those named here are taken, of an address only path and query.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

JSON = Any
most_entries: Final = 20
# Of everything else nobody knows what it holds: logins, cookies, tokens of a gateway.
_headers: Final = frozenset(
    {"content-type", "soapaction", "accept-language", "content-language", "retry-after", "location", "etag"}
)
_texts: Final = ("text/", "application/xml", "application/x-www-form-urlencoded")
_current: ContextVar["Tape | None"] = ContextVar("tape", default=None)


@dataclass(slots=True)
class Tape:
    """The exchanges of one call, in their order."""

    wire: list[JSON] = field(default_factory=list)
    lost: int = 0

    def note(self, request: JSON, response: JSON, started: float) -> None:
        """Keep one exchange; `response` is None when no answer came."""
        if len(self.wire) >= most_entries:
            self.lost += 1
            return
        took_ms = round((perf_counter() - started) * 1000, 1)
        self.wire.append({"request": request, "response": response, "tookMs": took_ms})


def current() -> Tape | None:
    """Return the tape that runs for this call; None while nobody records."""
    return _current.get()


@contextmanager
def running() -> Iterator[Tape]:
    """Let a tape run for what is called inside."""
    tape = Tape()
    token = _current.set(tape)
    try:
        yield tape
    finally:
        _current.reset(token)


def http_request(
    method: str, url: str, headers: Mapping[str, str], body: JSON, query: Mapping[str, JSON] | None = None
) -> JSON:
    """Return a request as it is kept; `body` is data, text or bytes."""
    parts = urlsplit(url)
    several = {name: value if isinstance(value, list) else [value] for name, value in (query or {}).items()}
    pairs = [(name, _shown(each)) for name, values in several.items() for each in values if each is not None]
    asked = "&".join(filter(None, [parts.query, urlencode(pairs)]))
    path = (parts.path or "/") + (f"?{asked}" if asked else "")
    return {"method": method.upper(), "path": path, "headers": _kept(headers), "body": _body(headers, body)}


def http_response(status: int, headers: Mapping[str, str], body: bytes) -> JSON:
    """Return an answer as it is kept."""
    return {"status": status, "headers": _kept(headers), "body": _body(headers, body)}


def _shown(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    kept = {name.lower(): value for name, value in headers.items() if name.lower() in _headers}
    if "location" in kept:
        parts = urlsplit(kept["location"])
        kept["location"] = parts._replace(scheme="", netloc="").geturl()
    return kept


def _body(headers: Mapping[str, str], body: JSON) -> JSON:
    """Return a body by what it is: `json` for data, `text`, or `base64` for anything else."""
    if body is None or body == b"":
        return None
    if not isinstance(body, bytes):
        return {"text": body} if isinstance(body, str) else {"json": body}
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    media = kind.partition(";")[0].strip().lower()
    if media == "application/json" or media.endswith(("+json", "+xml")) or media.startswith(_texts):
        try:
            return {"text": body.decode(_charset(kind))}
        except (UnicodeDecodeError, LookupError):
            pass
    return {"base64": base64.b64encode(body).decode()}


def _charset(kind: str) -> str:
    _, found, charset = kind.lower().partition("charset=")
    return charset.partition(";")[0].strip(" \"'") if found else "utf-8"
