"""Turns the schemas of OpenAPI (2.0, 3.0, 3.1) into JSON Schemas without references, as deep as a budget allows.

What is sent is described as it stands. What comes back is described loosely (kinds and names; anything may be missing
or null), because a system that leaves something out has still done the work.
"""

from collections.abc import Mapping
from typing import Any, Final

from cauce.connector import JSON
from cauce.importing import Budget
from cauce.openapi import Reader
from schemas import flaws
from schemas.formats import STANDARD

_types: Final = {"string", "number", "integer", "boolean", "array", "object", "null"}
_bounds: Final[Mapping[str, tuple[type, ...]]] = {
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), (int,)),
    **dict.fromkeys(("minimum", "maximum", "multipleOf"), (int, float)),
    "uniqueItems": (bool,),
}
_most_values: Final = 100
_longest: Final = 120


def input_schema(
    reader: Reader, parameters: list[Mapping[str, JSON]], body: tuple[JSON, bool] | None, budget: Budget
) -> JSON:
    """Return the schema of one object that holds all parameters, and the body as `body`."""
    made = _Maker(reader, budget, loose=False)
    fields: dict[str, JSON] = {}
    required = []
    for each in parameters:
        if each["in"] not in {"path", "query", "header"}:
            continue
        content = each.get("content")
        holder = next(iter(content.values()), {}) if isinstance(content, Mapping) else each
        schema = holder.get("schema", {}) if "schema" in holder or content else each
        fields[each["name"]] = made.schema(schema, 1)
        if (each.get("required") or each["in"] == "path") and each["name"] not in required:
            required.append(each["name"])
    if body is not None:
        fields["body"] = made.schema(body[0], 1)
        required += ["body"] if body[1] else []
    if not fields:
        return {"type": "object"}
    return {"type": "object", **({"required": required} if required else {}), "properties": fields}


def output_schema(reader: Reader, schema: JSON, budget: Budget, *, loose: bool = True) -> JSON:
    """Return the schema of an answer; None when the document does not say what it holds."""
    return None if schema is None else _Maker(reader, budget, loose=loose).schema(schema, 0)


class _Maker:
    """Makes one schema."""

    def __init__(self, reader: Reader, budget: Budget, *, loose: bool) -> None:
        self.reader = reader
        self.budget = budget
        self.loose = loose
        self.inside: set[int] = set()

    def schema(self, given: JSON, level: int) -> JSON:
        """Return a schema of OpenAPI as JSON Schema; `True`, which takes anything, below the depth of the budget."""
        if not self.budget.allows(level):
            return True
        given = self.reader.followed(given)
        if not isinstance(given, Mapping):
            return True
        if id(given) in self.inside:  # a type that holds itself
            self.budget.cut = True
            return True
        self.inside.add(id(given))
        try:
            return self._whole(given, level)
        finally:
            self.inside.discard(id(given))

    def _whole(self, given: Mapping[str, JSON], level: int) -> JSON:
        made = self._own(given)
        if isinstance(properties := given.get("properties"), Mapping):
            made["properties"] = {str(name): self.schema(each, level + 1) for name, each in properties.items()}
            made.setdefault("type", "object")
        if "items" in given:
            made["items"] = self.schema(given["items"], level + 1)
        if isinstance(more := given.get("additionalProperties"), Mapping):
            made["additionalProperties"] = self.schema(more, level + 1)
        self._combined(given, made, level)
        if self.loose or given.get("nullable") is True or given.get("x-nullable") is True:
            return _or_null(made)
        return made or True

    def _own(self, given: Mapping[str, JSON]) -> dict[str, JSON]:
        made: dict[str, JSON] = {}
        kinds = [given.get("type")] if isinstance(given.get("type"), str) else given.get("type")
        if isinstance(kinds, list) and kinds and all(each in _types for each in kinds):
            made["type"] = kinds[0] if len(kinds) == 1 else list(dict.fromkeys(kinds))
        if not self.loose:
            made |= self._checks(given)
        text = str(given.get("description") or "").strip().partition("\n")[0]
        return made | ({"description": text[:_longest].strip()} if text and not self.loose else {})

    def _checks(self, given: Mapping[str, JSON]) -> dict[str, JSON]:
        """Return what narrows a value down."""
        made: dict[str, JSON] = {}
        for key, types in _bounds.items():
            value: Any = given.get(key)
            if type(value) in types and not flaws({key: value}):
                made[key] = value
        for key, plain in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if given.get(key) is True and plain in made:
                made[key] = made.pop(plain)
            elif type(given.get(key)) in {int, float}:
                made[key] = given[key]
        return made | _choices(given, made.get("type", given.get("type")))

    def _combined(self, given: Mapping[str, JSON], made: dict[str, JSON], level: int) -> None:
        for key in ("allOf", "anyOf", "oneOf"):
            parts = given.get(key)
            if not isinstance(parts, list) or not parts:
                continue
            described = [self.schema(part, level + 1) for part in parts]
            if key == "allOf":
                made["allOf"] = described
            elif "anyOf" not in made:
                # Alternatives without what told them apart may fit several at once, which oneOf would refuse.
                made["anyOf"] = described


def _choices(given: Mapping[str, JSON], kind: JSON) -> dict[str, JSON]:
    """Return the values, patterns and formats that are allowed, and the names that must be there."""
    made: dict[str, JSON] = {}
    values = given.get("enum")
    if isinstance(values, list) and 0 < len(values) <= _most_values:
        made["enum"] = [value for index, value in enumerate(values) if value not in values[:index]]
    if "const" in given:
        made["const"] = given["const"]
    if isinstance(given.get("pattern"), str) and not flaws({"pattern": given["pattern"]}):
        made["pattern"] = given["pattern"]
    if given.get("format") in STANDARD and kind == "string":
        made["format"] = given["format"]
    required = given.get("required")
    if isinstance(required, list) and required and all(isinstance(name, str) for name in required):
        made["required"] = list(dict.fromkeys(required))
    if given.get("additionalProperties") is False:
        made["additionalProperties"] = False
    return made


def _or_null(made: dict[str, JSON]) -> JSON:
    """Return the schema, taking null as well."""
    if "enum" in made and None not in made["enum"]:
        made["enum"] = [*made["enum"], None]
    if "anyOf" in made or "allOf" in made or "const" in made:
        return {"anyOf": [made, {"type": "null"}]}
    kinds = made.get("type")
    if kinds is not None:
        known = kinds if isinstance(kinds, list) else [kinds]
        made["type"] = [*known, *(["null"] if "null" not in known else [])]
    return made or True
