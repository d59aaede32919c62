"""Reads what commands are given: JSON in place, `@file`, `-` for stdin, `name=json`."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from cauce.contract import JSON
from cauce.errors import InputError, TooLargeError

_largest = 50_000_000

Input = Annotated[
    str | None, typer.Option("--input", "-i", metavar="JSON|@FILE", help="The input: JSON, @file, or - for stdin.")
]


def value(text: str | None, what: str = "--input", default: JSON = None) -> JSON:
    """Return the JSON value that an option gives.

    Raises:
        InputError: It is not JSON, or the file cannot be read.
    """
    if text is None:
        return default
    if text == "-":
        return parse(sys.stdin.read(_largest), "stdin")
    if text.startswith("@"):
        return parse(file_text(Path(text[1:])), text[1:])
    return parse(text, what)


def named(texts: Sequence[str], what: str) -> dict[str, JSON]:
    """Return the values of options of the form `name=json`."""
    values = {}
    for text in texts:
        name, equals, json_part = text.partition("=")
        if not equals or not name:
            raise InputError(
                f"{what} {text!r} is not of the form name=json.", hint=f"Write it as {what} name='\"text\"'."
            )
        values[name.removeprefix("$")] = value(json_part, f"{what} {name}")
    return values


def parse(text: str, where: str) -> JSON:
    """Return the value of a JSON text.

    Raises:
        InputError: It is none; says where it goes wrong.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InputError(
            f"This is not JSON: {error.msg} ({place}).", hint="Text in JSON needs double quotes.", where=where
        ) from error
    except ValueError as error:
        raise InputError(f"This is not JSON: {error}.", where=where) from error
    except RecursionError as error:
        raise InputError("This JSON is nested too deeply.", hint="Flatten it.", where=where) from error


def file_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        InputError: It cannot be read, or is not UTF-8.
        TooLargeError: It is larger than we read.
    """
    try:
        return file_bytes(path).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text.", hint="Save it as UTF-8.") from error


def file_bytes(path: Path) -> bytes:
    """Return what is in a file.

    Raises:
        InputError: It cannot be read.
        TooLargeError: It is larger than we read.
    """
    try:
        if path.stat().st_size > _largest:
            raise TooLargeError(f"{path} is larger than {_largest // 1_000_000} MB.", hint="Give less at a time.")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", hint="Check the path.") from error


def _refuse(constant: str) -> JSON:
    raise ValueError(f"{constant} is not a JSON number")
