"""The headers of WS-Addressing: what is asked, of whom, and where the answer goes (back the same way)."""

from typing import Any

from zeep import ns
from zeep.plugins import Plugin
from zeep.wsa import WSA, WsAddressingPlugin

_anonymous = "http://www.w3.org/2005/08/addressing/anonymous"


class Addressing(Plugin):
    """Sends them where the WSDL names an action (zeep did already then), or always."""

    def __init__(self, *, always: bool) -> None:
        self._always = always
        self._plain = WsAddressingPlugin()

    def egress(self, envelope: Any, http_headers: Any, operation: Any, binding_options: Any) -> Any:  # noqa: ANN401 - zeep's
        """Add what is missing of them to an envelope."""
        if not self._always and not operation.abstract.wsa_action:
            return envelope, http_headers
        if not operation.abstract.wsa_action:
            envelope, http_headers = self._plain.egress(envelope, http_headers, operation, binding_options)
        header = envelope.find(f"{{{_namespace(envelope)}}}Header")
        header.append(WSA.ReplyTo(WSA.Address(_anonymous)))
        return envelope, http_headers


def _namespace(envelope: Any) -> str:  # noqa: ANN401 - an element
    return ns.SOAP_ENV_12 if envelope.tag.startswith(f"{{{ns.SOAP_ENV_12}}}") else ns.SOAP_ENV_11
