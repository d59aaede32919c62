"""Checks what will be sent against the WSDL's types, which zeep does not, and says where it is wrong.

A wrong name, a missing part or a wrong value is found before anything leaves this machine.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import isodate
from zeep import xsd
from zeep.xsd.elements.indicators import Choice, OrderIndicator
from zeep.xsd.types import builtins

from cauce.connection import did_you_mean
from cauce.connector import JSON
from cauce.errors import PermanentError
from connectors.soap.enumerations import Enumerations

_control: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_xsd_namespace: Final = "http://www.w3.org/2001/XMLSchema"
_wholes: Final = (builtins.Integer,)
_reals: Final = (builtins.Float, builtins.Double)
_moments: Final = {
    builtins.DateTime: (isodate.parse_datetime, "a date and time such as 2026-03-01T10:00:00Z"),
    builtins.Date: (isodate.parse_date, "a date such as 2026-03-01"),
    builtins.Time: (isodate.parse_time, "a time such as 10:00:00"),
    builtins.Duration: (isodate.parse_duration, "a duration such as PT1H"),
}


@dataclass(frozen=True, slots=True)
class Checker:
    """Checks values of one WSDL's types."""

    enumerations: Enumerations

    def arguments(self, operation: Any, params: JSON, where: str) -> tuple[list[Any], dict[str, Any]]:  # noqa: ANN401 - zeep's
        """Return the arguments for calling a zeep operation."""
        body = operation.input.body
        kind = body.type if body is not None else None
        if kind is None or (isinstance(kind, xsd.ComplexType) and not kind.elements and not kind.attributes):
            if params:
                raise _refused("The operation takes no parameters.", "Send an empty object: `request: '{}'`.", where)
            return [], {}
        if not isinstance(kind, xsd.ComplexType):
            return [self._value(kind, params, where)], {}
        values = self._fields(kind, {} if params is None else params, where, may_lack=operation.style == "rpc")
        if operation.style == "rpc":
            # Old systems have parts that may be left out, and no WSDL can say so; zeep has to be told to skip them.
            parts = [name for name, _ in kind.elements if name]
            values |= {name: xsd.SkipValue for name in parts if values.get(name) is None}
        return [], values

    def _value(self, kind: Any, value: JSON, where: str) -> Any:  # noqa: ANN401 - zeep's types and values
        if isinstance(kind, xsd.ComplexType):
            if (item_kind := array_of(kind)) is not None:
                return self._array(kind, item_kind, value, where)
            if isinstance(value, list) and [name for name, _ in kind.elements] == ["_value_1"]:
                return {"_value_1": value}
            if not isinstance(value, Mapping) and any(name == "_value_1" for name, _ in kind.elements):
                return {"_value_1": value}
            return self._fields(kind, value, where)
        if not isinstance(kind, xsd.AnySimpleType):
            return value
        return self._simple(kind, value, where)

    def _array(self, kind: Any, item_kind: Any, value: JSON, where: str) -> Any:  # noqa: ANN401 - zeep's types and values
        """Return an array of the SOAP encoding; zeep makes one of a plain list only in some WSDLs."""
        if isinstance(value, Mapping) and len(value) == 1:
            value = next(iter(value.values()))
        if value is None:
            return None
        if not isinstance(value, list):
            raise _refused("This must be a list.", "Map a list in `request`.", where)
        ((name, element),) = kind.elements
        if isinstance(element, xsd.Element):
            items = self.element(element, value, where)
        else:
            items = [self._value(item_kind, item, f"{where}[{index}]") for index, item in enumerate(value)]
        return kind._value_class(**{name: items or xsd.SkipValue})  # noqa: SLF001 - what zeep makes of a list

    def _fields(
        self,
        kind: Any,  # noqa: ANN401 - zeep's types
        value: JSON,
        where: str,
        *,
        may_lack: bool = False,
    ) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise _refused("This must be an object.", f"Its fields are {_known(kind)}.", where)
        elements = {name: element for name, element in kind.elements if name}
        attributes = {name: attribute for name, attribute in kind.attributes if name}
        checked: dict[str, Any] = {}
        for name, given in value.items():
            place = f"{where}.{name}"
            if (element := elements.get(name)) is not None:
                checked[name] = self.element(element, given, place)
            elif (attribute := attributes.get(name)) is not None:
                checked[name] = given if given is None else self._value(attribute.type, given, place)
            else:
                raise _refused(f"There is no field {name!r} here.", did_you_mean(name, [*elements, *attributes]), place)
        for name in () if may_lack else required_fields(kind):
            if checked.get(name) is None and not getattr(elements.get(name), "nillable", False):
                raise _refused(f"The field {name!r} is missing.", "Map it in `request`.", f"{where}.{name}")
        for name, attribute in attributes.items():
            if getattr(attribute, "required", False) and checked.get(name) is None:
                raise _refused(f"The attribute {name!r} is missing.", "Map it in `request`.", f"{where}.{name}")
        return checked

    def element(self, element: Any, value: JSON, where: str) -> Any:  # noqa: ANN401 - zeep's
        """Return the value of one element, checked."""
        if value is None or not isinstance(element, xsd.Element):
            return value
        if not isinstance(value, list):
            return self._value(element.type, value, where)
        if not element.accepts_multiple:
            if isinstance(element.type, xsd.ComplexType):
                return self._value(element.type, value, where)
            raise _refused("This must be one value, not a list.", "Map one of them in `request`.", where)
        most = element.max_occurs
        if isinstance(most, int) and len(value) > most:
            raise _refused(f"There may be {most} of these at most, and there are {len(value)}.", "", where)
        return [self._value(element.type, item, f"{where}[{index}]") for index, item in enumerate(value)]

    def _simple(self, kind: Any, value: JSON, where: str) -> Any:  # noqa: ANN401 - zeep's
        if isinstance(value, Mapping | list):
            raise _refused("This must be a single value.", "Change the mapping in `request`.", where)
        if value is None:
            return None
        if kind.qname is not None and kind.qname.namespace != _xsd_namespace:
            allowed = self.enumerations.allowed(kind.qname)
            if allowed is not None and _text(value) not in allowed:
                hint = did_you_mean(str(value), sorted(allowed)) if isinstance(value, str) else ""
                raise _refused(f"This must be one of {', '.join(sorted(allowed)[:12])}.", hint, where)
        return _plain(kind, value, where)


def _plain(kind: Any, value: JSON, where: str) -> Any:  # noqa: ANN401 - zeep's types and values
    """Return a value of a built-in type as it is sent."""
    if isinstance(kind, builtins.Boolean):
        if not isinstance(value, bool) and value not in {"true", "false", "0", "1"}:
            raise _refused("This must be true or false.", "", where)
        return value
    if isinstance(kind, (*_wholes, *_reals, builtins.Decimal)):
        return _number(kind, value, where)
    for moment, (parse, example) in _moments.items():
        if isinstance(kind, moment):
            return _moment(value, parse, example, where)
    text = _text(value)
    if _control.search(text):
        raise _refused("The text holds a character that XML cannot carry.", "Take out control characters.", where)
    return text


def _number(kind: Any, value: JSON, where: str) -> str:  # noqa: ANN401 - zeep's
    if isinstance(value, bool):
        raise _refused("This must be a number.", "", where)
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise _refused("This must be a number.", "", where) from None
    if not number.is_finite():
        raise _refused("This must be a finite number.", "", where)
    if isinstance(kind, _wholes) and number != number.to_integral_value():
        raise _refused("This must be a whole number.", "", where)
    if isinstance(kind, _reals):
        return str(value)
    return format(number.to_integral_value() if isinstance(kind, _wholes) else number, "f")


def _moment(value: JSON, parse: Any, example: str, where: str) -> str:  # noqa: ANN401 - isodate is untyped
    try:
        if isinstance(value, str):
            parse(value.removesuffix("Z") if parse is isodate.parse_date else value)
            return value
    except (isodate.ISO8601Error, ValueError):
        pass
    raise _refused(f"This must be {example}.", "", where)


def array_of(kind: Any) -> Any:  # noqa: ANN401 - zeep's types
    """Return the type of the items of an array of the SOAP encoding; None for any other type."""
    declared = kind._array_type  # noqa: SLF001 - nothing public tells arrays apart
    return declared.array_type if declared is not None else None


def required_fields(kind: Any) -> Iterator[str]:  # noqa: ANN401 - zeep's
    """Yield the fields that must be there; of a choice, none must."""
    for _, nested in kind.elements_nested:
        yield from _required_in(nested)


def _required_in(node: Any) -> Iterator[str]:  # noqa: ANN401 - zeep's
    if node.min_occurs == 0 or isinstance(node, Choice):
        return
    if isinstance(node, OrderIndicator):
        for element in list(node):
            yield from _required_in(element)
    elif isinstance(node, xsd.Group):
        yield from _required_in(node.child)
    elif isinstance(node, xsd.Element) and node.attr_name and getattr(node, "default", None) is None:
        yield node.attr_name


def _text(value: JSON) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _known(kind: Any) -> str:  # noqa: ANN401 - zeep's
    return ", ".join(name for name, _ in kind.elements if name) or "none"


def _refused(problem: str, hint: str, where: str) -> PermanentError:
    return PermanentError(problem, hint=hint, where=where, remote_code="params")
