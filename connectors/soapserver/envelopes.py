"""Opens the envelope of a request, and puts answers and faults into one of the same version."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from lxml import etree

from cauce.errors import CauceError, InputError, RemoteError, UnauthenticatedError
from cauce.receiving import Answer
from cauce.xml import parse_xml
from connectors.soapserver import messages, names

_understood: Final = {names.wsse, *names.addressing}
_types: Final = {names.soap11: "text/xml; charset=utf-8", names.soap12: "application/soap+xml; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request that was opened: its version, its header (or None), and the element of its operation."""

    version: str
    header: Any
    operation: Any

    @property
    def message_id(self) -> str:
        """The id that WS-Addressing gives the request; empty without one."""
        found = (
            () if self.header is None else (self.header.findtext(f"{{{each}}}MessageID") for each in names.addressing)
        )
        return next((each.strip() for each in found if each), "")


def opened(body: bytes) -> Envelope:
    """Open the envelope of a request, or raise InputError."""
    root = parse_xml(body)
    version = "" if root is None else str(etree.QName(root).namespace)
    if root is None or etree.QName(root).localname != "Envelope" or version not in _types:
        raise InputError("This is no envelope of SOAP 1.1 or 1.2.", hint="Send one in well-formed XML without a DTD.")
    header, content = root.find(f"{{{version}}}Header"), root.find(f"{{{version}}}Body")
    operation = None if content is None else next((each for each in content if isinstance(each.tag, str)), None)
    if operation is None:
        raise InputError("There is nothing in the body of the envelope.", hint="Look at the WSDL.")
    for block in () if header is None else header:
        strange = etree.QName(block).namespace not in _understood
        if strange and block.get(f"{{{version}}}mustUnderstand") in {"1", "true"}:
            problem = f"The header {etree.QName(block).localname} must be understood, and is not."
            raise InputError(problem, hint="Leave it out, or do not ask for that.")
    return Envelope(version, header, operation)


def version_of(body: bytes, content_type: str) -> str:
    """Return the version of a request that perhaps cannot be opened."""
    root = parse_xml(body)
    namespace = None if root is None else etree.QName(root).namespace
    if namespace in _types:
        return str(namespace)
    return names.soap12 if "application/soap+xml" in content_type else names.soap11


def answer(version: str, namespace: str, name: str, write: Callable[[Any], None]) -> Answer:
    """Return an answer whose element `write` fills."""
    envelope, body = _envelope(version)
    write(etree.SubElement(body, etree.QName(namespace, name), nsmap={"tns": namespace, "xsi": names.xsi}))
    return Answer(HTTPStatus.OK, _text(envelope), _types[version])


def fault(version: str, namespace: str, error: CauceError, headers: dict[str, str]) -> Answer:
    """Return a fault, with the problem as its typed detail."""
    envelope, body = _envelope(version)
    node = etree.SubElement(body, etree.QName(version, "Fault"))
    client = error.http_status < HTTPStatus.INTERNAL_SERVER_ERROR
    if version == names.soap11:
        code = "soap:Client" if client else "soap:Server"
        if isinstance(error, UnauthenticatedError):
            code = "wsse:FailedAuthentication"
        etree.SubElement(node, "faultcode", nsmap={"wsse": names.wsse}).text = code
        etree.SubElement(node, "faultstring").text = error.problem
        detail = etree.SubElement(node, "detail")
        status = HTTPStatus.INTERNAL_SERVER_ERROR
    else:
        code_node = etree.SubElement(node, etree.QName(version, "Code"))
        etree.SubElement(code_node, etree.QName(version, "Value")).text = "soap:Sender" if client else "soap:Receiver"
        if isinstance(error, UnauthenticatedError):
            sub = etree.SubElement(code_node, etree.QName(version, "Subcode"), nsmap={"wsse": names.wsse})
            etree.SubElement(sub, etree.QName(version, "Value")).text = "wsse:FailedAuthentication"
        text = etree.SubElement(etree.SubElement(node, etree.QName(version, "Reason")), etree.QName(version, "Text"))
        text.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
        text.text = error.problem
        detail = etree.SubElement(node, etree.QName(version, "Detail"))
        status = HTTPStatus.BAD_REQUEST if client else HTTPStatus.INTERNAL_SERVER_ERROR
    inner = etree.SubElement(detail, etree.QName(namespace, names.problem), nsmap={"tns": namespace})
    messages.fill(inner, _details(error), messages.problem, namespace)
    if "WWW-Authenticate" in headers:
        status = HTTPStatus.UNAUTHORIZED
    return Answer(status, _text(envelope), _types[version], headers)


def _details(error: CauceError) -> dict[str, Any]:
    details = error.problem_details()
    code = error.remote_code if isinstance(error, RemoteError) and error.remote_code else details["code"]
    return {**details, "code": code, "error": details.get("errors", [])}


def _envelope(version: str) -> tuple[Any, Any]:
    envelope = etree.Element(etree.QName(version, "Envelope"), nsmap={"soap": version})
    return envelope, etree.SubElement(envelope, etree.QName(version, "Body"))


def _text(envelope: Any) -> bytes:  # noqa: ANN401 - an element
    return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
