"""Reads what is posted to a webhook, and answers it."""

import base64
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

from pydantic import SecretStr

from cauce.connection import Connection
from cauce.depth import check_depth
from cauce.errors import CauceError, InputError, TooLargeError, UnauthenticatedError
from cauce.receiving import Answer, Delivery, Done, Request, problem_type
from connectors.webhook.settings import Settings
from connectors.webhook.signatures import Signed, fingerprint, headers_of, verify

JSON = Any
_most_fields: Final = 1_000
_form: Final = "application/x-www-form-urlencoded"
_id_headers: Final = ("idempotency-key", "webhook-id", "ce-id", "x-request-id")


class Receiver:
    """One webhook; what mappings see is `{body, headers, query}`."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._name = connection.name
        self._settings = settings

    def describe(self, request: Request) -> Answer:
        """Say that this takes POST only."""
        del request
        return Answer(HTTPStatus.METHOD_NOT_ALLOWED, b"Send deliveries with POST.\n", "text/plain", {"Allow": "POST"})

    def read(self, request: Request) -> Delivery:
        """Look who sends this, then read it."""
        limit = self._settings.max_bytes
        if len(request.body) > limit:
            raise TooLargeError(f"The delivery is larger than {limit:,} bytes.", hint="Send less at a time.")
        self._check_login(request)
        signature = self._settings.signature
        signed = verify(signature, request) if signature else None
        hidden = headers_of(signature) if signature else ()
        content: dict[str, JSON] = {
            "headers": request.plain_headers(*hidden),
            "query": dict(request.query),
        }
        try:
            content["body"] = _body(request)
            check_depth(content["body"], "body")
            delivery = Delivery(content, at="body")
        except CauceError as flaw:
            content["body"] = _as_text(request.body)
            delivery = Delivery(content, at="body", flaw=flaw)
        return replace(delivery, id=self._id(request, content["body"], signed))

    def accept(self, request: Request, done: Done) -> Answer:
        """Answer what is configured; else what a process gave, or a receipt."""
        del request
        fixed = done.reception.answer if done.reception else None
        if fixed is not None:
            return Answer(fixed.status, b"" if done.body is None else _json(done.body))
        if done.state == "completed":
            return Answer(HTTPStatus.OK, _json(done.output))
        receipt: dict[str, JSON] = {"state": done.state, "event": done.event or None, "instances": list(done.instances)}
        return Answer(HTTPStatus.ACCEPTED, _json({name: value for name, value in receipt.items() if value is not None}))

    def refuse(self, request: Request, error: CauceError) -> Answer:
        """Answer problem details."""
        del request
        headers = {}
        if isinstance(error, UnauthenticatedError) and (self._settings.basic or self._settings.bearer):
            headers["WWW-Authenticate"] = 'Basic realm="cauce"' if self._settings.basic else "Bearer"
        details = error.problem_details()
        return Answer(details["status"], _json(details), problem_type, headers)

    def _check_login(self, request: Request) -> None:
        basic, bearer = self._settings.basic, self._settings.bearer
        if not (basic or bearer):
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        good = False
        if scheme.lower() == "basic" and basic:
            login = f"{basic.username}:{basic.password.get_secret_value()}".encode()
            good = hmac.compare_digest(_decoded(given), login)
        elif scheme.lower() == "bearer":
            # Every token is compared, so that the time does not tell which one was meant.
            good = any(_each_equal(bearer, given.strip()))
        if not good:
            raise UnauthenticatedError(
                "The sender did not prove who it is.", hint="Send the login that this connection expects."
            )

    def _id(self, request: Request, body: JSON, signed: Signed | None) -> str:
        """Return what tells this delivery from others.

        What is signed comes first: a header that is not could be changed by whoever sends a delivery of others again.
        """
        if signed and signed.id:
            return signed.id
        if header := self._settings.id_header:
            return request.headers.get(header.lower(), "")
        if signed:
            named = body.get("id") if signed.timestamp is not None and isinstance(body, dict) else None
            return named if isinstance(named, str) and named else fingerprint(signed)
        return next((request.headers[name] for name in _id_headers if request.headers.get(name)), "")


def _each_equal(tokens: list[SecretStr], given: str) -> Iterator[bool]:
    yield from [hmac.compare_digest(each.get_secret_value().encode(), given.encode()) for each in tokens]


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except ValueError:
        return b""


def _body(request: Request) -> JSON:
    """Return the body as data: JSON, the fields of a form, text, or what is none of these in base64."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _form:
        return _fields(request.body)
    if not kind or kind.endswith(("/json", "+json")):
        try:
            found = json.loads(request.body, parse_constant=_no_number) if request.body.strip() else None
            # Half a pair of surrogates is no text that a database takes.
            json.dumps(found, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise InputError("The body is not JSON.", hint="Send JSON, or another Content-Type.") from None
        else:
            return found
    return _as_text(request.body)


def _no_number(name: str) -> JSON:
    raise ValueError(name)


def _fields(body: bytes) -> JSON:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_most_fields, errors="strict")
    except ValueError:
        raise InputError(
            f"The body is not a form of at most {_most_fields:,} fields.", hint="Encode it as a form in UTF-8."
        ) from None
    found: dict[str, JSON] = {}
    for name, value in pairs:
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def _as_text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return base64.b64encode(body).decode()


def _json(value: JSON) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")
