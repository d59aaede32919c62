"""Reads a WSDL as the operations of a connection, and says what became of each that it declares."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import zeep

from cauce.connector import JSON, BaseConnector, Operation
from cauce.errors import PermanentError, TransientError
from cauce.importing import (
    GUESSED,
    MAX_BYTES,
    Budget,
    Contract,
    Described,
    ImportedOperation,
    LeftOut,
    Offer,
    effect_of,
    fitted,
    words,
)
from connectors.soap.connector import Connector
from connectors.soap.schemas import Schemas
from connectors.soap.service import Parsed, Reading, Where, bind, parse
from connectors.soap.wire import Rules, Wire

_zip: Final = b"PK\x03\x04"
_namespace: Final = b"http://schemas.xmlsoap.org/wsdl/"
_address: Final = re.compile(r"https?://[^\s${}]+")
_connect_timeout_s: Final = 10.0
_all_s: Final = 120.0
_not_soap: Final = "it has no SOAP binding, only another one."
_no_binding: Final = "no binding says how to call it."
_no_port: Final = "no service of this WSDL has a port for it; if it comes from another WSDL, import that one."
_unresolved: Final = "it uses types that the WSDL and what it imports do not define."
_twice: Final = "its port type declares several operations of this name; only one of them can be called."
_attachments: Final = "it is bound to MIME attachments, which cannot be sent."
_unaddressed: Final = "its name cannot be written in `calls`."


def recognises(offer: Offer) -> bool:
    """Say whether this looks like a WSDL 1.1, or a folder or a zip with one."""
    if offer.head.startswith(_zip):
        return b".wsdl" in offer.content()
    if not offer.head and not offer.is_address:
        folder = Path(offer.source).expanduser()
        return folder.is_dir() and next(folder.rglob("*.wsdl"), None) is not None
    if offer.head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"<":
        return False
    return _namespace in offer.head or _namespace in offer.content()


async def read(offer: Offer) -> Contract:
    """Return the operations of the WSDL; imports are loaded within the hosts that are allowed, or beside the file."""
    try:
        async with asyncio.timeout(_all_s):
            return await asyncio.to_thread(_read, offer)
    except TimeoutError:
        raise TransientError(f"The WSDL and what it imports were not loaded within {_all_s:g} s.") from None


async def describe(connector: BaseConnector[Any], operations: Sequence[Operation]) -> Mapping[str, Described]:
    """Return what the WSDL of a connection says of its operations now."""
    assert isinstance(connector, Connector)  # noqa: S101 (each kind is given its own)
    try:
        async with asyncio.timeout(_all_s):
            return await connector.described(operations)
    except TimeoutError:
        raise TransientError(f"The WSDL and what it imports were not loaded within {_all_s:g} s.") from None


def _read(offer: Offer) -> Contract:
    wsdl = offer.source if offer.is_address else str(Path(offer.source).expanduser().resolve())
    hosts = frozenset({*filter(None, [urlsplit(wsdl).hostname if offer.is_address else None]), *offer.allow_hosts})
    wire = Wire(Rules(wsdl=wsdl, hosts=hosts, connect_timeout_s=_connect_timeout_s, max_bytes=MAX_BYTES), lambda: None)
    try:
        if offer.head and not offer.head.startswith(_zip):
            wire.documents.loaded[wsdl] = offer.content()
        parsed = _parsed(wire)
        client = zeep.Client(parsed.document, transport=wire)
        return _Import(offer, wsdl, hosts, parsed, client).contract()
    finally:
        wire.close()


def _parsed(wire: Wire) -> Parsed:
    try:
        return parse(wire, Reading())
    except PermanentError as error:
        if "allow_hosts" in error.hint:
            hint = "Allow it with --allow-host HOST, or save what it imports beside it."
        elif "settings.wsdl_file: " in error.hint:
            hint = f"Import one by its own path, or from a folder without the others: {error.hint.partition(': ')[2]}"
        else:
            raise
        raise PermanentError(error.problem, hint=hint, remote_code=error.remote_code) from error


@dataclass(slots=True)
class _Found:
    """One operation, where it is called, and where else it could be."""

    port_type: str
    name: str
    service: str
    port: str
    address: str
    operation: Any
    elsewhere: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Import:
    """Imports one WSDL."""

    offer: Offer
    wsdl: str
    hosts: frozenset[str]
    parsed: Parsed
    client: zeep.Client

    def contract(self) -> Contract:
        """Return the operations, and those left out."""
        found = list(self._found())
        names = Counter(each.name for each in found)
        operations: list[ImportedOperation] = []
        missed: list[LeftOut] = []
        for each in found:
            calls = self._calls(each)
            if self.parsed.has_attachments(each.operation.binding.name.localname, each.name):
                missed.append(LeftOut(each.name, _attachments))
            elif calls is None:
                missed.append(LeftOut(each.name, _unaddressed))
            else:
                own = each.name if names[each.name] == 1 else f"{each.port} {each.name}"
                operations.append(self._operation(each, own, calls, len(found)))
        missed += self._left_out({(each.port_type, each.name) for each in found})
        settings, optional, decide = self._settings(found)
        return Contract(
            settings,
            tuple(operations),
            tuple(missed),
            len(operations) + len(missed),
            title=" ".join(words(next(iter(self.parsed.document.services), ""))),
            decide=tuple(decide),
            optional=optional,
        )

    def _found(self) -> Iterator[_Found]:
        """Yield each operation of a port type once, at the first port that has it."""
        known: dict[tuple[str, str], _Found] = {}
        for service in self.parsed.document.services.values():
            for port in service.ports.values():
                kind = port.binding.port_name.localname
                for name, operation in port.binding.all().items():
                    if not hasattr(operation, "style"):
                        continue
                    if (first := known.get((kind, name))) is not None:
                        first.elsewhere.append(f"{service.name}.{port.name}")
                        continue
                    address = port.binding_options["address"] or ""
                    known[kind, name] = _Found(kind, name, service.name, port.name, address, operation)
        return iter(known.values())

    def _calls(self, found: _Found) -> str | None:
        """Return the shortest way to write in `calls` which operation is meant; None when there is none."""
        for calls in (found.name, f"{found.port}.{found.name}", f"{found.service}.{found.port}.{found.name}"):
            try:
                bound = bind(self.client, self.parsed, calls, Where())
            except (PermanentError, ValueError):
                continue
            if bound.operation is found.operation:
                return calls
        return None

    def _operation(self, found: _Found, name: str, calls: str, count: int) -> ImportedOperation:
        decide: list[str] = []
        described: dict[str, JSON] = {}
        for key, message in (("input", found.operation.input), ("output", found.operation.output)):
            described[key], cut = fitted(partial(self._schema, key, message), count)
            if cut:
                decide.append(f"its {key} is not described to its full depth; the WSDL says more.")
        header = found.operation.input.header
        if header is not None and header.type.elements:
            shown = ", ".join(str(each) for each, _ in header.type.elements)
            decide.append(f"it takes SOAP headers ({shown}), sent as `_soapheaders`.")
        texts = (
            each.documentation
            for each in self.parsed.declared
            if (each.port_type, each.name) == (found.port_type, found.name)
        )
        return ImportedOperation(
            name=name,
            calls=calls,
            effect=effect_of(found.name),
            title=" ".join(words(found.name)).capitalize(),
            description=next(filter(None, texts), ""),
            input=described["input"],
            output=described["output"],
            decide=tuple(decide),
        )

    def _schema(self, key: str, message: Any, budget: Budget) -> JSON:  # noqa: ANN401 - zeep's
        schemas = Schemas(self.parsed.enumerations, budget)
        return schemas.sent(message) if key == "input" else schemas.answered(message)

    def _left_out(self, found: set[tuple[str, str]]) -> Iterator[LeftOut]:
        """Yield what the WSDL declares and is not among the operations, with the reason."""
        bound: dict[tuple[str, str], list[Any]] = {}
        types: Counter[tuple[str, str]] = Counter()
        for each in self.parsed.declared:
            key = (each.port_type, each.name)
            bound.setdefault(key, [])
            if each.binding:
                bound[key].append(each)
            else:
                types[key] += 1
        services = self.parsed.document.services.values()
        used = {port.binding.name.localname for service in services for port in service.ports.values()}
        for key, bindings in bound.items():
            if key in found:
                yield from (LeftOut(key[1], _twice) for _ in range(types[key] - 1))
            elif not bindings:
                yield LeftOut(key[1], _no_binding)
            elif not any(each.is_soap for each in bindings):
                yield LeftOut(key[1], _not_soap)
            elif any(each.binding in used for each in bindings if each.is_soap):
                yield LeftOut(key[1], _unresolved)
            else:
                yield LeftOut(key[1], _no_port)

    def _settings(self, found: list[_Found]) -> tuple[dict[str, JSON], dict[str, JSON], list[str]]:
        """Return the settings, those that only a person can know to be needed, and what to decide about them."""
        settings: dict[str, JSON] = {"wsdl": self.wsdl}
        decide = [GUESSED]
        addresses = list(dict.fromkeys(each.address for each in found))
        foreign = [each for each in addresses if urlsplit(each).hostname not in self.hosts]
        if any(not _address.fullmatch(each) for each in addresses):
            settings["address"] = {"setting": f"{self.offer.name}-address"}
            decide.append("The WSDL names no address on the web; give the service's own as the setting.")
        elif foreign and len(addresses) == 1:
            settings["address"] = foreign[0]
            decide.append("`address` is what the WSDL says; is it the right one for this environment?")
        elif foreign:
            settings["allow_hosts"] = sorted({str(urlsplit(each).hostname) for each in foreign})
            decide.append("`allow_hosts` are those that the WSDL leads to; are they the right ones?")
        if self.offer.allow_hosts and "allow_hosts" not in settings:
            settings["allow_hosts"] = list(self.offer.allow_hosts)
        if not self.offer.is_address:
            decide.append("`wsdl` lies on this machine; every worker has to find it there.")
        name = self.offer.name
        login: dict[str, JSON] = {
            "username": {"setting": f"{name}-username"},
            "password": {"secret": f"{name}-password"},
        }
        if self.parsed.wants_token:
            decide.append("The WSDL speaks of a UsernameToken; is it plain, or a digest?")
            return settings | {"security": "username-token"} | login, {}, decide
        return settings, login, decide
