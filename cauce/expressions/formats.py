"""The string formats: `@text @json @csv @tsv @html @uri @sh @base64 @base64d` and their relatives."""

import base64
import binascii
import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from cauce.expressions.budget import Run
from cauce.expressions.faults import ExpressionSyntaxError, Fault
from cauce.expressions.json_text import number_text, to_json, to_text
from cauce.expressions.values import type_name

JSON = Any
Formatter = Callable[[Run, JSON], str]
_html = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;", "'": "&#39;", '"': "&quot;"})
_tsv = str.maketrans({"\t": "\\t", "\r": "\\r", "\n": "\\n", "\\": "\\\\"})
_not_base64 = re.compile(r"[^A-Za-z0-9+/]")


def formatter(name: str, text: str, pos: int) -> Formatter:
    """Look up a format."""
    found = _formats.get(name)
    if found is None:
        near = get_close_matches(name, _formats, 1)
        listed = " ".join(f"@{known}" for known in _formats)
        hint = f"Did you mean @{near[0]}?" if near else f"Known are {listed}."
        raise ExpressionSyntaxError(f"The format @{name} is not known.", text, pos, hint=hint)
    return found


def by_name(name: JSON) -> Formatter:
    """Look up a format whose name is data."""
    found = _formats.get(name) if type(name) is str else None
    if found is None:
        raise Fault(f"The format is not known; known are {' '.join(_formats)}")
    return found


def _row(run: Run, value: JSON, name: str, cell: Callable[[str], str], between: str) -> str:
    if type(value) is not list:
        raise Fault(f"{type_name(value)} cannot be {name}-formatted, only an array can be")
    run.charge(len(value))
    cells: list[str] = []
    total = 0
    for item in value:
        kind = type(item)
        if kind is str:
            run.check_string(total + len(item))
            cells.append(cell(item))
            total += len(cells[-1])
        elif kind is bool:
            cells.append("true" if item else "false")
        elif kind is int or kind is float:
            cells.append(number_text(item) if item == item else "")  # noqa: PLR0124 - nan
        elif item is None:
            cells.append("")
        else:
            raise Fault(f"{type_name(item)} is not valid in a {name} row")
    return _checked(run, between.join(cells))


def _text(run: Run, value: JSON) -> str:
    """Return what is to be written in another form, which makes it no shorter."""
    text = to_text(run, value)
    run.check_string(len(text))
    return text


def _checked(run: Run, text: str) -> str:
    run.check_string(len(text))
    run.charge(len(text) >> 6)
    return text


def _as_csv(run: Run, value: JSON) -> str:
    return _row(run, value, "csv", lambda text: '"' + text.replace('"', '""') + '"', ",")


def _as_tsv(run: Run, value: JSON) -> str:
    return _row(run, value, "tsv", lambda text: text.translate(_tsv), "\t")


def _as_html(run: Run, value: JSON) -> str:
    return _checked(run, _text(run, value).translate(_html))


def _as_uri(run: Run, value: JSON) -> str:
    return _checked(run, quote(_bytes(_text(run, value)), safe="-_.~"))


def _from_uri(run: Run, value: JSON) -> str:
    return _checked(run, unquote_to_bytes(_text(run, value)).decode("utf-8", "replace"))


def _as_shell(run: Run, value: JSON) -> str:
    words: list[str] = []
    total = 0
    for item in value if type(value) is list else [value]:
        if type(item) is dict or type(item) is list:
            raise Fault(f"{type_name(item)} can not be escaped for shell")
        text = to_text(run, item)
        run.check_string(total + len(text))
        words.append("'" + text.replace("'", "'\\''") + "'" if type(item) is str else text)
        total += len(words[-1])
        run.charge(2)
    return _checked(run, " ".join(words))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _as_base64(run: Run, value: JSON) -> str:
    return _checked(run, base64.b64encode(_bytes(_text(run, value))).decode())


def _from_base64(run: Run, value: JSON) -> str:
    text = _text(run, value)
    body = text.rstrip("=")
    if _not_base64.search(body) or (body and len(body) % 4 == 1):
        raise Fault("The string is not valid base64 data")
    return _checked(run, base64.b64decode(body + "=" * (-len(body) % 4)).decode("utf-8", "replace"))


def _as_base32(run: Run, value: JSON) -> str:
    return _checked(run, base64.b32encode(_bytes(_text(run, value))).decode())


def _from_base32(run: Run, value: JSON) -> str:
    text = _text(run, value)
    try:
        return _checked(run, base64.b32decode(text + "=" * (-len(text) % 8)).decode("utf-8", "replace"))
    except binascii.Error:
        raise Fault("The string is not valid base32 data") from None


_formats: dict[str, Formatter] = {
    "text": to_text,
    "json": to_json,
    "csv": _as_csv,
    "tsv": _as_tsv,
    "html": _as_html,
    "uri": _as_uri,
    "urid": _from_uri,
    "sh": _as_shell,
    "base64": _as_base64,
    "base64d": _from_base64,
    "base32": _as_base32,
    "base32d": _from_base32,
}
