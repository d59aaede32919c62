"""Logging in at an OpenID provider: code flow with PKCE, groups that become roles, and logout by the provider.

The provider proves who somebody is with a signed ID token; what they may do comes from the groups in it, anew at every
login. Accounts made this way have no password here.
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from cauce.authentication.id_tokens import claims_of
from cauce.authentication.token_request import FORM, object_of
from cauce.errors import CauceError, ConflictError, SettingsError, TransientError, UnauthenticatedError
from cauce.http import HttpRequest, HttpResponse, exchange
from cauce.http_messages import server_of
from cauce.services.access.leaving import let_go
from cauce.services.hub import Actor, Hub, roles
from cauce.services.users import actor_of, not_active
from cauce.store import audit, directory, login_sessions, users
from cauce.store.models import User
from cauce.store.session import Db

JSON = Any
callback: Final = "/login/openid/return"
_secret: Final = "openid-client-secret"  # noqa: S105 - the name of the secret, not the secret
_logout_event: Final = "http://schemas.openid.net/event/backchannel-logout"
_scope: Final = "openid profile email"
_timeout_s: Final = 10.0
_most_bytes: Final = 500_000
_logout_lasts_s: Final = 600
_longest_name: Final = 100
_most_groups: Final = 200


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login on its way: kept by the browser in a signed cookie until the provider sends the person back."""

    state: str
    nonce: str
    verifier: str
    target: str


@dataclass(frozen=True, slots=True)
class _Provider:
    issuer: str
    authorization: str
    token: str
    keys: str


async def begin(hub: Hub, target: str) -> tuple[str, Attempt]:
    """Return where to send the person, and what to remember until they are back."""
    provider = await _provider(hub)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    attempt = Attempt(state, nonce, verifier, target)
    asked = {
        "response_type": "code",
        "client_id": hub.settings.openid_client_id,
        "redirect_uri": hub.settings.public_url + callback,
        "scope": f"{_scope} {hub.settings.openid_scopes}".strip(),
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": create_s256_code_challenge(verifier),
        "code_challenge_method": "S256",
    }
    return f"{provider.authorization}{'&' if '?' in provider.authorization else '?'}{urlencode(asked)}", attempt


async def finish(hub: Hub, attempt: Attempt | None, answer: Mapping[str, str]) -> Actor:
    """Return who comes back from the provider; their account is made or brought up to date.

    Raises:
        UnauthenticatedError: The provider refused, the answer is to no question of this browser, or nothing that this
            person belongs to has a role here.
    """
    if attempt is None or not secrets.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
        raise UnauthenticatedError("This login was not begun in this browser.", hint="Log in again.")
    if "code" not in answer:
        raise UnauthenticatedError("The provider did not log you in.", hint="Try again, or ask who runs the provider.")
    provider = await _provider(hub)
    asked = {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "redirect_uri": hub.settings.public_url + callback,
        "client_id": hub.settings.openid_client_id,
        "code_verifier": attempt.verifier,
    }
    if secret := _client_secret(hub):
        asked["client_secret"] = secret
    response = await _asked(HttpRequest("POST", provider.token, {"Content-Type": FORM}, body=urlencode(asked)))
    token = object_of(response).get("id_token") if response.ok else None
    if not isinstance(token, str):
        raise UnauthenticatedError("The provider did not confirm the login.", hint="Log in again.")
    claims = await _claims(hub, provider, token)
    if claims.get("nonce") != attempt.nonce or "exp" not in claims:
        raise UnauthenticatedError("The provider's answer is not one to this login.", hint="Log in again.")
    return await _admitted(hub, claims)


async def end(hub: Hub, logout_token: str) -> None:
    """End the sessions of somebody who logged out at the provider, which says so with a signed token."""
    claims = await _claims(hub, await _provider(hub), logout_token)
    events = claims.get("events")
    meant = isinstance(events, dict) and _logout_event in events and "sub" in claims and "nonce" not in claims
    # Old ones are refused by what they say of themselves; the first drafts of the standard knew no `exp`.
    if not meant or ("exp" not in claims and claims.get("iat", 0) < time.time() - _logout_lasts_s):
        raise UnauthenticatedError("This is no logout token.", hint="Send what OpenID back-channel logout defines.")
    async with hub.store.transaction() as db:
        row = await users.of_subject(db, str(claims.get("sub", "")))
        if row is not None:
            await login_sessions.end_all(db, row.name)
            await audit.append(db, row.name, "user.logout", row.name, {"by": "provider"})


async def _admitted(hub: Hub, claims: Mapping[str, JSON]) -> Actor:
    settings = hub.settings
    subject, name = str(claims.get("sub", "")), str(claims.get(settings.openid_name_claim) or claims.get("sub", ""))
    given = claims.get(settings.openid_groups_claim)
    groups = [each for each in given if isinstance(each, str)][:_most_groups] if isinstance(given, list) else []
    allowed = sorted({settings.openid_roles[each] for each in groups if each in settings.openid_roles} & set(roles))
    if not subject or not name or len(name) > _longest_name or any(each.isspace() for each in name):
        raise UnauthenticatedError("The provider gives no name that can be used here.", hint="Ask an admin.")
    async with hub.store.transaction() as db:
        row = await users.of_subject(db, subject) or await _kept_by_directory(db, name)
        kept = row is not None and await directory.of_account(db, row.name) is not None
        if row is None and allowed:
            full_name = str(claims.get("name", ""))[:_longest_name]
            new = await users.add(db, name, password_hash="", roles=allowed, groups=groups, full_name=full_name)
            if not new:
                # Who owns a name at the provider does not thereby own the local account of that name.
                raise ConflictError(f"There is a local account '{name}' already.", hint="An admin has to rename it.")
            await users.bind(db, name, subject)
        elif row is not None and not row.active:
            raise not_active()
        elif row is not None:
            name = row.name
            await users.bind(db, name, subject)
            if not kept:
                # Whoever keeps the account over SCIM has said what it may do.
                await _bring_up_to_date(db, row, allowed, groups)
        if allowed or kept:
            await audit.append(db, name, "user.login", name, {"by": "provider", "roles": allowed})
    if not allowed and not kept:
        raise UnauthenticatedError("None of your groups has a role here.", hint="Ask an admin of your company.")
    return await actor_of(hub, name)


async def _bring_up_to_date(db: Db, row: User, allowed: Sequence[str], groups: Sequence[str]) -> None:
    """Let an account do what its groups do now; without any role it is out, on other browsers and with tokens too."""
    before = users.rights(row)
    await users.change(db, row.name, roles=allowed, groups=groups)
    await db.refresh(row)
    if not allowed:
        await let_go(db, row.name, row.name)
    if said := users.changed_rights(before, row):
        await audit.append(db, row.name, "user.change", row.name, {"by": "provider", **said})


async def _kept_by_directory(db: Db, name: str) -> User | None:
    """Return the account that the directory made for somebody who logs in for the first time."""
    found = await directory.people(db, user_name=name)
    return next((account for _, account in found if account.subject is None), None)


async def _claims(hub: Hub, provider: _Provider, token: str) -> dict[str, JSON]:
    """Return what a token says whose signature, issuer, audience and times are right."""
    response = await _asked(HttpRequest("GET", provider.keys))
    return claims_of(token, object_of(response), issuer=provider.issuer, client=hub.settings.openid_client_id)


async def _provider(hub: Hub) -> _Provider:
    issuer = hub.settings.openid_issuer
    if not issuer:
        raise SettingsError("No OpenID provider is set up.", hint="Set CAUCE_OPENID_ISSUER and CAUCE_OPENID_CLIENT_ID.")
    response = await _asked(HttpRequest("GET", issuer.rstrip("/") + "/.well-known/openid-configuration"))
    said = object_of(response) if response.ok else {}
    found = [said.get(name) for name in ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")]
    if not all(isinstance(each, str) for each in found) or str(found[0]).rstrip("/") != issuer.rstrip("/"):
        raise TransientError(f"{server_of(issuer)} does not describe itself as the OpenID provider that is set up.")
    return _Provider(*map(str, found))


async def _asked(request: HttpRequest) -> HttpResponse:
    # The operator named the provider, so it may be at a private address.
    limited = replace(request, timeout_s=_timeout_s, max_bytes=_most_bytes)
    try:
        return await exchange(limited)
    except CauceError as error:
        raise TransientError(
            "The OpenID provider does not answer.", hint="Try again in a minute, or log in with a local account."
        ) from error


def _client_secret(hub: Hub) -> str:
    try:
        return hub.resolver.secret(_secret)
    except SettingsError:
        return ""  # a public client, which PKCE protects
