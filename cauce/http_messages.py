"""What an HTTP exchange is about: the request with its limits, the answer, and what its status means."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ssl import SSLContext
from typing import Any, Final, Literal

from yarl import URL

from cauce.connector import JSON, Effect
from cauce.errors import AmbiguousError, BusinessError, PermanentError, RemoteError, TransientError

Output = Literal["raw", "content", "response"]

secret_headers: Final = {"authorization", "proxy-authorization", "cookie", "x-api-key"}
_safe_methods: Final = {"GET", "HEAD", "OPTIONS"}
_busy_statuses: Final = {408, 425, 429, 503}
_business_statuses: Final = {409, 422}


@dataclass(frozen=True, slots=True)
class Policy:
    """Which addresses may be called.

    `hosts` (names, or names with a port) limits them to those; `private` allows addresses that are not of the public
    internet, which is what a company's own systems have and a URL from outside must not reach. `stand_ins` maps hosts
    (names, or names with a port) to the addresses of servers that answer in their place, for trying things out.
    """

    private: bool = True
    hosts: frozenset[str] | None = None
    stand_ins: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request, with the limits of its exchange; `body` is JSON data, text or bytes.

    `digest` is the name and password with which a challenge of digest authentication is answered, `ntlm` those with
    which a connection of its own is logged in.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, JSON] = field(default_factory=dict)
    body: JSON = None
    timeout_s: float = 30.0
    max_bytes: int = 10_000_000
    max_redirects: int = 0
    policy: Policy = field(default_factory=Policy)
    effect: Effect | None = None
    tls: SSLContext | bool = True
    digest: tuple[str, str] | None = field(default=None, repr=False)
    ntlm: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def writes(self) -> bool:
        """Say whether an exchange without an answer leaves it open what was done."""
        return self.effect == "write" if self.effect else self.method.upper() not in _safe_methods


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer of any status, with its body read."""

    request: HttpRequest
    status: int
    headers: Mapping[str, str]
    body: bytes
    charset: str | None = None

    @property
    def media_type(self) -> str:
        """Return the media type without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def content(self) -> JSON:
        """Return the body as what its media type says: JSON data, text, or base64 of anything else; None when empty."""
        if not self.body:
            return None
        if self.media_type == "application/json" or self.media_type.endswith("+json"):
            try:
                return json.loads(self.body, parse_constant=_no_constant)
            except (ValueError, RecursionError) as cause:
                error = AmbiguousError if self.request.writes and self.ok else PermanentError
                raise error(
                    f"{server_of(self.request.url)} said its answer is JSON, and it is not.",
                    hint="Look at the answer in the system's own log.",
                    remote_code=str(self.status),
                ) from cause
        if self.media_type.startswith("text/") or self.media_type.endswith(("/xml", "+xml", "urlencoded")):
            return self._text()
        return base64.b64encode(self.body).decode()

    def output(self, kind: Output = "content") -> JSON:
        """Return the answer in one of the three forms that the process language knows."""
        if kind == "raw":
            return base64.b64encode(self.body).decode()
        if kind == "content":
            return self.content()
        shown = {k: v for k, v in self.request.headers.items() if k.lower() not in secret_headers}
        return {
            "request": {"method": self.request.method, "uri": self.request.url, "headers": shown},
            "statusCode": self.status,
            "headers": dict(self.headers),
            "content": self.content(),
        }

    @property
    def ok(self) -> bool:
        """Say whether the status is one of success."""
        return 200 <= self.status < 300  # noqa: PLR2004 - what 2xx means

    def retry_after_s(self) -> float | None:
        """Return how long the server asks to wait, in seconds."""
        text = self.headers.get("retry-after", "").strip()
        if text.isdigit():
            return float(text)
        try:
            return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
        except (ValueError, TypeError):
            return None

    def _text(self) -> str:
        try:
            return self.body.decode(self.charset or "utf-8", errors="replace")
        except LookupError:
            return self.body.decode("utf-8", errors="replace")


def failure(response: HttpResponse, *, redirects_are_fine: bool = False) -> RemoteError | None:
    """Return what an answer's status means as an error; None for success."""
    status, server = response.status, server_of(response.request.url)
    if response.ok or (redirects_are_fine and 300 <= status < 400):  # noqa: PLR2004 - 3xx
        return None
    detail: dict[str, JSON] = {"status": status}
    code = str(status)
    try:
        content = response.content()
    except RemoteError:
        content = None
    if content is not None:
        detail["body"] = content
    if isinstance(content, Mapping):
        code = _body_code(content) or code
    if status in _busy_statuses:
        if (wait_s := response.retry_after_s()) is not None:
            detail["retryAfter_s"] = wait_s
        return TransientError(f"{server} is busy (HTTP {status}).", remote_code=code, detail=detail)
    if status >= 500:  # noqa: PLR2004 - 5xx
        if response.request.writes:
            return AmbiguousError(
                f"{server} failed (HTTP {status}); it may or may not have done the work.",
                remote_code=code,
                detail=detail,
            )
        return TransientError(f"{server} failed (HTTP {status}).", remote_code=code, detail=detail)
    if status in _business_statuses:
        said = f"HTTP {status}" if code == str(status) else f"HTTP {status}, {code}"
        return BusinessError(f"{server} refused ({said}).", remote_code=code, detail=detail)
    return PermanentError(_explain(status, server), hint=_hint(status), remote_code=code, detail=detail)


def server_of(url: str) -> str:
    """Return scheme, host and port only: the rest of a URL may hold a secret or data."""
    try:
        return str(URL(url).origin())
    except ValueError:
        return "The server"


def _body_code(body: Mapping[str, Any]) -> str:
    several = body.get("errors")
    for holder in (body, body.get("error"), *(several if isinstance(several, list) else [])):
        if isinstance(holder, Mapping) and isinstance(holder.get("code"), str | int):
            return str(holder["code"])
    return ""


def _explain(status: int, server: str) -> str:
    known = {
        401: f"{server} does not accept the login (HTTP 401).",
        403: f"{server} does not allow this login to do that (HTTP 403).",
        404: f"{server} has nothing at this address (HTTP 404).",
    }
    if 300 <= status < 400:  # noqa: PLR2004 - 3xx
        return f"{server} answered with a redirect (HTTP {status}), which is not followed."
    return known.get(status, f"{server} refused the request (HTTP {status}).")


def _hint(status: int) -> str:
    hints = {401: "Check the connection's credentials.", 403: "Check the rights of the connection's login."}
    return hints.get(status, "Check the operation's path and parameters.")


def _no_constant(name: str) -> JSON:
    message = f"{name} is not JSON"
    raise ValueError(message)
