"""Filters of events with nothing left open: plain JSON that anybody can keep, and that says of any event yes or no.

The store keeps them, and a router or an activity that reads one comes to the same answer as the instance would. Tests
of a bound filter: `is` (equal), `like` (equal, or as the pattern says), `has` and `items` (in an object, a list),
`holds` (decided when it was bound), `template` (an expression about the value, with its `variables`).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import re2

from cauce.cloud_events import data_of
from cauce.errors import ExpressionError
from cauce.expressions import Budget, compile_expression, compile_template

JSON = Any
# The signs that make a text a pattern. A dot alone does not: every type has some.
_SIGNS: Final = frozenset("*+?^$|\\[](){}")
# Events of instances about themselves: only who names their type gets them.
LIFECYCLE: Final = "io.serverlessworkflow."
_LONGEST_PATTERN: Final = 1_000
# What one look at one event may cost; thousands of filters may look at it.
BUDGET: Final = Budget(steps=100_000)
_NOTHING: Final[Mapping[str, JSON]] = {}


@dataclass(frozen=True, slots=True)
class Index:
    """How a bound filter is found from an event without looking at it; an empty text stands for anything.

    `expression`, evaluated on an event that fits, gives `value` (as text).
    """

    type: str = ""
    source: str = ""
    expression: str = ""
    value: str = ""

    @property
    def key(self) -> str:
        """One text for expression and value, short enough for any index."""
        return key_of(self.expression, self.value) if self.expression else ""


class BoundFilter:
    """A filter that says of any event whether it fits."""

    __slots__ = ("_correlations", "_tests")

    def __init__(self, bound: Mapping[str, JSON]) -> None:
        self._tests: Mapping[str, JSON] = bound["with"]
        self._correlations: Mapping[str, JSON] = bound.get("correlate") or {}

    def matches(self, event: Mapping[str, JSON]) -> bool:
        """Tell whether an event fits, the values to correlate by included as far as they are known."""
        return self.correlated(event, {}) is not None

    def correlated(self, event: Mapping[str, JSON], known: Mapping[str, str]) -> dict[str, str] | None:
        """Return the values that the event correlates by (those known before included); None when it does not fit."""
        if "type" not in self._tests and str(event.get("type", "")).startswith(LIFECYCLE):
            # Who wants anything does not want to hear about what it causes itself.
            return None
        if not all(_fits(test, name, event) for name, test in self._tests.items()):
            return None
        found = dict(known)
        for name, each in self._correlations.items():
            value = _value(each["from"], event, each["variables"])
            if value is None or found.setdefault(name, each.get("expect", value)) != value:
                return None
            if each.get("expect", value) != value:
                return None
        return found

    def index(self) -> Index:
        """Return how the filter is found from an event."""
        expression, value = next(iter(self._keys()), ("", ""))
        return Index(self._literal("type"), self._literal("source"), expression, value)

    def _literal(self, name: str) -> str:
        value = self._tests.get(name, _NOTHING).get("is")
        return value if isinstance(value, str) else ""

    def _keys(self) -> Iterable[tuple[str, str]]:
        for each in self._correlations.values():
            if "expect" in each and not each["variables"]:
                yield each["from"], each["expect"]
        for name in sorted(self._tests, key=lambda each: (each == "data", each != "subject")):
            if name not in {"type", "source"}:
                path = "." if name == "data" else f".[{json.dumps(name)}]"
                yield from _leaves(self._tests[name], '.["data"]' if name == "data" else path)


def bound(filter_: Mapping[str, JSON]) -> BoundFilter:
    """Return the filter that `Filter.bind` made, ready for use."""
    return _bound(json.dumps(filter_, sort_keys=True, separators=(",", ":")))


@lru_cache(maxsize=2_048)
def _bound(text: str) -> BoundFilter:
    return BoundFilter(json.loads(text))


def keys_of(event: Mapping[str, JSON], expressions: Iterable[str]) -> set[str]:
    """Return the keys under which filters that want this event may be filed."""
    values = ((text, _value(text, event, _NOTHING)) for text in expressions)
    return {key_of(text, value) for text, value in values if value is not None}


def key_of(expression: str, value: str) -> str:
    """Return one short text for an expression and the value that it has to give."""
    return hashlib.sha256(f"{expression}\n{value}".encode(errors="replace")).hexdigest()[:32]


def text_of(value: JSON) -> str:
    """Return a value as the text by which it is compared: a number and its digits are the same."""
    if isinstance(value, str):
        return value
    whole = isinstance(value, float) and value.is_integer()
    return json.dumps(int(value) if whole else value, sort_keys=True, ensure_ascii=False)


def is_pattern(value: JSON) -> bool:
    """Tell whether a literal of a filter is a pattern."""
    return isinstance(value, str) and not _SIGNS.isdisjoint(value)


def pattern_problem(text: str) -> str | None:
    """Return what is wrong with a text that is a pattern; None when nothing is, or when it is no pattern."""
    if not is_pattern(text):
        return None
    if len(text) > _LONGEST_PATTERN:
        return f"it is longer than {_LONGEST_PATTERN:,} characters"
    try:
        _pattern(text)
    except re2.error as error:
        said = error.args[0] if error.args else "unreadable"
        return said.decode() if isinstance(said, bytes) else str(said)
    return None


def _fits(test: Mapping[str, JSON], name: str, event: Mapping[str, JSON]) -> bool:
    return _passes(test, data_of(event)) if name == "data" else _passes(test, event.get(name), is_attribute=True)


def _value(text: str, event: Mapping[str, JSON], variables: Mapping[str, JSON]) -> str | None:
    """Return what an expression gives for an event, as text; None when it gives nothing or fails."""
    try:
        value = compile_expression(text, variables=variables.keys()).first(_seen(event), variables, BUDGET)
    except ExpressionError:
        return None
    return None if value is None else text_of(value)


def _seen(event: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """Return the event as expressions see it: `data` is there however it was sent."""
    return {**event, "data": data_of(event)} if "data_base64" in event else event


def _leaves(test: Mapping[str, JSON], path: str) -> Iterable[tuple[str, str]]:
    value = test.get("is")
    if isinstance(value, str | int) and not isinstance(value, bool):
        yield path, text_of(value)
    for key, inner in test.get("has", _NOTHING).items():
        yield from _leaves(inner, f"{path}[{json.dumps(key)}]")


def _passes(test: Mapping[str, JSON], met: JSON, *, is_attribute: bool = False) -> bool:
    if "is" in test:
        wanted = test["is"]
        # Attributes come as text over HTTP, whatever their type is.
        by_text = is_attribute and isinstance(wanted, int) and isinstance(met, str)
        return text_of(wanted) == met if by_text else _contains(wanted, met)
    if "like" in test:
        return isinstance(met, str) and _is_like(test["like"], met)
    if "has" in test:
        return isinstance(met, Mapping) and all(
            key in met and _passes(inner, met[key]) for key, inner in test["has"].items()
        )
    if "items" in test:
        same_length = isinstance(met, list) and len(met) == len(test["items"])
        return same_length and all(_passes(inner, each) for inner, each in zip(test["items"], met, strict=True))
    if "holds" in test:
        return bool(test["holds"])
    return _holds(test["template"], test["variables"], met)


def _holds(text: str, variables: Mapping[str, JSON], met: JSON) -> bool:
    """Tell whether an expression says yes to a value, or gives the same; one that fails says no."""
    try:
        value = compile_template(text, variables.keys()).render(met, variables, BUDGET)
    except ExpressionError:
        return False
    return value if isinstance(value, bool) else value is not None and _contains(value, met)


def _contains(wanted: JSON, met: JSON) -> bool:
    """Tell whether everything that is wanted is there and equal; objects may have more."""
    if isinstance(wanted, Mapping):
        in_object = isinstance(met, Mapping)
        return in_object and all(key in met and _contains(value, met[key]) for key, value in wanted.items())
    if isinstance(wanted, list):
        same_length = isinstance(met, list) and len(met) == len(wanted)
        return same_length and all(_contains(*pair) for pair in zip(wanted, met, strict=True))
    if isinstance(wanted, bool) or isinstance(met, bool):
        return wanted is met
    return bool(wanted == met)


def _is_like(text: str, met: str) -> bool:
    """Tell whether a text is what is written, or is as a whole what the pattern says; anchors loosen the other end."""
    if met == text:
        return True
    try:
        pattern = _pattern(text)
    except re2.error:
        return False
    anchored = text.startswith("^") or text.endswith("$")
    return bool(pattern.search(met) if anchored else pattern.fullmatch(met))


@lru_cache(maxsize=1_024)
def _pattern(text: str) -> Any:  # noqa: ANN401 - re2 has no types
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return re2.compile(text, options)
