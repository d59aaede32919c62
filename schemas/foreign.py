"""Schemas that users write (inputs, forms, contracts of operations): are they sound, and does data fit them?"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import re2

from cauce.errors import DefinitionError, InputError
from schemas.sentences import Problem, problems
from schemas.validators import (
    UnusableSchemaError,
    Validator,
    compile_pattern,
    data_validator,
    errors_of,
    schema_validator,
)

JSON = Any
_DATA_KEYWORDS: Final = frozenset({"const", "enum", "default", "examples"})
_MAPS_OF_SCHEMAS: Final = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})
_TITLES: Final = frozenset({"title", "description"})
_MOST_CACHED: Final = 256
_MOST_TOLD: Final = 100


def validate_data(schema: JSON, data: JSON, where: str) -> None:
    """Check `data` against a JSON Schema; `where` says what the data is, for the message.

    Raises:
        InputError: It does not fit; `errors` has one entry per field.
        DefinitionError: The schema itself cannot be used.
    """
    if schema is None or schema is True:
        return
    try:
        found = list(problems(errors_of(_validator(schema), data)))[:_MOST_TOLD]
    except UnusableSchemaError as cause:
        hint = "Remove references that lead back to themselves, or into places that are not schemas."
        raise DefinitionError(str(cause), hint=hint, where=where) from cause
    if found:
        more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
        entries = [{"pointer": problem.pointer, "problem": problem.sentence} for problem in found]
        hint = found[0].hint or "Correct what is listed and send it again."
        raise InputError(found[0].sentence.removesuffix(".") + more + ".", hint=hint, where=where, errors=entries)


def flaws(schema: JSON) -> list[Problem]:
    """Return what is wrong with a schema itself; pointers are within the schema."""
    if isinstance(schema, bool):
        return []
    try:
        found = list(problems(schema_validator().iter_errors(_with_plain_titles(schema))))
        return found or list(_walk(schema, schema, ""))
    except RecursionError:
        return [Problem("", "schema-unusable", "The schema is nested too deeply.", "Use `$defs` to flatten it.")]


def _with_plain_titles(schema: JSON) -> JSON:
    """Return the schema with `{en: …, es: …}` titles, which are ours, as the plain text that the standard wants."""
    if isinstance(schema, list):
        return [_with_plain_titles(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: "" if key in _TITLES and _is_translated(value) else _with_plain_titles(value)
        for key, value in schema.items()
    }


def _is_translated(value: JSON) -> bool:
    return (
        isinstance(value, dict) and set(value) <= {"en", "es"} and all(isinstance(each, str) for each in value.values())
    )


_by_identity: OrderedDict[int, tuple[JSON, Validator]] = OrderedDict()


def _validator(schema: JSON) -> Validator:
    """Return the compiled validator of a schema; keeping the schema keeps its identity from being used again."""
    known = _by_identity.get(id(schema))
    if known is not None and known[0] is schema:
        return known[1]
    text = json.dumps(schema, sort_keys=True, separators=(",", ":"))
    validator = _compiled(hashlib.sha256(text.encode()).hexdigest(), _Text(text))
    _by_identity[id(schema)] = (schema, validator)
    while len(_by_identity) > _MOST_CACHED:
        _by_identity.popitem(last=False)
    return validator


class _Text(str):
    """A schema as text that is not looked at when the cache compares keys; the digest decides."""

    __slots__ = ()

    def __eq__(self, _: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=_MOST_CACHED)
def _compiled(digest: str, text: _Text) -> Validator:
    del digest
    schema = json.loads(str(text))
    wrong = flaws(schema)
    if wrong:
        where = wrong[0].pointer or "schema"
        raise DefinitionError(f"The schema cannot be used: {wrong[0].sentence}", hint=wrong[0].hint, where=where)
    return data_validator(schema)


def _walk(schema: JSON, root: JSON, pointer: str) -> Iterator[Problem]:
    if isinstance(schema, list):
        for index, each in enumerate(schema):
            yield from _walk(each, root, f"{pointer}/{index}")
    if not isinstance(schema, dict):
        return
    yield from _own_flaws(schema, root, pointer)
    for key, value in schema.items():
        below = f"{pointer}/{_escape(key)}"
        if key in _DATA_KEYWORDS:
            continue
        if key in _MAPS_OF_SCHEMAS and isinstance(value, dict):
            for name, each in value.items():
                yield from _walk(each, root, f"{below}/{_escape(name)}")
        else:
            yield from _walk(value, root, below)


def _own_flaws(schema: dict[str, JSON], root: JSON, pointer: str) -> Iterator[Problem]:
    for keyword in ("$ref", "$dynamicRef"):
        if isinstance(schema.get(keyword), str):
            yield from _reference_flaws(schema[keyword], root, f"{pointer}/{keyword}")
    if "$id" in schema and pointer:
        yield Problem(f"{pointer}/$id", "schema-unusable", "`$id` inside a schema is not supported.", "Use `$defs`.")
    patterns = schema.get("patternProperties")
    tried = [(f"{pointer}/pattern", schema["pattern"])] if isinstance(schema.get("pattern"), str) else []
    tried += [(f"{pointer}/patternProperties/{_escape(name)}", name) for name in patterns or ()]
    for place, pattern in tried:
        if not _is_pattern(pattern):
            hint = "Look-around and back-references are not supported; write it without them."
            yield Problem(place, "schema-unusable", f"The pattern `{pattern[:60]}` cannot be used.", hint)
    if patterns and "unevaluatedProperties" in schema:
        hint = "Use additionalProperties."
        yield Problem(
            pointer, "schema-unusable", "`unevaluatedProperties` cannot stand beside `patternProperties`.", hint
        )


def _reference_flaws(reference: str, root: JSON, place: str) -> Iterator[Problem]:
    if not reference.startswith("#"):
        hint = "Copy it under `$defs` and refer to it as #/$defs/name."
        yield Problem(
            place, "schema-unusable", f"`{reference[:80]}` is outside of this schema; nothing is fetched.", hint
        )
        return
    if not reference.startswith("#/"):
        return
    target = root
    for step in reference[2:].split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(target, list) and key.isdecimal() and int(key) < len(target):
            target = target[int(key)]
        elif isinstance(target, dict) and key in target:
            target = target[key]
        else:
            yield Problem(
                place, "schema-unusable", f"`{reference[:80]}` does not exist in this schema.", "Add it under `$defs`."
            )
            return


def _is_pattern(text: str) -> bool:
    try:
        compile_pattern(text)
    except re2.error:
        return False
    return True


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
