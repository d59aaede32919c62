"""JSON values as jq sees them: types, equality, order, size; nothing recurses, so data may nest as deep as it likes."""

import math
from functools import cmp_to_key
from typing import Any

from cauce.expressions.budget import Run, max_nesting
from cauce.expressions.faults import Fault, over_budget

JSON = Any

_names = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    type(None): "null",
}
_ranks = {"null": 0, "boolean": 1, "number": 3, "string": 4, "array": 5, "object": 6}
# Up to here every whole number is a double.
exact_double = 2.0**53
largest = 1.7976931348623157e308
# Whole numbers stay exact up to this many bits; beyond it they are doubles, as everything in jq is.
exact_bits = 256
_one_item = 3
# So many characters are compared in about the time of a step.
_long_text = 13


def type_name(value: JSON) -> str:
    """Name the type of a value as jq does."""
    name = _names.get(type(value))
    if name is None:
        raise Fault(f"The data holds a Python {type(value).__name__}, which is not JSON")
    return name


def rank(value: JSON) -> int:
    """Return where the type stands in jq's order: null, false, true, numbers, strings, arrays, objects."""
    return _ranks[type_name(value)] + (value is True)


def settle(value: float) -> int | float:
    """Make a whole number of a computed double that is one, so that `0.5 + 0.5` is 1 and not 1.0."""
    if value.is_integer() and -exact_double <= value <= exact_double:
        return int(value)
    return value


def bounded(value: int) -> int | float:
    """Make a double of a whole number that is too large to stay exact."""
    if value.bit_length() <= exact_bits:
        return value
    return as_double(value)


def as_double(value: float) -> float:
    """Convert to a double; what is too large becomes infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def equals(run: Run, left: JSON, right: JSON) -> bool:
    """Say whether two values are equal. In Python 1 == True, in JSON not."""
    kind = type(left)
    if kind is type(right) and kind is not dict and kind is not list:
        if kind is str:
            run.charge(min(len(left), len(right)) >> _long_text)
        return bool(left == right)
    return compare(run, left, right) == 0


def compare(run: Run, left: JSON, right: JSON) -> int:
    """Return -1, 0 or 1 by jq's order of values."""
    pairs = [(left, right)]
    while pairs:
        a, b = pairs.pop()
        result = rank(a) - rank(b)
        if result == 0:
            kind = type(a)
            if kind is list:
                run.charge(5 * min(len(a), len(b)) + _one_item)
                if len(a) != len(b):
                    shorter = min(len(a), len(b))
                    pairs.append((len(a), len(b)))
                    pairs.extend(zip(reversed(a[:shorter]), reversed(b[:shorter]), strict=True))
                else:
                    pairs.extend(zip(reversed(a), reversed(b), strict=True))
            elif kind is dict:
                run.charge(6 * len(a) + len(b) + _one_item)
                result = _compare_keys(a, b, pairs)
            else:
                if kind is str:
                    run.charge(min(len(a), len(b)) >> _long_text)
                result = _compare_scalars(a, b)
        if result:
            return -1 if result < 0 else 1
    return 0


def _compare_keys(a: dict[str, JSON], b: dict[str, JSON], pairs: list[tuple[JSON, JSON]]) -> int:
    if a.keys() != b.keys():
        return -1 if sorted(a) < sorted(b) else 1
    pairs.extend((a[key], b[key]) for key in sorted(a, reverse=True))
    return 0


def _compare_scalars(a: JSON, b: JSON) -> int:
    if a is None or (a is b and not isinstance(a, float)):
        return 0
    if a != a:  # noqa: PLR0124 - nan is smaller than every number, itself included
        return -1
    return (a > b) - (a < b) if b == b else 1  # noqa: PLR0124 - the same


def sort_order(run: Run, keys: list[JSON]) -> list[int]:
    """Return the positions of `keys` in sorted order; equal ones keep their order."""
    count = len(keys)
    rounds = max(1, count.bit_length())
    run.charge(count * rounds // 2)
    positions = list(range(count))
    kinds = set(map(type, keys))
    if kinds == {str}:
        run.charge((sum(map(len, keys)) >> _long_text) * rounds)

    def plain(position: int) -> JSON:
        return keys[position]

    def by_value(one: int, other: int) -> int:
        return compare(run, keys[one], keys[other])

    positions.sort(key=plain if kinds in ({str}, {int}) else cmp_to_key(by_value))
    return positions


def groups(run: Run, items: list[JSON], keys: list[JSON]) -> list[list[JSON]]:
    """Group `items` by equal keys, in the order of the keys."""
    out: list[list[JSON]] = []
    last: JSON = None
    for position in sort_order(run, keys):
        if out and compare(run, keys[position], last) == 0:
            out[-1].append(items[position])
        else:
            out.append([items[position]])
            last = keys[position]
    return out


def finished(run: Run, value: JSON) -> JSON:
    """Check the size of a result and make it plain JSON: nan becomes null, infinity the largest number."""
    kind = type(value)
    if kind is float:
        return finite(value)
    if kind is not list and kind is not dict:
        if kind is str:
            run.check_string(len(value))
        return value
    odd = _measure(run, value)
    return _finite_copy(value) if odd else value


def finite(value: float) -> float | None:
    """Return the JSON number for a double."""
    if value != value:  # noqa: PLR0124 - nan
        return None
    return value if math.isfinite(value) else math.copysign(largest, value)


def _measure(run: Run, value: JSON) -> bool:
    """Charge for a result level by level; say whether it holds a number that JSON lacks."""
    level, depth, total, odd = [value], 0, 1, False
    while level:
        depth += 1
        if depth > run.budget.depth:
            raise over_budget("builds data that nests too deep", f"{run.budget.depth:,}", "Build it flatter.")
        below: list[JSON] = []
        for container in level:
            total += len(container)
            if total > run.size:
                run.check_size(total)
            for item in container.values() if type(container) is dict else container:
                kind = type(item)
                if kind is dict or kind is list:
                    below.append(item)
                elif kind is float:
                    odd = odd or not math.isfinite(item)
                elif kind is str:
                    total += len(item) >> 6
        level = below
    run.charge(total)
    return odd


def _finite_copy(value: JSON) -> JSON:
    # The depth is bounded: `_measure` has refused what nests deeper than the budget's depth.
    if type(value) is dict:
        return {key: _finite_copy(item) for key, item in value.items()}
    if type(value) is list:
        return [_finite_copy(item) for item in value]
    return finite(value) if type(value) is float else value


def check_nesting(depth: int) -> None:
    """Refuse data that nests deeper than text can be read or written."""
    if depth > max_nesting:
        raise Fault(f"Exceeds depth limit for parsing ({max_nesting} levels)")
