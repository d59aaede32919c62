"""The connector: settings, the life of a call, and the connection test."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import perf_counter
from typing import Literal
from urllib.parse import urlsplit

import zeep
from pydantic import Field, SecretStr, model_validator
from zeep.wsse.username import UsernameToken

from cauce.connector import JSON, BaseConnector, BaseSettings, Operation, Probe
from cauce.errors import CauceError, RemoteError, TransientError
from cauce.probes import reach
from connectors.soap.call import Caller
from connectors.soap.exchange import Exchange
from connectors.soap.service import Bound, Parsed, Reading, bind, parse
from connectors.soap.wire import Rules, Wire, is_http

_grace_s = 1.0
_threads = 16


class Settings(BaseSettings):
    """Where the service is described, how to log in, and how its answers are read."""

    wsdl: str = Field(min_length=1, description="The address of the WSDL, or the path of its file.")
    address: str | None = Field(
        None, pattern=r"^https?://\S+$", description="The service's own address, when the WSDL's is not the right one."
    )
    security: Literal["none", "basic", "username-token", "username-token-digest"] | None = Field(
        None, description="How to log in; basic when there is a username and nothing else is said."
    )
    username: str = Field("", description="The name to log in with.")
    password: SecretStr | None = Field(None, description="The password to log in with.")
    headers: dict[str, SecretStr] = Field(default_factory=dict, description="HTTP headers sent with every request.")
    allow_hosts: list[str] = Field(
        default_factory=list, description="Hosts besides the WSDL's that it may import from or lead to."
    )
    ca_file: str | None = Field(None, description="Certificates to trust instead of the usual ones.")
    timeout: timedelta = Field(timedelta(seconds=30), gt=timedelta(0), description="Limit of one call, as PT30S.")
    connect_timeout: timedelta = Field(timedelta(seconds=10), gt=timedelta(0), description="Limit of connecting.")
    max_bytes: int = Field(10_000_000, ge=1, description="The largest answer that is read, decompressed.")
    lenient: bool = Field(default=False, description="Read answers with wrong namespaces or broken XML.")
    ignore_order: bool = Field(default=False, description="Read answers whose elements come in any order.")
    fault_code_path: str = Field("", description="Where in a fault's detail its code is, as OrderFault/Code.")

    @model_validator(mode="after")
    def _login(self) -> "Settings":
        if self.security not in {None, "none"} and not self.username:
            message = "security needs a username"
            raise ValueError(message)
        return self


class Connector(BaseConnector[Settings]):
    """Calls the operations of one SOAP service; an operation's `calls` is `[Service.][Port.]Operation`."""

    def __init__(self, name: str, settings: Settings) -> None:
        super().__init__(name, settings)
        self._wire = Wire(_rules(settings))
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
            bound = self._bound[operation.calls] = bind(client, operation.calls, self.settings.address)
        caller = Caller(self.name, bound, parsed, self.settings.fault_code_path)
        return await self._in_thread(exchange, lambda: caller.call(exchange, operation, params))

    async def check(self) -> list[Probe]:
        """Resolve, connect and check the certificate, then read the WSDL."""
        probes: list[Probe] = []
        for url in dict.fromkeys(filter(None, (self.settings.wsdl, self.settings.address))):
            if is_http(url):
                probes += await _reach(url, self.settings.ca_file)
            if probes and not probes[-1].ok:
                return probes
        started = perf_counter()
        try:
            _, parsed = await self._opened()
        except CauceError as error:
            stage = "login" if getattr(error, "remote_code", "") in {"401", "403"} else "wsdl"
            return [*probes, Probe(stage, ok=False, sentence=str(error), milliseconds=_since(started))]
        return [*probes, Probe("wsdl", ok=True, sentence=_describe(parsed), milliseconds=_since(started))]

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
        reading = Reading(lenient=self.settings.lenient, ignore_order=self.settings.ignore_order)
        try:
            parsed = parse(self._wire, reading)
        except RemoteError as error:
            raise type(error)(
                f"{self.name}: {error.problem}", hint=error.hint, remote_code=error.remote_code, detail=error.detail
            ) from error
        client = zeep.Client(
            parsed.document, wsse=_token(self.settings), transport=self._wire, settings=reading.settings()
        )
        return client, parsed

    async def _in_thread(self, exchange: Exchange, work: Callable[[], JSON]) -> JSON:
        """Run a call in a thread; at the deadline, or when nobody waits any more, break its connection."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
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
    password = settings.password.get_secret_value() if settings.password else ""
    basic = settings.username and settings.security in {None, "basic"}
    token = b64encode(f"{settings.username}:{password}".encode()).decode() if basic else ""
    return Rules(
        wsdl=settings.wsdl,
        hosts=frozenset({*own, *settings.allow_hosts}),
        connect_timeout_s=settings.connect_timeout.total_seconds(),
        max_bytes=settings.max_bytes,
        authorization=f"Basic {token}" if token else "",
        headers={name: value.get_secret_value() for name, value in settings.headers.items()},
        ca_file=settings.ca_file,
    )


def _token(settings: Settings) -> UsernameToken | None:
    if settings.security not in {"username-token", "username-token-digest"}:
        return None
    password = settings.password.get_secret_value() if settings.password else ""
    return UsernameToken(
        settings.username, password, use_digest=settings.security == "username-token-digest", zulu_timestamp=True
    )


async def _reach(url: str, ca_file: str | None) -> list[Probe]:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    try:
        context = ssl.create_default_context(cafile=ca_file) if secure else None
    except OSError:
        return [Probe("tls", ok=False, sentence="The file of settings.ca_file cannot be read; correct its path.")]
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
