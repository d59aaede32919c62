"""The connector: settings, the life of a call, and the connection test."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from time import perf_counter
from urllib.parse import urlsplit

import zeep
from pydantic import SecretStr

from cauce.connector import JSON, BaseConnector, Operation, Probe
from cauce.errors import CauceError, PermanentError, RemoteError, TransientError
from cauce.importing import Described
from cauce.probes import reach
from connectors.soap import tls
from connectors.soap.addressing import Addressing
from connectors.soap.call import Caller
from connectors.soap.contract import documents
from connectors.soap.description import described
from connectors.soap.digest import Digest
from connectors.soap.documents import is_http
from connectors.soap.exchange import Exchange
from connectors.soap.headers import Headers
from connectors.soap.security import tokens
from connectors.soap.service import Bound, Parsed, Reading, Where, bind, parse
from connectors.soap.settings import Settings
from connectors.soap.wire import Rules, Wire

_grace_s = 1.0
_threads = 16
_usual_max_bytes = 10_000_000


class Connector(BaseConnector[Settings]):
    """Calls the operations of one SOAP service; an operation's `calls` is `[Service.][Port.]Operation`."""

    def __init__(self, name: str, settings: Settings) -> None:
        super().__init__(name, settings)
        self._wire = Wire(_rules(settings), lambda: tls.context(settings))
        self._headers = Headers(settings.soap_headers)
        self._threads = ThreadPoolExecutor(_threads, thread_name_prefix=f"soap-{name}")
        self._opening: asyncio.Lock | None = None
        self._service: tuple[zeep.Client, Parsed] | None = None
        self._bound: dict[str, Bound] = {}

    async def call(self, operation: Operation, params: JSON) -> JSON:
        """Send the parameters as the operation's message; the answer is its message as data."""
        exchange = Exchange(operation.timeout_s, writes=operation.effect == "write")
        try:
            async with asyncio.timeout(operation.timeout_s):
                client, parsed = await self._opened()
        except TimeoutError:
            raise TransientError(f"{self.name}: the WSDL was not loaded in time; nothing was sent.") from None
        bound = self._bound.get(operation.calls)
        if bound is None:
            where = Where(self.settings.service, self.settings.port, self.settings.address)
            bound = self._bound[operation.calls] = bind(client, parsed, operation.calls, where)
        caller = Caller(self.name, bound, parsed, self.settings.fault_code_path, self._headers)
        return await self._in_thread(exchange, lambda: caller.call(exchange, operation, params))

    async def check(self) -> list[Probe]:
        """Resolve, connect and check the certificate, then read the WSDL."""
        probes: list[Probe] = []
        settings = self.settings
        wanted = (settings.proxy,) if settings.proxy else (settings.wsdl, settings.address)
        for url in dict.fromkeys(filter(None, wanted)):
            if is_http(url):
                probes += await _reach(url, settings)
            if probes and not probes[-1].ok:
                return probes
        started = perf_counter()
        try:
            _, parsed = await self._opened()
        except CauceError as error:
            stage = "login" if getattr(error, "remote_code", "") in {"401", "403"} else "wsdl"
            return [*probes, Probe(stage, ok=False, sentence=str(error), milliseconds=_since(started))]
        return [*probes, Probe("wsdl", ok=True, sentence=_describe(parsed), milliseconds=_since(started))]

    async def contract(self) -> Mapping[str, str]:
        """Return the WSDL and what it imports, with names instead of addresses."""
        await self._opened()
        return await asyncio.get_running_loop().run_in_executor(self._threads, documents, self._wire)

    async def described(self, operations: Sequence[Operation]) -> Mapping[str, Described]:
        """Load the WSDL and return what it says of these operations."""
        client, parsed = await self._opened()
        where = Where(self.settings.service, self.settings.port, self.settings.address)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: described(client, parsed, where, operations))

    async def close(self) -> None:
        """Close the connections; calls still running are broken off by their deadline."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._wire.close()

    async def _opened(self) -> tuple[zeep.Client, Parsed]:
        """Return the client, having loaded the WSDL on first use."""
        if self._service is None:
            self._opening = self._opening or asyncio.Lock()
            async with self._opening:
                if self._service is None:
                    loop = asyncio.get_running_loop()
                    self._service = await loop.run_in_executor(self._threads, self._open)
        return self._service

    def _open(self) -> tuple[zeep.Client, Parsed]:
        settings = self.settings
        reading = Reading(settings.lenient, settings.ignore_order, settings.max_bytes > _usual_max_bytes)
        try:
            parsed = parse(self._wire, reading)
            self._headers.check(parsed.document)
            wsse = tokens(settings)
        except RemoteError as error:
            raise type(error)(
                f"{self.name}: {error.problem}",
                hint=error.hint,
                where=error.where,
                remote_code=error.remote_code,
                detail=error.detail,
            ) from error
        addressing = Addressing(always=settings.addressing == "always")
        client = zeep.Client(
            parsed.document, wsse=wsse, transport=self._wire, settings=reading.settings(), plugins=[addressing]
        )
        return client, parsed

    async def _in_thread(self, exchange: Exchange, work: Callable[[], JSON]) -> JSON:
        """Run a call in a thread; at the deadline, or when nobody waits any more, break its connection."""
        # The thread sees what the call belongs to, and tells the system in its headers.
        future = asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, work)
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            done, _ = await asyncio.wait({future}, timeout=max(0.0, exchange.left_s))
            if not done:
                exchange.abort()
                done, _ = await asyncio.wait({future}, timeout=_grace_s)
        except asyncio.CancelledError:
            exchange.abort()
            raise
        if done:
            return future.result()
        future.cancel()
        raise exchange.no_answer(self.name, f"gave no answer within {exchange.timeout_s:g} s")


def _rules(settings: Settings) -> Rules:
    own = {host for url in (settings.wsdl, settings.address) if url and (host := urlsplit(url).hostname)}
    username, password = settings.username, _shown(settings.password)
    basic = username and settings.security in {None, "basic"}
    token = b64encode(f"{username}:{password}".encode()).decode() if basic else ""
    return Rules(
        wsdl=settings.wsdl,
        hosts=frozenset({*own, *settings.allow_hosts}),
        connect_timeout_s=settings.connect_timeout.total_seconds(),
        max_bytes=settings.max_bytes,
        wsdl_file=settings.wsdl_file,
        authorization=f"Basic {token}" if token else "",
        digest=Digest(username, password) if settings.security == "digest" else None,
        ntlm=(username, password) if settings.security == "ntlm" else None,
        headers={name: value.get_secret_value() for name, value in settings.headers.items()},
        proxy=settings.proxy,
        proxy_login=f"{settings.proxy_username}:{_shown(settings.proxy_password)}" if settings.proxy_username else "",
    )


def _shown(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


async def _reach(url: str, settings: Settings) -> list[Probe]:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    try:
        context = (tls.context(settings) or ssl.create_default_context()) if secure else None
    except PermanentError as error:
        return [Probe("tls", ok=False, sentence=str(error))]
    return await reach(parts.hostname or "", parts.port or (443 if secure else 80), tls=context)


def _describe(parsed: Parsed) -> str:
    names = {name for binding in parsed.document.bindings.values() for name in binding.all()}
    found = f"The WSDL has {len(names)} operations."
    if not parsed.lost:
        return found
    shown = ", ".join(parsed.lost[:5])
    return f"{found} Warning: {len(parsed.lost)} more are declared with types that cannot be resolved ({shown})."


def _since(started: float) -> float:
    return round((perf_counter() - started) * 1000, 1)
