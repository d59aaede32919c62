"""Writes and reads JSON text without recursion, within the budget, with numbers written as jq writes them."""

import json
import math
import re
from collections.abc import Iterator
from itertools import repeat
from json.encoder import encode_basestring
from typing import Any

from cauce.expressions.budget import Run, max_nesting
from cauce.expressions.faults import Fault
from cauce.expressions.lexer import number
from cauce.expressions.values import as_double, finite, type_name

JSON = Any

_shallow = 200
_bracket = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_digits = 300
_exponent = re.compile(r"e([+-])0*(\d)$")
_end = object()


def number_text(value: float) -> str:
    """Write a number: whole ones without a point, others with the fewest digits that read back the same."""
    if type(value) is int:
        return str(value) if value.bit_length() < 3 * _digits else number_text(as_double(value))
    shown = finite(value)
    if shown is None:
        return "null"
    if shown.is_integer() and abs(shown) < 1e17:  # noqa: PLR2004 - where jq goes over to exponents
        return "-0" if shown == 0 and math.copysign(1, shown) < 0 else str(int(shown))
    return _exponent.sub(r"e\g<1>0\2", repr(shown))


def scalar_text(value: JSON) -> str:
    """Write a value that holds no others."""
    kind = type(value)
    if kind is str:
        return string_text(value)
    if kind is int or kind is float:
        return number_text(value)
    if kind is bool:
        return "true" if value else "false"
    type_name(value)
    return "null"


def string_text(value: str) -> str:
    """Write a string with its quotes."""
    text = encode_basestring(value)
    return text.replace("\x7f", "\\u007f") if "\x7f" in text else text


def to_json(run: Run, value: JSON) -> str:
    """Write a value as compact JSON; keys keep their order."""
    if type(value) is str:
        run.check_string(len(value))
    holds_others = type(value) is dict or type(value) is list
    text = "".join(_pieces(run, value)) if holds_others else scalar_text(value)
    run.check_string(len(text))
    run.charge(len(text) >> 5)
    return text


def _pieces(run: Run, value: JSON) -> list[str]:
    """Write a container piece by piece, with a stack of those that are open."""
    pieces: list[str] = []
    total = 0
    stack: list[tuple[Any, str]] = []
    opened: JSON = value
    while True:
        pieces.append("{" if type(opened) is dict else "[")
        stack.append((_members(opened), "}" if type(opened) is dict else "]"))
        if len(stack) > max_nesting:
            raise Fault(f"The value nests deeper than {max_nesting} levels and cannot be written as JSON")
        opened = None
        while stack and opened is None:
            iterator, closing = stack[-1]
            member: JSON = next(iterator, _end)
            if member is _end:
                pieces.append(closing)
                stack.pop()
                continue
            key: str | None = member[0]
            item: JSON = member[1]
            lead = ("" if pieces[-1] in {"{", "["} else ",") + ("" if key is None else string_text(key) + ":")
            if type(item) is dict or type(item) is list:
                opened = item
            else:
                if type(item) is str:
                    run.check_string(total + len(item))
                lead += scalar_text(item)
            pieces.append(lead)
            total += len(lead) + 1
            run.charge(3)
            run.check_string(total)
        if opened is None:
            return pieces


def _members(value: JSON) -> Iterator[tuple[str | None, JSON]]:
    """Give the members with their keys; those of an array have none."""
    pairs: Iterator[tuple[str | None, JSON]] = iter(value.items()) if type(value) is dict else zip(repeat(None), value)
    return pairs


def to_text(run: Run, value: JSON) -> str:
    """Return a string as it is, anything else as JSON."""
    return value if type(value) is str else to_json(run, value)


def from_json(run: Run, text: str) -> JSON:
    """Read JSON text."""
    run.charge(1 + (len(text) >> 3))
    if _nesting(text) <= _shallow:
        try:
            return json.loads(text, parse_int=number, parse_constant=_constant, strict=False)
        except ValueError as error:
            at = getattr(error, "pos", None)
            raise Fault(_unreadable(at)) from None
    return _read_deep(text)


def _unreadable(at: int | None) -> str:
    return "The string is not JSON" + ("" if at is None else f" (at character {at + 1})")


def _constant(name: str) -> float:
    if name == "NaN":
        return math.nan
    raise ValueError(name)


def _nesting(text: str) -> int:
    if text.count("[") + text.count("{") <= _shallow:
        return 0
    depth = deepest = 0
    for found in _bracket.finditer(text):
        mark = found.group()
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > max_nesting:
                raise Fault(f"Exceeds depth limit for parsing ({max_nesting} levels)")
        elif mark in "]}":
            depth -= 1
    return deepest


_lexeme = re.compile(r'[ \t\r\n]*("(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+)', re.DOTALL)


def _read_deep(text: str) -> JSON:  # noqa: C901, PLR0912 - one state machine reads better in one piece
    """Read text that nests deeply, with a stack of our own."""
    top: list[JSON] = []
    stack: list[tuple[JSON, str | None]] = []
    container: JSON = top
    key: str | None = None
    expect, pos = "value", 0
    text = text.rstrip(" \t\r\n")
    while pos < len(text):
        found = _lexeme.match(text, pos)
        if found is None:
            raise Fault(_unreadable(pos))
        mark, pos = found.group(1), found.end()
        if mark in "]}":
            closes = (type(container) is list) == (mark == "]") and container is not top
            if not closes or expect not in {"comma", "first"}:
                raise Fault(_unreadable(pos - 1))
            container, key = stack.pop()
            expect = "comma"
        elif mark == ",":
            if expect != "comma" or container is top:
                raise Fault(_unreadable(pos - 1))
            expect = "key" if type(container) is dict else "value"
        elif type(container) is dict and key is None:
            key, pos, expect = _read_key(text, mark, pos, expect)
        elif expect not in {"value", "first"}:
            raise Fault(_unreadable(pos - 1))
        else:
            value: JSON = [] if mark == "[" else {} if mark == "{" else _read_scalar(mark, pos)
            if type(container) is dict:
                container[key] = value
                key = None
            else:
                container.append(value)
            expect = "comma"
            if mark in "[{":
                stack.append((container, None))
                container, expect = value, "first"
    if container is not top or len(top) != 1:
        raise Fault(_unreadable(len(text)))
    return top[0]


def _read_key(text: str, mark: str, pos: int, expect: str) -> tuple[str, int, str]:
    colon = _lexeme.match(text, pos)
    if mark[0] != '"' or expect not in {"key", "first"} or colon is None or colon.group(1) != ":":
        raise Fault(_unreadable(pos - 1))
    return _read_scalar(mark, pos), colon.end(), "value"


def _read_scalar(mark: str, pos: int) -> JSON:
    try:
        return json.loads(mark, parse_int=number, parse_constant=_constant, strict=False)
    except ValueError:
        raise Fault(_unreadable(pos - len(mark))) from None
