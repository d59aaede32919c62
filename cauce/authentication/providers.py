"""Knows where providers answer, and gets tokens from them."""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from ssl import SSLContext
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError

from cauce.authentication.oauth2_policy import OAuth2
from cauce.authentication.token_request import (
    Granted,
    granted,
    object_of,
    parameters_of,
    post,
    signed_request,
)
from cauce.connector import JSON
from cauce.errors import LoginError, PermanentError, RemoteError, TransientError
from cauce.http import HttpRequest, HttpResponse, Policy, exchange
from cauce.http_messages import server_of

LOGIN_S: Final = 10.0
TOTAL_S: Final = 15.0
_WELL_KNOWN: Final = "/.well-known/openid-configuration"
_KNOWN_S: Final = 3_600.0
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a provider answers; `issuer` is empty when it did not say who it is."""

    token: str
    introspection: str
    issuer: str = ""


@dataclass(slots=True)
class Providers:
    """Asks providers; what OpenID providers say about themselves is known for an hour."""

    guard: Policy
    tls: SSLContext | bool = True
    _known: dict[str, tuple[float, Provider]] = field(default_factory=dict)

    async def token(self, scheme: str, policy: OAuth2, refresh_token: str | None) -> Granted:
        """Fetch a token, with the refresh token when there is one, and without when that is refused.

        Raises:
            LoginError: The provider refuses.
            RemoteError: It cannot be reached, or does not answer as a provider does.
        """
        try:
            async with asyncio.timeout(TOTAL_S):
                provider = await self._provider(scheme, policy)
                if refresh_token:
                    # It may have been used, withdrawn, or be too old; then the login itself still counts.
                    with suppress(LoginError):
                        return await self._ask(provider, policy, refresh_token)
                return await self._ask(provider, policy)
        except TimeoutError:
            problem = f"The provider {server_of(policy.authority)} took more than {TOTAL_S:.0f} seconds for a login."
            raise TransientError(problem) from None

    async def _ask(self, provider: Provider, policy: OAuth2, refresh_token: str | None = None) -> Granted:
        asked = parameters_of(policy, refresh_token)
        audience = provider.issuer or provider.token
        headers, body = signed_request(policy, provider.token, asked, audience=audience)
        found = granted(await self._exchange(post(provider.token, headers, body)))
        claims = _claims(found.token)
        if policy.issuers:
            issuer = claims.get("iss") or await self._introspected(provider, policy, found.token)
            if str(issuer).rstrip("/") not in _bare(policy.issuers):
                raise LoginError(
                    f"The token of the provider {server_of(provider.token)} was issued by somebody else.",
                    hint="Add the issuer to `issuers`, or correct the authority.",
                )
        return found

    async def _introspected(self, provider: Provider, policy: OAuth2, token: str) -> JSON:
        """Return who issued a token that does not say so itself."""
        audience = provider.issuer or provider.introspection
        headers, body = signed_request(policy, provider.introspection, [("token", token)], audience=audience)
        response = await self._exchange(post(provider.introspection, headers, body))
        if not response.ok:
            raise PermanentError(
                f"The provider {server_of(provider.introspection)} does not say who issued its token "
                f"(HTTP {response.status}).",
                hint="Check `endpoints.introspection`, or leave out `issuers`.",
            )
        return object_of(response).get("iss")

    async def _provider(self, scheme: str, policy: OAuth2) -> Provider:
        if scheme == "oauth2":
            paths = policy.endpoints
            return Provider(_below(policy.authority, paths.token), _below(policy.authority, paths.introspection))
        now = asyncio.get_running_loop().time()
        until, known = self._known.get(policy.authority, (0.0, None))
        if known is None or until < now:
            known = await self._discover(policy.authority)
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[policy.authority] = (now + _KNOWN_S, known)
        if known.issuer not in {*_bare(policy.issuers), _issuer_of(policy.authority)}:
            raise LoginError(
                f"The provider {server_of(policy.authority)} says that it is somebody else.",
                hint="Correct the authority, or list the issuer that it names under `issuers`.",
            )
        return known

    async def _discover(self, authority: str) -> Provider:
        address = _issuer_of(authority) + _WELL_KNOWN
        response = await self._exchange(HttpRequest("GET", address, max_bytes=200_000))
        server = server_of(authority)
        if response.status >= 500:  # noqa: PLR2004 - 5xx
            raise TransientError(f"The provider {server} does not describe itself now (HTTP {response.status}).")
        said = object_of(response) if response.ok else {}
        token, issuer = said.get("token_endpoint"), said.get("issuer")
        if not isinstance(token, str) or not isinstance(issuer, str):
            raise PermanentError(
                f"The provider {server} does not describe itself (HTTP {response.status}).",
                hint=f"An OpenID provider does so at {_WELL_KNOWN} below its authority; for others use `oauth2`.",
            )
        introspection = said.get("introspection_endpoint")
        return Provider(token, introspection if isinstance(introspection, str) else "", issuer.rstrip("/"))

    async def _exchange(self, request: HttpRequest) -> HttpResponse:
        try:
            return await exchange(replace(request, policy=self.guard, tls=self.tls, timeout_s=LOGIN_S))
        except RemoteError as error:
            error.problem = f"No token can be had: {error.problem[:1].lower()}{error.problem[1:]}"
            raise


def _bare(issuers: tuple[str, ...]) -> set[str]:
    """Return issuers without the slash at the end, which some write and others do not."""
    return {issuer.rstrip("/") for issuer in issuers}


def _issuer_of(authority: str) -> str:
    return authority.removesuffix(_WELL_KNOWN).rstrip("/")


def _below(authority: str, path: str) -> str:
    """Return an endpoint below its authority; one that has an address of its own keeps it."""
    return path if path.startswith(("http://", "https://")) else f"{authority.rstrip('/')}/{path.lstrip('/')}"


def _claims(token: str) -> dict[str, JSON]:
    """Return what a token says about itself; it came from its issuer, so its signature need not be looked at."""
    try:
        found = json.loads(jws.extract_compact(token.encode()).payload)
    except (JoseError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
