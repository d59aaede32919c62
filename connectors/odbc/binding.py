"""Finds the values of a statement's parameters, and refuses what drivers are known to corrupt."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, Final

from cauce.connector import JSON
from cauce.errors import PermanentError, TooLargeError
from connectors.odbc.statement import Statement

_plain: Final = {str, bool, int, float, type(None)}
_longest_whole: Final = 2**63


def step_of(statement: Statement, params: JSON, where: str, most: int) -> dict[str, Any]:
    """Return the statement and its values as a worker process takes them."""
    step: dict[str, Any] = {"sql": statement.sql, "verb": statement.verb}
    if statement.out:
        step["out"] = list(statement.out)
        step["kept"] = [[variable, _one(params, name, where)] for variable, name in statement.kept]
    if statement.each:
        columns, count = _columns(statement, params, where, most)
        return step | {"columns": columns, "count": count, "repeated": statement.repeated}
    return step | {"params": _values(statement, params, where)}


def _values(statement: Statement, params: JSON, where: str) -> list[JSON]:
    """Return the values in the order of the marks; every one must be there."""
    if statement.names is not None:
        return [_one(params, name, where) for name in statement.names]
    values = list(params.values()) if isinstance(params, Mapping) and statement.count == len(params) == 1 else params
    if not isinstance(values, Sequence) or isinstance(values, str) or len(values) != statement.count:
        raise _refused(
            f"The statement has {statement.count} marks (?), and the parameters are not a list of as many.",
            "Give a list in `request`, or name the parameters as :name.",
            where,
        )
    return [_value(value, f"{where}[{index}]") for index, value in enumerate(values)]


def _one(params: JSON, name: str, where: str) -> JSON:
    """Return one parameter by its name."""
    given = _object(params, where)
    if name not in given:
        listed = ", ".join(sorted(map(str, given))) or "nothing"
        raise _refused(
            f"The statement needs :{name}, and it is not among the parameters.",
            f"Given are {listed}; map it in `request`.",
            f"{where}.{name}",
        )
    return _value(given[name], f"{where}.{name}")


def _columns(statement: Statement, params: JSON, where: str, most: int) -> tuple[list[Any], int]:
    """Return the values of all rows by column, and how many rows there are."""
    rows = _object(params, where).get(statement.each)
    place = f"{where}.{statement.each}"
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise _refused(
            f"The statement runs for each of `{statement.each}`, and that is not a list.", "Map it in `request`.", place
        )
    if len(rows) > most:
        raise TooLargeError(
            f"There are {len(rows):,} elements in `{statement.each}`, and a call may have {most:,}.",
            hint="Send them in several calls, or raise max_rows of the connection.",
            where=place,
        )
    if not all(isinstance(row, Mapping) for row in rows):
        raise _refused("The elements of the list are not objects.", "Map them in `request`.", place)
    columns = []
    for name in statement.names or ():
        _, dotted, field = name.partition(".")
        if dotted:
            columns.append(_column(rows, field, place))
        else:
            columns.append([_one(params, name, where)] * len(rows))
    return columns, len(rows)


def _column(rows: Sequence[Mapping[str, JSON]], field: str, place: str) -> list[JSON]:
    try:
        column = [row[field] for row in rows]
    except KeyError:
        number = next(index for index, row in enumerate(rows) if field not in row)
        raise _refused(
            f"The statement needs `{field}` of each element, and here it is missing.",
            "Map it in `request`; null is a value, too.",
            f"{place}[{number}].{field}",
        ) from None
    if _is_harmless(column):
        return column
    # The place is written down only where something is wrong: there may be a million of them.
    for number, value in enumerate(column):
        if problem := _objection(value):
            raise _refused(*problem, f"{place}[{number}].{field}")
    return column


def _is_harmless(column: Sequence[JSON]) -> bool:
    """Say whether there is surely nothing to object to, without looking at each value in Python."""
    kinds = set(map(type, column))
    if not kinds <= _plain:
        return False
    if str in kinds and "\0" in "".join(column if len(kinds) == 1 else [v for v in column if type(v) is str]):
        return False
    if int in kinds:
        wholes = column if len(kinds) == 1 else [value for value in column if type(value) is int]
        if max(wholes) >= _longest_whole or min(wholes) < -_longest_whole:
            return False
    return float not in kinds or isfinite(sum(value for value in column if type(value) is float))


def _object(params: JSON, where: str) -> Mapping[str, JSON]:
    if params is None:
        return {}
    if not isinstance(params, Mapping):
        raise _refused("The statement takes an object of parameters.", "Change `request`.", where)
    return params


def _value(value: JSON, where: str) -> JSON:
    """Return a value as drivers take it without harm; what they are known to corrupt is refused."""
    if problem := _objection(value):
        raise _refused(*problem, where)
    return value


def _objection(value: JSON) -> tuple[str, str] | None:
    """Return what is wrong with a value and what to do, if anything is."""
    if isinstance(value, str) and "\0" in value:
        return "The text holds a NUL character, at which drivers cut it off.", "Take it out."
    if isinstance(value, int) and not isinstance(value, bool) and not -_longest_whole <= value < _longest_whole:
        return "The whole number has more than 64 bits.", "Give it as text."
    if isinstance(value, float) and value - value != 0:
        return "The number is not finite.", "Give null or a number."
    if isinstance(value, list) or (isinstance(value, Mapping) and not _is_binary(value)):
        return "An object or a list is not an SQL value.", "Turn it into text with tojson; binary is {base64: text}."
    return None


def _is_binary(value: Mapping[str, JSON]) -> bool:
    try:
        return value.keys() == {"base64"} and b64decode(value["base64"], validate=True) is not None
    except (Base64Error, TypeError, ValueError):
        return False


def _refused(problem: str, hint: str, where: str) -> PermanentError:
    return PermanentError(problem, hint=hint, where=where, remote_code="params")
