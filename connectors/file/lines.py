"""Fixed width and JSON lines: one row a line."""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import BinaryIO, Final

from cauce.connector import JSON
from cauce.decimals import exact_number, exact_whole
from cauce.depth import check_depth
from cauce.errors import TooLargeError
from connectors.file.columns import FixedColumn
from connectors.file.delimited import values_of
from connectors.file.rows import Field, Record, RowError, Table, Text, encoded, is_damaged, order
from connectors.file.settings import Fixed
from connectors.file.values import reader, writer

_ends: Final = {"lf": "\n", "crlf": "\r\n"}


def read_fixed(layout: Fixed, stream: BinaryIO, file: str) -> Table:
    """Return the table in a file of fixed width."""
    text = Text(stream, layout.encoding, file, layout.skip_lines)
    return Table([Field(column.name, reader(column, layout)) for column in layout.columns], _cut(layout, text))


def write_fixed(layout: Fixed, rows: Sequence[JSON], out: BinaryIO) -> None:
    """Write rows, each value at its place."""
    names = order(rows, [column.name for column in layout.columns])
    converts = [writer(column, layout) for column in layout.columns]
    for index, row in enumerate(rows):
        line = ""
        placed = zip(layout.columns, values_of(row, names, converts, index), strict=True)
        for column, value in sorted(placed, key=lambda pair: pair[0].start):
            line = line.ljust(column.start - 1) + _padded(value, column, index)
        out.write(encoded(line + _ends[layout.line_end], layout.encoding, index, first=index == 0))


def read_json_lines(stream: BinaryIO, file: str) -> Table:
    """Return the objects in a file of JSON lines."""
    return Table(None, _objects(Text(stream, "utf-8", file)))


def write_json_lines(rows: Sequence[JSON], out: BinaryIO) -> None:
    """Write one object a line."""
    for index, row in enumerate(rows):
        if not isinstance(row, dict):
            raise RowError(index, "A row must be an object.")
        out.write(encoded(json.dumps(row, ensure_ascii=False) + "\n", "utf-8", index))


def _cut(layout: Fixed, text: Text) -> Iterator[Record]:
    end = max(column.start + column.length - 1 for column in layout.columns)
    for raw in text:
        line = raw.rstrip("\r\n")
        damaged, text.damaged = text.damaged, False
        if not line.strip():
            yield Record(text.number)
            continue
        values = [_stripped(line[column.start - 1 :][: column.length], column) for column in layout.columns]
        if damaged:
            names = (c.name for c, value in zip(layout.columns, values, strict=True) if is_damaged(value))
            problem = f"The line has bytes that are not {layout.encoding}."
            yield Record(text.number, problem=problem, column=next(names, ""))
        elif line[end:].strip():
            yield Record(text.number, problem=f"The line goes on after the last column, which ends at {end}.")
        else:
            yield Record(text.number, values)


def _stripped(value: str, column: FixedColumn) -> str:
    if column.align == "left":
        return value.rstrip(" ")
    value = value.lstrip(" ")
    stripped = value.lstrip(column.pad)
    # Zeros before a number are no matter to it, and a field of zeros alone is the number 0.
    return value if column.pad == "0" and column.type in {"integer", "decimal"} else stripped


def _padded(value: str, column: FixedColumn, row: int) -> str:
    if len(value) > column.length:
        problem = f"The value is longer than the {column.length} characters of its column."
        raise RowError(row, problem, column.name)
    if "\n" in value or "\r" in value:
        raise RowError(row, "The value has an end of line in it.", column.name)
    if column.align == "left":
        padded = value.ljust(column.length)
    elif value[:1] == "-" and column.pad == "0":
        padded = "-" + value[1:].rjust(column.length - 1, "0")
    else:
        padded = value.rjust(column.length, column.pad if value else " ")
    if _stripped(padded, column) != value and column.type == "text":
        raise RowError(row, "The value begins or ends with what fills up its column, and would lose it.", column.name)
    return padded


def _objects(text: Text) -> Iterator[Record]:
    for line in text:
        damaged, text.damaged = text.damaged, False
        if not line.strip():
            yield Record(text.number)
            continue
        if damaged:
            yield Record(text.number, problem="The line has bytes that are not utf-8.")
            continue
        try:
            value = json.loads(line, parse_float=_exact, parse_int=_whole, parse_constant=_refuse)
            check_depth(value)
        except (ValueError, RecursionError, TooLargeError):
            yield Record(text.number, problem="The line is not JSON, or nests too deep.")
            continue
        if not isinstance(value, dict):
            yield Record(text.number, problem="The line is not an object.")
        else:
            yield Record(text.number, value)


def _exact(text: str) -> JSON:
    return exact_number(Decimal(text))


def _whole(text: str) -> JSON:
    return exact_whole(int(text))


def _refuse(_: str) -> JSON:
    raise ValueError("not JSON")
