"""What WSDL documents declare, read from their text: zeep leaves operations out without saying so."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from cauce.xml import parse_xml

wsdl: Final = "{http://schemas.xmlsoap.org/wsdl/}"
_mime: Final = "{http://schemas.xmlsoap.org/wsdl/mime/}"
_soap_bindings: Final = {"http://schemas.xmlsoap.org/wsdl/soap/", "http://schemas.xmlsoap.org/wsdl/soap12/"}


@dataclass(frozen=True, slots=True)
class Declared:
    """One operation in a port type (then `binding` is empty) or in a binding of it."""

    port_type: str
    binding: str
    name: str
    is_soap: bool = False
    documentation: str = ""
    has_parts: bool = False


def declared_in(documents: Iterable[bytes]) -> tuple[Declared, ...]:
    """Return the operations of all WSDLs among these documents, as often as they are declared."""
    found: list[Declared] = []
    for content in documents:
        root = parse_xml(content)
        if root is not None and root.tag == f"{wsdl}definitions":
            found += _declared(root)
    return tuple(found)


def _declared(root: Any) -> Iterator[Declared]:  # noqa: ANN401 - an element
    for port_type in root.iterfind(f"{wsdl}portType"):
        for operation in port_type.iterfind(f"{wsdl}operation"):
            text = " ".join(" ".join(operation.itertext(f"{wsdl}documentation")).split())
            yield Declared(port_type.get("name", ""), "", operation.get("name", ""), documentation=text)
    for binding in root.iterfind(f"{wsdl}binding"):
        is_soap = any(isinstance(node.tag, str) and etree.QName(node).namespace in _soap_bindings for node in binding)
        kind = binding.get("type", "").rpartition(":")[2]
        for operation in binding.iterfind(f"{wsdl}operation"):
            has_parts = operation.find(f"*/{_mime}multipartRelated") is not None
            yield Declared(kind, binding.get("name", ""), operation.get("name", ""), is_soap, has_parts=has_parts)
