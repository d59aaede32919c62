"""Says of the statements of a connection what the database's catalogue says of the tables and columns they name."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cauce.connector import JSON, Operation
from cauce.importing import Described
from connectors.odbc.tables import Column, Table, answered, taken

_string: Final = re.compile(r"'(?:[^']|'')*'")
_comment: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_parameter: Final = re.compile(r"(?<!:):\w+")
_word: Final = re.compile(r"\w+")
_all: Final = re.compile(r"(?:\bselect|[,.])\s*\*", re.IGNORECASE)


def described(tables: Sequence[Table], operations: Sequence[Operation], dialect: str) -> Mapping[str, Described]:
    """Return for each operation the columns that it takes (a write) or gives (a read), below their tables."""
    return {each.name: _operation(each, tables, dialect) for each in operations}


def _operation(operation: Operation, tables: Sequence[Table], dialect: str) -> Described:
    sql = _parameter.sub(" ", _string.sub(" ", _comment.sub(" ", operation.calls)))
    words = {word.casefold() for word in _word.findall(sql)}
    named = [table for table in tables if {word.casefold() for word in _word.findall(table.name)} <= words]
    if operation.effect == "read":
        everything = bool(_all.search(sql))
        found = {table.name: _given(table, words, everything=everything) for table in named}
        return Described(output=_object(found))
    inserts = "insert" in words or "replace" in words or "merge" in words
    return Described(input=_object({table.name: _taken(table, words, dialect, inserts=inserts) for table in named}))


def _given(table: Table, words: set[str], *, everything: bool) -> JSON:
    columns = [each for each in table.columns if everything or _is_named(each, words)]
    return _object({each.name: answered(each, may_lack=each.nullable) for each in columns})


def _taken(table: Table, words: set[str], dialect: str, *, inserts: bool) -> JSON:
    columns = {each.name: taken(each, may_lack=each.nullable, dialect=dialect) for each in _named(table, words)}
    needed = [each.name for each in table.columns if _is_needed(each, table, dialect)] if inserts else []
    return _object(columns, needed)


def _named(table: Table, words: set[str]) -> Iterator[Column]:
    yield from (each for each in table.columns if _is_named(each, words))


def _is_named(column: Column, words: set[str]) -> bool:
    return {word.casefold() for word in _word.findall(column.name)} <= words


def _is_needed(column: Column, table: Table, dialect: str) -> bool:
    """Say whether a row cannot be inserted without a value for the column."""
    return not (column.nullable or column.default or table.numbers_itself(column, dialect))


def _object(fields: Mapping[str, JSON], needed: Sequence[str] = ()) -> dict[str, JSON]:
    return {"type": "object", "properties": dict(fields), **({"required": list(needed)} if needed else {})}
