"""Writes plain data as YAML that a person goes on editing: one short value a line, larger ones below their keys."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

JSON = Any
_plain: Final = re.compile(r"[A-Za-z_$/][A-Za-z0-9_$/.@-]*(?: [A-Za-z0-9_$/.@()-]+)*", re.ASCII)
_words: Final = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
# What a YAML text may not hold as it is, though JSON may.
_unprintable: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_widest: Final = 110


def scalar(value: JSON) -> str:
    """Return text, a number, a switch or null on one line."""
    if isinstance(value, str):
        if _plain.fullmatch(value) and value.lower() not in _words:
            return value
        if '"' in value and "'" not in value and value.isprintable():
            return f"'{value}'"
        quoted = json.dumps(value, ensure_ascii=False)
        return _unprintable.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
    return json.dumps(value, ensure_ascii=False)


def flow(value: JSON) -> str:
    """Return a value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(str(key))}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def lines(key: str, value: JSON, indent: int) -> Iterator[str]:
    """Yield the lines of one entry of an object."""
    yield from _lines(f"{' ' * indent}{scalar(key)}:", value, indent)


def comment(text: str, indent: int) -> Iterator[str]:
    """Yield a sentence as comment lines."""
    shown = _unprintable.sub("?", " ".join(text.split()))
    start, width = f"{' ' * indent}# ", _widest - indent
    while shown:
        end = len(shown) if len(shown) <= width else max(shown.rfind(" ", 0, width), 0) or width
        yield start + shown[:end]
        shown = shown[end:].lstrip()
        start = f"{' ' * indent}#   "


def _lines(head: str, value: JSON, indent: int) -> Iterator[str]:
    if not isinstance(value, Mapping | list | tuple) or not value:
        yield from _text_lines(head, value, indent)
        return
    if len(head) + _width(value, _widest) < _widest:
        yield f"{head} {flow(value)}"
        return
    yield head
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from lines(str(key), inner, indent + 2)
        return
    for inner in value:
        if isinstance(inner, Mapping) and inner and _width(inner, _widest) + indent >= _widest:
            yield f"{' ' * indent}  -"
            for key, each in inner.items():
                yield from lines(str(key), each, indent + 4)
        else:
            yield f"{' ' * indent}  - {flow(inner)}"


def _text_lines(head: str, value: JSON, indent: int) -> Iterator[str]:
    """Yield text of several lines as a block, where YAML gives it back unchanged; anything else on one line."""
    if isinstance(value, str) and "\n" in value and re.fullmatch(r"(?:\S[^\r\t\x00-\x08\x0b-\x1f]*)", value):
        body = value.removesuffix("\n")
        if body and not body.endswith("\n") and not _unprintable.search(body):
            yield f"{head} |" if value.endswith("\n") else f"{head} |-"
            for line in body.split("\n"):
                yield f"{' ' * indent}  {line}" if line else ""
            return
    yield f"{head} {flow(value)}"


def _width(value: JSON, most: int) -> int:
    """Return how wide a value is on one line, or more than `most` as soon as that is sure."""
    if isinstance(value, Mapping):
        total = 2
        for key, inner in value.items():
            total += len(str(key)) + 4 + _width(inner, most)
            if total > most:
                break
        return total
    if isinstance(value, list | tuple):
        total = 2
        for inner in value:
            total += 2 + _width(inner, most)
            if total > most:
                break
        return total
    return len(str(value)) + 2
