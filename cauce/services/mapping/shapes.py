"""Schemas as people look at them: a tree of fields with their types."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

JSON = Any
_DEEPEST: Final = 8
_MOST_FIELDS: Final = 60
_MOST_NODES: Final = 600
_WORDS: Final[Mapping[str, str]] = {"string": "text", "array": "list", "object": "group"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name, how an expression reads it (`.lines[].sku`), its types, and the fields inside."""

    name: str
    path: str
    types: tuple[str, ...]
    required: bool
    fields: tuple["Field", ...] = ()

    @property
    def kind(self) -> str:
        """Its types in words."""
        return " | ".join(_WORDS.get(each, each) for each in self.types)

    @property
    def is_list(self) -> bool:
        """Whether it holds several of what its path reads."""
        return "array" in self.types


@dataclass(slots=True)
class _Budget:
    left: int = _MOST_NODES


def tree(schema: JSON) -> tuple[Field, ...]:
    """Return the fields of data that a schema describes, to a certain depth and number."""
    return tuple(_fields(schema, schema, "", 0, _Budget()))


def schema_of(value: JSON, depth: int = 0) -> JSON:
    """Return what data looks like as a schema, for where nobody has written one."""
    if isinstance(value, Mapping) and depth < _DEEPEST:
        shown = list(value.items())[:_MOST_FIELDS]
        return {"type": "object", "properties": {name: schema_of(each, depth + 1) for name, each in shown}}
    if isinstance(value, list) and depth < _DEEPEST:
        return {"type": "array", **({"items": schema_of(value[0], depth + 1)} if value else {})}
    kinds = ((bool, "boolean"), (int | float, "number"), (str, "string"))
    return next(({"type": name} for kind, name in kinds if isinstance(value, kind)), True)


def resolved(root: JSON, schema: JSON) -> Mapping[str, JSON]:
    """Return a schema with what it refers to inside of its document, and the first of what it may be."""
    for _ in range(_DEEPEST):
        if not isinstance(schema, Mapping):
            return {}
        if isinstance(reference := schema.get("$ref"), str):
            schema = _at(root, reference)
        elif isinstance(parts := schema.get("allOf"), list):
            rest = {name: each for name, each in schema.items() if name != "allOf"}
            schema = _merged([rest, *(resolved(root, each) for each in parts)])
        elif choices := next((schema[name] for name in ("anyOf", "oneOf") if isinstance(schema.get(name), list)), None):
            rest = {name: each for name, each in schema.items() if name not in {"anyOf", "oneOf"}}
            useful = [found for each in choices if (found := resolved(root, each)).get("type") != "null"]
            schema = _merged([rest, *useful[:1]])
        else:
            return schema
    return {}


def _fields(root: JSON, schema: JSON, path: str, depth: int, budget: _Budget) -> Iterator[Field]:
    found = resolved(root, schema)
    if "array" in types_of(found) and "items" in found:
        found, path = resolved(root, found["items"]), f"{path}[]"
    properties = found.get("properties")
    if not isinstance(properties, Mapping) or depth > _DEEPEST:
        return
    required = found.get("required") or ()
    for name, inner in list(properties.items())[:_MOST_FIELDS]:
        budget.left -= 1
        if budget.left < 0:
            return
        own = f"{path}{step(name)}"
        shape = resolved(root, inner)
        yield Field(name, own, types_of(shape), name in required, tuple(_fields(root, shape, own, depth + 1, budget)))


def unknown_fields(schema: JSON, value: JSON) -> tuple[str, ...]:
    """Return where data has fields that a schema does not speak of, as `.lines[].sku`; each place once.

    Where a schema says that there may be others, or says nothing of fields at all, none is unknown.
    """
    found: dict[str, None] = {}
    _unknown(schema, schema, value, "", 0, found)
    return tuple(found)


def _unknown(root: JSON, schema: JSON, value: JSON, path: str, depth: int, found: dict[str, None]) -> None:
    shapes = [each for each in _shapes(root, schema, 0) if each] if depth <= _DEEPEST else []
    if isinstance(value, list):
        items = [each["items"] for each in shapes if isinstance(each.get("items"), Mapping)]
        for one in value[:_MOST_FIELDS] if items else ():
            _unknown(root, {"anyOf": items}, one, f"{path}[]", depth + 1, found)
    elif isinstance(value, Mapping) and not any(_is_open(each) for each in shapes):
        known: dict[str, list[JSON]] = {}
        for each in shapes:
            for name, inner in (each.get("properties") or {}).items():
                known.setdefault(name, []).append(inner)
        for name, inner in list(value.items())[:_MOST_NODES] if known else ():
            if name in known:
                _unknown(root, {"anyOf": known[name]}, inner, path + step(name), depth + 1, found)
            else:
                found[path + step(name)] = None


def _is_open(shape: Mapping[str, JSON]) -> bool:
    return shape.get("additionalProperties", False) is not False or "patternProperties" in shape


def _shapes(root: JSON, schema: JSON, depth: int) -> Iterator[Mapping[str, JSON]]:
    """Yield all that data may look like by a schema; what is said of all of it, as a part of its own."""
    if not isinstance(schema, Mapping) or not schema or depth > _DEEPEST:
        yield {"additionalProperties": True}  # anything may be there
        return
    if isinstance(reference := schema.get("$ref"), str):
        yield from _shapes(root, _at(root, reference), depth + 1)
    for word in ("allOf", "anyOf", "oneOf"):
        for each in schema.get(word) or ():
            yield from _shapes(root, each, depth + 1)
    yield {name: each for name, each in schema.items() if name not in {"$ref", "allOf", "anyOf", "oneOf"}}


def step(name: str) -> str:
    """Return how an expression reads a property: `.name`, or `["a name"]` where that is not a word."""
    if name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit():
        return f".{name}"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'."{escaped}"'


def types_of(schema: Mapping[str, JSON]) -> tuple[str, ...]:
    """Return the types that a schema allows; where it names none, what it speaks of."""
    types = schema.get("type")
    if types is None:
        words = [schema["const"]] if "const" in schema else schema.get("enum") or []
        texts = bool(words) and all(isinstance(each, str) for each in words)
        types = "object" if "properties" in schema else "array" if "items" in schema else "string" if texts else []
    return tuple(str(each) for each in (types if isinstance(types, list) else [types]))


def _merged(schemas: list[Mapping[str, JSON]]) -> dict[str, JSON]:
    found: dict[str, JSON] = {}
    for each in schemas:
        properties = {**(found.get("properties") or {}), **(each.get("properties") or {})}
        required = [*(found.get("required") or ()), *(each.get("required") or ())]
        found = {**found, **each}
        if properties:
            found["properties"] = properties
        if required:
            found["required"] = required
    return found


def _at(root: JSON, reference: str) -> JSON:
    value = root
    for part in reference.removeprefix("#").split("/")[1:]:
        value = value.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(value, Mapping) else None
    return value
