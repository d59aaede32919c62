"""The operators on values: `+ - * / %` and the comparisons, each checked against the budget before it builds."""

import math
from collections.abc import Callable
from operator import add as plus
from operator import mul as times
from operator import sub as minus
from typing import Any

from cauce.expressions.budget import Run
from cauce.expressions.faults import Fault
from cauce.expressions.values import as_double, bounded, compare, equals, settle, type_name

JSON = Any
Operator = Callable[[Run, JSON, JSON], JSON]
_plain = 1 << 62


def _are_numbers(a: JSON, b: JSON) -> bool:
    return (type(a) is int or type(a) is float) and (type(b) is int or type(b) is float)


def _refuse(a: JSON, b: JSON, verb: str) -> Fault:
    return Fault(f"{type_name(a)} and {type_name(b)} cannot be {verb}")


def _calculated(operation: Callable[[Any, Any], Any], a: float, b: float) -> int | float:
    try:
        result = operation(a, b)
    except OverflowError:  # a whole number too large for a double met a double
        result = operation(as_double(a), as_double(b))
    if type(result) is float:
        return settle(result) if result.is_integer() else result
    return result if -_plain < result < _plain else bounded(result)


def add(run: Run, a: JSON, b: JSON) -> JSON:
    """Return `a + b`."""
    kind, other = type(a), type(b)
    if (kind is int or kind is float) and (other is int or other is float):
        return _calculated(plus, a, b)
    if a is None:
        return b
    if b is None:
        return a
    if kind is other:
        if kind is str:
            run.check_string(len(a) + len(b))
            run.charge((len(a) + len(b)) >> 6)
            return a + b
        if kind is list:
            run.check_size(len(a) + len(b))
            run.charge((len(a) + len(b)) >> 3)
            return a + b
        if kind is dict:
            run.check_size(len(a) + len(b))
            run.charge((len(a) + len(b)) >> 2)
            return {**a, **b}
    raise _refuse(a, b, "added")


def subtract(run: Run, a: JSON, b: JSON) -> JSON:
    """Return `a - b`."""
    kind, other = type(a), type(b)
    if (kind is int or kind is float) and (other is int or other is float):
        return _calculated(minus, a, b)
    if type(a) is list and type(b) is list:
        return _difference(run, a, b)
    raise _refuse(a, b, "subtracted")


def _difference(run: Run, a: list[JSON], b: list[JSON]) -> list[JSON]:
    if all(type(item) is str for item in b):
        run.charge(len(a) + len(b))
        doomed = set(b)
        return [item for item in a if type(item) is not str or item not in doomed]
    run.charge(len(a) * (1 + len(b)))
    return [item for item in a if not any(equals(run, item, other) for other in b)]


def multiply(run: Run, a: JSON, b: JSON) -> JSON:
    """Return `a * b`."""
    kind, other = type(a), type(b)
    if (kind is int or kind is float) and (other is int or other is float):
        return _calculated(times, a, b)
    if type(a) is str and type(b) in {int, float}:
        return _repeated(run, a, b)
    if type(b) is str and type(a) in {int, float}:
        return _repeated(run, b, a)
    if type(a) is dict and type(b) is dict:
        return merged(run, a, b)
    raise _refuse(a, b, "multiplied")


def _repeated(run: Run, text: str, number: float) -> str | None:
    if not number > 0:
        return None
    count = max(1, int(min(number, 1e18)))
    run.check_string(len(text) * count)
    run.charge(len(text) * count >> 6)
    return text * count


def merged(run: Run, a: dict[str, JSON], b: dict[str, JSON]) -> dict[str, JSON]:
    """Return `a * b` for objects: merged at every level."""
    result = dict(a)
    waiting = [(result, b)]
    while waiting:
        target, source = waiting.pop()
        run.charge(2 + len(target) + len(source))
        for key, new in source.items():
            old = target.get(key)
            if type(old) is dict and type(new) is dict:
                target[key] = copy = dict(old)
                waiting.append((copy, new))
            else:
                target[key] = new
    return result


def divide(run: Run, a: JSON, b: JSON) -> JSON:
    """Return `a / b`: a whole number when it divides exactly."""
    if _are_numbers(a, b):
        if b == 0:
            raise Fault("number and number cannot be divided because the divisor is zero")
        if type(a) is int and type(b) is int and a % b == 0:
            return a // b
        return _calculated(lambda x, y: as_double(x) / as_double(y), a, b)
    if type(a) is str and type(b) is str:
        return split(run, a, b)
    raise _refuse(a, b, "divided")


def split(run: Run, text: str, separator: str) -> list[str]:
    """Return the parts of `text` between the separators."""
    run.charge(len(text) >> 3)
    if not text:
        return []
    parts = text.split(separator) if separator else list(text)
    run.check_size(len(parts))
    run.charge(len(parts) >> 1)
    return parts


def remainder(_run: Run, a: JSON, b: JSON) -> JSON:
    """Return `a % b` of the whole parts, with the sign of `a`."""
    if not _are_numbers(a, b):
        raise _refuse(a, b, "divided")
    if a != a or b != b:  # noqa: PLR0124 - nan
        return math.nan
    whole_a, whole_b = _truncated(a), _truncated(b)
    if whole_b == 0:
        raise Fault("number and number cannot be divided because the divisor is zero")
    rest = abs(whole_a) % abs(whole_b)
    return -rest if whole_a < 0 else rest


def _truncated(number: float) -> int:
    limit = (1 << 63) - 1
    if type(number) is float:
        if number >= limit:
            return limit
        return int(number) if number > -limit else -limit - 1
    return int(number)


def negate(value: JSON) -> JSON:
    """Return `-value`."""
    if type(value) is int or type(value) is float:
        return -value
    raise Fault(f"{type_name(value)} cannot be negated")


def equal(run: Run, a: JSON, b: JSON) -> bool:
    """Return `a == b`."""
    return equals(run, a, b)


def unequal(run: Run, a: JSON, b: JSON) -> bool:
    """Return `a != b`."""
    return not equals(run, a, b)


def less(run: Run, a: JSON, b: JSON) -> bool:
    """Return `a < b`."""
    if type(a) is int and type(b) is int:
        return a < b
    return compare(run, a, b) < 0


def at_most(run: Run, a: JSON, b: JSON) -> bool:
    """Return `a <= b`."""
    return compare(run, a, b) <= 0


def greater(run: Run, a: JSON, b: JSON) -> bool:
    """Return `a > b`."""
    if type(a) is int and type(b) is int:
        return a > b
    return compare(run, a, b) > 0


def at_least(run: Run, a: JSON, b: JSON) -> bool:
    """Return `a >= b`."""
    return compare(run, a, b) >= 0


operators: dict[str, Operator] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": remainder,
    "==": equal,
    "!=": unequal,
    "<": less,
    "<=": at_most,
    ">": greater,
    ">=": at_least,
}
