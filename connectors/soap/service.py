"""Parsed WSDLs: loaded once per content and reading rules, shared by all connections to the same service."""

import hashlib
import threading
import warnings
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

import zeep
from lxml import etree
from zeep.wsdl import Document

from cauce.connection import did_you_mean
from cauce.errors import CauceError, PermanentError
from connectors.soap.declared import Declared, declared_in
from connectors.soap.enumerations import Enumerations
from connectors.soap.exchange import origin
from connectors.soap.faults import parse_xml
from connectors.soap.wire import Wire

_most: Final = 64
_wsdl: Final = "{http://schemas.xmlsoap.org/wsdl/}"
_lock = threading.Lock()
# zeep only warns when it leaves operations out; here they are counted (`Parsed.lost`).
warnings.filterwarnings("ignore", category=UserWarning, module=r"zeep\.")
_parsed: OrderedDict[tuple[object, ...], "Parsed"] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Reading:
    """How forgiving the WSDL's answers are read."""

    lenient: bool = False
    ignore_order: bool = False

    def settings(self) -> zeep.Settings:
        """Return zeep's settings for it, closed to DTDs and entities."""
        return zeep.Settings(
            strict=not self.lenient, xsd_ignore_sequence_order=self.ignore_order, forbid_dtd=True, forbid_entities=True
        )


@dataclass(frozen=True, slots=True)
class Parsed:
    """A WSDL as zeep reads it, what it drops (enumerations), what was declared, and the operations it lost."""

    document: Document
    enumerations: Enumerations
    declared: tuple[Declared, ...]

    @property
    def lost(self) -> tuple[str, ...]:
        """Return the SOAP operations that the documents declare and zeep did not load."""
        loaded = {name for binding in self.document.bindings.values() for name in binding.all()}
        return tuple(sorted({each.name for each in self.declared if each.is_soap} - loaded))


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
    url = wire.rules.wsdl
    content = wire.load(url)
    _check_is_wsdl(content, url)
    key = (url, hashlib.sha256(content).digest(), reading, wire.rules.hosts)
    with _lock:
        if (known := _parsed.get(key)) is not None:
            _parsed.move_to_end(key)
            return known
    # Not under the lock: a slow host of one WSDL's imports must not hold up all others. Twice the work is no harm.
    parsed = _parse(wire, reading)
    with _lock:
        _parsed[key] = parsed
        while len(_parsed) > _most:
            _parsed.popitem(last=False)
    return parsed


def bind(client: zeep.Client, calls: str, address: str | None) -> Bound:
    """Find `[Service.][Port.]Operation` in the WSDL."""
    *path, name = calls.strip().split(".")
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
    for service, port in ports:
        operation = port.binding.all().get(name)
        if operation is None or not hasattr(operation, "style"):
            continue
        target = address or port.binding_options["address"]
        if address:
            proxy = client.create_service(port.binding.name.text, address)
        else:
            proxy = client.bind(service.name, port.name)
        return Bound(proxy[name], operation, target)
    known = sorted({op for _, port in ports for op in port.binding.all()})
    raise PermanentError(
        f"The WSDL has no operation {name!r}.", hint=did_you_mean(name, known), remote_code="unknown-operation"
    )


def _parse(wire: Wire, reading: Reading) -> Parsed:
    url = wire.rules.wsdl
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
    enumerations = Enumerations.of(wire.documents.values())
    return Parsed(document, enumerations, declared_in(wire.documents.values()))


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
