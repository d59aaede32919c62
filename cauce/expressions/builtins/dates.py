"""Built-in functions on dates, in UTC and with English names, whatever machine they run on."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from cauce.expressions.budget import Run
from cauce.expressions.builtins.registry import function
from cauce.expressions.faults import Fault
from cauce.expressions.values import type_name

JSON = Any
_days = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_months = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_epoch = datetime(1970, 1, 1, tzinfo=UTC)
_fields = 6
_mark = re.compile("%[-_0^#]?(.)")
_furthest = 250_000_000_000
_longest_format = 4096


def _seconds(x: JSON, name: str) -> int | float:
    if type(x) is not int and type(x) is not float:
        raise Fault(f"{name}() requires a number")
    if not math.isfinite(x) or abs(x) > _furthest:
        raise Fault(f"{name}() cannot handle a time that far away")
    return x


@function("gmtime")
def _gmtime(run: Run, x: JSON) -> list[JSON]:
    run.charge(8)
    return _broken_down(_seconds(x, "gmtime"), "gmtime")


def _moment(seconds: float, name: str) -> datetime:
    try:
        return _epoch + timedelta(seconds=math.floor(seconds))
    except OverflowError:
        raise Fault(f"{name}() cannot handle a time that far away") from None


def _broken_down(seconds: float, name: str) -> list[JSON]:
    when = _moment(seconds, name)
    fraction = seconds - math.floor(seconds)
    second: JSON = when.second + fraction if fraction else when.second
    weekday = (when.weekday() + 1) % 7
    return [when.year, when.month - 1, when.day, when.hour, when.minute, second, weekday, when.timetuple().tm_yday - 1]


@function("mktime")
def _mktime(run: Run, x: JSON) -> int:
    run.charge(8)
    return _timestamp(x, "mktime")


def _timestamp(x: JSON, name: str) -> int:
    if type(x) is not list:
        raise Fault(f"{name} requires array of 6 numbers")
    if len(x) < _fields or any(type(part) is not int and type(part) is not float for part in x):
        raise Fault(f"{name} requires parsed datetime inputs")
    if not all(math.isfinite(part) and abs(part) < _furthest for part in x):
        raise Fault(f"{name} cannot handle a time that far away")
    year, month, day, hour, minute, second = (math.trunc(part) for part in x[:_fields])
    year += month // 12
    try:
        start = datetime(year, month % 12 + 1, 1, tzinfo=UTC)
        when = start + timedelta(days=day - 1, hours=hour, minutes=minute, seconds=second)
    except (ValueError, OverflowError):
        raise Fault(f"{name} cannot handle a time that far away") from None
    return round((when - _epoch).total_seconds())


@function("strftime", 1)
def _strftime(run: Run, x: JSON, layout: JSON) -> str:
    if type(x) is not int and type(x) is not float and type(x) is not list:
        raise Fault("strftime/1 requires parsed datetime inputs")
    if type(layout) is not str:
        raise Fault("strftime/1 requires a string format")
    _check_layout(run, layout)
    when = _moment(_timestamp(x, "strftime/1") if type(x) is list else _seconds(x, "strftime"), "strftime")
    text = _mark.sub(lambda found: _written(found.group(), found.group(1), when), layout)
    run.check_string(len(text))
    return text


def _check_layout(run: Run, layout: str) -> None:
    if len(layout) > _longest_format:
        raise Fault("The date format is too long")
    run.charge(10 + 2 * len(layout))


_layouts = {
    "D": "%m/%d/%y",
    "F": "%Y-%m-%d",
    "R": "%H:%M",
    "T": "%H:%M:%S",
    "c": "%a %b %e %H:%M:%S %Y",
    "r": "%I:%M:%S %p",
    "x": "%m/%d/%y",
    "X": "%H:%M:%S",
    "h": "%b",
}
_marks = {"n": "\n", "t": "\t", "%": "%", "Z": "UTC", "z": "+0000"}


def _written(whole: str, letter: str, when: datetime) -> str:
    if letter in _marks:
        return _marks[letter]
    if letter in _layouts:
        return _mark.sub(lambda found: _written(found.group(), found.group(1), when), _layouts[letter])
    part = _parts.get(letter)
    if part is None:
        raise Fault(f"strftime does not know %{letter}")
    text = part(when)
    return text.lstrip("0 ") or "0" if whole[1] == "-" and len(whole) > 2 else text  # noqa: PLR2004 - `%-d`


def _weekday(when: datetime) -> int:
    return (when.weekday() + 1) % 7


def _day(when: datetime) -> int:
    return when.timetuple().tm_yday


# What each letter of a date format writes.
_parts: dict[str, Callable[[datetime], str]] = {
    "Y": lambda when: str(when.year),
    "C": lambda when: f"{when.year // 100:02}",
    "y": lambda when: f"{when.year % 100:02}",
    "m": lambda when: f"{when.month:02}",
    "d": lambda when: f"{when.day:02}",
    "e": lambda when: f"{when.day:2}",
    "H": lambda when: f"{when.hour:02}",
    "k": lambda when: f"{when.hour:2}",
    "I": lambda when: f"{when.hour % 12 or 12:02}",
    "l": lambda when: f"{when.hour % 12 or 12:2}",
    "M": lambda when: f"{when.minute:02}",
    "S": lambda when: f"{when.second:02}",
    "p": lambda when: "AM" if when.hour < 12 else "PM",  # noqa: PLR2004 - noon
    "P": lambda when: "am" if when.hour < 12 else "pm",  # noqa: PLR2004 - noon
    "j": lambda when: f"{_day(when):03}",
    "A": lambda when: _days[_weekday(when)],
    "a": lambda when: _days[_weekday(when)][:3],
    "B": lambda when: _months[when.month - 1],
    "b": lambda when: _months[when.month - 1][:3],
    "u": lambda when: str(when.isoweekday()),
    "w": lambda when: str(_weekday(when)),
    "s": lambda when: str(round((when - _epoch).total_seconds())),
    "G": lambda when: str(when.isocalendar().year),
    "g": lambda when: f"{when.isocalendar().year % 100:02}",
    "V": lambda when: f"{when.isocalendar().week:02}",
    "U": lambda when: f"{(_day(when) + 6 - _weekday(when)) // 7:02}",
    "W": lambda when: f"{(_day(when) + 6 - when.weekday()) // 7:02}",
}
_readers = {
    "Y": r"[+-]?\d{1,4}", "m": r"\d{1,2}", "d": r"\d{1,2}", "e": r" ?\d{1,2}", "H": r" ?\d{1,2}", "k": r" ?\d{1,2}",
    "I": r"\d{1,2}", "M": r"\d{1,2}", "S": r"\d{1,2}", "y": r"\d{2}", "j": r"\d{1,3}", "s": r"-?\d{1,12}",
    "p": r"[AaPp][Mm]", "Z": r"[A-Za-z]+", "z": r"Z|[+-]\d{2}:?\d{2}|[+-]\d{2}", "A": r"[A-Za-z]+", "a": r"[A-Za-z]+",
    "B": r"[A-Za-z]+", "b": r"[A-Za-z]+", "u": r"[1-7]", "w": r"[0-6]",
}  # fmt: skip


@function("strptime", 1)
def _strptime(run: Run, x: JSON, layout: JSON) -> list[JSON]:
    if type(x) is not str:
        raise Fault(f"strptime/1 requires string inputs and arguments, not {type_name(x)}")
    if type(layout) is not str:
        raise Fault("strptime/1 requires string inputs and arguments")
    _check_layout(run, layout)
    found = _read(x, layout)
    if found is None:
        raise Fault("The date does not match the format")
    return _assembled(found)


def _read(text: str, layout: str) -> dict[str, str] | None:
    """Match `text` piece by piece; each piece is short, so there is nothing to backtrack over."""
    layout = re.sub("%([DFRTcrxXh])", lambda mark: _layouts[mark.group(1)], layout)
    found: dict[str, str] = {}
    at = 0
    for mark in re.finditer(r"%(.)|(\s+)|([^%\s]+)", layout):
        letter, blank, fixed = mark.groups()
        if blank or letter in {"n", "t"}:
            at += len(text[at:]) - len(text[at:].lstrip())
            continue
        if fixed or letter == "%":
            wanted = fixed or "%"
            if not text.startswith(wanted, at):
                return None
            at += len(wanted)
            continue
        reader = _readers.get(letter)
        if reader is None:
            raise Fault(f"strptime does not know %{letter}")
        piece = re.compile(reader).match(text, at)
        if piece is None:
            return None
        found[letter] = piece.group().strip()
        at = piece.end()
    return found if at == len(text) else None


def _assembled(found: dict[str, str]) -> list[JSON]:
    if "s" in found:
        return _broken_down(int(found["s"]), "strptime")
    year = int(found.get("Y", "1900"))
    if "y" in found:
        short = int(found["y"])
        year = short + (2000 if short < 69 else 1900)  # noqa: PLR2004 - as POSIX says
    month = int(found.get("m", "0")) or _named(found, ("B", "b"), _months) or (1 if _has_day(found) else 0)
    day = int(found.get("d") or found.get("e") or (1 if month else 0))
    hour = int(found.get("H") or found.get("k") or found.get("I") or 0)
    if "p" in found:
        hour = hour % 12 + (12 if found["p"].lower() == "pm" else 0)
    parts = [year, max(0, month - 1), day, hour, int(found.get("M", "0")), int(found.get("S", "0"))]
    if "j" in found and "d" not in found:
        start = _timestamp([year, 0, int(found["j"]), *parts[3:]], "strptime")
        return _broken_down(start, "strptime")
    limits = (9999, 11, 31, 24, 59, 61)
    if any(not 0 <= part <= limit for part, limit in zip(parts, limits, strict=True)):
        raise Fault("The date does not match the format")
    known = _broken_down(_timestamp(parts, "strptime"), "strptime")
    return [*parts, known[6], known[7]]


def _has_day(found: dict[str, str]) -> bool:
    return "d" in found or "e" in found


def _named(found: dict[str, str], letters: tuple[str, str], names: tuple[str, ...]) -> int:
    for letter in letters:
        if letter in found:
            wanted = found[letter].lower()
            for number, name in enumerate(names, 1):
                if wanted in {name.lower(), name[:3].lower()}:
                    return number
            raise Fault("The date does not match the format")
    return 0
