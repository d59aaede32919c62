"""Sends requests with the login that a policy describes."""

import asyncio
import hashlib
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from ssl import SSLContext
from typing import Final

from cauce.authentication.oauth2_policy import oauth2_of
from cauce.authentication.providers import TOTAL_S, Providers
from cauce.authentication.tokens import Tokens
from cauce.connector import JSON
from cauce.errors import PermanentError
from cauce.http import HttpRequest, HttpResponse, Policy, exchange

_UNAUTHORIZED: Final = 401


@dataclass(frozen=True, slots=True)
class Authorization:
    """What the header `Authorization` says: a scheme such as Bearer, and its parameter.

    The parameter of a digest depends on the request, that of NTLM on the connection, so it is empty here. `kept` when
    it was used before.
    """

    scheme: str
    parameter: str = field(default="", repr=False)
    kept: bool = False


Request = HttpRequest | Callable[[Authorization | None], HttpRequest]


@dataclass(slots=True)
class Authenticator:
    """Logs in; one object serves a whole worker or connection, so that logins are shared.

    `guard` and `tls` are for the providers of tokens; a request has its own.
    """

    guard: Policy
    tls: SSLContext | bool = True
    tokens: Tokens = field(default_factory=Tokens)
    providers: Providers = field(init=False)

    def __post_init__(self) -> None:
        self.providers = Providers(self.guard, self.tls)

    async def send(self, request: Request, policy: JSON = None) -> HttpResponse:
        """Send a request (or what makes one, given how it is authorized) with the login of a policy.

        No secret is left to be resolved in the policy. A token that was kept and is refused is fetched anew, once.

        Raises:
            RemoteError: The login is refused, is not complete, or there is no answer.
        """
        if not policy:
            return await exchange(request if isinstance(request, HttpRequest) else request(None))
        begun = asyncio.get_running_loop().time()
        authorization = await self.authorize(policy)
        made, response = await _sent(request, policy, authorization)
        if response.status != _UNAUTHORIZED or not authorization.kept:
            return response
        # The server refused the request as a whole, so a write was not carried out either.
        self.forget(policy, authorization)
        authorization = await self.authorize(policy)
        left_s = made.timeout_s + TOTAL_S - (asyncio.get_running_loop().time() - begun)
        _, response = await _sent(request, policy, authorization, left_s=max(1.0, left_s))
        return response

    async def authorize(self, policy: JSON) -> Authorization:
        """Return the authorization of a policy, for what is not sent by `send`.

        Raises:
            RemoteError: The login is refused, or is not complete.
        """
        ((scheme, given),) = policy.items()
        match scheme, given:
            case "basic", {"username": str(user), "password": str(password)}:
                return Authorization("Basic", b64encode(f"{user}:{password}".encode()).decode())
            case "bearer", {"token": str(token)}:
                return Authorization("Bearer", token)
            case "digest", {"username": str(user), "password": str()} if ":" not in user:
                return Authorization("Digest")
            case "ntlm", {"username": str(), "password": str()}:
                return Authorization("NTLM")
            case (("oauth2" | "oidc"), Mapping()):
                described = oauth2_of(scheme, given)
                token, kept = await self.tokens.get(
                    _key(policy), lambda renewal: self.providers.token(scheme, described, renewal)
                )
                return Authorization("Bearer", token, kept)
            case _:
                raise PermanentError(
                    f"The authentication '{scheme}' is not complete.",
                    hint="basic and digest take username and password, bearer takes token.",
                )

    def forget(self, policy: JSON, authorization: Authorization) -> None:
        """Keep a refused token no longer, so that the next one is fetched anew."""
        self.tokens.drop(_key(policy), authorization.parameter)


async def _sent(
    request: Request, policy: JSON, authorization: Authorization, left_s: float | None = None
) -> tuple[HttpRequest, HttpResponse]:
    made = request if isinstance(request, HttpRequest) else request(authorization)
    if left_s is not None:
        made = replace(made, timeout_s=min(made.timeout_s, left_s))
    if authorization.scheme == "Digest":
        given = policy["digest"]
        return made, await exchange(replace(made, digest=(given["username"], given["password"])))
    if authorization.scheme == "NTLM":
        given = policy["ntlm"]
        return made, await exchange(replace(made, ntlm=(given["username"], given["password"])))
    headers = {name: value for name, value in made.headers.items() if name.lower() != "authorization"}
    headers["Authorization"] = f"{authorization.scheme} {authorization.parameter}"
    return made, await exchange(replace(made, headers=headers))


def _key(policy: JSON) -> str:
    """Return what tells logins apart; of the whole policy, so that nobody gets the token of another's secret."""
    text = json.dumps(policy, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
