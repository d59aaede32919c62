"""SOAP headers: those that the WSDL declares, checked against their types, and any other by its full name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from cauce.connection import did_you_mean
from cauce.connector import JSON
from cauce.errors import PermanentError
from connectors.soap.params import Checker

# What `request` maps them to, beside the fields of the message.
PARAMETER = "_soapheaders"


@dataclass(frozen=True, slots=True)
class Headers:
    """The headers of every call (settings), to which a call may add its own."""

    usual: Mapping[str, JSON] = field(default_factory=dict, repr=False)

    def of_call(self, operation: Any, params: JSON, checker: Checker, where: str) -> tuple[JSON, dict[str, Any]]:  # noqa: ANN401 - zeep's
        """Return the parameters without headers, and the headers as zeep takes them."""
        own: JSON = {}
        if isinstance(params, Mapping) and PARAMETER in params:
            own = params[PARAMETER] or {}
            params = {name: value for name, value in params.items() if name != PARAMETER}
        place = f"{where}.{PARAMETER}"
        if not isinstance(own, Mapping):
            raise _refused("This must be an object: a field for each header.", "Change `request`.", place)
        header = operation.input.header
        declared = dict(header.type.elements) if header is not None else {}
        usual = {name: value for name, value in self.usual.items() if name in declared or name.startswith("{")}
        elements = [
            element
            for name, value in {**usual, **own}.items()
            if value is not None
            for element in _made(operation, declared, name, value, checker, place)
        ]
        return params, {PARAMETER: elements} if elements else {}

    def check(self, document: Any) -> None:  # noqa: ANN401 - zeep's
        """Refuse a header of the settings that no operation of the WSDL declares."""
        known = {
            name
            for binding in document.bindings.values()
            for operation in binding.all().values()
            if getattr(operation.input, "header", None) is not None
            for name, _ in operation.input.header.type.elements
        }
        for name in self.usual:
            if name not in known and not name.startswith("{"):
                raise _unknown(name, known, f"settings.soap_headers.{name}")


def _made(
    operation: Any,  # noqa: ANN401 - zeep's
    declared: Mapping[str, Any],
    name: str,
    value: JSON,
    checker: Checker,
    where: str,
) -> list[Any]:
    place = f"{where}.{name}"
    if (element := declared.get(name)) is not None:
        holder = etree.Element("holder")
        typed = operation.input.header(**{name: checker.element(element, value, place)})
        element.render(holder, typed[name], ["header", name])
        return list(holder)
    if not name.startswith("{"):
        raise _unknown(name, declared, place)
    try:
        return [_plain(etree.QName(name), value, place)]
    except ValueError:
        raise _refused("This is no name of an element.", "Write it as {namespace}Name.", place) from None


def _plain(name: etree.QName, value: JSON, where: str) -> Any:  # noqa: ANN401 - an element
    """Return an element of data alone: objects become children in the same namespace."""
    made = etree.Element(name)
    if isinstance(value, Mapping):
        for child, inner in value.items():
            full = etree.QName(child) if child.startswith("{") else etree.QName(name.namespace, child)
            for one in inner if isinstance(inner, list) else [inner]:
                made.append(_plain(full, one, f"{where}.{child}"))
    elif isinstance(value, list):
        raise _refused("This must be one value or an object, not a list.", "Change the header.", where)
    elif value is not None:
        made.text = str(value).lower() if isinstance(value, bool) else str(value)
    return made


def _unknown(name: str, known: Any, where: str) -> PermanentError:  # noqa: ANN401 - names
    hint = f"{did_you_mean(name, known)} Any other header is written as {{namespace}}Name."
    return _refused(f"The WSDL declares no SOAP header {name!r} here.", hint, where)


def _refused(problem: str, hint: str, where: str) -> PermanentError:
    return PermanentError(problem, hint=hint, where=where, remote_code="params")
