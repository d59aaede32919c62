"""Compares values of definitions: expressions by what they parse to, maps whatever the order of their keys."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any, Final

from cauce.errors import CauceError
from cauce.expressions.parser import parse
from cauce.expressions.templates import strip_delimiters
from cauce.expressions.tree import Node
from workflows.checking.texts import embedded
from workflows.comparison.change import ABSENT, Change, Kind

JSON = Any
# Keys whose text is an expression, with or without `${ }`; within data only what is in `${ }` is one.
_BARE: Final = frozenset(
    {"if", "when", "exceptWhen", "while", "in", "as", "from", "until", "request", "response", "key", "value", "inputs"}
)
_DATA: Final = frozenset({"set", "with", "schema", "const", "enum", "default", "title", "description", "summary"})


def differences(
    before: JSON, after: JSON, path: str, property_: str = "", *, bare: bool = False, data: bool = False
) -> Iterator[Change]:
    """Yield where two values differ, each as a change of one property."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            inner = data or key in _DATA
            yield from differences(
                before.get(key, ABSENT),
                after.get(key, ABSENT),
                path,
                f"{property_}.{key}" if property_ else key,
                bare=not inner and (key in _BARE or (bare and property_.endswith("inputs"))),
                data=inner,
            )
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, path, property_, data=data)
    elif normal(before, bare=bare) != normal(after, bare=bare):
        yield Change(_kind(before, after), path, property_, before, after)


def same(before: JSON, after: JSON) -> bool:
    """Tell whether two values mean the same."""
    return next(differences(before, after, ""), None) is None


def normal(value: JSON, *, bare: bool = False) -> Hashable:
    """Return a value in a form in which only what means something else is something else."""
    match value:
        case str():
            return _expression(strip_delimiters(value)) if bare else _text(value)
        case bool() | None:
            return (type(value).__name__, value)
        case dict():
            return ("map", frozenset((key, normal(item)) for key, item in value.items()))
        case list():
            return ("list", tuple(normal(item) for item in value))
        case _:
            return ("number", value)


def entries(items: Sequence[JSON]) -> list[tuple[str, JSON]] | None:
    """Return the items of a list by their names (cases of a switch, rules with an id); None when they have none."""
    found = []
    for item in items:
        if isinstance(item, dict) and len(item) == 1:
            found += list(item.items())
        elif isinstance(item, dict) and isinstance(item.get("id"), str):
            found.append((item["id"], item))
        else:
            return None
    return found if len({name for name, _ in found}) == len(found) else None


def common_order(before: Sequence[str], after: Sequence[str]) -> set[str]:
    """Return the names that keep their order among each other: the longest such choice."""
    best: list[list[int]] = [[0] * (len(after) + 1) for _ in range(len(before) + 1)]
    for i in range(len(before) - 1, -1, -1):
        for j in range(len(after) - 1, -1, -1):
            if before[i] == after[j]:
                best[i][j] = best[i + 1][j + 1] + 1
            else:
                best[i][j] = max(best[i + 1][j], best[i][j + 1])
    kept, i, j = set[str](), 0, 0
    while i < len(before) and j < len(after):
        if before[i] == after[j]:
            kept.add(before[i])
            i, j = i + 1, j + 1
        elif best[i + 1][j] >= best[i][j + 1]:
            i += 1
        else:
            j += 1
    return kept


def _lists(before: list[JSON], after: list[JSON], path: str, property_: str, *, data: bool) -> Iterator[Change]:
    left, right = entries(before), entries(after)
    if left and right and not data:
        old, new = dict(left), dict(right)
        yield from differences(old, new, path, property_)
        both = old.keys() & new.keys()
        orders = [[name for name, _ in side if name in both] for side in (left, right)]
        kept = common_order(*orders)
        for name in orders[1]:
            if name not in kept:
                yield Change("moved", path, f"{property_}.{name}", orders[0].index(name) + 1, orders[1].index(name) + 1)
    elif len(before) == len(after) and any(isinstance(item, dict) for item in before):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, path, f"{property_}[{index}]", data=data)
    elif normal(before) != normal(after):
        yield Change("changed", path, property_, before, after)


def _kind(before: JSON, after: JSON) -> Kind:
    if before is ABSENT:
        return "added"
    return "removed" if after is ABSENT else "changed"


def _text(text: str) -> Hashable:
    found = embedded(text) if "${" in text else []
    if not found or any(inner is None for inner, _ in found):
        return text
    if strip_delimiters(text) is not text and len(found) == 1:
        return _expression(found[0][0] or "")
    parts: list[Hashable] = []
    at = 0
    for inner, offset in found:
        inner = inner or ""  # noqa: PLW2901 (never None here)
        parts += [text[at : offset - 2], _expression(inner)]
        at = offset + len(inner) + 1
    return ("text", *parts, text[at:])


@lru_cache(maxsize=4096)
def _expression(text: str) -> Hashable:
    try:
        return ("expression", _form(parse(text)))
    except (CauceError, RecursionError):
        return text.strip()


def _form(node: JSON) -> Hashable:
    """Return a tree without the places of its parts."""
    if isinstance(node, Node):
        return (type(node).__name__, *(_form(getattr(node, each.name)) for each in fields(node) if each.name != "pos"))
    if isinstance(node, tuple | list):
        return tuple(_form(each) for each in node)
    if isinstance(node, Mapping):
        return tuple((key, _form(each)) for key, each in node.items())
    if isinstance(node, int | float | bool):
        return (type(node).__name__, node)
    return node if isinstance(node, Hashable) else repr(node)
