"""Built-in functions on arrays and objects: sorting, grouping, searching, rearranging."""

from collections.abc import Callable
from typing import Any

from cauce.expressions import paths, tree
from cauce.expressions.arithmetic import add
from cauce.expressions.budget import Env, Run
from cauce.expressions.builtins.registry import function, special
from cauce.expressions.code import ONE, Code, Scope, compile_value, height_of
from cauce.expressions.construction import collected
from cauce.expressions.faults import Fault
from cauce.expressions.json_text import to_text
from cauce.expressions.values import compare, equals, groups, sort_order, type_name

JSON = Any
Order = Callable[[Run, list[JSON], list[JSON]], JSON]


def _array(x: JSON, what: str) -> list[JSON]:
    if type(x) is not list:
        raise Fault(f"{type_name(x)} cannot be {what}, as it is not an array")
    return x


@function("first")
def _first(run: Run, x: JSON) -> JSON:
    return paths.index(run, x, 0)


@function("last")
def _last(run: Run, x: JSON) -> JSON:
    return paths.index(run, x, -1)


@function("add")
def _add(run: Run, x: JSON) -> JSON:
    if type(x) is not dict and type(x) is not list:
        raise Fault(f"Cannot iterate over {type_name(x)}")
    items = list(x.values()) if type(x) is dict else x
    kinds = set(map(type, items))
    run.charge(len(items))
    if kinds == {str}:
        total = sum(map(len, items))
        run.check_string(total)
        run.charge(total >> 6)
        return "".join(items)
    if kinds == {list}:
        run.check_size(sum(map(len, items)))
        run.charge(sum(map(len, items)) >> 3)
        return [member for item in items for member in item]
    result: JSON = None
    for item in items:
        result = add(run, result, item)
    return result


@function("reverse")
def _reverse(run: Run, x: JSON) -> JSON:
    if x is None or x == {}:
        return []
    if type(x) is not list and type(x) is not str:
        raise Fault(f"Cannot reverse {type_name(x)}")
    run.charge(len(x) >> 3)
    return x[::-1]


@function("flatten")
def _flatten(run: Run, x: JSON) -> list[JSON]:
    return _flatten_to(run, x, 1 << 30)


@function("flatten", 1)
def _flatten_to(run: Run, x: JSON, depth: JSON) -> list[JSON]:
    if type(depth) not in {int, float}:
        raise Fault("flatten depth must be a number")
    if depth < 0:
        raise Fault("flatten depth must not be negative")
    if type(x) is not list and type(x) is not dict:
        raise Fault(f"Cannot iterate over {type_name(x)}")
    out: list[JSON] = []
    stack = [(iter(x.values() if type(x) is dict else x), depth)]
    while stack:
        items, left = stack.pop()
        for item in items:
            run.charge(1)
            if type(item) is list and left > 0:
                stack += [(items, left), (iter(item), left - 1)]
                break
            out.append(item)
            run.check_size(len(out))
    return out


@function("transpose")
def _transpose(run: Run, x: JSON) -> list[JSON]:
    rows = [[] if row is None else _array(row, "transposed") for row in _array(x, "transposed")]
    width = max((len(row) for row in rows), default=0)
    run.charge(len(rows) * width)
    run.check_size(width * len(rows))
    return [[row[at] if at < len(row) else None for row in rows] for at in range(width)]


@function("to_entries")
def _to_entries(run: Run, x: JSON) -> list[JSON]:
    if type(x) is not dict and type(x) is not list:
        raise Fault(f"{type_name(x)} has no keys")
    run.charge(2 * len(x))
    run.check_size(len(x))
    return [{"key": key, "value": value} for key, value in (x.items() if type(x) is dict else enumerate(x))]


@function("from_entries")
def _from_entries(run: Run, x: JSON) -> dict[str, JSON]:
    if type(x) is not list and type(x) is not dict:
        raise Fault(f"Cannot iterate over {type_name(x)}")
    run.charge(3 * len(x))
    return dict(_entry(run, item) for item in (x.values() if type(x) is dict else x))


def _entry(run: Run, item: JSON) -> tuple[str, JSON]:
    if type(item) is not dict:
        raise Fault(f'Cannot index {type_name(item)} with "key"')
    key = item.get("key")
    if key is None:
        # As jq does: the first name with a value, else what the last name holds, so that null becomes "null".
        found = (
            item[name]
            for name in ("k", "name", "Name", "K", "Key")
            if item.get(name) is not None and item.get(name) is not False
        )
        key = next(found, item.get("Key"))
    if type(key) is dict or type(key) is list:
        raise Fault(f"Cannot use {type_name(key)} as object key")
    value = next((item[name] for name in ("value", "v", "Value", "V") if name in item), None)
    return to_text(run, key), value


def _by(name: str, order: Order) -> None:
    """Register `name` for the items themselves and `name_by(f)` for what `f` makes of them."""

    @function(name.removesuffix("_by") if name != "group_by" else "_group")
    def plain(run: Run, x: JSON) -> JSON:
        return order(run, _array(x, "sorted"), x)

    @special(name if name.endswith("_by") else f"{name}_by", 1)
    def by(node: tree.Call, scope: Scope) -> Code:
        key = compile_value(node.arguments[0], scope)
        key_of = key.run if key.single else collected(key)
        cost = 1 + key.cost

        def ordered(env: Env, x: JSON) -> JSON:
            run = env[0]
            if type(x) is not list:
                raise Fault(f"Cannot index {type_name(x)} with number", "", node.pos)
            run.charge(cost * len(x))
            return order(run, x, [key_of(env, item) for item in x])

        return Code(ordered, ONE, 1, height_of(key) + 3)

    _ = (plain, by)


def _sorted(run: Run, items: list[JSON], keys: list[JSON]) -> JSON:
    return [items[at] for at in sort_order(run, keys)]


def _unique(run: Run, items: list[JSON], keys: list[JSON]) -> JSON:
    return [group[0] for group in groups(run, items, keys)]


def _smallest(run: Run, items: list[JSON], keys: list[JSON]) -> JSON:
    return _extreme(run, items, keys, larger=False)


def _largest(run: Run, items: list[JSON], keys: list[JSON]) -> JSON:
    return _extreme(run, items, keys, larger=True)


def _extreme(run: Run, items: list[JSON], keys: list[JSON], *, larger: bool) -> JSON:
    if not items:
        return None
    run.charge(2 * len(items))
    best = 0
    for at in range(1, len(keys)):
        result = compare(run, keys[at], keys[best])
        # Of equal ones jq takes the first smallest and the last largest.
        if result >= 0 if larger else result < 0:
            best = at
    return items[best]


_by("sort", _sorted)
_by("unique", _unique)
_by("min", _smallest)
_by("max", _largest)
_by("group_by", groups)


@function("indices", 1)
def _indices(run: Run, x: JSON, wanted: JSON) -> JSON:
    if type(x) is str and type(wanted) is str:
        return _string_indices(run, x, wanted)
    if type(x) is list and type(wanted) is list:
        return paths.positions(run, x, wanted)
    if type(x) is list:
        run.charge(len(x))
        return [at for at, item in enumerate(x) if equals(run, item, wanted)]
    return paths.index(run, x, wanted)


def _string_indices(run: Run, x: str, wanted: str) -> list[int]:
    run.charge(1 + (len(x) >> 4))
    found: list[int] = []
    at = x.find(wanted) if wanted else -1
    while at >= 0:
        run.charge(1 + (len(wanted) >> 4))
        found.append(at)
        at = x.find(wanted, at + 1)
    return found


@function("index", 1)
def _index(run: Run, x: JSON, wanted: JSON) -> JSON:
    found = _indices(run, x, wanted)
    return found[0] if found else None


@function("rindex", 1)
def _rindex(run: Run, x: JSON, wanted: JSON) -> JSON:
    found = _indices(run, x, wanted)
    return found[-1] if found else None


@function("bsearch", 1)
def _bsearch(run: Run, x: JSON, wanted: JSON) -> int:
    items = _array(x, "searched from")
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        run.charge(3)
        result = compare(run, items[middle], wanted)
        if result == 0:
            return middle
        low, high = (middle + 1, high) if result < 0 else (low, middle)
    return -1 - low


@function("join", 1)
def _join(run: Run, x: JSON, separator: JSON) -> JSON:
    if type(x) is not list and type(x) is not dict:
        raise Fault(f"Cannot iterate over {type_name(x)}")
    items = list(x.values()) if type(x) is dict else x
    run.charge(2 * len(items))
    if not items:
        return ""
    if type(separator) is not str and separator is not None and len(items) > 1:
        raise Fault(f"string and {type_name(separator)} cannot be added")
    for item in items:
        if type(item) is list or type(item) is dict:
            raise Fault(f"string and {type_name(item)} cannot be added")
    words = ["" if item is None else to_text(run, item) for item in items]
    between = separator if type(separator) is str else ""
    total = sum(map(len, words)) + len(between) * (len(words) - 1)
    run.check_string(total)
    run.charge(total >> 6)
    return between.join(words)
