"""Checks ways to log in: named ones, their secrets, and what each of them needs."""

from collections.abc import Mapping
from typing import Any, Final

from schemas import guess
from workflows.checking.walk import Process

JSON = Any
_SCHEMES: Final = ("basic", "bearer", "digest", "oauth2", "oidc")
_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
# What a grant, and the way in which the client logs in, need besides; each with what it is for.
_OF_GRANT: Final[Mapping[str, Mapping[str, str]]] = {
    "client_credentials": {},
    "password": {"username": "whose password it is", "password": "it: `${ $secrets.name }` keeps it out of the file"},
    "refresh_token": {"subject": "the refresh token, as {token: …, type: refresh_token}"},
    _EXCHANGE: {"subject": "the token to exchange, as {token: …, type: access_token}"},
}
_OF_CLIENT: Final[Mapping[str, tuple[str, ...]]] = {
    "client_secret_post": ("secret",),
    "client_secret_basic": ("secret",),
    "client_secret_jwt": ("secret", "assertion"),
    "private_key_jwt": ("assertion", "secret"),
    "none": (),
}


def check_authentication(process: Process, pointer: str, policy: JSON) -> None:
    """Check the authentication of an endpoint, or one under `use.authentications`."""
    if not isinstance(policy, Mapping):
        return
    if isinstance(policy.get("use"), str):
        process.check_reference(f"{pointer}/use", policy["use"], "authentications")
    for scheme in _SCHEMES:
        given = policy.get(scheme)
        if not isinstance(given, Mapping):
            continue
        if isinstance(given.get("use"), str):
            _check_secret(process, f"{pointer}/{scheme}/use", given["use"])
        elif scheme in ("oauth2", "oidc"):
            _check_login(process, f"{pointer}/{scheme}", given)


def _check_secret(process: Process, pointer: str, name: str) -> None:
    if name not in process.secrets:
        problem = f"The secret `{name}` is not declared{guess(name, process.secrets)}"
        process.report.value("unknown-secret", pointer, problem, "List it under `use.secrets`.")


def _check_login(process: Process, pointer: str, given: Mapping[str, JSON]) -> None:
    grant = given.get("grant")
    if grant is None:
        hint = "Write `grant: client_credentials` when the client logs in for itself."
        process.report.key("authentication", pointer, "The login does not say by which grant it gets a token.", hint)
        return
    if grant == "authorization_code":
        problem = "The grant `authorization_code` needs a person at a browser, and a process has none."
        hint = "Use `client_credentials`, or `refresh_token` with the token that a person's login gave."
        process.report.value("authentication", f"{pointer}/grant", problem, hint)
        return
    for name, purpose in _OF_GRANT.get(str(grant), {}).items():
        if not given.get(name):
            problem = f"A login by `{grant}` needs `{name}`."
            process.report.value("authentication", f"{pointer}/grant", problem, f"Add {purpose}.")
    _check_client(process, pointer, given.get("client") or {}, str(grant))


def _check_client(process: Process, pointer: str, client: Mapping[str, JSON], grant: str) -> None:
    report, method = process.report, str(client.get("authentication", "client_secret_post"))
    place = f"{pointer}/client" if client else pointer
    if method == "none" and grant == "client_credentials":
        problem = "A client without a login of its own cannot get a token by `client_credentials`."
        report.key("authentication", place, problem, "Give its secret, and another `authentication`.")
        return
    either = _OF_CLIENT.get(method, ())
    needed = ["id"] if either and not client.get("id") else []
    if either and not any(client.get(name) for name in either):
        needed.append(either[0])
    for name in needed:
        problem = f"A client that logs in by `{method}` needs `client.{name}`."
        hint = "`authentication: none` is for clients without a secret." if name == "secret" else ""
        report.key("authentication", place, problem, hint)
