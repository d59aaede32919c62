"""The connector itself: settings, login, and what a status means."""

import ssl
from datetime import timedelta
from functools import cached_property
from time import perf_counter
from typing import Self

from pydantic import Field, SecretStr, model_validator
from yarl import URL

from cauce.authentication import Authenticator, OAuth2
from cauce.authentication.oauth2_policy import revealed
from cauce.connector import JSON, BaseConnector, BaseSettings, Operation, Probe
from cauce.errors import LoginError, PermanentError, RemoteError
from cauce.http import HttpRequest, HttpResponse, Policy, failure
from cauce.importing import MAX_BYTES
from cauce.probes import reach
from cauce.recording import tape
from connectors.http.template import fill

_gone = frozenset({404, 410})
_refused = frozenset({401, 403})


class Basic(BaseSettings):
    """A user name and a password, sent as HTTP Basic."""

    username: str = Field(description="The name to log in with.")
    password: SecretStr = Field(description="The password to log in with.")


class Auth(BaseSettings):
    """How the connection logs in: at most one of these."""

    basic: Basic | None = Field(None, description="A user name and a password, sent as they are.")
    bearer: SecretStr | None = Field(None, description="A token, sent as Authorization: Bearer.")
    digest: Basic | None = Field(None, description="A user name and a password, proved by a digest.")
    ntlm: Basic | None = Field(None, description="A Windows account, as name@domain, and a password, proved by NTLM.")
    oauth2: OAuth2 | None = Field(None, description="A token of an OAuth 2 provider, as in a process.")
    oidc: OAuth2 | None = Field(None, description="A token of an OpenID provider, as in a process.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(getattr(self, name) is not None for name in type(self).model_fields) > 1:
            message = "a connection logs in in one way"
            raise ValueError(message)
        return self

    def policy(self) -> JSON:
        """Return the login as a process would write it; None without one."""
        if self.bearer:
            return {"bearer": {"token": self.bearer.get_secret_value()}}
        for scheme in ("basic", "digest", "ntlm", "oauth2", "oidc"):
            if (given := getattr(self, scheme)) is not None:
                return {scheme: revealed(given.model_dump(exclude_none=True))}
        return None


class Settings(BaseSettings):
    """Where the system is, how to log in, and how much of it to take."""

    base_url: str = Field(pattern=r"^https?://\S+$", description="The address that operations' paths are added to.")
    headers: dict[str, SecretStr] = Field(default_factory=dict, description="Sent with every request.")
    auth: Auth = Field(Auth(), description="How to log in; left out, nobody does.")
    timeout: timedelta = Field(timedelta(seconds=30), gt=timedelta(0), description="Limit of one call, as PT30S.")
    max_bytes: int = Field(10_000_000, ge=1, description="The largest answer that is read.")
    max_redirects: int = Field(0, ge=0, le=10, description="How many redirects are followed.")
    allow_hosts: list[str] = Field(default_factory=list, description="Other hosts that a redirect may lead to.")
    ca_file: str | None = Field(None, description="Certificates to trust instead of the system's.")
    missing_is_null: bool = Field(
        default=True, description="A read that meets 404 or 410 answers null; otherwise it is an error."
    )
    openapi: str = Field(
        "",
        pattern=r"^(https?://\S+|/\S*)?$",
        description="Where its OpenAPI document is, an address or a path below base_url; drift is looked for there.",
    )
    check_path: str = Field("/", pattern=r"^/\S*$", description="What the connection test reads.")


class Connector(BaseConnector[Settings]):
    """Calls the paths of one HTTP service; an operation's `calls` is `GET /path/{id}`."""

    async def call(self, operation: Operation, params: JSON) -> JSON:
        """Send the request; the answer is the content of the body."""
        filled = fill(operation.calls, params, f"{operation.name}@{self.name}")
        request = HttpRequest(
            method=filled.method,
            url=self.settings.base_url.rstrip("/") + filled.path,
            headers={**self._headers, **filled.headers},
            query=filled.query,
            body=filled.body,
            timeout_s=operation.timeout_s,
            max_bytes=self.settings.max_bytes,
            max_redirects=self.settings.max_redirects,
            policy=self._policy,
            effect=operation.effect,
            tls=self._ssl,
        )
        response = await self._send(request)
        if operation.effect == "read" and response.status in _gone and self.settings.missing_is_null:
            return None
        if error := failure(response):
            raise error
        return response.content()

    async def check(self) -> list[Probe]:
        """Resolve, connect, and read the check path."""
        base = URL(self.settings.base_url)
        try:
            context = self._ssl
        except PermanentError as error:
            return [Probe("tls", ok=False, sentence=str(error))]
        secure = base.scheme == "https"
        probes = await reach(base.host or "", base.port or 80, tls=context if secure else None)
        if not all(probe.ok for probe in probes):
            return probes
        started = perf_counter()
        try:
            response = await self._authenticator.send(
                HttpRequest(
                    "GET",
                    self.settings.base_url.rstrip("/") + self.settings.check_path,
                    headers=self._headers,
                    timeout_s=min(10.0, self.settings.timeout.total_seconds()),
                    max_bytes=self.settings.max_bytes,
                    max_redirects=self.settings.max_redirects,
                    policy=self._policy,
                    tls=self._ssl,
                ),
                self._login,
            )
        except LoginError as error:
            return [*probes, Probe("login", ok=False, sentence=str(error))]
        except RemoteError as error:
            return [*probes, Probe("read", ok=False, sentence=str(error))]
        return [*probes, _judge(response, self.settings.check_path, (perf_counter() - started) * 1000)]

    async def _send(self, request: HttpRequest) -> HttpResponse:
        """Send a request; a recording gets it and its answer, but nothing of how a login was had."""
        running = tape.current()
        if running is None:
            return await self._authenticator.send(request, self._login)
        sent = tape.http_request(request.method, request.url, request.headers, request.body, request.query)
        answer, started = None, perf_counter()
        try:
            response = await self._authenticator.send(request, self._login)
            answer = tape.http_response(response.status, response.headers, response.body)
        finally:
            running.note(sent, answer, started)
        return response

    async def document(self) -> bytes:
        """Return the connection's OpenAPI document, asked for with its login where that is the same host."""
        base = self.settings.base_url.rstrip("/")
        if not self.settings.openapi:
            problem = f"The connection {self.name} does not say where its OpenAPI document is."
            raise PermanentError(problem, hint="Write the address into `settings.openapi`.")
        address = URL(base + self.settings.openapi if self.settings.openapi[:1] == "/" else self.settings.openapi)
        own = address.origin() == URL(base).origin()
        request = HttpRequest(
            "GET",
            str(address),
            headers=self._headers if own else {},
            timeout_s=self.settings.timeout.total_seconds(),
            max_bytes=MAX_BYTES,
            max_redirects=self.settings.max_redirects,
            policy=Policy(hosts=frozenset({address.host or "", *self.settings.allow_hosts})),
            tls=self._ssl,
        )
        response = await self._authenticator.send(request, self._login if own else None)
        if error := failure(response):
            raise error
        return response.body

    @cached_property
    def _headers(self) -> dict[str, str]:
        return {name: value.get_secret_value() for name, value in self.settings.headers.items()}

    @cached_property
    def _authenticator(self) -> Authenticator:
        # Providers of tokens are where the settings say, whatever hosts the operations may call.
        return Authenticator(Policy(), self._ssl)

    @cached_property
    def _login(self) -> JSON:
        return self.settings.auth.policy()

    @cached_property
    def _policy(self) -> Policy:
        host = URL(self.settings.base_url).host or ""
        return Policy(hosts=frozenset({host, *self.settings.allow_hosts}))

    @cached_property
    def _ssl(self) -> ssl.SSLContext | bool:
        if self.settings.ca_file is None:
            return True
        try:
            return ssl.create_default_context(cafile=self.settings.ca_file)
        except OSError as cause:
            raise PermanentError(
                "The file of trusted certificates cannot be read.",
                hint="Check settings.ca_file: a PEM file that Cauce may read.",
                where=f"connection {self.name}",
            ) from cause


def _judge(response: HttpResponse, path: str, milliseconds: float) -> Probe:
    if response.status in _refused:
        sentence = f"The login is refused (HTTP {response.status}); check the connection's auth."
        return Probe("login", ok=False, sentence=sentence, milliseconds=milliseconds)
    error = failure(response, redirects_are_fine=True)
    if error is not None and response.status in _gone:
        sentence = f"The server answers; {path} does not exist there (set check_path to a path that does)."
        return Probe("read", ok=True, sentence=sentence, milliseconds=milliseconds)
    if error is not None:
        return Probe("read", ok=False, sentence=str(error), milliseconds=milliseconds)
    return Probe("read", ok=True, sentence=f"{path} answers (HTTP {response.status}).", milliseconds=milliseconds)
