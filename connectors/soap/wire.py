"""The transport below zeep: where it may go, how long, how much, and what is known when it fails.

zeep's own one follows redirects, loads any address a WSDL names, reads without end and logs whole envelopes.
"""

import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from zeep.transports import Transport
from zeep.wsdl.utils import etree_to_string

from cauce import correlation
from cauce.errors import PermanentError, RemoteError, TransientError
from cauce.ntlm import Handshake
from cauce.xml import is_too_wide
from connectors.soap.digest import Digest
from connectors.soap.documents import Documents, is_http
from connectors.soap.exchange import Answer, Exchange, judge, origin
from connectors.soap.unpack import unpack

_chunk: Final = 65536
_load_timeout_s: Final = 30.0
_unauthorized: Final = 401
_current = threading.local()
# Nothing was sent when one of these is raised.
_not_sent: Final = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.SSLError,
    urllib3.exceptions.LocationParseError,
    # Raised as long as the way through the proxy is not open.
    urllib3.exceptions.ProxyError,
)


class _Watched:
    """Notes in the thread's exchange which connection carries it, and when sending begins."""

    _opening_way = False

    def _tunnel(self) -> None:
        self._opening_way = True
        try:
            super()._tunnel()  # type: ignore[misc]  # http.client is typed without it
        finally:
            self._opening_way = False

    def send(self, data: Any) -> None:  # noqa: ANN401 - bytes or what can be read
        if self.sock is None:  # type: ignore[attr-defined]  # http.client is typed without it
            self.connect()  # type: ignore[attr-defined]  # http.client is typed without it
        exchange: Exchange = _current.exchange
        exchange.connection = self
        if exchange.aborted:
            raise TimeoutError
        # What asks a proxy to open the way is not the message yet.
        exchange.sent = exchange.sent or not self._opening_way
        super().send(data)  # type: ignore[misc]  # http.client is typed without it


class _HTTPConnection(_Watched, HTTPConnection):
    pass


class _HTTPSConnection(_Watched, HTTPSConnection):
    pass


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


@dataclass(frozen=True, slots=True)
class Rules:
    """Where a transport may go and how much it may take."""

    wsdl: str
    hosts: frozenset[str]
    connect_timeout_s: float
    max_bytes: int
    wsdl_file: str = ""
    authorization: str = field(default="", repr=False)
    digest: Digest | None = None
    ntlm: tuple[str, str] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxy: str | None = None
    proxy_login: str = field(default="", repr=False)


class Wire(Transport):
    """A zeep transport that keeps to its rules; safe for many threads."""

    def __init__(self, rules: Rules, secure: Callable[[], ssl.SSLContext | None]) -> None:
        # Not Transport's own: that one opens a requests session which reads any file.
        self.rules = rules
        self.documents = Documents(rules.wsdl, rules.wsdl_file, self._fetch)
        self._secure = secure
        self._close_session = False

    @cached_property
    def _context(self) -> ssl.SSLContext | None:
        """Return what TLS is made with; on first use, for files are read."""
        return self._secure()

    @cached_property
    def _pools(self) -> urllib3.PoolManager:
        """Return the connections."""
        return self._made(num_pools=8, maxsize=16)

    def _made(self, **sizes: int) -> urllib3.PoolManager:
        usual: dict[str, Any] = {**sizes, "retries": False, "ssl_context": self._context}
        if self.rules.proxy:
            login = urllib3.make_headers(proxy_basic_auth=self.rules.proxy_login) if self.rules.proxy_login else None
            pools: urllib3.PoolManager = urllib3.ProxyManager(self.rules.proxy, proxy_headers=login, **usual)
        else:
            pools = urllib3.PoolManager(**usual)
        pools.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
        return pools

    def load(self, url: str) -> bytes:
        """Return a WSDL or schema document."""
        return self.documents.load(url)

    def post_xml(self, address: str, envelope: Any, headers: Mapping[str, str]) -> Answer:  # noqa: ANN401 - an element
        """Send an envelope within the exchange of this thread, and return the answer if it is XML."""
        exchange: Exchange = _current.exchange
        self._check(address)
        sent = {**headers, **self.rules.headers, "Accept": "text/xml, application/soap+xml, multipart/related"}
        body, started = etree_to_string(envelope), perf_counter()
        try:
            self._logged_in("POST", address, exchange, body, {**correlation.headers(), **sent})
            unpack(exchange, origin(address))
        finally:
            exchange.note(address, sent, body, started)
        judge(exchange, origin(address))
        if is_too_wide(exchange.content):
            raise exchange.unreadable(f"{origin(address)} answered with an element of too many attributes to be read.")
        return Answer(exchange.status, {"Content-Type": "text/xml"}, exchange.content)

    def close(self) -> None:
        """Close all connections."""
        if "_pools" in self.__dict__:
            self._pools.clear()

    def _logged_in(
        self, method: str, url: str, exchange: Exchange, body: bytes | None, headers: Mapping[str, str]
    ) -> None:
        """Send a request with the login; once more when the answer is a challenge, which did no work."""
        rules = self.rules
        if rules.ntlm:
            self._by_ntlm(*rules.ntlm, method, url, exchange, body, headers)
            return
        login = rules.digest.header(method, url) if rules.digest else rules.authorization
        self._request(method, url, exchange, body, {**headers, "Authorization": login} if login else headers)
        if exchange.status != _unauthorized or rules.digest is None:
            return
        challenges = exchange.headers.getlist("WWW-Authenticate") if hasattr(exchange.headers, "getlist") else []
        # A second refusal of the same kind is one: the password is wrong.
        if rules.digest.learn(challenges) and (not login or "stale=true" in " ".join(challenges).lower()):
            login = rules.digest.header(method, url)
            exchange.sent = False
            self._request(method, url, exchange, body, {**headers, "Authorization": login})

    def _by_ntlm(
        self,
        username: str,
        password: str,
        method: str,
        url: str,
        exchange: Exchange,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> None:
        """Send a request over a connection of its own, which is logged in first: by a request that holds nothing."""
        handshake, pools = (
            Handshake(username, password, urlsplit(url).hostname or ""),
            self._made(num_pools=1, maxsize=1),
        )
        try:
            empty = None if body is None else b""
            self._request(method, url, exchange, empty, {**headers, "Authorization": handshake.begin()}, pools)
            challenges = exchange.headers.getlist("WWW-Authenticate") if hasattr(exchange.headers, "getlist") else []
            login = handshake.answer(exchange.status, challenges)
            exchange.sent = False
            self._request(method, url, exchange, body, {**headers, "Authorization": login}, pools)
        finally:
            pools.clear()

    def _request(
        self,
        method: str,
        url: str,
        exchange: Exchange,
        body: bytes | None,
        headers: Mapping[str, str],
        pools: urllib3.PoolManager | None = None,
    ) -> None:
        server = origin(url)
        connect_s = max(0.001, min(self.rules.connect_timeout_s, exchange.left_s))
        _current.exchange = exchange
        try:
            response = (pools or self._pools).request(
                method,
                url,
                body=body,
                headers={"User-Agent": "cauce", "Accept-Encoding": "gzip, deflate", **headers},
                preload_content=False,
                redirect=False,
                timeout=urllib3.Timeout(connect=connect_s, read=max(0.001, exchange.left_s)),
            )
            exchange.status, exchange.headers = response.status, response.headers
            exchange.content = self._read(response, exchange, server)
            if exchange.aborted:  # a broken connection can look like the end of an answer
                raise TimeoutError  # noqa: TRY301 - handled with the others
        except _not_sent as cause:
            exchange.sent = False
            raise exchange.no_answer(server, _why_not(cause)) from cause
        except (urllib3.exceptions.ReadTimeoutError, TimeoutError) as cause:
            raise exchange.no_answer(server, _late(exchange)) from cause
        except (urllib3.exceptions.HTTPError, OSError) as cause:
            why = _late(exchange) if exchange.aborted else "broke off before its answer was complete"
            raise exchange.no_answer(server, why) from cause

    def _read(self, response: Any, exchange: Exchange, server: str) -> bytes:  # noqa: ANN401 - urllib3's response
        """Read the decompressed body piece by piece, within the cap and the deadline."""
        chunks: list[bytes] = []
        size = 0
        while chunk := response.read1(_chunk, decode_content=True):
            size += len(chunk)
            if size > self.rules.max_bytes:
                response.close()
                raise exchange.unreadable(
                    f"{server} answered with more than {self.rules.max_bytes:,} bytes; the rest was not read.",
                    "Ask for less at a time, or raise max_bytes of the connection.",
                )
            if exchange.left_s <= 0:
                response.close()
                raise TimeoutError
            chunks.append(chunk)
        response.release_conn()
        return b"".join(chunks)

    def _fetch(self, url: str) -> bytes:
        self._check(url)
        exchange = Exchange(_load_timeout_s)
        # The password is for the system itself, not for every host that its WSDL imports from.
        own = origin(url) == origin(self.rules.wsdl)
        send = self._logged_in if own else self._request
        outer = getattr(_current, "exchange", None)
        watchdog = threading.Timer(_load_timeout_s, exchange.abort)
        watchdog.start()
        try:
            send("GET", url, exchange, None, self.rules.headers if own else {})
        finally:
            watchdog.cancel()
            _current.exchange = outer
        if exchange.status != 200:  # noqa: PLR2004 - OK
            raise _no_document(url, exchange.status)
        return exchange.content

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if not is_http(url) or not {host, f"{host}:{parts.port}"} & self.rules.hosts:
            raise PermanentError(
                f"The WSDL leads to {origin(url)}, which is not an allowed host.",
                hint="Add it to settings.allow_hosts, or set settings.address to the service's own address.",
                remote_code="forbidden-address",
            )


def carry(exchange: Exchange) -> None:
    """Make an exchange the one of this thread."""
    _current.exchange = exchange


def _no_document(url: str, status: int) -> RemoteError:
    where = f"{origin(url)}{urlsplit(url).path}"
    if status in {401, 403}:
        return PermanentError(
            f"{where} refuses the login (HTTP {status}).", hint="Check username and password.", remote_code=str(status)
        )
    if status >= 500 or status in {408, 425, 429}:  # noqa: PLR2004 - 5xx
        return TransientError(f"{where} gave no WSDL (HTTP {status}).", remote_code=str(status))
    return PermanentError(
        f"There is no WSDL at {where} (HTTP {status}).", hint="Correct settings.wsdl.", remote_code=str(status)
    )


def _why_not(cause: Exception) -> str:
    if isinstance(cause, urllib3.exceptions.ProxyError):
        return "the proxy of settings.proxy gave no way there"
    if isinstance(cause, urllib3.exceptions.NameResolutionError):
        return "its name is not known"
    if isinstance(cause, urllib3.exceptions.SSLError):
        return "no secure connection could be made (check its certificate)"
    if isinstance(cause, urllib3.exceptions.NewConnectionError):
        return "nothing listens there"
    return "it accepted no connection in time"


def _late(exchange: Exchange) -> str:
    return f"gave no answer within {exchange.timeout_s:g} s"
