"""Makes rows as objects out of the columns that a worker process sends; in the connector.

There may be millions of them, so for tables of usual width the loop is compiled with the names in it: an object is then
made with all its keys at once, in about half of the time that `dict(zip(names, row))` takes.
"""

import ast
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any, Final

Rows = list[dict[str, Any]]
# Python itself builds larger objects in parts, which is slower than the loop that needs no compiling.
_widest: Final = 24


def rows_of(names: Sequence[str], columns: Sequence[Sequence[Any]]) -> Rows:
    """Return rows out of the columns of a batch."""
    if 0 < len(names) <= _widest:
        return _maker(tuple(names))(columns)
    return list(map(dict, map(zip, repeat(names), zip(*columns, strict=False))))


@lru_cache(maxsize=512)
def _maker(names: tuple[str, ...]) -> Callable[[Sequence[Sequence[Any]]], Rows]:
    """Return `lambda columns: [{names[0]: v0, …} for v0, … in zip(*columns)]`."""
    tree = ast.parse("lambda columns: [{} for _ in zip(*columns)]", mode="eval")
    assert isinstance(tree.body, ast.Lambda)  # noqa: S101 - as written one line above
    loop = tree.body.body
    assert isinstance(loop, ast.ListComp)  # noqa: S101 - the same
    values = [f"v{number}" for number, _ in enumerate(names)]
    loop.elt = ast.Dict([ast.Constant(name) for name in names], [ast.Name(value, ast.Load()) for value in values])
    loop.generators[0].target = ast.Tuple([ast.Name(value, ast.Store()) for value in values], ast.Store())
    code = compile(ast.fix_missing_locations(tree), "<rows>", "eval")
    # The names are constants of the tree and never source text, so no column's name can be code.
    maker: Callable[[Sequence[Sequence[Any]]], Rows] = eval(code, {"__builtins__": {}, "zip": zip})  # noqa: S307
    return maker
