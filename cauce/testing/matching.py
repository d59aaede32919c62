"""Compares what was met with what was expected: as a whole, or as a part that must be there."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from cauce.errors import ExpressionError
from cauce.expressions import compile_expression
from cauce.expressions.templates import strip_delimiters

JSON = Any
ABSENT: Final = object()
_LONGEST_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as expected: where it is, in the words of the test file, and both sides."""

    path: str
    expected: str
    met: str

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, met {self.met}"


def shown(value: JSON) -> str:
    """Return a value as a person reads it on one line."""
    if value is ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def parts(wanted: JSON, met: JSON, path: str) -> Iterator[Difference]:
    """Yield what of `wanted` is not in `met`; maps may hold more, lists may not."""
    if isinstance(wanted, dict) and isinstance(met, dict):
        for key, value in wanted.items():
            yield from parts(value, met.get(key, ABSENT), f"{path}.{key}" if path else key)
    elif isinstance(wanted, list) and isinstance(met, list):
        yield from _lists(wanted, met, path)
    elif not same(wanted, met):
        yield Difference(path, shown(wanted), shown(met))


def whole(wanted: JSON, met: JSON, path: str) -> Iterator[Difference]:
    """Yield where `met` is not what is wanted, what is too much included."""
    if isinstance(wanted, dict) and isinstance(met, dict):
        for key in dict.fromkeys([*wanted, *met]):
            yield from whole(wanted.get(key, ABSENT), met.get(key, ABSENT), f"{path}.{key}" if path else key)
    elif isinstance(wanted, list) and isinstance(met, list) and len(wanted) == len(met):
        for index, value in enumerate(wanted):
            yield from whole(value, met[index], f"{path}[{index}]")
    elif not same(wanted, met):
        yield Difference(path, shown(wanted), shown(met))


def same(left: JSON, right: JSON) -> bool:
    """Tell whether two values are the same JSON: 1 is 1.0, and true is no number."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def mismatches(matcher: JSON, met: JSON, path: str) -> list[Difference]:
    """Return why a value does not fit a matcher: text is an expression over it, anything else a part of it."""
    if not isinstance(matcher, str):
        return list(parts(matcher, met, path))
    problem = unmet(matcher, met)
    return [] if problem is None else [Difference(path, f"`{matcher}`", problem)]


def unmet(condition: str, data: JSON) -> str | None:
    """Return what is met instead when an expression does not hold for the data; None when it holds."""
    try:
        value = compile_expression(strip_delimiters(condition)).first(data)
    except ExpressionError as error:
        return error.problem
    return None if value is not None and value is not False else shown(value)


def _lists(wanted: list[JSON], met: list[JSON], path: str) -> Iterator[Difference]:
    if len(wanted) != len(met):
        yield Difference(path, f"{len(wanted)} entries", f"{len(met)}: {shown(met)}")
        return
    for index, value in enumerate(wanted):
        yield from parts(value, met[index], f"{path}[{index}]")
