"""Data that fits a schema, made up as a sample to look at and to try things with."""

from collections.abc import Mapping
from typing import Any, Final

from cauce.services.mapping.shapes import resolved, types_of

JSON = Any
_DEEPEST: Final = 8
_MOST_FIELDS: Final = 60
_MOST_ITEMS: Final = 3
_MOST_VALUES: Final = 600
_LONGEST: Final = 1_000
_FORMATS: Final[Mapping[str, str]] = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    "email": "ana@example.com",
    "uri": "https://example.com/",
    "uuid": "6f9619ff-8b86-4d01-b42d-00c04fc964ff",
}


def example(schema: JSON) -> JSON:
    """Return data that fits a schema, as far as that can be made up; None where it says nothing."""
    return _Making(schema).value(schema, 0)


class _Making:
    def __init__(self, root: JSON) -> None:
        self.root = root
        self.left = _MOST_VALUES

    def value(self, schema: JSON, depth: int) -> JSON:
        found = resolved(self.root, schema)
        self.left -= 1
        if depth > _DEEPEST or self.left < 0:
            return None
        for name in ("const", "default"):
            if name in found:
                return found[name]
        given = next((found[name] for name in ("examples", "enum") if isinstance(found.get(name), list)), None)
        if given:
            return given[0]
        kind = next((each for each in types_of(found) if each != "null"), "")
        if kind in ("object", "array"):
            return self._group(found, depth) if kind == "object" else self._list(found, depth)
        return _simple(kind, found)

    def _group(self, schema: Mapping[str, JSON], depth: int) -> JSON:
        shown = list((schema.get("properties") or {}).items())[:_MOST_FIELDS]
        return {name: self.value(each, depth + 1) for name, each in shown}

    def _list(self, schema: Mapping[str, JSON], depth: int) -> JSON:
        count = max(1, min(_MOST_ITEMS, _count(schema, "minItems")))
        return [self.value(schema.get("items", True), depth + 1) for _ in range(count)]


def _simple(kind: str, schema: Mapping[str, JSON]) -> JSON:
    if kind == "boolean":
        return True
    if kind in ("integer", "number"):
        least, most = schema.get("minimum"), schema.get("maximum")
        return least if isinstance(least, int | float) else most if isinstance(most, int | float) and most < 1 else 1
    if kind != "string":
        return None
    text = _FORMATS.get(str(schema.get("format")), "text").ljust(min(_count(schema, "minLength"), _LONGEST), "x")
    return text[: _count(schema, "maxLength")] if _count(schema, "maxLength") else text


def _count(schema: Mapping[str, JSON], name: str) -> int:
    value = schema.get(name)
    return value if isinstance(value, int) and value > 0 else 0
