"""Turns what stands in a file into JSON values of the declared types, and back; never changes a value in silence."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from cauce.connector import JSON
from cauce.decimals import exact_number, exact_whole
from connectors.file.columns import Column
from connectors.file.settings import Numbers

Convert = Callable[[JSON], JSON]
_whole: Final = re.compile(r"[+-]?[0-9]{1,1000}")
_number: Final = re.compile(r"[+-]?[0-9]{1,1000}(\.[0-9]{1,1000})?")
_plain: Final = Numbers()


class UnfitError(Exception):
    """A value does not fit its column; the message is the end of a sentence and never holds the value."""


def reader(column: Column, numbers: Numbers = _plain) -> Convert:
    """Return what turns a value of the file into one of a row; an empty one is null."""
    parse = _parsers[column.type]

    def read(value: JSON) -> JSON:
        if value is None or value == "":
            if column.required:
                raise UnfitError("is empty, and must not be")
            return None
        return parse(value, column, numbers)

    return read


def writer(column: Column, numbers: Numbers = _plain) -> Convert:
    """Return what turns a value of a row into the text of the file; null is an empty one."""
    back = reader(column, numbers)

    def write(value: JSON) -> str:
        if value is None or value == "":
            back(None)
            return ""
        text = _texts[column.type](value, column, numbers)
        # What a pattern does not hold (the time of a day, a century) would be gone without a word.
        if (
            column.pattern
            and column.type in {"date", "datetime"}
            and back(text) != moment_of(value, column).isoformat()
        ):
            raise UnfitError("has parts that its pattern does not hold")
        return text

    return write


def loose_text(value: JSON) -> str:
    """Return the text of a value in a column of which nothing is declared."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | float():
            return _digits(value)
        case _:
            raise UnfitError("holds a list or an object, which a column cannot")


def moment_of(value: JSON, column: Column) -> date:
    """Return the date or moment of a row's value; rows are ISO 8601, whatever the file has."""
    return _moment(value, column.model_copy(update={"pattern": None}))


def _parse_text(value: JSON, _column: Column, _numbers: Numbers) -> JSON:
    if isinstance(value, str):
        return value
    return value.isoformat() if isinstance(value, date) else loose_text(value)


def _parse_integer(value: JSON, _column: Column, numbers: Numbers) -> JSON:
    text = _digits(value, numbers)
    if not _whole.fullmatch(text):
        raise UnfitError("is not a whole number")
    return exact_whole(int(text))


def _parse_decimal(value: JSON, _column: Column, numbers: Numbers) -> JSON:
    text = _digits(value, numbers)
    if not _number.fullmatch(text):
        raise UnfitError("is not a number")
    return exact_number(Decimal(text)) if "." in text else exact_whole(int(text))


def _parse_date(value: JSON, column: Column, _numbers: Numbers) -> JSON:
    moment = _moment(value, column)
    if isinstance(moment, datetime):
        if moment.time() != datetime.min.time():
            raise UnfitError("is a date with a time, and not a date")
        moment = moment.date()
    return moment.isoformat()


def _parse_datetime(value: JSON, column: Column, _numbers: Numbers) -> JSON:
    return _moment(value, column).isoformat()


def _parse_boolean(value: JSON, column: Column, _numbers: Numbers) -> JSON:
    if isinstance(value, bool):
        return value
    if value not in {column.true, column.false}:
        raise UnfitError(f"is neither {column.true!r} nor {column.false!r}")
    return bool(value == column.true)


def _moment(value: JSON, column: Column) -> date:
    """Return the date or moment that a workbook or a text holds."""
    if isinstance(value, datetime) or (isinstance(value, date) and column.type == "date"):
        return value
    problem = f"is not a {column.type}" + (f" written as {column.pattern}" if column.pattern else "")
    if not isinstance(value, str):
        raise UnfitError(problem)
    try:
        if column.pattern is not None:
            moment = datetime.strptime(value, column.pattern)  # noqa: DTZ007 (a pattern may have no zone)
            return moment.date() if column.type == "date" else moment
        return date.fromisoformat(value) if column.type == "date" else datetime.fromisoformat(value)
    except ValueError:
        raise UnfitError(problem) from None


def _digits(value: JSON, numbers: Numbers = _plain) -> str:
    """Return a number as digits with a point, whatever the file writes."""
    if isinstance(value, str):
        text = value.strip()
        if numbers.thousands and numbers.thousands in text:
            whole = text.split(numbers.decimal)[0]
            if not re.fullmatch(rf"[+-]?[0-9]{{1,3}}({re.escape(numbers.thousands)}[0-9]{{3}})+", whole):
                raise UnfitError("has separators of thousands that do not fit")
            text = text.replace(numbers.thousands, "")
        if numbers.decimal == "," and "." in text:
            raise UnfitError("has a point where the decimals have a comma")
        return text.replace(numbers.decimal, ".")
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise UnfitError("is not a number")
    try:
        return format(Decimal(str(value)).normalize() if isinstance(value, float) else Decimal(value), "f")
    except InvalidOperation:
        raise UnfitError("is not a number") from None


def _text_of_text(value: JSON, _column: Column, _numbers: Numbers) -> str:
    if not isinstance(value, str):
        raise UnfitError("is not a text")
    return value


def _text_of_number(value: JSON, column: Column, numbers: Numbers) -> str:
    text = _digits(value)
    if not (_whole if column.type == "integer" else _number).fullmatch(text):
        raise UnfitError("is not a whole number" if column.type == "integer" else "is not a number")
    return text.replace(".", numbers.decimal)


def _text_of_moment(value: JSON, column: Column, _numbers: Numbers) -> str:
    moment = moment_of(value, column)
    return moment.strftime(column.pattern) if column.pattern else moment.isoformat()


def _text_of_boolean(value: JSON, column: Column, _numbers: Numbers) -> str:
    if not isinstance(value, bool):
        raise UnfitError("is neither true nor false")
    return column.true if value else column.false


_parsers: Final = {
    "text": _parse_text,
    "integer": _parse_integer,
    "decimal": _parse_decimal,
    "date": _parse_date,
    "datetime": _parse_datetime,
    "boolean": _parse_boolean,
}
_texts: Final = {
    "text": _text_of_text,
    "integer": _text_of_number,
    "decimal": _text_of_number,
    "date": _text_of_moment,
    "datetime": _text_of_moment,
    "boolean": _text_of_boolean,
}
