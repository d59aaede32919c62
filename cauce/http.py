"""One HTTP exchange, guarded by time, size and address; for the `http` connector and the language's `call: http`.

aiohttp, because it carries many small calls at once; one session per event loop and policy, closed by
`close_sessions`. Redirects are followed here and not by aiohttp, so that every hop passes the same guard.
"""

import asyncio
import ipaddress
import json
import re
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Final
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from cauce import correlation
from cauce.connector import JSON
from cauce.errors import AmbiguousError, PermanentError, RemoteError, TransientError
from cauce.http_messages import (
    HttpRequest,
    HttpResponse,
    Output,
    Policy,
    failure,
    secret_headers,
    server_of,
)
from cauce.ntlm import Handshake
from cauce.settings import Settings

__all__ = [
    "HttpRequest",
    "HttpResponse",
    "Output",
    "Policy",
    "close_sessions",
    "exchange",
    "failure",
    "policy_of",
    "reachable",
    "websocket",
]

_redirect_statuses: Final = {301, 302, 303, 307, 308}
_connect_timeout_s: Final = 10.0
_close_timeout_s: Final = 2.0
_header_name: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_not_in_headers: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_form: Final = "application/x-www-form-urlencoded"


async def exchange(request: HttpRequest) -> HttpResponse:
    """Send a request and read the answer, whatever its status.

    Raises:
        TransientError: nothing was sent, or it only reads and no answer came.
        AmbiguousError: it writes, was sent, and no answer came.
        PermanentError: the address may not be called, or the answer is too large.
    """
    headers, data = _encode(request)
    method, url = request.method.upper(), _url(request.url).update_query(_query(request.query))
    deadline = asyncio.get_running_loop().time() + request.timeout_s
    for _ in range(request.max_redirects + 1):
        _check_address(url, request.policy)
        left_s = max(0.001, deadline - asyncio.get_running_loop().time())
        hop = _Hop(method, url, headers, data, left_s)
        response = await _send(replace(request, url=str(url)), hop)
        location = response.headers.get("location")
        if response.status not in _redirect_statuses or not location or not request.max_redirects:
            return response
        target = url.join(_url(location))
        if target.origin() != url.origin():
            headers = {name: value for name, value in headers.items() if name.lower() not in secret_headers}
            request = replace(request, digest=None, ntlm=None)
        if response.status == 303 or (response.status in {301, 302} and method == "POST"):  # noqa: PLR2004 - the statuses are their own names
            method, data = "GET", None
            headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
        url = target
    raise PermanentError(
        f"{server_of(request.url)} redirected more than {request.max_redirects} times.", hint="Call the final address."
    )


@asynccontextmanager
async def websocket(request: HttpRequest) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Open a WebSocket by a request of HTTP, with the same guard; no redirect is followed, nothing is compressed.

    Raises:
        RemoteError: It may not be called, cannot be reached, or answers anything but a WebSocket.
    """
    url = _url(request.url).update_query(_query(request.query))
    _check_address(url, request.policy)
    left_s = min(_connect_timeout_s, request.timeout_s)
    target, headers = _where_to(_Hop("GET", url, _encode(request)[0], None, left_s), request.policy)
    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(_refuse_redirect)
    connector = _session(private=request.policy.private).connector
    async with aiohttp.ClientSession(
        connector=connector, connector_owner=False, cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[trace]
    ) as session:
        try:
            async with asyncio.timeout(left_s):
                opened = await session.ws_connect(
                    target,
                    headers={"User-Agent": "cauce", **headers},
                    ssl=request.tls,
                    max_msg_size=request.max_bytes,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_close_timeout_s),
                )
        except _ForbiddenAddressError as cause:
            raise _forbidden(request.url, "its name leads to a private address") from cause
        except aiohttp.WSServerHandshakeError as cause:
            raise _no_websocket(request, cause) from cause
        except (aiohttp.ClientError, TimeoutError, OSError) as cause:
            raise _no_answer(request, cause, sent=False) from cause
        try:
            yield opened
        finally:
            # One limit for all of it: a server that goes on talking would never come to its end.
            with suppress(TimeoutError):
                async with asyncio.timeout(_close_timeout_s):
                    await opened.close()


def policy_of(settings: Settings) -> Policy:
    """Return the addresses that a process may call in an environment."""
    return Policy(private=settings.allow_private_http, stand_ins=settings.stand_ins)


async def close_sessions() -> None:
    """Close the sessions of the running event loop; call it when the loop's work is done."""
    for session in _sessions.pop(asyncio.get_running_loop(), {}).values():
        await session.close()


@dataclass(frozen=True, slots=True)
class _Hop:
    method: str
    url: URL
    headers: Mapping[str, str]
    data: bytes | None
    left_s: float


class _GuardedResolver(AbstractResolver):
    """Resolves names and leaves out the addresses a policy forbids; what it returns is what is connected to."""

    def __init__(self) -> None:
        self._inner = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if allowed := [result for result in found if _is_public(result["host"])]:
            return allowed
        raise _ForbiddenAddressError(host)

    async def close(self) -> None:
        await self._inner.close()


class _ForbiddenAddressError(Exception):
    """A name resolved to addresses that the policy forbids."""


_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[bool, aiohttp.ClientSession]] = WeakKeyDictionary()


def _session(*, private: bool) -> aiohttp.ClientSession:
    of_loop = _sessions.setdefault(asyncio.get_running_loop(), {})
    session = of_loop.get(private)
    if session is None or session.closed:
        session = of_loop[private] = _opened(private=private, connections=0)
    return session


def _opened(*, private: bool, connections: int) -> aiohttp.ClientSession:
    """Return a session with at most so many connections; 0 for any number."""
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_note_sent)
    resolver = None if private else _GuardedResolver()
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections, limit_per_host=0, resolver=resolver),
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[trace],
        headers={"Accept-Encoding": "gzip, deflate", "User-Agent": "cauce"},
    )


@asynccontextmanager
async def _carrier(request: HttpRequest) -> AsyncIterator[aiohttp.ClientSession]:
    """Give the session that carries a request: the shared one, or one with a connection that is to be logged in."""
    private = request.policy.private
    if request.ntlm is None:
        yield _session(private=private)
        return
    async with _opened(private=private, connections=1) as session:
        yield session


async def _logged_in(request: HttpRequest, hop: _Hop, session: aiohttp.ClientSession) -> Mapping[str, str]:
    """Return the headers of a request, having asked for a challenge of NTLM by one that holds nothing."""
    url, headers = _where_to(hop, request.policy)
    if request.ntlm is None:
        return headers
    handshake = Handshake(*request.ntlm, hop.url.host or "")
    async with session.request(
        hop.method,
        url,
        headers={**headers, "Authorization": handshake.begin()},
        data=None if hop.data is None else b"",
        allow_redirects=False,
        ssl=request.tls,
        timeout=aiohttp.ClientTimeout(total=hop.left_s, sock_connect=min(_connect_timeout_s, hop.left_s)),
        trace_request_ctx={},
    ) as response:
        await _read(response, request)
        answer = handshake.answer(response.status, response.headers.getall("WWW-Authenticate", []))
        return {**headers, "Authorization": answer}


async def _note_sent(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx["sent"] = True


async def _refuse_redirect(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestRedirectParams
) -> None:
    answer = params.response
    raise aiohttp.WSServerHandshakeError(
        answer.request_info, answer.history, status=answer.status, message="redirect", headers=answer.headers
    )


def _no_websocket(request: HttpRequest, cause: aiohttp.WSServerHandshakeError) -> RemoteError:
    given = {name.lower(): value for name, value in (cause.headers or {}).items()}
    found = failure(HttpResponse(request, cause.status, given, b""))
    problem = f"{server_of(request.url)} answers at this address, but does not open a WebSocket."
    return found or PermanentError(problem, hint="Check the channel's address.", remote_code=str(cause.status))


async def _send(request: HttpRequest, hop: _Hop) -> HttpResponse:
    progress: dict[str, bool] = {"sent": False}
    url, _ = _where_to(hop, request.policy)
    try:
        async with (
            _carrier(request) as session,
            session.request(
                hop.method,
                url,
                headers=await _logged_in(request, hop, session),
                data=hop.data,
                allow_redirects=False,
                ssl=request.tls,
                timeout=aiohttp.ClientTimeout(total=hop.left_s, sock_connect=min(_connect_timeout_s, hop.left_s)),
                trace_request_ctx=progress,
                middlewares=[aiohttp.DigestAuthMiddleware(*request.digest)] if request.digest else None,
            ) as response,
        ):
            body = await _read(response, request)
            given = {name.lower(): value for name, value in response.headers.items()}
            return HttpResponse(request, response.status, given, body, response.charset)
    except _ForbiddenAddressError as cause:
        raise _forbidden(request.url, "its name leads to a private address") from cause
    except (aiohttp.ClientError, TimeoutError, OSError) as cause:
        if request.digest and type(cause) is aiohttp.ClientError:  # what the middleware raises
            problem = f"{server_of(request.url)} asks for a digest of a kind that cannot be made."
            raise PermanentError(problem, hint="Use another login.") from cause
        raise _no_answer(request, cause, sent=progress["sent"]) from cause


async def _read(response: aiohttp.ClientResponse, request: HttpRequest) -> bytes:
    """Read the (decompressed) body as far as it may go."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > request.max_bytes:
            response.close()
            error = AmbiguousError if request.writes and response.ok else PermanentError
            raise error(
                f"{server_of(request.url)} answered with more than {request.max_bytes:,} bytes; the rest was not read.",
                hint="Ask for less at a time, or raise the limit (max_bytes).",
                remote_code="too-large",
            )
        chunks.append(chunk)
    return b"".join(chunks)


def _no_answer(request: HttpRequest, cause: BaseException, *, sent: bool) -> RemoteError:
    server = server_of(request.url)
    if isinstance(cause, aiohttp.ClientConnectorDNSError):
        return TransientError(f"The name of {server} is not known.", hint="Check its spelling and the DNS.")
    if isinstance(cause, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return TransientError(f"No secure connection to {server} could be made.", hint="Check its certificate.")
    if isinstance(cause, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return PermanentError("The address is not an HTTP address.", hint="Write it as https://host/path.")
    if not sent:
        took = " in time" if isinstance(cause, TimeoutError) else ""
        return TransientError(f"{server} could not be reached{took}; nothing was sent.", hint="Is it running?")
    why = "gave no answer in time" if isinstance(cause, TimeoutError) else "broke off before its answer was complete"
    if request.writes:
        return AmbiguousError(f"{server} {why}; it may or may not have done the work.")
    return TransientError(f"{server} {why}.")


def _encode(request: HttpRequest) -> tuple[dict[str, str], bytes | None]:
    given = {name.lower() for name in request.headers}
    told = {name: value for name, value in correlation.headers().items() if name.lower() not in given}
    headers = {"Accept": "application/json, */*;q=0.5", **told, **request.headers}
    for name, value in headers.items():
        if not _header_name.fullmatch(name) or _not_in_headers.search(value):
            problem = "A header has a name or a value that cannot be sent."
            raise PermanentError(problem, hint="Leave line breaks and other control characters out of headers.")
    body = request.body
    if body is None:
        return headers, None
    named = {name.lower() for name in headers}
    if isinstance(body, bytes):
        return headers, body
    if isinstance(body, str) and "content-type" in named:
        return headers, body.encode()
    if isinstance(body, dict) and any(_is_form(name, value) for name, value in headers.items()):
        return headers, urlencode(_query(body)).encode()
    if "content-type" not in named:
        headers["Content-Type"] = "application/json"
    return headers, json.dumps(body, ensure_ascii=False, allow_nan=False).encode()


def _url(text: str) -> URL:
    try:
        return URL(text)
    except ValueError as cause:
        raise PermanentError("The address is not an HTTP address.", hint="Write it as https://host/path.") from cause


def _is_form(name: str, value: str) -> bool:
    return name.lower() == "content-type" and value.partition(";")[0].strip().lower() == _form


def _query(query: Mapping[str, JSON]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        for item in value if isinstance(value, list) else [value]:
            if item is not None:
                text = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)
                pairs.append((name, text))
    return pairs


def _check_address(url: URL, policy: Policy) -> None:
    host = url.host or ""
    if url.scheme not in {"http", "https"} or not host:
        raise PermanentError("The address is not an HTTP address.", hint="Write it as https://host/path.")
    if policy.hosts is not None and not {host, f"{host}:{url.port}"} & policy.hosts:
        raise _forbidden(str(url), "its host is not among the allowed ones")
    if not policy.private and _address(host) is not None and not _is_public(host):
        raise _forbidden(str(url), "it is a private address")


def _where_to(hop: _Hop, policy: Policy) -> tuple[URL, Mapping[str, str]]:
    """Return the address that is connected to: the URL itself, unless a stand-in answers for its host."""
    host = hop.url.host or ""
    stand_in = policy.stand_ins.get(f"{host}:{hop.url.port}") or policy.stand_ins.get(host)
    if not stand_in:
        return hop.url, hop.headers
    return URL(stand_in).join(hop.url.relative()), {**hop.headers, "Host": hop.url.host_port_subcomponent or host}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a connection of another protocol than HTTP goes to: an address that was allowed, not a name."""

    ip: str
    port: int
    is_stand_in: bool = False

    @property
    def is_loopback(self) -> bool:
        """Say whether it stays on this machine."""
        return ipaddress.ip_address(self.ip).is_loopback

    @property
    def address(self) -> str:
        """Return it as host and port."""
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"


async def reachable(host: str, port: int, policy: Policy) -> Target:
    """Return where to connect to; what is connected to then is what was checked, whatever the name leads to later.

    Raises:
        RemoteError: The name is not known, or none of its addresses may be called.
    """
    stand_in = policy.stand_ins.get(f"{host}:{port}") or policy.stand_ins.get(host)
    if stand_in:
        url = URL(stand_in)
        return Target(url.host or "", url.port or port, is_stand_in=True)
    where = f"tcp://{host}:{port}"
    if policy.hosts is not None and not {host, f"{host}:{port}"} & policy.hosts:
        raise _forbidden(where, "its host is not among the allowed ones")
    try:
        async with asyncio.timeout(_connect_timeout_s):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError) as cause:
        raise TransientError(f"The name of {host} is not known.", hint="Check its spelling and the DNS.") from cause
    for *_, (ip, *_rest) in found:
        if policy.private or _is_public(str(ip)):
            return Target(str(ip), port)
    raise _forbidden(where, "it is, or leads to, a private address")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that a host is written as, in any way that the system's resolver would take."""
    with suppress(ValueError):
        return ipaddress.ip_address(host.partition("%")[0])
    with suppress(OSError, ValueError):
        return ipaddress.IPv4Address(socket.inet_aton(host))  # 0x7f000001, 2130706433, 127.1
    return None


def _is_public(address: str) -> bool:
    ip = _address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip
    return ip is not None and ip.is_global and not ip.is_multicast


def _forbidden(url: str, why: str) -> PermanentError:
    return PermanentError(
        f"{server_of(url)} may not be called: {why}.",
        hint="Add it to the allowed hosts if it should be reachable.",
        remote_code="forbidden-address",
    )
