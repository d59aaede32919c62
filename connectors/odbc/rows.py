"""Turns fetched rows into columns of JSON values, in the worker process.

By column and not by value: whether anything must be done is decided once per column and batch.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, Final

from cauce.decimals import exact_number, exact_whole, float_digits

_exact: Final = 2**53


class CorruptError(Exception):
    """A value cannot be given as it is stored; the message says which column and why, not the value."""


class ShortDecimal(Decimal):
    """Stands for the type of a column whose declared digits a float holds."""


class ShortWhole(Decimal):
    """The same, without a fraction."""


def types_of(description: Sequence[Sequence[Any]]) -> list[type]:
    """Return the types of columns as a cursor describes them; decimals are told apart by their declared digits."""
    return [_type_of(*column[1:6]) for column in description]


def as_json(names: Sequence[str], types: Sequence[type], columns: Sequence[Sequence[Any]]) -> list[Any]:
    """Return columns with JSON values in them."""
    return [_convert.get(kind, _any)(name, column) for name, kind, column in zip(names, types, columns, strict=True)]


def _type_of(kind: type, _shown: int, _stored: int, digits: int | None, scale: int | None) -> type:
    if kind is not Decimal or not digits or not 0 < digits <= float_digits:
        return kind
    return ShortDecimal if scale else ShortWhole


def _as_is(_name: str, column: Sequence[Any]) -> Sequence[Any]:
    return column


def _wholes(_name: str, column: Sequence[Any]) -> Sequence[Any]:
    try:
        exact = max(column) <= _exact and min(column) >= -_exact
    except TypeError:  # there are nulls
        exact = all(value is None or -_exact <= value <= _exact for value in column)
    return column if exact else [None if value is None else exact_whole(value) for value in column]


def _floats(name: str, column: Sequence[Any]) -> Sequence[Any]:
    try:
        finite = isfinite(sum(column))
    except TypeError:  # there are nulls
        finite = False
    if not finite and not all(value is None or isfinite(value) for value in column):
        message = f"Column {name!r} holds a number that is not finite (NaN or infinity)."
        raise CorruptError(message)
    return column


def _decimals(name: str, column: Sequence[Any]) -> Sequence[Any]:
    if any(value is not None and not value.is_finite() for value in column):
        message = f"Column {name!r} holds a number that is not finite (NaN or infinity)."
        raise CorruptError(message)
    return [None if value is None else exact_number(value) for value in column]


def _short_decimals(name: str, column: Sequence[Any]) -> Sequence[Any]:
    try:
        numbers = list(map(float, column))
    except TypeError:  # there are nulls
        return _floats(name, [None if value is None else float(value) for value in column])
    return _floats(name, numbers)


def _short_wholes(name: str, column: Sequence[Any]) -> Sequence[Any]:
    return [None if value is None else int(value) for value in _short_decimals(name, column)]


def _bytes(_name: str, column: Sequence[Any]) -> Sequence[Any]:
    return [None if value is None else b64encode(value).decode() for value in column]


def _any(name: str, column: Sequence[Any]) -> Sequence[Any]:
    kinds = {type(value) for value in column} - {type(None)}
    if len(kinds) == 1 and (convert := _convert.get(kinds.pop())):
        return convert(name, column)
    return [None if value is None else str(value) for value in column]


_convert: Final[dict[type, Callable[[str, Sequence[Any]], Sequence[Any]]]] = {
    str: _as_is,
    bool: _as_is,
    int: _wholes,
    float: _floats,
    Decimal: _decimals,
    ShortDecimal: _short_decimals,
    ShortWhole: _short_wholes,
    bytes: _bytes,
    bytearray: _bytes,
    date: _as_is,
    datetime: _as_is,
}
