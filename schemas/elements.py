"""How a JSON Schema reads as elements of XML: what there is a type for, in which order, and how often.

For what is written in XML and read as JSON. A schema says more than elements can; that is checked by the schema itself.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

JSON = Any
Type = Literal["object", "text", "integer", "number", "boolean", "date", "date-time"]
_deepest: Final = 20
_most: Final = 2_000
_name: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,199}\Z")
_scalars: Final[Mapping[str, Type]] = {"string": "text", "integer": "integer", "number": "number", "boolean": "boolean"}
_formats: Final[Mapping[str, Type]] = {"date": "date", "date-time": "date-time"}
_choices: Final = ("oneOf", "anyOf", "allOf", "not", "if", "patternProperties", "prefixItems")


@dataclass(frozen=True, slots=True)
class Element:
    """One element: `many` for each item of a list, `nullable` where it may say that there is nothing."""

    name: str
    type: Type
    required: bool = True
    many: bool = False
    nullable: bool = False
    children: tuple["Element", ...] = ()
    values: tuple[str, ...] = ()


class UnsuitedError(Exception):
    """A schema for which there are no elements; `pointer` says where."""

    def __init__(self, pointer: str, sentence: str) -> None:
        super().__init__(sentence)
        self.pointer = pointer
        self.sentence = sentence


def elements_of(schema: JSON) -> tuple[Element, ...]:
    """Return the elements of an object's schema; none where there is no schema.

    Raises:
        UnsuitedError: Something in it has no elements.
    """
    if schema is None:
        return ()
    return tuple(_Reader(schema).children(schema, "", 0))


class _Reader:
    """Follows the references of one schema, which must end somewhere."""

    def __init__(self, root: JSON) -> None:
        self._root = root
        self._count = 0

    def children(self, schema: JSON, pointer: str, depth: int) -> Iterator[Element]:
        found = self._followed(schema, pointer)
        if found.get("type") != "object":
            raise UnsuitedError(pointer, "What is sent and answered is an object with properties.")
        required = found.get("required") or ()
        for name, body in (found.get("properties") or {}).items():
            place = f"{pointer}/properties/{name}"
            if not _name.match(name) or name.lower().startswith("xml"):
                raise UnsuitedError(place, f"`{name}` cannot be the name of an element.")
            yield self._element(name, body, place, depth + 1, required=name in required)

    def _element(self, name: str, schema: JSON, pointer: str, depth: int, *, required: bool) -> Element:
        self._count += 1
        if depth > _deepest or self._count > _most:
            problem = (
                f"There are more than {_most:,} elements, or they nest deeper than {_deepest}; perhaps without end."
            )
            raise UnsuitedError(pointer, problem)
        found = self._followed(schema, pointer)
        types, nullable = _types(found)
        if len(types) != 1:
            raise UnsuitedError(pointer, "An element has one type (besides null).")
        (kind,) = types
        if kind == "array":
            return self._list(name, found, pointer, depth, required=required and found.get("minItems", 0) > 0)
        if kind == "object":
            inner = tuple(self.children({**found, "type": "object"}, pointer, depth))
            return Element(name, "object", required, nullable=nullable, children=inner)
        if kind not in _scalars:
            raise UnsuitedError(pointer, f"There is no element of type {kind}.")
        type_ = _formats.get(str(found.get("format")), "text") if kind == "string" else _scalars[kind]
        values = tuple(each for each in found.get("enum") or () if isinstance(each, str)) if kind == "string" else ()
        return Element(name, type_, required, nullable=nullable, values=values)

    def _list(self, name: str, schema: Mapping[str, JSON], pointer: str, depth: int, *, required: bool) -> Element:
        if "items" not in schema:
            raise UnsuitedError(pointer, "A list says what its items are.")
        item = self._element(name, schema["items"], f"{pointer}/items", depth + 1, required=required)
        if item.many or item.nullable:
            raise UnsuitedError(f"{pointer}/items", "An item of a list is neither a list nor null.")
        return Element(name, item.type, required, many=True, children=item.children, values=item.values)

    def _followed(self, schema: JSON, pointer: str) -> Mapping[str, JSON]:
        for _ in range(_deepest):
            if not isinstance(schema, Mapping):
                break
            if word := next((each for each in _choices if each in schema), ""):
                raise UnsuitedError(f"{pointer}/{word}", f"There are no elements for `{word}`.")
            if "$ref" not in schema:
                return schema
            schema = self._target(str(schema["$ref"]))
        raise UnsuitedError(pointer, "This says nothing of which elements there are.")

    def _target(self, reference: str) -> JSON:
        found = self._root
        for part in reference.removeprefix("#").split("/")[1:] if reference.startswith("#") else ("", ""):
            key = part.replace("~1", "/").replace("~0", "~")
            found = found.get(key) if isinstance(found, Mapping) else None
        return found


def _types(schema: Mapping[str, JSON]) -> tuple[list[str], bool]:
    given = schema.get("type")
    if given is None and all(isinstance(each, str) for each in schema.get("enum") or (None,)):
        given = "string"
    types = [given] if isinstance(given, str) else list(given or ())
    return [each for each in types if each != "null"], "null" in types
