"""Looks whether a delivery was signed by somebody who knows a secret, and just now where the scheme says when.

Each scheme says what is signed; all signatures are HMACs, and are compared in constant time.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from cauce.errors import UnauthenticatedError
from cauce.receiving import Request
from connectors.webhook.settings import Signature

_most_signatures: Final = 20
_secret_prefix: Final = "whsec_"  # noqa: S105 - what stands before a secret
_hint: Final = "Sign each delivery as docs/webhooks.md says, with a secret that this connection knows."


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature covers: the message, the digests that were sent, and the id and time within the message."""

    message: bytes
    digests: tuple[bytes, ...]
    id: str = ""
    timestamp: int | None = None


def verify(signature: Signature, request: Request) -> Signed:
    """Return what was signed, or raise UnauthenticatedError."""
    signed = _schemes[signature.scheme](signature, request)
    algorithm = signature.algorithm if signature.scheme == "hmac" else "sha256"
    # All are looked at, so that the time does not tell which secret was meant.
    keys = [_key(signature, secret.get_secret_value()) for secret in signature.secrets]
    expected = [hmac.new(key, signed.message, algorithm).digest() for key in keys]
    held = [hmac.compare_digest(wanted, given) for wanted in expected for given in signed.digests]
    if not any(held):
        raise UnauthenticatedError("The signature does not fit the delivery.", hint=_hint)
    if signed.timestamp is not None:
        apart_s = abs(request.now.timestamp() - signed.timestamp)
        if apart_s > signature.tolerance.total_seconds():
            raise UnauthenticatedError(
                "The delivery was signed too long ago, or in the future.",
                hint="Sign it anew when it is sent again, and set the clock of the sender.",
            )
    return signed


def headers_of(signature: Signature) -> tuple[str, ...]:
    """Return the headers that carry the signature: they are no business of a mapping."""
    return (signature.header or _headers[signature.scheme], "svix-signature")


def fingerprint(signed: Signed) -> str:
    """Return what tells a signed message from others where it has no id of its own."""
    return hashlib.sha256(signed.message).hexdigest()


def _standard(signature: Signature, request: Request) -> Signed:
    family = "webhook" if "webhook-id" in request.headers else "svix"
    id_, moment = (request.headers.get(f"{family}-{part}", "") for part in ("id", "timestamp"))
    given = _header(request, signature.header or f"{family}-signature")
    if not id_:
        raise UnauthenticatedError("The header webhook-id is missing.", hint=_hint)
    digests = tuple(_each(part[3:] for part in given.split()[:_most_signatures] if part.startswith("v1,")))
    message = f"{id_}.{moment}.".encode() + request.body
    return Signed(message, digests, id_, _seconds(moment))


def _stripe(signature: Signature, request: Request) -> Signed:
    given = _header(request, signature.header or _headers["stripe"])
    parts = [part.strip().partition("=")[::2] for part in given.split(",")[:_most_signatures]]
    moment = next((value for name, value in parts if name == "t"), "")
    digests = tuple(_each((value for name, value in parts if name == "v1"), "hex"))
    return Signed(f"{moment}.".encode() + request.body, digests, timestamp=_seconds(moment))


def _body(signature: Signature, request: Request) -> Signed:
    github = signature.scheme == "github"
    prefix = "sha256=" if github else signature.prefix
    given = _header(request, signature.header or _headers["github"]).strip()
    if not given.startswith(prefix):
        raise UnauthenticatedError(f"The signature does not begin with {prefix}.", hint=_hint)
    return Signed(request.body, tuple(_each([given.removeprefix(prefix)], "hex" if github else signature.encoding)))


def _header(request: Request, name: str) -> str:
    given = request.headers.get(name.lower(), "")
    if not given:
        raise UnauthenticatedError(f"The header {name} is missing: the delivery is not signed.", hint=_hint)
    return given


def _seconds(moment: str) -> int:
    if not (moment.isascii() and moment.isdigit() and len(moment) < 13):  # noqa: PLR2004 - no number beyond all years
        raise UnauthenticatedError("The signature does not say when it was made.", hint=_hint)
    return int(moment)


def _each(texts: "Iterator[str] | list[str]", encoding: str = "base64") -> Iterator[bytes]:
    for text in texts:
        try:
            yield bytes.fromhex(text) if encoding == "hex" else base64.b64decode(text, validate=True)
        except (ValueError, binascii.Error):
            continue


def _key(signature: Signature, secret: str) -> bytes:
    """Return the bytes of a secret; those of Standard Webhooks are written in base64."""
    if signature.scheme == "standard-webhooks":
        try:
            return base64.b64decode(secret.removeprefix(_secret_prefix), validate=True)
        except (ValueError, binascii.Error):
            return secret.encode()
    return secret.encode()


_schemes: Final[Mapping[str, Callable[[Signature, Request], Signed]]] = {
    "standard-webhooks": _standard,
    "stripe": _stripe,
    "github": _body,
    "hmac": _body,
}
_headers: Final = {
    "standard-webhooks": "webhook-signature",
    "stripe": "stripe-signature",
    "github": "x-hub-signature-256",
}
