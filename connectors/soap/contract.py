"""The WSDL and what it imports as documents that refer to each other by name, so that they can be served elsewhere."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from lxml import etree

from cauce.errors import PermanentError
from cauce.xml import parse_xml
from connectors.soap.catalog import stand_in
from connectors.soap.wire import Wire

MAIN: Final = "service.wsdl"
_most: Final = 200
_wsdl: Final = "{http://schemas.xmlsoap.org/wsdl/}import"
_schema: Final = "{http://www.w3.org/2001/XMLSchema}"
_references: Final = {
    _wsdl: "location",
    **{f"{_schema}{name}": "schemaLocation" for name in ("import", "include", "redefine")},
}


def documents(wire: Wire) -> Mapping[str, str]:
    """Return the documents of a connection's contract, the WSDL first; blocks, so call it off the event loop."""
    names = {wire.documents.url: MAIN}
    written: dict[str, str] = {}
    try:
        for url in _growing(names):
            root = parse_xml(wire.load(url))
            if root is None:
                raise PermanentError("The WSDL, or what it imports, is not XML without a DOCTYPE.", hint="Look at it.")
            _rename(root, url, names)
            written[names[url]] = etree.tostring(root, encoding="unicode", pretty_print=True)
    finally:
        wire.documents.forget()
    return written


def _growing(names: dict[str, str]) -> Any:  # noqa: ANN401 - an iterator of what is added meanwhile
    done = 0
    while done < len(names):
        if len(names) > _most:
            raise PermanentError(f"The WSDL imports more than {_most} documents.", hint="They fit into no fixture.")
        yield list(names)[done]
        done += 1


def _rename(root: Any, url: str, names: dict[str, str]) -> None:  # noqa: ANN401 - an element
    """Let a document refer to others by their names, and to no machine of the company."""
    for node in root.iter():
        attribute = _references.get(node.tag)
        given = node.get(attribute) if attribute else None
        if given:
            target = urljoin(url, given)
            if stand_in(target) is None:
                suffix = "wsdl" if node.tag == _wsdl else "xsd"
                node.set(attribute, names.setdefault(target, f"part-{len(names)}.{suffix}"))
        elif str(node.tag).endswith("}address") and node.get("location"):
            node.set("location", f"http://localhost{urlsplit(node.get('location')).path or '/'}")
