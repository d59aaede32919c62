"""Built-in functions on strings: trimming, splitting, code points."""

from typing import Any

from cauce.expressions import arithmetic
from cauce.expressions.budget import Run
from cauce.expressions.builtins.registry import function
from cauce.expressions.faults import Fault
from cauce.expressions.formats import by_name
from cauce.expressions.values import type_name

JSON = Any
_blank = " \t\n\v\f\r"
_last_code_point = 0x10FFFF


def _string(run: Run, x: JSON, name: str) -> str:
    if type(x) is not str:
        raise Fault(f"{name} input must be a string, not {type_name(x)}")
    run.charge(len(x) >> 6)
    return x


@function("startswith", 1)
def _startswith(run: Run, x: JSON, start: JSON) -> bool:
    if type(x) is not str or type(start) is not str:
        raise Fault("startswith() requires string inputs")
    run.charge(len(start) >> 13)
    return x.startswith(start)


@function("endswith", 1)
def _endswith(run: Run, x: JSON, end: JSON) -> bool:
    if type(x) is not str or type(end) is not str:
        raise Fault("endswith() requires string inputs")
    run.charge(len(end) >> 13)
    return x.endswith(end)


@function("ltrimstr", 1)
def _ltrimstr(run: Run, x: JSON, start: JSON) -> JSON:
    if type(x) is not str or type(start) is not str:
        return x
    run.charge(len(x) >> 6)
    return x.removeprefix(start)


@function("rtrimstr", 1)
def _rtrimstr(run: Run, x: JSON, end: JSON) -> JSON:
    if type(x) is not str or type(end) is not str:
        return x
    run.charge(len(x) >> 6)
    return x.removesuffix(end)


@function("trimstr", 1)
def _trimstr(run: Run, x: JSON, around: JSON) -> JSON:
    return _rtrimstr(run, _ltrimstr(run, x, around), around)


@function("trim")
def _trim(run: Run, x: JSON) -> str:
    return _string(run, x, "trim").strip(_blank)


@function("ltrim")
def _ltrim(run: Run, x: JSON) -> str:
    return _string(run, x, "ltrim").lstrip(_blank)


@function("rtrim")
def _rtrim(run: Run, x: JSON) -> str:
    return _string(run, x, "rtrim").rstrip(_blank)


@function("split", 1)
def _split(run: Run, x: JSON, separator: JSON) -> list[str]:
    if type(x) is not str or type(separator) is not str:
        raise Fault("split input and separator must be strings")
    return arithmetic.split(run, x, separator)


@function("explode")
def _explode(run: Run, x: JSON) -> list[int]:
    text = _string(run, x, "explode")
    run.check_size(len(text))
    run.charge(len(text) >> 1)
    return [ord(character) for character in text]


@function("implode")
def _implode(run: Run, x: JSON) -> str:
    if type(x) is not list:
        raise Fault("implode input must be an array")
    run.charge(len(x))
    run.check_string(len(x))
    return "".join(_character(code) for code in x)


def _character(code: JSON) -> str:
    if type(code) is not int and type(code) is not float:
        raise Fault("Unicode codepoint must be numeric")
    whole = int(code) if code == code and abs(code) <= _last_code_point else -1  # noqa: PLR0124 - nan
    if not 0 <= whole <= _last_code_point or 0xD800 <= whole <= 0xDFFF:  # noqa: PLR2004 - the surrogates
        return "\ufffd"
    return chr(whole)


@function("format", 1)
def _format(run: Run, x: JSON, name: JSON) -> str:
    return by_name(name)(run, x)
