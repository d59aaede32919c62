"""Looks into data by key, slice and path, and makes changed copies; data that was given is never changed."""

import math
from typing import Any

from cauce.expressions.budget import Run
from cauce.expressions.faults import Fault
from cauce.expressions.values import compare, type_name

JSON = Any
Path = tuple[JSON, ...] | None
_slice_bounds = "Start and end indices of a slice must be numbers or null"


def length(path: Path) -> int:
    """Return what making a path one longer costs."""
    return 0 if path is None else len(path) >> 3


def extended(path: Path, key: JSON) -> tuple[JSON, ...]:
    """Return a path with one more key; a value that is not part of the input has none."""
    if path is None:
        raise Fault("Invalid path expression: it leads into a value that was computed, not into the input")
    return (*path, key)


def index(run: Run, value: JSON, key: JSON) -> JSON:
    """Return `value[key]` as jq defines it for every pair of types."""
    kind, of_key = type(value), type(key)
    if kind is dict and of_key is str:
        return value.get(key)
    if kind is list and (of_key is int or of_key is float):
        position = whole(key)
        if position < 0:
            position += len(value)
        return value[position] if 0 <= position < len(value) else None
    if value is None and of_key in {str, int, float, dict}:
        return None
    if of_key is dict and (kind is list or kind is str):
        if "start" not in key or "end" not in key:
            raise Fault(_slice_bounds)
        return cut(run, value, key["start"], key["end"])
    if kind is list and of_key is list:
        return positions(run, value, key)
    raise _cannot_index(value, key)


def _cannot_index(value: JSON, key: JSON) -> Fault:
    return Fault(f"Cannot index {type_name(value)} with {type_name(key)}")


def whole(number: float) -> int:
    """Round a number down to use it as a position; nan and infinities lie beyond every array."""
    if type(number) is int:
        return number
    return math.floor(number) if math.isfinite(number) else 1 << 62 if number > 0 else -(1 << 62)


def bounds(count: int, start: JSON, stop: JSON) -> tuple[int, int]:
    """Return the positions a slice of something with `count` items covers."""
    for bound in (start, stop):
        if bound is not None and type(bound) not in {int, float}:
            raise Fault(_slice_bounds)
    low = 0 if start is None else whole(start)
    high = count if stop is None else -whole(-stop)
    low = max(0, low + count) if low < 0 else min(low, count)
    high = high + count if high < 0 else min(high, count)
    return low, max(low, high)


def cut(run: Run, value: JSON, start: JSON, stop: JSON) -> JSON:
    """Return `value[start:stop]`."""
    if value is None:
        return None
    if type(value) is not list and type(value) is not str:
        raise Fault(f"Cannot index {type_name(value)} with object")
    low, high = bounds(len(value), start, stop)
    run.charge((high - low) >> 3)
    return value[low:high]


def positions(run: Run, value: list[JSON], part: list[JSON]) -> list[int]:
    """Return where `part` begins in `value`."""
    run.charge(len(value))
    if not part:
        return []
    last = len(value) - len(part)
    return [at for at in range(last + 1) if compare(run, value[at : at + len(part)], part) == 0]


def getpath(run: Run, value: JSON, path: list[JSON] | tuple[JSON, ...]) -> JSON:
    """Return what a path leads to; null where it leads nowhere."""
    run.charge(len(path))
    for key in path:
        if value is None:
            return None
        value = index(run, value, key)
    return value


def setpath(run: Run, value: JSON, path: list[JSON] | tuple[JSON, ...], new: JSON) -> JSON:
    """Return a copy of `value` with `new` at the end of `path`."""
    if not path:
        return new
    parents = []
    run.charge(len(path))
    for key in path[:-1]:
        parents.append(value)
        value = None if value is None else index(run, value, key)
    new = put(run, value, path[-1], new)
    for parent, key in zip(reversed(parents), reversed(path[:-1]), strict=True):
        new = put(run, parent, key, new)
    return new


def put(run: Run, value: JSON, key: JSON, new: JSON) -> JSON:
    """Return a copy of `value` with `new` at `key`."""
    of_key = type(key)
    if of_key is str and (type(value) is dict or value is None):
        run.charge(1 + (len(value) >> 2 if value else 0))
        return {**value, key: new} if value else {key: new}
    if (of_key is int or of_key is float) and (type(value) is list or value is None):
        return _put_item(run, value or [], whole(key), new)
    if of_key is dict and (type(value) is list or value is None):
        return _put_slice(run, value or [], key, new)
    if of_key is dict and type(value) is not str:
        raise Fault(f"Cannot update field at object index of {type_name(value)}")
    if of_key is list and type(value) is list:
        raise Fault("Cannot update field at array index of array")
    raise _cannot_index(value, key)


def _put_item(run: Run, items: list[JSON], position: int, new: JSON) -> list[JSON]:
    count = len(items)
    if position < 0:
        position += count
        if position < 0:
            raise Fault("Out of bounds negative array index")
    run.check_size(position + 1)
    run.charge(1 + (max(count, position) >> 3))
    copy = items.copy()
    if position >= count:
        copy.extend([None] * (position + 1 - count))
    copy[position] = new
    return copy


def _put_slice(run: Run, items: list[JSON], key: dict[str, JSON], new: JSON) -> list[JSON]:
    low, high = bounds(len(items), key.get("start"), key.get("end"))
    if type(new) is not list:
        raise Fault("A slice of an array can only be assigned another array")
    run.check_size(len(items) + len(new))
    run.charge(1 + ((len(items) + len(new)) >> 3))
    return items[:low] + new + items[high:]


def delpaths(run: Run, value: JSON, doomed: list[JSON]) -> JSON:
    """Return a copy of `value` without what the paths lead to."""
    if any(type(path) is not list for path in doomed):
        raise Fault("Path must be specified as an array")
    from functools import cmp_to_key  # noqa: PLC0415 - only this rare form needs it

    run.charge(len(doomed) * max(1, len(doomed).bit_length()))
    for path in sorted(doomed, key=cmp_to_key(lambda a, b: compare(run, a, b)), reverse=True):
        value = _delpath(run, value, path)
    return value


def _delpath(run: Run, value: JSON, path: list[JSON]) -> JSON:
    if not path:
        return None
    run.charge(len(path))
    parents = []
    for key in path[:-1]:
        parents.append(value)
        value = None if value is None else index(run, value, key)
        if value is None:
            return parents[0]
    new = _without(run, value, path[-1])
    for parent, key in zip(reversed(parents), reversed(path[:-1]), strict=True):
        new = put(run, parent, key, new)
    return new


def _without(run: Run, value: JSON, key: JSON) -> JSON:
    if value is None:
        return None
    kind, of_key = type(value), type(key)
    run.charge(1 + (len(value) >> 2 if kind is dict or kind is list else 0))
    if kind is dict and of_key is str:
        return {name: item for name, item in value.items() if name != key}
    if kind is list and (of_key is int or of_key is float):
        position = whole(key)
        position += len(value) if position < 0 else 0
        return value[:position] + value[position + 1 :] if 0 <= position < len(value) else value
    if kind is list and of_key is dict:
        low, high = bounds(len(value), key.get("start"), key.get("end"))
        return value[:low] + value[high:]
    raise Fault(f"Cannot delete field at {'object' if of_key is str else 'array'} index of {type_name(value)}")
