"""Built-in functions on single values: types, lengths, membership, conversion, paths."""

import math
from typing import Any

from cauce.expressions import paths
from cauce.expressions.budget import Run
from cauce.expressions.builtins.registry import function
from cauce.expressions.editing import delete
from cauce.expressions.faults import Fault
from cauce.expressions.json_text import from_json, to_json, to_text
from cauce.expressions.lexer import number
from cauce.expressions.values import equals, type_name

JSON = Any
_numeric = frozenset("0123456789+-.eE")


@function("type")
def _type(_run: Run, x: JSON) -> str:
    return type_name(x)


@function("length")
def _length(_run: Run, x: JSON) -> JSON:
    kind = type(x)
    if kind is str or kind is list or kind is dict:
        return len(x)
    if x is None:
        return 0
    if kind is bool:
        raise Fault("boolean has no length")
    type_name(x)
    return abs(x)


@function("utf8bytelength")
def _utf8bytelength(run: Run, x: JSON) -> int:
    if type(x) is not str:
        raise Fault(f"{type_name(x)} has no UTF-8 byte length, only strings have")
    run.charge(len(x) >> 6)
    return len(x.encode("utf-8", "replace"))


@function("keys")
def _keys(run: Run, x: JSON) -> list[JSON]:
    if type(x) is dict:
        run.charge(len(x) * max(1, len(x).bit_length()) >> 1)
        keys: list[JSON] = sorted(x)
        return keys
    return _keys_unsorted(run, x)


@function("keys_unsorted")
def _keys_unsorted(run: Run, x: JSON) -> list[JSON]:
    if type(x) is not dict and type(x) is not list:
        raise Fault(f"{type_name(x)} has no keys")
    run.charge(len(x) >> 1)
    keys: list[JSON] = list(x) if type(x) is dict else list(range(len(x)))
    return keys


@function("has", 1)
def _has(_run: Run, x: JSON, key: JSON) -> bool:
    if type(x) is dict and type(key) is str:
        return key in x
    if type(x) is list and type(key) in {int, float}:
        return 0 <= paths.whole(key) < len(x)
    if x is None:
        return False
    raise Fault(f"Cannot check whether {type_name(x)} has a {type_name(key)} key")


@function("contains", 1)
def _contains(run: Run, x: JSON, part: JSON) -> bool:
    return _holds(run, x, part, 0)


def _holds(run: Run, x: JSON, part: JSON, depth: int) -> bool:
    """Say whether `x` contains `part`; the depth of the recursion is that of the budget."""
    run.charge(1)
    if depth > run.budget.depth:
        run.too_deep()
    if type(x) is dict and type(part) is dict:
        run.charge(len(part))
        return all(key in x and _holds(run, x[key], value, depth + 1) for key, value in part.items())
    if type(x) is list and type(part) is list:
        return all(any(_holds(run, item, wanted, depth + 1) for item in x) for wanted in part)
    if type(x) is str and type(part) is str:
        run.charge((len(x) + len(part)) >> 5)
        return part in x
    if type_name(x) == type_name(part):
        return equals(run, x, part)
    if depth:
        return False
    raise Fault(f"{type_name(x)} and {type_name(part)} cannot have their containment checked")


@function("tostring")
def _tostring(run: Run, x: JSON) -> str:
    return to_text(run, x)


@function("tojson")
def _tojson(run: Run, x: JSON) -> str:
    return to_json(run, x)


@function("fromjson")
def _fromjson(run: Run, x: JSON) -> JSON:
    if type(x) is not str:
        raise Fault(f"{type_name(x)} cannot be parsed as JSON, only a string can be")
    return math.nan if x == "nan" else from_json(run, x)


@function("tonumber")
def _tonumber(run: Run, x: JSON) -> JSON:
    if type(x) is int or type(x) is float:
        return x
    if type(x) is not str:
        raise Fault(f"{type_name(x)} cannot be parsed as a number")
    run.charge(len(x) >> 3)
    if x == "nan":
        return math.nan
    if not _numeric.issuperset(x) or x.startswith("+"):
        raise Fault("string cannot be parsed as a number")
    try:
        return number(x)
    except ValueError:
        raise Fault("string cannot be parsed as a number") from None


@function("getpath", 1)
def _getpath(run: Run, x: JSON, path: JSON) -> JSON:
    return paths.getpath(run, x, _path(path))


@function("setpath", 2)
def _setpath(run: Run, x: JSON, path: JSON, value: JSON) -> JSON:
    return paths.setpath(run, x, _path(path), value)


@function("delpaths", 1)
def _delpaths(run: Run, x: JSON, doomed: JSON) -> JSON:
    if type(doomed) is not list:
        raise Fault("Paths must be specified as an array")
    return delete(run, x, doomed)


def _path(path: JSON) -> list[JSON]:
    if type(path) is not list:
        raise Fault("Path must be specified as an array")
    keys: list[JSON] = path
    return keys


@function("ascii_downcase")
def _ascii_downcase(run: Run, x: JSON) -> str:
    return _text(run, x, "ascii_downcase").translate(_lower)


@function("ascii_upcase")
def _ascii_upcase(run: Run, x: JSON) -> str:
    return _text(run, x, "ascii_upcase").translate(_upper)


_lower = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_upper = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}


def _text(run: Run, x: JSON, name: str) -> str:
    if type(x) is not str:
        raise Fault(f"{name} input must be a string, not {type_name(x)}")
    run.charge(len(x) >> 5)
    return x


@function("builtins")
def _builtins(_run: Run, _x: JSON) -> list[str]:
    from cauce.expressions.builtins import registry  # noqa: PLC0415 - complete only after all modules are loaded
    from cauce.expressions.builtins.prelude import prelude  # noqa: PLC0415 - it is compiled with what is here

    names = {*registry.functions, *registry.specials, *prelude()}
    return sorted(f"{name}/{count}" for name, count in names if not name.startswith("_"))
