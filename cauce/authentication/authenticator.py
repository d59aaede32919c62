"""Sends requests with the login that a policy describes."""

from base64 import b64encode
from dataclasses import dataclass, replace

from cauce.connector import JSON
from cauce.errors import PermanentError
from cauce.http import HttpRequest, HttpResponse, Policy, exchange


@dataclass(frozen=True, slots=True)
class Authorization:
    """What the header `Authorization` says: a scheme such as Bearer, and its parameter."""

    scheme: str
    parameter: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, and how the request that it belongs to was authorized."""

    response: HttpResponse
    authorization: Authorization | None = None


@dataclass(slots=True)
class Authenticator:
    """Logs in; one object serves a whole worker, so that logins are shared."""

    guard: Policy

    async def send(self, request: HttpRequest, policy: JSON = None) -> Answer:
        """Send a request with the login of a policy, in which no secret is left to be resolved.

        Raises:
            RemoteError: The login is refused, is not complete, or there is no answer.
        """
        if not policy:
            return Answer(await exchange(request))
        authorization = await self.authorize(policy)
        headers = {**request.headers, "Authorization": f"{authorization.scheme} {authorization.parameter}"}
        return Answer(await exchange(replace(request, headers=headers)), authorization)

    async def authorize(self, policy: JSON) -> Authorization:
        """Return the authorization of a policy, for what is not sent by `send`."""
        ((scheme, given),) = policy.items()
        match scheme, given:
            case "basic", {"username": str(user), "password": str(password)}:
                return Authorization("Basic", b64encode(f"{user}:{password}".encode()).decode())
            case "bearer", {"token": str(token)}:
                return Authorization("Bearer", token)
            case _:
                raise PermanentError(
                    f"The authentication '{scheme}' is not complete, or not one that Cauce speaks yet.",
                    hint="Use basic (username, password) or bearer (token).",
                )
