"""Tells whether one JSON Schema fits another: whatever the first allows, the second takes.

Only what can be told from the keywords below is told; a schema that does not say is taken at its word.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

JSON = Any
_UPPER: Final = ("maxLength", "maxItems", "maximum")
_LOWER: Final = ("minLength", "minItems", "minimum")


@dataclass(frozen=True, slots=True)
class Misfit:
    """Where two schemas do not fit: the property (dotted, empty at the top), what about it, and the detail."""

    kind: Literal["required", "unknown", "type", "value", "limit"]
    path: str
    detail: str


def misfits(given: JSON, taking: JSON, path: str = "") -> Iterator[Misfit]:
    """Yield what `given` allows and `taking` does not."""
    if not isinstance(given, Mapping) or not isinstance(taking, Mapping):
        return
    yield from _types(given, taking, path)
    yield from _values(given, taking, path)
    yield from _limits(given, taking, path)
    ours, theirs = _properties(given), _properties(taking)
    for name in _list(taking, "required"):
        if name not in _list(given, "required"):
            yield Misfit("required", _join(path, name), "")
    if taking.get("additionalProperties") is False:
        for name in ours:
            if name not in theirs:
                yield Misfit("unknown", _join(path, name), "")
    for name, schema in ours.items():
        if name in theirs:
            yield from misfits(schema, theirs[name], _join(path, name))
    yield from misfits(given.get("items"), taking.get("items"), path + "[]")


def _types(given: Mapping[str, JSON], taking: Mapping[str, JSON], path: str) -> Iterator[Misfit]:
    ours, theirs = _list(given, "type"), _list(taking, "type")
    if not ours or not theirs:
        return
    for name in ours:
        if name not in theirs and not (name == "integer" and "number" in theirs):
            yield Misfit("type", path, str(name))


def _values(given: Mapping[str, JSON], taking: Mapping[str, JSON], path: str) -> Iterator[Misfit]:
    if "enum" in given and "enum" in taking:
        for value in _list(given, "enum"):
            if value not in _list(taking, "enum"):
                yield Misfit("value", path, str(value))


def _limits(given: Mapping[str, JSON], taking: Mapping[str, JSON], path: str) -> Iterator[Misfit]:
    for keywords, sign in ((_UPPER, 1), (_LOWER, -1)):
        for keyword in keywords:
            ours, theirs = _number(given, keyword), _number(taking, keyword)
            if ours is not None and theirs is not None and sign * (ours - theirs) > 0:
                yield Misfit("limit", path, f"{keyword} {theirs} instead of {ours}")


def _properties(schema: Mapping[str, JSON]) -> Mapping[str, JSON]:
    found = schema.get("properties")
    return found if isinstance(found, Mapping) else {}


def _list(schema: Mapping[str, JSON], keyword: str) -> list[JSON]:
    found = schema.get(keyword)
    return found if isinstance(found, list) else [] if found is None else [found]


def _number(schema: Mapping[str, JSON], keyword: str) -> float | None:
    found = schema.get(keyword)
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
