"""Builds plain JSON data from YAML events, by the core schema of YAML 1.2, and notes where everything stands.

It works on events instead of on the library's own trees because of what must be refused early: depth, size and
alias bombs are seen while reading, and duplicate keys with both their places.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from cauce.errors import DefinitionError, Finding, Place, TooLargeError
from schemas.events import start_of

JSON = Any
_Node = ScalarEvent | MappingStartEvent | SequenceStartEvent
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_RADIX = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_JSON = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")
_WORDS: dict[str, JSON] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_CORE_TAGS = {"str": str, "int": int, "float": float, "bool": bool, "null": type(None), "map": dict, "seq": list}
_MOST_DIGITS = 300


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a definition may hold; nodes count with every alias expanded."""

    bytes: int = 2**20
    depth: int = 100
    nodes: int = 50_000


class Mark(NamedTuple):
    """Where a key and its value start (from 0), and how the value is quoted."""

    key_line: int
    key_column: int
    line: int
    column: int
    style: str | None


@dataclass(slots=True)
class _Anchor:
    """A value with a name; `size` is None while it is still being built."""

    value: JSON
    size: int | None


@dataclass(slots=True)
class Builder:
    """Builds one document; `marks` holds the places found on the way."""

    events: Iterator[Event]
    file: str
    limits: Limits
    marks: dict[str, Mark] = field(default_factory=dict)
    is_empty: bool = False
    _anchors: dict[str, _Anchor] = field(default_factory=dict)
    _nodes: int = 0

    def document(self) -> JSON:
        """Return the data of the document whose start was just read."""
        event = next(self.events)
        self.is_empty = isinstance(event, ScalarEvent) and event.value == "" and not event.style
        data = self._value(event, "", 0, start_of(event))
        for end in self.events:
            if isinstance(end, DocumentEndEvent):
                break
        return data

    def _value(self, event: Event, pointer: str, depth: int, key: tuple[int, int] | None) -> JSON:
        here = start_of(event)
        key_line, key_column = key or here
        self.marks[pointer] = Mark(key_line, key_column, *here, getattr(event, "style", None) or None)
        if isinstance(event, AliasEvent):
            return self._alias(event)
        before = self._nodes
        self._count(1, event)
        if not isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent):
            raise self._refusal("yaml", "A value is missing here.", "Write one, or null.", event)
        anchor = self._anchor(event)
        value: JSON
        if isinstance(event, ScalarEvent):
            value = self._scalar(event)
        elif depth >= self.limits.depth:
            raise self._too_large(f"The definition is nested deeper than {self.limits.depth} levels", event)
        elif isinstance(event, MappingStartEvent):
            self._check_tag(event, "map")
            value = self._mapping(pointer, depth)
        else:
            self._check_tag(event, "seq")
            value = self._sequence(pointer, depth)
        if anchor:
            anchor.value, anchor.size = value, self._nodes - before
        return value

    def _mapping(self, pointer: str, depth: int) -> dict[str, JSON]:
        result: dict[str, JSON] = {}
        for event in self.events:
            if isinstance(event, MappingEndEvent):
                break
            key = self._key(event)
            below = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            if key in result:
                first = self.marks[below]
                where = f"line {first.key_line + 1}, column {first.key_column + 1}"
                problem = f"The key `{key}` is here twice; the first is at {where}."
                raise self._refusal("duplicate-key", problem, "Keep one of the two.", event)
            result[key] = self._value(next(self.events), below, depth + 1, start_of(event))
        return result

    def _sequence(self, pointer: str, depth: int) -> list[JSON]:
        result: list[JSON] = []
        for event in self.events:
            if isinstance(event, SequenceEndEvent):
                break
            result.append(self._value(event, f"{pointer}/{len(result)}", depth + 1, None))
        return result

    def _key(self, event: Event) -> str:
        if isinstance(event, AliasEvent):
            name = self._anchors.get(event.anchor or "")
            if name and isinstance(name.value, str):
                return name.value
        if not isinstance(event, ScalarEvent):
            hint = "Quote the key if it is meant as text."
            raise self._refusal("yaml", "A key must be text, not a list or a map.", hint, event)
        self._count(1, event)
        self._check_tag(event, "str")
        anchor = self._anchor(event)
        if anchor:
            anchor.value, anchor.size = event.value, 1
        if event.value == "<<" and not event.style:
            hint = "Write the properties out, or put them under `use` and refer to them by name."
            raise self._refusal("yaml", "The merge key `<<` is not part of YAML 1.2.", hint, event)
        # A key that looks like a number is the text as written: `1205: transient` names the code 1205.
        return str(event.value)

    def _scalar(self, event: ScalarEvent) -> JSON:
        text = str(event.value)
        tag = self._core_tag(event)
        if event.style or tag is str or str(event.tag) == "!":
            value: JSON = text
        else:
            value = self._plain(text, event)
        if tag is float and type(value) is int:
            value = float(value)
        if tag is not None and type(value) is not tag:
            raise self._refusal("yaml", f"`{text[:40]}` does not fit its tag {event.tag}.", "Leave the tag out.", event)
        return value

    def _plain(self, text: str, event: Event) -> JSON:
        if text in _WORDS:
            return _WORDS[text]
        number: JSON
        if _INTEGER.match(text) and len(text) <= _MOST_DIGITS:
            number = int(text)
        elif _RADIX.match(text) and len(text) <= _MOST_DIGITS:
            number = int(text, 0)
        elif _FLOAT.match(text) and len(text) <= _MOST_DIGITS:
            number = float(text)
        elif _NOT_JSON.match(text) or (_FLOAT.match(text) and len(text) > _MOST_DIGITS):
            number = math.inf
        else:
            return text
        if isinstance(number, float) and not math.isfinite(number):
            problem = f"`{text[:40]}` is not a number that JSON knows."
            raise self._refusal("yaml", problem, "Quote it if it is meant as text.", event)
        return number

    def _core_tag(self, event: _Node) -> type | None:
        tag = str(event.tag) if event.tag else ""
        if tag in {"", "!"}:
            return None
        name = tag.removeprefix("!!").removeprefix("tag:yaml.org,2002:")
        if name == tag or name not in _CORE_TAGS:
            problem = f"The tag `{tag}` is not allowed: a definition holds plain data only."
            raise self._refusal("yaml-tag", problem, "Remove the tag.", event)
        return _CORE_TAGS[name]

    def _check_tag(self, event: _Node, wanted: str) -> None:
        tag = self._core_tag(event)
        if tag is not None and tag is not _CORE_TAGS[wanted]:
            problem = f"The tag `{event.tag}` does not fit what it marks."
            raise self._refusal("yaml-tag", problem, "Remove the tag.", event)

    def _anchor(self, event: _Node) -> _Anchor | None:
        if not event.anchor:
            return None
        self._anchors[event.anchor] = anchor = _Anchor(None, None)
        return anchor

    def _alias(self, event: AliasEvent) -> JSON:
        anchor = self._anchors.get(event.anchor or "")
        if anchor is None:
            hint = f"Write `&{event.anchor}` before the value it stands for, or quote the text."
            raise self._refusal("yaml", f"There is no anchor `&{event.anchor}` before this alias.", hint, event)
        if anchor.size is None:
            raise self._refusal("yaml", f"The alias `*{event.anchor}` contains itself.", "Write the value out.", event)
        self._count(anchor.size, event)
        return anchor.value

    def _count(self, nodes: int, event: Event) -> None:
        self._nodes += nodes
        if self._nodes > self.limits.nodes:
            problem = f"With its aliases written out the definition has more than {self.limits.nodes:,} values"
            raise self._too_large(problem, event)

    def _place(self, event: Event) -> Place:
        line, column = start_of(event)
        return Place(self.file, line + 1, column + 1)

    def _too_large(self, problem: str, event: Event) -> TooLargeError:
        return TooLargeError(
            f"{problem}.", hint="Split the definition, or move data out of it.", where=str(self._place(event))
        )

    def _refusal(self, code: str, problem: str, hint: str, event: Event) -> DefinitionError:
        place = self._place(event)
        return DefinitionError(problem, hint=hint, where=str(place), findings=(Finding(code, problem, hint, place),))
