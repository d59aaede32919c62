"""What a form's schema asks for, given what was answered so far: conditional parts applied, references followed.

Pages use it to know the fields to show, services to walk an answer beside its schema. JSON Schema itself stays what
decides whether an answer fits; this only finds out what there is to fill in.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from cauce.errors import CauceError
from schemas import validate_data

JSON = Any
Map = Mapping[str, JSON]
_MOST_INLINED: Final = 5_000
_DEEPEST: Final = 12


@dataclass(frozen=True, slots=True)
class Spot:
    """A value within an answer, with the schema that describes it, and the map or list that holds it under `key`."""

    pointer: str
    schema: Map
    holder: JSON
    key: str | int

    @property
    def value(self) -> JSON:
        """The value itself."""
        return self.holder[self.key]


def inlined(schema: JSON) -> JSON:
    """Return the schema with what its `$ref`s lead to in their place, to a depth at which no form goes on."""
    return json.loads(_inlined(json.dumps(schema)))


@lru_cache(maxsize=256)
def _inlined(text: str) -> str:
    if '"$ref"' not in text:
        return text
    schema = json.loads(text)
    return json.dumps(_Inliner(schema).put(schema, 0))


@dataclass(slots=True)
class _Inliner:
    root: JSON
    left: int = _MOST_INLINED

    def put(self, schema: JSON, depth: int) -> JSON:
        self.left -= 1
        if isinstance(schema, list):
            return [self.put(each, depth) for each in schema]
        if not isinstance(schema, dict):
            return schema
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith("#"):
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            if depth > _DEEPEST or self.left < 0:
                return beside
            target = self.target(reference)
            return self.put({**target, **beside}, depth + 1)
        return {key: self.put(value, depth) for key, value in schema.items() if key != "$defs"}

    def target(self, reference: str) -> Map:
        found = self.root
        for step in reference.removeprefix("#").split("/")[1:]:
            found = found.get(step.replace("~1", "/").replace("~0", "~"), {}) if isinstance(found, dict) else {}
        return found if isinstance(found, dict) else {}


def applied(schema: JSON, value: JSON) -> Map:
    """Return an object's schema with the conditional parts that hold for `value` merged into it."""
    if not isinstance(schema, Mapping):
        return {}
    if not _CONDITIONAL.intersection(schema):
        return schema
    given = value if isinstance(value, Mapping) else {}
    made = {key: each for key, each in schema.items() if key not in _CONDITIONAL}
    for part in _parts(schema, given):
        made = _merged(made, applied(part, given))
    return made


_CONDITIONAL: Final = frozenset({"if", "then", "else", "allOf", "dependentRequired", "dependentSchemas"})


def _parts(schema: Map, given: Map) -> Iterator[JSON]:
    if "if" in schema:
        yield schema.get("then" if _fits(schema["if"], given) else "else")
    yield from schema.get("allOf") or ()
    for name, required in (schema.get("dependentRequired") or {}).items():
        if name in given:
            yield {"required": required}
    for name, part in (schema.get("dependentSchemas") or {}).items():
        if name in given:
            yield part


def _merged(one: Map, other: Map) -> dict[str, JSON]:
    made = {**one, **other}
    if "required" in one or "required" in other:
        made["required"] = list(dict.fromkeys([*(one.get("required") or ()), *(other.get("required") or ())]))
    if "properties" in one or "properties" in other:
        made["properties"] = _joined(one.get("properties") or {}, other.get("properties") or {})
    return made


def _joined(ones: Map, others: Map) -> dict[str, JSON]:
    """Join properties; one that stands in both gets what the second says added to what the first does."""
    made = {**ones, **others}
    for name in ones.keys() & others.keys():
        one, other = ones[name], others[name]
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            made[name] = {**one, **other}
    return made


def _fits(schema: JSON, value: JSON) -> bool:
    try:
        validate_data(schema, value, "a condition")
    except CauceError:
        return False
    return True


def spots(schema: JSON, values: JSON) -> list[Spot]:
    """Return every value in an answer that its schema describes; those inside come before what holds them."""
    return list(_spots(inlined(schema), values, "", 0))


def _spots(schema: JSON, value: JSON, pointer: str, depth: int) -> Iterator[Spot]:
    if depth > _DEEPEST or not isinstance(schema, Mapping):
        return
    inside: list[tuple[str | int, JSON]] = []
    if isinstance(value, dict):
        properties = applied(schema, value).get("properties") or {}
        inside = [(name, below) for name, below in properties.items() if name in value]
    elif isinstance(value, list):
        inside = [(index, schema.get("items")) for index in range(len(value))]
    for key, below in inside:
        place = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
        yield from _spots(below, value[key], place, depth + 1)
        if isinstance(below, Mapping):
            yield Spot(place, below, value, key)


def paths(schema: JSON) -> dict[str, Map]:
    """Return every field that a form may have, also within lines and conditional parts, by its path `lines.sku`."""
    found: dict[str, Map] = {}
    _gather(inlined(schema), "", found, 0)
    return found


def _gather(schema: JSON, path: str, found: dict[str, Map], depth: int) -> None:
    if depth > _DEEPEST or not isinstance(schema, Mapping):
        return
    for name, below in (schema.get("properties") or {}).items():
        place = f"{path}.{name}" if path else name
        if isinstance(below, Mapping):
            found[place] = {**found.get(place, {}), **below}
            _gather(below, place, found, depth + 1)
    _gather(schema.get("items"), path, found, depth + 1)
    dependent = list((schema.get("dependentSchemas") or {}).values())
    for part in [schema.get("then"), schema.get("else"), *(schema.get("allOf") or ()), *dependent]:
        _gather(part, path, found, depth + 1)


def always_required(schema: JSON, path: str) -> bool:
    """Tell whether a schema asks for a field whatever else is answered."""
    *above, name = path.split(".")
    found = inlined(schema)
    for step in above:
        found = (found.get("properties") or {}).get(step) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping) and "items" in found:
            found = found["items"]
    return isinstance(found, Mapping) and name in (found.get("required") or ())
