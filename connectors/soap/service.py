"""Parsed WSDLs: loaded once per content and reading rules, shared by all connections to the same service."""

import hashlib
import threading
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import zeep
from lxml import etree
from zeep.wsdl import Document

from cauce.connection import did_you_mean
from cauce.errors import CauceError, PermanentError
from cauce.xml import parse_xml
from connectors.soap.declared import Declared, declared_in
from connectors.soap.enumerations import Enumerations
from connectors.soap.exchange import origin
from connectors.soap.wire import Wire

_most: Final = 64
_most_locks: Final = 1_000
_wsdl: Final = "{http://schemas.xmlsoap.org/wsdl/}"
_lock = threading.Lock()
# zeep only warns when it leaves operations out; here they are counted (`Parsed.lost`).
warnings.filterwarnings("ignore", category=UserWarning, module=r"zeep\.")
_parsed: OrderedDict[tuple[object, ...], "Parsed"] = OrderedDict()
_parsing: dict[tuple[object, ...], threading.Lock] = {}


@dataclass(frozen=True, slots=True)
class Reading:
    """How forgiving the WSDL's answers are read."""

    lenient: bool = False
    ignore_order: bool = False
    # Whoever allows large answers allows large texts in them: attachments.
    large: bool = False

    def settings(self) -> zeep.Settings:
        """Return zeep's settings for it, closed to DTDs and entities."""
        return zeep.Settings(
            strict=not self.lenient,
            xsd_ignore_sequence_order=self.ignore_order,
            xml_huge_tree=self.large,
            forbid_dtd=True,
            forbid_entities=True,
        )


@dataclass(frozen=True, slots=True)
class Parsed:
    """A WSDL as zeep reads it, what it drops (enumerations), what was declared, and the operations it lost."""

    document: Document
    enumerations: Enumerations
    declared: tuple[Declared, ...]
    digests: Mapping[str, bytes]
    # Some document speaks of a UsernameToken, as policies do.
    wants_token: bool

    @property
    def lost(self) -> tuple[str, ...]:
        """Return the SOAP operations that the documents declare and zeep did not load."""
        loaded = {name for binding in self.document.bindings.values() for name in binding.all()}
        return tuple(sorted({each.name for each in self.declared if each.is_soap} - loaded))

    def has_attachments(self, binding: str, operation: str) -> bool:
        """Say whether an operation is bound to MIME parts: zeep would send and read nothing of them."""
        return any(each.has_parts and (each.binding, each.name) == (binding, operation) for each in self.declared)

    def is_current(self, wire: Wire) -> bool:
        """Say whether the documents on this machine are still those that were parsed."""
        return all(hashlib.sha256(wire.load(url)).digest() == digest for url, digest in self.digests.items())


@dataclass(frozen=True, slots=True)
class Where:
    """The service and port to look in when an operation names none, and the address to use instead of the port's."""

    service: str = ""
    port: str = ""
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """One operation at one port: what is called, and what zeep knows of its messages."""

    proxy: Any
    operation: Any
    address: str

    @property
    def is_rpc(self) -> bool:
        """Say whether the operation's parts stand for arguments of a procedure."""
        return bool(self.operation.style == "rpc")


def parse(wire: Wire, reading: Reading) -> Parsed:
    """Load a WSDL and all that it imports; blocks, so call it off the event loop."""
    try:
        return _shared(wire, reading)
    finally:
        # Not kept for every connection; and what failed may have been mended when it is asked for again.
        wire.documents.forget()


def _shared(wire: Wire, reading: Reading) -> Parsed:
    url = wire.documents.url
    content = wire.load(url)
    _check_is_wsdl(content, url)
    key = (wire.rules.wsdl, url, hashlib.sha256(content).digest(), reading, wire.rules.hosts)
    # One lock a WSDL: many connections to it parse it once, and a slow host of its imports holds up no other.
    with _lock:
        if len(_parsing) > _most_locks:
            _parsing.clear()  # at worst, something is parsed twice
        own = _parsing.setdefault(key, threading.Lock())
    with own:
        with _lock:
            known = _parsed.get(key)
        if known is None or not known.is_current(wire):
            known = _parse(wire, reading)
        with _lock:
            _parsed[key] = known
            _parsed.move_to_end(key)
            while len(_parsed) > _most:
                _parsing.pop(_parsed.popitem(last=False)[0], None)
    return known


def bind(client: zeep.Client, parsed: Parsed, calls: str, where: Where) -> Bound:
    """Find `[Service.][Port.]Operation` in the WSDL."""
    *path, name = calls.strip().split(".")
    path = path or [part for part in (where.service, where.port) if part]
    ports = [
        (service, port)
        for service in client.wsdl.services.values()
        for port in service.ports.values()
        if not path or path in ([service.name], [port.name], [service.name, port.name])
    ]
    if not ports:
        raise PermanentError(
            f"The WSDL has no service or port {'.'.join(path)!r}.",
            hint=did_you_mean(path[-1], _port_names(client)),
            remote_code="unknown-operation",
        )
    found = [(service, port) for service, port in ports if hasattr(port.binding.all().get(name), "style")]
    if not found:
        known = sorted({op for _, port in ports for op in port.binding.all()})
        raise PermanentError(
            f"The WSDL has no operation {name!r}.", hint=did_you_mean(name, known), remote_code="unknown-operation"
        )
    # Several ports of one interface differ in the version of SOAP alone; several interfaces are several things.
    if len({port.binding.port_name.text for _, port in found}) > 1:
        choices = ", ".join(f"{service.name}.{port.name}.{name}" for service, port in found[:6])
        raise PermanentError(
            f"The WSDL has several operations {name!r}.",
            hint=f"Write calls as one of {choices}, or set settings.service or settings.port.",
            remote_code="unknown-operation",
        )
    return _bound(client, parsed, found[0], name, where.address)


def _bound(client: zeep.Client, parsed: Parsed, place: tuple[Any, Any], name: str, address: str | None) -> Bound:
    service, port = place
    if parsed.has_attachments(port.binding.name.localname, name):
        raise PermanentError(
            f"The WSDL binds {name!r} to MIME attachments, which cannot be sent.",
            hint="Call an operation of that system that takes the content as base64 within the message.",
            remote_code="attachments",
        )
    given = client.create_service(port.binding.name.text, address) if address else None
    proxy = given or client.bind(service.name, port.name)
    return Bound(proxy[name], port.binding.all()[name], address or port.binding_options["address"])


def _parse(wire: Wire, reading: Reading) -> Parsed:
    url = wire.documents.url
    transport: Any = wire  # zeep annotates the class where it means an object
    try:
        document = Document(url, transport, settings=reading.settings())
    except CauceError:
        raise
    except zeep.exceptions.DTDForbidden as cause:
        raise PermanentError("The WSDL has a DOCTYPE, which is not read.", hint="Take it out.") from cause
    except Exception as cause:
        # zeep raises whatever its parser ran into; none of it says where.
        raise PermanentError(
            f"The WSDL cannot be read: {_first_line(cause)}.", hint="Correct settings.wsdl, or the WSDL itself."
        ) from cause
    _gather(document)
    sources = wire.documents.loaded.values()
    wants_token = any(b"UsernameToken" in content for content in sources)
    return Parsed(document, Enumerations.of(sources), declared_in(sources), wire.documents.digests(), wants_token)


def _gather(document: Any) -> None:  # noqa: ANN401 - zeep's
    """Make the services and bindings of imported WSDLs those of the document; zeep shows only the first one's."""
    for definition in document._definitions.values():  # noqa: SLF001 - nothing public lists them
        for name, service in definition.services.items():
            document.services.setdefault(name, service)
        for name, binding in definition.bindings.items():
            document.bindings.setdefault(name, binding)


def _check_is_wsdl(content: bytes, url: str) -> None:
    head = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    root = parse_xml(content)
    if root is not None and root.tag == f"{_wsdl}definitions":
        return
    if head.startswith((b"<html", b"<!doctype html")):
        what = "a web page"
    elif root is not None:
        what = f"XML whose root is {etree.QName(root).localname}"
    else:
        what = "something that is not XML without a DOCTYPE"
    raise PermanentError(
        f"{origin(url)} has {what} at the address of the WSDL.",
        hint="Correct settings.wsdl; it often ends in ?wsdl.",
        remote_code="not-a-wsdl",
    )


def _port_names(client: zeep.Client) -> list[str]:
    services = client.wsdl.services.values()
    return [name for service in services for name in (service.name, *service.ports)]


def _first_line(cause: Exception) -> str:
    return (str(cause).partition("\n")[0].strip() or type(cause).__name__)[:200].rstrip(".")
