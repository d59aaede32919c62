"""Asks a provider for a token: the request with the client's own login, and what the answer says."""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final
from urllib.parse import parse_qsl, quote_plus, urlencode

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from authlib.oauth2.rfc7523.client import ASSERTION_TYPE
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey, import_key

from cauce.authentication.oauth2_policy import TOKEN_EXCHANGE, OAuth2
from cauce.connector import JSON
from cauce.errors import LoginError, PermanentError, TransientError
from cauce.http import HttpRequest, HttpResponse
from cauce.http_messages import server_of

FORM: Final = "application/x-www-form-urlencoded"
_ASSERTION_S: Final = 300
_BUSY: Final = frozenset({408, 425, 429})
_CODE: Final = re.compile(r"[a-z][a-z0-9_.-]{0,59}")
_HEADER_TEXT: Final = re.compile(r"[\x21-\x7e]{1,65536}")
_ALGORITHMS: Final[Mapping[str, str]] = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}


@dataclass(frozen=True, slots=True)
class Granted:
    """What a provider gave; `lasts_s` is None when it did not say."""

    token: str = field(repr=False)
    lasts_s: float | None = None
    refresh_token: str | None = field(default=None, repr=False)


def parameters_of(policy: OAuth2, refresh_token: str | None = None) -> list[tuple[str, str]]:
    """Return what is asked for; with a `refresh_token`, that the token be renewed."""
    if refresh_token or policy.grant == "refresh_token":
        given = policy.subject.token.get_secret_value() if policy.subject else ""
        asked = [("grant_type", "refresh_token"), ("refresh_token", refresh_token or given)]
        return [*asked, *_scope(policy)]
    asked = [("grant_type", policy.grant), *_scope(policy)]
    asked += [("audience", audience) for audience in policy.audiences]
    if policy.grant == "password":
        password = policy.password.get_secret_value() if policy.password else ""
        asked += [("username", policy.username or ""), ("password", password)]
    if policy.grant == TOKEN_EXCHANGE:
        for name, token in (("subject", policy.subject), ("actor", policy.actor)):
            if token is not None:
                asked.append((f"{name}_token", token.token.get_secret_value()))
                asked.append((f"{name}_token_type", token.type_uri))
    return asked


def signed_request(
    policy: OAuth2, endpoint: str, asked: list[tuple[str, str]], *, audience: str
) -> tuple[dict[str, str], JSON]:
    """Return headers and body of a request to a provider, with the client's login in it.

    Raises:
        PermanentError: The client's secret or key cannot be used.
    """
    headers = {"Accept": "application/json", "Content-Type": FORM}
    secret = policy.client.secret.get_secret_value() if policy.client.secret else None
    try:
        method, secret = _client_login(policy, secret, audience)
        auth: Any = ClientAuth(policy.client.id, secret, method)
        _, headers, body = auth.prepare("POST", endpoint, headers, urlencode(asked))
    except (JoseError, ValueError, TypeError):
        # Not chained: it may quote the key.
        raise PermanentError(
            f"The client's login ({policy.client.authentication}) cannot be made with the secret it has.",
            hint="private_key_jwt takes a private key as PEM or JWK, client_secret_jwt a long secret.",
        ) from None
    if policy.request.encoding == FORM:
        return headers, body
    return {**headers, "Content-Type": policy.request.encoding}, _as_object(body)


def granted(response: HttpResponse) -> Granted:
    """Return what an answer gives.

    Raises:
        LoginError: The provider refuses.
        TransientError: It is busy, or does not work now.
        PermanentError: It does not answer as a provider does.
    """
    server = server_of(response.request.url)
    if response.status in _BUSY or response.status >= 500:  # noqa: PLR2004 - 5xx
        raise TransientError(f"The provider {server} gives no token now (HTTP {response.status}).")
    answer = object_of(response)
    if "error" in answer or response.status in {400, 401, 403}:
        code = str(answer.get("error"))
        shown = f", {code}" if "error" in answer and _CODE.fullmatch(code) else ""
        raise LoginError(
            f"The provider {server} refuses the login (HTTP {response.status}{shown}).",
            hint="Check client, secret, grant and scopes of the authentication.",
            remote_code=code if shown else str(response.status),
        )
    token, kind = answer.get("access_token"), answer.get("token_type", "Bearer")
    if not response.ok or not isinstance(token, str) or not _HEADER_TEXT.fullmatch(token):
        raise PermanentError(
            f"The provider {server} does not answer with a token (HTTP {response.status}).",
            hint="Check the address of its token endpoint.",
        )
    if str(kind).lower() != "bearer":
        raise PermanentError(f"The provider {server} gives tokens of a type that cannot be used; only Bearer can.")
    renewal = answer.get("refresh_token")
    return Granted(token, _lasts(answer.get("expires_in")), renewal if isinstance(renewal, str) and renewal else None)


def object_of(response: HttpResponse) -> dict[str, JSON]:
    """Return the JSON object that a provider answered with, whatever type it says it is.

    Raises:
        PermanentError: It is none.
    """
    try:
        answer = json.loads(response.body)
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict):
        return answer
    if response.status in {400, 401, 403}:
        return {}
    raise PermanentError(
        f"The provider {server_of(response.request.url)} does not answer with JSON (HTTP {response.status}).",
        hint="Check the authority and the paths of its endpoints.",
    )


def post(endpoint: str, headers: Mapping[str, str], body: JSON) -> HttpRequest:
    """Return a request to a provider; asking again does no harm, so it counts as a read."""
    return HttpRequest("POST", endpoint, headers=headers, body=body, effect="read", max_bytes=100_000)


def _scope(policy: OAuth2) -> list[tuple[str, str]]:
    return [("scope", " ".join(policy.scopes))] if policy.scopes else []


def _client_login(policy: OAuth2, secret: str | None, audience: str) -> tuple[Any, Any]:
    """Return how a client logs in, as Authlib takes it: a method, and what it works with."""
    method = policy.client.authentication
    if method in {"client_secret_jwt", "private_key_jwt"}:
        if policy.client.assertion is not None:
            return _given_assertion(policy.client.assertion.get_secret_value()), None
        claims = {"aud": audience}
        if method == "client_secret_jwt":
            key: Any = OctKey.import_key(secret or "")
            return ClientSecretJWT(claims=claims), key
        key, algorithm = _private_key(secret or "")
        header = {"kid": key.kid} if key.kid else None
        return PrivateKeyJWT(claims=claims, headers=header, alg=algorithm), key
    return (_basic if method == "client_secret_basic" else method), secret


def _given_assertion(assertion: str) -> Any:  # noqa: ANN401 - what Authlib calls
    def login(_client: object, _method: str, uri: str, headers: dict[str, str], body: str) -> Any:  # noqa: ANN401 - what Authlib calls
        return uri, headers, _with(body, client_assertion_type=ASSERTION_TYPE, client_assertion=assertion)

    return login


def _basic(client: Any, _method: str, uri: str, headers: dict[str, str], body: str) -> Any:  # noqa: ANN401 - what Authlib calls
    """Log in as RFC 6749 §2.3.1 asks: both parts encoded as in a form, which Authlib leaves out."""
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
    return uri, {**headers, "Authorization": "Basic " + b64encode(pair.encode()).decode()}, body


def _with(body: str, **more: str) -> str:
    return f"{body}&{urlencode(more)}" if body else urlencode(more)


def _private_key(text: str) -> tuple[Any, str]:
    key: Any = None
    if text.lstrip().startswith("{"):
        given = json.loads(text)
        key = import_key(given)
    else:
        for kind in (RSAKey, ECKey, OKPKey):
            try:
                key = kind.import_key(text)
            except (JoseError, ValueError, TypeError):
                continue
            break
    if key is None or not key.is_private or isinstance(key, OctKey):
        message = "no private key"
        raise ValueError(message)
    if isinstance(key, ECKey):
        return key, _ALGORITHMS[key.curve_name]
    return key, key.alg or ("EdDSA" if isinstance(key, OKPKey) else "RS256")


def _as_object(body: str) -> dict[str, JSON]:
    """Return a form as a JSON object; what stands there more than once becomes a list."""
    found: dict[str, JSON] = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        if name in found:
            known = found[name]
            found[name] = [*(known if isinstance(known, list) else [known]), value]
        else:
            found[name] = value
    return found


def _lasts(given: JSON) -> float | None:
    try:
        seconds = float(given)
    except (TypeError, ValueError):
        return None
    return max(0.0, seconds) if isfinite(seconds) else None
