"""Turns JSON values into parameters that a driver passes on unchanged; in the worker process."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from decimal import Decimal
from locale import LC_CTYPE, getlocale
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pyodbc  # type: ignore[import-not-found]  # its stub lies beside it, which mypy does not look at

# So many digits survive every way from a float to a decimal and back; with more, drivers cut some off.
_safe_digits: Final = 15
_exact_drivers: Final = {"postgresql", "mariadb"}
_largest_exponent: Final = 20
_speak_utf8: Final = {"mariadb", "sqlite"}


def as_parameters(values: Sequence[Any], dialect: str) -> Sequence[Any]:
    """Return values as parameters."""
    kinds = set(map(type, values))
    if dict in kinds or (float in kinds and dialect in _exact_drivers):
        return [_parameter(value, dialect) for value in values]
    return values


def as_json_text(values: Sequence[Any]) -> Sequence[Any]:
    """Return values as PostgreSQL reads them out of JSON: binary in hexadecimal."""
    if dict in set(map(type, values)):
        return ["\\x" + _bytes(value).hex() if isinstance(value, Mapping) else value for value in values]
    return values


def tune(connection: pyodbc.Connection, dialect: str) -> None:
    """Let texts pass as UTF-8 where the driver understands it, and times as they are.

    Of texts with more than 255 letters that are sent as UTF-16, MariaDB's driver drops some; from the second result on,
    with the options for reading, it gives none of them; and of times it drops the sign and the fraction. SQLite's takes
    UTF-8 faster, and no letter beyond the first 65,536 in a statement otherwise. SQLite's and PostgreSQL's give it
    faster; what PostgreSQL's gives is in the process's own encoding, which `connectors.odbc.worker` sets.
    """
    import pyodbc  # noqa: PLC0415 - the manager has to be loaded first

    if dialect in _speak_utf8:
        connection.setencoding(encoding="utf-8", ctype=pyodbc.SQL_CHAR)
    if dialect in _speak_utf8 or (dialect == "postgresql" and getlocale(LC_CTYPE)[1] == "UTF-8"):
        for kind in (pyodbc.SQL_CHAR, pyodbc.SQL_WCHAR):
            connection.setdecoding(kind, encoding="utf-8", ctype=pyodbc.SQL_CHAR)
    if dialect == "mariadb":
        connection.add_output_converter(pyodbc.SQL_TYPE_TIME, _time)


def _time(raw: bytes) -> str:
    return raw.decode().removesuffix(".000000")


def _parameter(value: Any, dialect: str) -> Any:  # noqa: ANN401 - whatever JSON and drivers hold
    if isinstance(value, Mapping):
        return _bytes(value)
    if isinstance(value, float) and dialect in _exact_drivers and float(f"{value:.{_safe_digits}g}") != value:
        exact = Decimal(repr(value))
        return exact if abs(exact.adjusted()) < _largest_exponent else value
    return value


def _bytes(value: Mapping[str, Any]) -> bytes:
    return b64decode(value["base64"])
