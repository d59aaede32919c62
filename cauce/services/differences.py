"""The difference between what was sent and what a contract wants, and the shape of data without the data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cauce.errors import InputError
from schemas import validate_data

JSON = Any
# Attributes of an event that say what it is and never whom it is about.
_ENVELOPE: Final = frozenset({"specversion", "type", "source", "time", "datacontenttype", "dataschema"})
_DEEPEST: Final = 50
_MOST_SHOWN: Final = 5
_LONGEST_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where what was sent is not what is wanted: there, what it is, what it should be, and the sentence."""

    pointer: str
    sent: str
    wanted: str
    problem: str


@dataclass(frozen=True, slots=True)
class Contract:
    """What the other side wants: a schema of `data`, which stands at these places of what people see and edit."""

    schema: JSON
    data: JSON
    places: Sequence[tuple[str, str]] = ()

    def place(self, pointer: str) -> str:
        """Return where in the payload something of the checked data is."""
        for inside, outside in self.places:
            if pointer == inside or pointer.startswith(f"{inside}/"):
                return outside + pointer.removeprefix(inside)
        return pointer


def differences(contract: Contract, payload: JSON) -> tuple[Difference, ...]:
    """Return every place where the data is not as its schema wants it."""
    try:
        validate_data(contract.schema, contract.data, where="payload")
    except InputError as error:
        return tuple(_difference(contract, payload, each["pointer"], each["problem"]) for each in error.errors)
    return ()


def masked(value: JSON, *, depth: int = 0) -> JSON:
    """Return the shape of data: every text and number is gone, but for what says which kind of event it is."""
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        event = {"specversion", "type", "source"} <= value.keys()
        return {
            name: each if event and name in _ENVELOPE else masked(each, depth=depth + 1) for name, each in value.items()
        }
    if isinstance(value, list):
        return [masked(each, depth=depth + 1) for each in value]
    return value if value is None else f"[{kind_of(value)}]"


def kind_of(value: JSON) -> str:
    """Return what data is, in a word."""
    kinds = ((type(None), "null"), (bool, "boolean"), (int, "integer"), (float, "number"), (str, "text"))
    known = next((name for kind, name in kinds if isinstance(value, kind)), "")
    return known or ("list" if isinstance(value, list) else "object")


def _difference(contract: Contract, payload: JSON, pointer: str, problem: str) -> Difference:
    place = contract.place(pointer)
    found, value = _at(payload, place)
    sent = "nothing"
    if found:
        sent = kind_of(value)
        if not isinstance(value, Mapping | list | None):
            sent = f"{sent} {_short(value)}"
    return Difference(place, sent, _wanted(contract.schema, pointer), problem)


def _at(value: JSON, pointer: str) -> tuple[bool, JSON]:
    for step in _steps(pointer):
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, Mapping) and step in value:
            value = value[step]
        else:
            return False, None
    return True, value


def _wanted(schema: JSON, pointer: str) -> str:
    """Say in a word or two what a schema wants at a place; nothing where that takes more."""
    root = schema
    for step in [*_steps(pointer), None]:
        if isinstance(schema, Mapping) and str(schema.get("$ref", "")).startswith("#/"):
            schema = _at(root, schema["$ref"][1:])[1]
        if not isinstance(schema, Mapping):
            return ""
        if step is not None:
            schema = (schema.get("properties") or {}).get(step, schema.get("items") if step.isdecimal() else None)
    if not isinstance(schema, Mapping):
        return ""
    if "const" in schema:
        return _short(schema["const"])
    if isinstance(schema.get("enum"), list):
        shown = [_short(each) for each in schema["enum"][:_MOST_SHOWN]]
        return " | ".join(shown + ["…"] * (len(schema["enum"]) > _MOST_SHOWN))
    types = schema.get("type")
    named = types if isinstance(types, list) else [types] if types else []
    words = ["text" if each == "string" else "list" if each == "array" else str(each) for each in named]
    details = [str(schema[name]) for name in ("format", "pattern") if isinstance(schema.get(name), str)]
    return " ".join(filter(None, [" | ".join(words), *details]))


def _steps(pointer: str) -> Iterator[str]:
    for step in pointer.split("/")[1:]:
        yield step.replace("~1", "/").replace("~0", "~")


def _short(value: JSON) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
