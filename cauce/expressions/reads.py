"""What an expression reads: which variables, and which first-level keys of its input."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from cauce.expressions import tree

JSON = Any


@dataclass(frozen=True, slots=True)
class Reads:
    """The variables an expression reads (without `$`) and the keys of its input; `keys` is None if it reads it all."""

    variables: frozenset[str]
    keys: frozenset[str] | None


def reads_of(node: tree.Node, known: frozenset[str]) -> Reads:
    """Say what an expression reads; when in doubt, more."""
    variables = frozenset(found.name for found in _walk(node) if isinstance(found, tree.Variable)) & known
    keys: set[str] = set()
    whole = _keys_of(node, keys)
    return Reads(variables, None if whole else frozenset(keys))


def _walk(node: JSON) -> Iterator[Any]:
    stack = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, tuple):
            stack.extend(item)
        elif is_dataclass(item):
            yield item
            stack.extend(getattr(item, field.name) for field in fields(item))


def _keys_of(node: JSON, keys: set[str]) -> bool:
    """Collect the keys that `node` reads of its input; return whether it may read or give the input as a whole."""
    stack = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, tuple):
            stack.extend(item)
        elif isinstance(item, (str, tree.Literal, tree.Variable, tree.Break)) or item is None:
            continue
        elif isinstance(item, tree.Index) and isinstance(item.target, tree.Identity):
            if not isinstance(item.key, tree.Literal) or not isinstance(item.key.value, str):
                return True
            keys.add(item.key.value)
        elif isinstance(item, tree.Call) and item.name in _readless and not item.arguments:
            continue
        elif isinstance(item, tree.If) and item.otherwise is None:
            return True
        elif isinstance(item, _parts_of):
            stack.extend(_parts(item))
        else:
            return True
    return False


_readless = frozenset({"empty", "nan", "infinite"})
# Forms whose parts see the same input as the form itself; `.` alone, and every other form, reads all of it.
_parts_of = (
    tree.Index,
    tree.Slice,
    tree.Iterate,
    tree.Array,
    tree.Object,
    tree.Negate,
    tree.Comma,
    tree.Binary,
    tree.Logic,
    tree.Alternative,
    tree.Text,
    tree.Try,
    tree.If,
    tree.Pipe,
    tree.Bind,
    tree.Reduce,
    tree.Foreach,
)


def _parts(node: tree.Node) -> list[Any]:
    """Return the parts that see the input of `node`; others see what these give, which then is not the whole input."""
    if isinstance(node, tree.Pipe):
        return [node.right] if isinstance(node.left, tree.Identity) else [node.left]
    if isinstance(node, tree.Try):
        return [node.body]
    if isinstance(node, tree.Bind):
        return [node.source, node.body] if isinstance(node.patterns[0], tree.VariablePattern) else [tree.Identity(0)]
    if isinstance(node, (tree.Reduce, tree.Foreach)):
        return [node.source, node.start]
    return [getattr(node, field.name) for field in fields(node) if field.name not in {"pos", "op", "format", "name"}]


def texts_of(node: tree.Node) -> frozenset[str]:
    """Return every text that an expression writes out, the names of fields that it reads and makes among them."""
    return frozenset(
        found.value for found in _walk(node) if isinstance(found, tree.Literal) and isinstance(found.value, str)
    )
