"""Finds out who calls: by HTTP Basic, or by the UsernameToken of WS-Security."""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any, Final

from cauce.errors import UnauthenticatedError
from cauce.receiving import Request
from connectors.soapserver import names
from connectors.soapserver.settings import Settings

_hint: Final = "Send the login that this connection expects."
_digest_type: Final = "#PasswordDigest"
_most_nonce: Final = 1_000


def check_basic(settings: Settings, request: Request) -> None:
    """Raise UnauthenticatedError unless the request has the login of the settings."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        login = base64.b64decode(given.strip(), validate=True)
    except ValueError:
        login = b""
    wanted = [f"{settings.username}:{each.get_secret_value()}".encode() for each in settings.passwords]
    if scheme.lower() != "basic" or not _one_of(login, wanted):
        raise UnauthenticatedError("The caller did not log in.", hint=_hint)


def check_token(settings: Settings, header: Any, now: datetime) -> None:  # noqa: ANN401 - an element
    """Raise UnauthenticatedError unless the header of an envelope has a token with the login of the settings."""
    token = None if header is None else header.find(f"{{{names.wsse}}}Security/{{{names.wsse}}}UsernameToken")
    if token is None:
        raise UnauthenticatedError("There is no UsernameToken.", hint=_hint)
    password = token.find(f"{{{names.wsse}}}Password")
    given = "" if password is None else password.text or ""
    digest = password is not None and password.get("Type", "").endswith(_digest_type)
    created = token.findtext(f"{{{names.wsu}}}Created") or ""
    if digest or created:
        _check_time(created, now, settings.tolerance.total_seconds())
    known = [each.get_secret_value().encode() for each in settings.passwords]
    if digest:
        nonce = _nonce(token.findtext(f"{{{names.wsse}}}Nonce") or "")
        known = [_digest(nonce, created, each) for each in known]
    named = hmac.compare_digest(
        (token.findtext(f"{{{names.wsse}}}Username") or "").encode(), settings.username.encode()
    )
    if not (_one_of(given.encode(), known) and named):
        raise UnauthenticatedError("The name or the password of the UsernameToken is wrong.", hint=_hint)


def _one_of(given: bytes, wanted: list[bytes]) -> bool:
    """Compare with each, so that the time does not tell which one was meant."""
    return sum(hmac.compare_digest(given, each) for each in wanted) > 0


def _nonce(text: str) -> bytes:
    try:
        nonce = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        nonce = b""
    if not 0 < len(nonce) <= _most_nonce:
        raise UnauthenticatedError("The nonce of the UsernameToken cannot be read.", hint=_hint)
    return nonce


def _digest(nonce: bytes, created: str, password: bytes) -> bytes:
    # SHA-1 is what the profile wants (UsernameToken Profile 1.1, 3.1).
    return base64.b64encode(hashlib.sha1(nonce + created.encode() + password, usedforsecurity=False).digest())


def _check_time(created: str, now: datetime, tolerance_s: float) -> None:
    try:
        moment = datetime.fromisoformat(created.strip())
        apart_s = abs((now - moment).total_seconds())
    except (ValueError, TypeError):  # TypeError: without a time zone, nobody knows when that was
        apart_s = float("inf")
    if apart_s > tolerance_s:
        raise UnauthenticatedError(
            "The UsernameToken was not made just now.", hint="Set the clock of the caller; Created is in UTC."
        )
