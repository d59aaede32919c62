"""Reads requests by the WSDL that is published here, and answers them in its words."""

from http import HTTPStatus
from typing import Any
from uuid import uuid4

from lxml import etree

from cauce.connection import Connection, did_you_mean
from cauce.errors import CauceError, InputError, PermanentError, TooLargeError, TransientError, UnauthenticatedError
from cauce.receiving import Answer, Delivery, Done, Reception, Request
from connectors.soapserver import envelopes, messages, wsdl
from connectors.soapserver.login import check_basic, check_token
from connectors.soapserver.settings import Settings
from schemas import validate_data
from schemas.elements import UnsuitedError, elements_of


class Receiver:
    """One service; what mappings see is what the operation's element holds."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection = connection
        self._settings = settings
        self._namespace = settings.namespace or f"urn:cauce:{connection.name}"

    def describe(self, request: Request) -> Answer:
        """Give the WSDL to whoever asks: what can be called is no secret, and tools read it without a login."""
        if "wsdl" not in {name.lower() for name in request.query}:
            return Answer(HTTPStatus.OK, f"{request.address}?wsdl\n".encode(), "text/plain; charset=utf-8")
        name = f"{'_' if self._connection.name[0].isdigit() else ''}{self._connection.name}"
        try:
            text = wsdl.write(name, self._namespace, request.address, tuple(self._connection.receives.values()))
        except UnsuitedError as cause:
            raise PermanentError(
                "The service cannot be described.", hint="`cauce check` says which schema has no elements."
            ) from cause
        return Answer(HTTPStatus.OK, text, "text/xml; charset=utf-8")

    def read(self, request: Request) -> Delivery:
        """Look who calls and which operation, then read what it is given."""
        limit = self._settings.max_bytes
        if len(request.body) > limit:
            raise TooLargeError(f"The request is larger than {limit:,} bytes.", hint="Send less at a time.")
        if self._settings.security == "basic":
            check_basic(self._settings, request)
        envelope = envelopes.opened(request.body)
        if self._settings.security == "username-token":
            check_token(self._settings, envelope.header, request.now)
        name, node = etree.QName(envelope.operation), envelope.operation
        reception = self._connection.receives.get(name.localname)
        if reception is None or name.namespace != self._namespace:
            hint = did_you_mean(name.localname, self._connection.receives)
            raise InputError(f"There is no operation {name.localname} in {self._namespace}.", hint=hint)
        # Without an id every request is one of its own.
        id_ = envelope.message_id or str(uuid4())
        try:
            content = messages.as_data(node, elements_of(reception.input), self._namespace)
        except InputError as flaw:
            return Delivery(_plain(node), id_, reception=reception.name, flaw=flaw)
        return Delivery(content, id_, reception=reception.name)

    def accept(self, request: Request, done: Done) -> Answer:
        """Answer the output of the process, or a receipt."""
        reception = done.reception
        if reception is None:
            raise InputError("The operation is not there any more.")
        if reception.starts and done.state == "running":
            raise TransientError(
                f"The process has not ended within {reception.starts.timeout_s:g} seconds; it goes on.",
                hint="Send the same request with the same id again to get its output.",
                where=done.instances[0],
            )
        described = reception.starts is not None and reception.output is not None
        data = _output(reception, done.output) if described else _receipt(done)
        version = envelopes.version_of(request.body, request.headers.get("content-type", ""))

        def write(node: Any) -> None:  # noqa: ANN401 - an element
            messages.fill(node, data, wsdl.answers(reception), self._namespace)

        return envelopes.answer(version, self._namespace, f"{reception.name}Response", write)

    def refuse(self, request: Request, error: CauceError) -> Answer:
        """Answer a fault, with the problem as its detail."""
        version = envelopes.version_of(request.body, request.headers.get("content-type", ""))
        headers = {}
        if isinstance(error, UnauthenticatedError) and self._settings.security == "basic":
            headers["WWW-Authenticate"] = 'Basic realm="cauce"'
        return envelopes.fault(version, self._namespace, error, headers)


def _receipt(done: Done) -> dict[str, Any]:
    return {"state": done.state, "event": done.event or None, "instance": list(done.instances)}


def _output(reception: Reception, output: Any) -> Any:  # noqa: ANN401 - JSON
    try:
        validate_data(reception.output, output, where="output")
    except InputError as cause:
        raise PermanentError(
            "The process ended with an output that is not what this operation promises.", hint="Ask its operator."
        ) from cause
    return output


def _plain(node: Any) -> Any:  # noqa: ANN401 - elements and JSON
    """Return an element that does not fit as data, for whoever mends it."""
    if not len(node):
        return node.text or ""
    found: dict[str, Any] = {}
    for child in node:
        found.setdefault(etree.QName(child).localname, []).append(_plain(child))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
