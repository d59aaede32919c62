"""Data as elements, and elements as data, in the order and with the types that schemas give them."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from lxml import etree

from cauce.decimals import exact_number, exact_whole
from cauce.errors import InputError, PermanentError
from connectors.soapserver import names
from schemas.elements import Element, elements_of

JSON = Any
_whole: Final = re.compile(r"[+-]?[0-9]{1,1000}\Z")
_truth: Final[Mapping[str, bool]] = {"true": True, "1": True, "false": False, "0": False}
_string: Final = {"type": "string"}
# What a request gets that becomes an event, or starts a process whose output is not described.
receipt: Final = elements_of(
    {
        "type": "object",
        "required": ["state"],
        "properties": {"state": _string, "event": _string, "instance": {"type": "array", "items": _string}},
    }
)
_error: Final = {
    "type": "object",
    "required": ["pointer", "problem"],
    "properties": {"pointer": _string, "problem": _string},
}
problem: Final = elements_of(
    {
        "type": "object",
        "required": ["code", "detail"],
        "properties": {
            **dict.fromkeys(("code", "title", "detail", "hint", "where"), _string),
            "error": {"type": "array", "items": _error},
        },
    }
)


def as_data(node: Any, elements: Sequence[Element], namespace: str, path: str = "") -> dict[str, JSON]:  # noqa: ANN401 - an element
    """Return the children of an element as data.

    Raises:
        InputError: There is one that nobody knows, or its text is not of its type.
    """
    known = {each.name: each for each in elements}
    found: dict[str, JSON] = {}
    for child in node:
        name = etree.QName(child)
        place = f"{path}/{name.localname}"
        element = known.get(name.localname)
        if element is None or name.namespace not in {namespace, None}:
            raise InputError(f"There is no element {place} in this operation.", hint="Look at the WSDL.", where=place)
        value = _value(child, element, namespace, place)
        if not element.many:
            if name.localname in found:
                raise InputError(f"The element {place} stands twice.", hint="Look at the WSDL.", where=place)
            found[name.localname] = value
        else:
            found.setdefault(name.localname, []).append(value)
    # In XML a list without items is not there at all.
    return found | {each.name: [] for each in elements if each.many and each.name not in found}


def fill(node: Any, data: JSON, elements: Sequence[Element], namespace: str) -> None:  # noqa: ANN401 - an element
    """Add data to an element, in the order of the schema.

    Raises:
        PermanentError: XML cannot carry it.
    """
    given = data if isinstance(data, Mapping) else {}
    for element in elements:
        value = given.get(element.name)
        if value is None and not (element.required and element.nullable):
            continue
        for item in value or [] if element.many else [value]:
            child = etree.SubElement(node, etree.QName(namespace, element.name))
            if item is None:
                child.set(etree.QName(names.xsi, "nil"), "true")
            elif element.type == "object":
                fill(child, item, element.children, namespace)
            else:
                _write(child, item)


def _write(node: Any, value: JSON) -> None:  # noqa: ANN401 - an element
    try:
        node.text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    except ValueError:
        raise PermanentError("The answer has a character that XML cannot carry.") from None


def _value(node: Any, element: Element, namespace: str, place: str) -> JSON:  # noqa: ANN401 - an element
    if node.get(etree.QName(names.xsi, "nil")) in {"true", "1"} and element.nullable:
        return None
    if element.type == "object":
        return as_data(node, element.children, namespace, place)
    if len(node):
        raise InputError(f"The element {place} holds others.", hint="It is a text; look at the WSDL.", where=place)
    return _scalar(node.text or "", element, place)


def _scalar(text: str, element: Element, place: str) -> JSON:
    match element.type:
        case "integer" if _whole.match(text.strip()):
            return exact_whole(int(text))
        case "number":
            return _number(text.strip(), place)
        case "boolean" if text.strip() in _truth:
            return _truth[text.strip()]
        case "date" | "date-time":
            return text.strip()
        case "text":
            return text
        case _:
            raise InputError(f"The element {place} is not of type {element.type}.", hint="Correct it.", where=place)


def _number(text: str, place: str) -> JSON:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > 400:  # noqa: PLR2004 - beyond every double
        raise InputError(f"The element {place} is not of type number.", hint="Correct it.", where=place)
    return exact_number(number)
