"""Describes zeep's types as JSON Schemas: what `params.Checker` takes, and what `answers.to_json` gives.

What is sent is described as it is checked. What comes back is described loosely (kinds and names; anything may be
missing or null), because a system that leaves something out has still done the work.
"""

from typing import Any, Final

from zeep import xsd
from zeep.xsd.types import builtins

from cauce.connector import JSON
from cauce.importing import Budget
from connectors.soap.enumerations import Enumerations
from connectors.soap.params import array_of, required_fields

_most_values: Final = 100
_xsd_namespace: Final = "http://www.w3.org/2001/XMLSchema"
# By zeep's classes, the more special ones first: what is sent, and what comes back of it besides null.
_simple: Final[tuple[tuple[type, dict[str, JSON], tuple[str, ...]], ...]] = (
    (builtins.Boolean, {"type": "boolean"}, ("boolean",)),
    (builtins.PositiveInteger, {"type": "integer", "minimum": 1}, ("integer", "string")),
    (builtins.NonNegativeInteger, {"type": "integer", "minimum": 0}, ("integer", "string")),
    (builtins.Integer, {"type": "integer"}, ("integer", "string")),
    (builtins.Decimal, {"type": ["number", "string"]}, ("number", "string")),
    (builtins.Float, {"type": "number"}, ("number", "string")),
    (builtins.Double, {"type": "number"}, ("number", "string")),
    (
        builtins.DateTime,
        {"type": "string", "description": "A date and time such as 2026-03-01T10:00:00Z."},
        ("string",),
    ),
    (builtins.Date, {"type": "string", "description": "A date such as 2026-03-01."}, ("string",)),
    (builtins.Time, {"type": "string", "description": "A time such as 10:00:00."}, ("string",)),
    (builtins.Duration, {"type": "string", "description": "A duration such as PT1H."}, ("string",)),
    (builtins.Base64Binary, {"type": "string", "description": "Binary data in base64."}, ("string",)),
    (builtins.BuiltinType, {"type": "string"}, ("string",)),
)


class Schemas:
    """Makes the schemas of one WSDL's messages, each within its budget."""

    def __init__(self, enumerations: Enumerations, budget: Budget) -> None:
        self.enumerations = enumerations
        self.budget = budget
        self.inside: set[int] = set()

    def sent(self, message: Any) -> JSON:  # noqa: ANN401 - zeep's
        """Return the schema of an operation's parameters."""
        kind = message.body.type if message.body is not None else None
        headers = message.header.type.elements if message.header is not None else []
        if not _holds_something(kind):
            described: JSON = {"maxProperties": 0}
        else:
            described = self._kind(kind, 0, loose=False)
        if message.operation.style == "rpc" and isinstance(described, dict):
            described.pop("required", None)  # old systems have parts that may be left out, and no WSDL can say so
        if not headers or not isinstance(described, dict) or "properties" not in described:
            return described if not headers else True
        shown = {name: self._element(element, 2, loose=False) for name, element in headers if name}
        described["properties"]["_soapheaders"] = {"type": "object", "properties": shown}
        return described

    def answered(self, message: Any, *, loose: bool = True) -> JSON:  # noqa: ANN401 - zeep's
        """Return the schema of an operation's answer, from which zeep takes wrappers off; None when it has none."""
        if message is None or message.body is None or message.envelope is None:
            return None
        kind = message.body.type
        if message.header.type.elements:
            return {
                "type": ["object", "null"],
                "properties": {"header": True, "body": self._kind(kind, 1, loose=loose)},
            }
        for _ in range(2):
            if not isinstance(kind, xsd.ComplexType):
                break
            fields = [*kind.elements, *kind.attributes]
            if len(fields) != 1 or not kind.elements:
                break
            element = kind.elements[0][1]
            if not isinstance(element, xsd.Element) or element.accepts_multiple:
                return self._element(element, 0, loose=loose)
            kind = element.type
        return self._kind(kind, 0, loose=loose)

    def _kind(self, kind: Any, level: int, *, loose: bool) -> JSON:  # noqa: ANN401 - zeep's
        if not self.budget.allows(level):
            return True
        if isinstance(kind, xsd.ComplexType):
            if id(kind) in self.inside:  # a type that holds itself
                self.budget.cut = True
                return True
            self.inside.add(id(kind))
            try:
                return self._fields(kind, level, loose=loose)
            finally:
                self.inside.discard(id(kind))
        return self._plain(kind, loose=loose) if isinstance(kind, xsd.AnySimpleType) else True

    def _fields(self, kind: Any, level: int, *, loose: bool) -> JSON:  # noqa: ANN401 - zeep's
        if (item_kind := array_of(kind)) is not None:
            return self._array(kind, item_kind, level, loose=loose)
        names = [name for name, _ in kind.elements]
        if names == ["_value_1"] and not kind.attributes and not isinstance(kind.elements[0][1], xsd.Element):
            return True  # anything
        fields = {name: self._element(element, level + 1, loose=loose) for name, element in kind.elements if name}
        needed = [] if loose else list(required_fields(kind))
        for name, attribute in kind.attributes:
            if name and not name.startswith("_attr_"):
                fields[name] = self._kind(attribute.type, level + 1, loose=loose)
                needed += [name] if getattr(attribute, "required", False) and not loose else []
        described: dict[str, JSON] = {"type": ["object", "null"] if loose else "object"}
        if needed:
            described["required"] = list(dict.fromkeys(needed))
        return described | {"properties": fields}

    def _array(self, kind: Any, item_kind: Any, level: int, *, loose: bool) -> JSON:  # noqa: ANN401 - zeep's
        ((_, element),) = kind.elements
        if isinstance(element, xsd.Element):
            return self._element(element, level + 1, loose=loose)
        items = self._kind(item_kind, level + 1, loose=loose)
        described: JSON = {"type": ["array", "null"] if loose else "array"}
        return described | ({"items": items} if items is not True else {})

    def _element(self, element: Any, level: int, *, loose: bool) -> JSON:  # noqa: ANN401 - zeep's
        if not isinstance(element, xsd.Element):
            return True
        described = self._kind(element.type, level, loose=loose)
        if element.accepts_multiple:
            described = {"type": "array"} | ({"items": described} if described is not True else {})
            if isinstance(element.max_occurs, int) and not loose:
                described["maxItems"] = element.max_occurs
        may_lack = loose or element.nillable or element.min_occurs == 0
        return _or_null(described) if may_lack else described

    def _plain(self, kind: Any, *, loose: bool) -> JSON:  # noqa: ANN401 - zeep's
        found = next((one for one in _simple if isinstance(kind, one[0])), None)
        if found is None:
            return True  # a list or a union of simple types
        _, sent, answered = found
        if loose:
            return {"type": [*answered, "null"]}
        if kind.qname is not None and kind.qname.namespace != _xsd_namespace and "string" in sent["type"]:
            allowed = self.enumerations.allowed(kind.qname)
            if allowed is not None and 0 < len(allowed) <= _most_values:
                return {"enum": sorted(allowed)}
        return dict(sent)


def _holds_something(kind: Any) -> bool:  # noqa: ANN401 - zeep's
    return kind is not None and not (isinstance(kind, xsd.ComplexType) and not kind.elements and not kind.attributes)


def _or_null(described: JSON) -> JSON:
    """Return the schema, taking null as well."""
    if not isinstance(described, dict):
        return described
    if "enum" in described:
        return {"enum": [*described["enum"], None]}
    kinds = described.get("type")
    known = kinds if isinstance(kinds, list) else [kinds]
    return described | {"type": known if "null" in known else [*known, "null"]}
