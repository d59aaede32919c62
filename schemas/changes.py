"""Tells what changed between two versions of a JSON Schema, and whether what was agreed still holds.

It depends on the direction. What we send (`input`) must be taken as before: a schema that takes less breaks it. What we
read (`output`) must come as before: a schema that gives more kinds of values, or leaves out what was always there,
breaks it. Each keyword is compared by itself; one that is not known here and changed breaks in both directions.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

JSON = Any
Direction = Literal["input", "output"]
What = Literal["added", "removed", "required", "optional", "type", "values", "limit", "rule"]
Move = Literal["wider", "narrower"]

_UPPER: Final = ("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum")
_LOWER: Final = ("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum")
_SILENT: Final = frozenset(
    {"title", "description", "examples", "default", "deprecated", "readOnly", "writeOnly", "$comment", "$id", "$schema"}
)
_COMPARED: Final = frozenset(
    {*_UPPER, *_LOWER, "type", "enum", "const", "properties", "required", "additionalProperties", "items"}
    | {"allOf", "anyOf", "oneOf"}
)
# `number` holds what `integer` does.
_KINDS: Final[Mapping[str, frozenset[str]]] = {
    "number": frozenset({"integer", "fraction"}),
    **{name: frozenset({name}) for name in ("integer", "string", "boolean", "array", "object", "null")},
}
_ALL_KINDS: Final = frozenset.union(*_KINDS.values())
_BY_TYPE: Final = {bool: "boolean", int: "integer", float: "fraction", str: "string", list: "array", dict: "object"}
_MOST_VALUES: Final = 5


@dataclass(frozen=True, slots=True)
class Change:
    """One change: where (dotted, `[]` for the entries of a list, empty for the whole), what, and in a sentence.

    What stands behind a colon in a sentence is in no language: `string → integer`, `+ "GBP"`, `maxLength * → 20`.
    """

    path: str
    what: What
    breaking: bool
    sentence: str


def changes(before: JSON, after: JSON, direction: Direction) -> list[Change]:
    """Return what changed; nothing of it is breaking when whoever relied on `before` may go on as they did."""
    return list(_Comparison(direction).whole(before, after, ""))


@dataclass(frozen=True, slots=True)
class _Comparison:
    direction: Direction

    def whole(self, before: JSON, after: JSON, path: str) -> Iterator[Change]:
        """Yield what changed at and below a path."""
        if before == after:
            return
        if before is False or after is False:
            yield self._moved(path, "type", "narrower" if after is False else "wider", "false")
            return
        old = before if isinstance(before, Mapping) else {}
        new = after if isinstance(after, Mapping) else {}
        yield from self._kinds(old, new, path)
        yield from self._values(old, new, path)
        yield from self._limits(old, new, path)
        yield from self._fields(old, new, path)
        yield from self._others(old, new, path)
        yield from self.whole(old.get("items", True), new.get("items", True), f"{path}[]")
        for keyword in ("allOf", "anyOf", "oneOf"):
            yield from self._parts(keyword, old.get(keyword), new.get(keyword), path)
        for keyword in sorted((old.keys() | new.keys()) - _COMPARED - _SILENT):
            if old.get(keyword) != new.get(keyword):
                yield self._rule(keyword, old, new, path)

    def _moved(self, path: str, what: What, move: Move, about: str) -> Change:
        breaking = (move == "narrower") == (self.direction == "input")
        verb = {
            ("input", "narrower"): "takes less than before",
            ("input", "wider"): "takes more than before",
            ("output", "narrower"): "gives less variety than before",
            ("output", "wider"): "may give what never came before",
        }[self.direction, move]
        return Change(path, what, breaking, f"{_shown(path)} {verb}: {about}.")

    def _kinds(self, old: Mapping[str, JSON], new: Mapping[str, JSON], path: str) -> Iterator[Change]:
        ours, theirs = _kinds_of(old), _kinds_of(new)
        about = f"{_listed(ours)} → {_listed(theirs)}"
        if ours - theirs:
            yield self._moved(path, "type", "narrower", about)
        if theirs - ours:
            yield self._moved(path, "type", "wider", about)

    def _values(self, old: Mapping[str, JSON], new: Mapping[str, JSON], path: str) -> Iterator[Change]:
        ours, theirs = _values_of(old), _values_of(new)
        if ours == theirs:
            return
        if ours is None or theirs is None:
            told = _some(ours or theirs or frozenset())
            if ours is None:
                yield self._moved(path, "values", "narrower", f"* → {told}")
            else:
                yield self._moved(path, "values", "wider", f"{told} → *")
            return
        if gone := ours - theirs:
            yield self._moved(path, "values", "narrower", f"- {_some(gone)}")
        if came := theirs - ours:
            yield self._moved(path, "values", "wider", f"+ {_some(came)}")

    def _limits(self, old: Mapping[str, JSON], new: Mapping[str, JSON], path: str) -> Iterator[Change]:
        for keywords, sign in ((_UPPER, 1), (_LOWER, -1)):
            for keyword in keywords:
                ours, theirs = old.get(keyword), new.get(keyword)
                if ours == theirs:
                    continue
                less = ours is None or (theirs is not None and sign * (theirs - ours) < 0)
                about = f"{keyword} {_number(ours)} → {_number(theirs)}"
                yield self._moved(path, "limit", "narrower" if less else "wider", about)

    def _fields(self, old: Mapping[str, JSON], new: Mapping[str, JSON], path: str) -> Iterator[Change]:
        ours, theirs = old.get("properties") or {}, new.get("properties") or {}
        needed, needs = set(old.get("required") or ()), set(new.get("required") or ())
        for name in ours:
            if name not in theirs:
                here, verb = _join(path, name), "taken" if self.direction == "input" else "given"
                yield Change(here, "removed", breaking=True, sentence=f"{_shown(here)} is not {verb} any more.")
        for name in theirs:
            if name in ours:
                yield from self.whole(ours[name], theirs[name], _join(path, name))
            else:
                yield self._added(_join(path, name), old, needed=name in needs)
        for name in sorted(needs ^ needed):
            # What came or went as a whole was told above.
            if (name in ours) == (name in theirs):
                yield self._needed(_join(path, name), needed=name in needs)

    def _added(self, path: str, old: Mapping[str, JSON], *, needed: bool) -> Change:
        if self.direction == "input":
            must = " and has to be sent" if needed else ""
            return Change(path, "added", breaking=needed, sentence=f"{_shown(path)} is new{must}.")
        return Change(path, "added", old.get("additionalProperties") is False, f"{_shown(path)} is new.")

    def _needed(self, path: str, *, needed: bool) -> Change:
        if self.direction == "input":
            verb = "has to be sent now" if needed else "need not be sent any more"
        else:
            verb = "always comes now" if needed else "may be missing now"
        breaking = needed == (self.direction == "input")
        return Change(path, "required" if needed else "optional", breaking, f"{_shown(path)} {verb}.")

    def _others(self, old: Mapping[str, JSON], new: Mapping[str, JSON], path: str) -> Iterator[Change]:
        """Yield what changed about fields that have no name in the schema."""
        ours, theirs = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if ours != theirs:
            yield from self.whole(ours, theirs, _join(path, "*"))

    def _parts(self, keyword: str, ours: JSON, theirs: JSON, path: str) -> Iterator[Change]:
        if ours == theirs:
            return
        old, new = list(ours or ()), list(theirs or ())
        if keyword != "oneOf" and old and len(old) == len(new):
            for before, after in zip(old, new, strict=True):
                yield from self.whole(before, after, path)
            return
        gone, came = [each for each in old if each not in new], [each for each in new if each not in old]
        if keyword == "oneOf" or not old or not new:
            # Who takes one of several things takes less than who takes anything.
            yield from self._either(keyword, path, narrower=bool(came) or not old, wider=bool(gone) or not new)
        else:
            more, less = (came, gone) if keyword == "anyOf" else (gone, came)
            yield from self._either(keyword, path, narrower=bool(less), wider=bool(more))

    def _either(self, keyword: str, path: str, *, narrower: bool, wider: bool) -> Iterator[Change]:
        if narrower:
            yield self._moved(path, "rule", "narrower", keyword)
        if wider:
            yield self._moved(path, "rule", "wider", keyword)

    def _rule(self, keyword: str, old: Mapping[str, JSON], new: Mapping[str, JSON], path: str) -> Change:
        if keyword not in new:
            return self._moved(path, "rule", "wider", f"- {keyword}")
        if keyword not in old:
            return self._moved(path, "rule", "narrower", f"+ {keyword}")
        return Change(path, "rule", breaking=True, sentence=f"{_shown(path)} has another rule: {keyword}.")


def _kinds_of(schema: Mapping[str, JSON]) -> frozenset[str]:
    given = schema.get("type")
    if given is not None:
        names = given if isinstance(given, list) else [given]
        return frozenset().union(*(_KINDS.get(str(name), frozenset()) for name in names))
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(values, list):
        return frozenset(_BY_TYPE.get(type(value), "null") for value in values)
    return _ALL_KINDS


def _values_of(schema: Mapping[str, JSON]) -> frozenset[str] | None:
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if not isinstance(values, list):
        return None
    return frozenset(json.dumps(value, sort_keys=True, ensure_ascii=False) for value in values)


def _some(values: frozenset[str]) -> str:
    return " | ".join(sorted(values)[:_MOST_VALUES]) + (" | …" if len(values) > _MOST_VALUES else "")


def _listed(kinds: frozenset[str]) -> str:
    if kinds == _ALL_KINDS:
        return "*"
    shown = {"number" if each == "fraction" else each for each in kinds}
    if "number" in shown:
        shown.discard("integer")
    return " | ".join(sorted(shown)) or "nothing"


def _number(limit: JSON) -> str:
    return "*" if limit is None else str(limit)


def _shown(path: str) -> str:
    return f"`{path}`" if path else "It"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
