"""Looks through a database's catalogue for a person, in the worker process: what there is, and how it is made."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from connectors.odbc.catalog import key_of, no_default, tables_of
from connectors.odbc.profiles import quoted
from connectors.odbc.rows import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyodbc  # type: ignore[import-not-found]  # its stub lies beside it, which mypy does not look at

_most: Final = 1000
_longest: Final = 40
_sized: Final = re.compile(r"char|binary|numeric|decimal", re.IGNORECASE)
_exact: Final = re.compile(r"numeric|decimal", re.IGNORECASE)
_ways: Final = {1: "in", 2: "inout", 3: "result", 4: "out", 5: "returns"}
_masks: Final = ((re.compile(r"[^\W\d_]"), "x"), (re.compile(r"\d"), "9"))
# By position, because drivers do not agree on upper and lower case of the columns' names.
_column: Final = {"name": 3, "type": 5, "size": 6, "digits": 8, "nullable": 10, "default": 12}
_argument: Final = {"name": 3, "way": 4, "type": 6}


def look(connection: pyodbc.Connection, cursor: pyodbc.Cursor, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the list of what there is, of a schema, or one table, view or procedure with all that is known of it.

    What does not exist is `{"what": "nothing", "known": names}`.
    """
    place, rows = str(request["place"]), int(request["rows"])
    tables = sorted(tables_of(connection, cursor))
    procedures = sorted(_procedures(cursor))
    for schema, name, kind, catalog in tables:
        if place and place in {name, f"{schema}.{name}"}:
            return _table(cursor, (schema, name, kind, catalog), str(request["dialect"]), rows)
    for schema, name in procedures:
        if place and place in {name, f"{schema}.{name}"}:
            return _procedure(cursor, schema, name)
    schemas = sorted({schema for schema, *_ in [*tables, *procedures] if schema})
    if place and place not in schemas:
        known = [f"{schema}.{name}" if schema else name for schema, name, *_ in [*tables, *procedures]]
        return {"what": "nothing", "known": [*schemas, *known][:_most]}
    listed = [
        *({"schema": schema, "name": name, "kind": kind} for schema, name, kind, _ in tables),
        *({"schema": schema, "name": name, "kind": "procedure"} for schema, name in procedures),
    ]
    shown = [each for each in listed if not place or each["schema"] == place]
    return {"what": "list", "schemas": schemas, "items": shown[:_most], "more": len(shown) > _most}


def _table(cursor: pyodbc.Cursor, found: tuple[str, str, str, str], dialect: str, rows: int) -> dict[str, Any]:
    schema, name, kind, catalog = found
    key = key_of(cursor, catalog, schema, name) if kind == "table" else []
    told = {"what": kind, "schema": schema, "name": name, "columns": list(_columns(cursor, schema, name, key))}
    told["references"] = _references(cursor, catalog, schema, name) if kind == "table" else []
    return told | ({"rows": _sample(cursor, schema, name, dialect, rows)} if rows else {})


def _columns(cursor: pyodbc.Cursor, schema: str, table: str, key: Sequence[str]) -> Iterable[dict[str, Any]]:
    # What is asked for is a pattern, in which _ stands for anything: only equal names count.
    for row in cursor.columns(table=table, schema=schema or None).fetchall():
        if str(row[2]) != table or str(row[1] or "") != schema:
            continue
        told = {name: row[position] for name, position in _column.items()}
        kind = str(told["type"])
        if _sized.search(kind) and "(" not in kind and told["size"]:
            kind += f"({told['size']}, {told['digits']})" if _exact.search(kind) else f"({told['size']})"
        name = str(told["name"])
        yield {
            "name": name,
            "type": kind,
            "nullable": told["nullable"] != 0,
            "default": None if str(told["default"] or "").upper() in no_default else str(told["default"])[:_longest],
            "key": key.index(name) + 1 if name in key else None,
        }


def _references(cursor: pyodbc.Cursor, catalog: str, schema: str, table: str) -> list[dict[str, Any]]:
    """Return the foreign keys of a table: which columns, and which ones of which table they refer to."""
    rows = _asked(lambda: cursor.foreignKeys(foreignTable=table, foreignSchema=schema or None,
                                             foreignCatalog=catalog or None).fetchall())  # fmt: skip
    found: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: (str(row[11]), int(row[8]))):
        target = f"{row[1]}.{row[2]}" if row[1] else str(row[2])
        one = found.setdefault(f"{row[11]} {target}", {"columns": [], "table": target, "to": []})
        one["columns"].append(str(row[7]))
        one["to"].append(str(row[3]))
    return list(found.values())


def _procedures(cursor: pyodbc.Cursor) -> Iterable[tuple[str, str]]:
    for row in _asked(lambda: cursor.procedures().fetchmany(_most * 10)):
        schema = str(row[1] or "")
        if schema.lower() not in {"pg_catalog", "information_schema", "sys", "mysql"}:
            yield schema, str(row[2]).partition(";")[0]  # SQL Server numbers them


def _procedure(cursor: pyodbc.Cursor, schema: str, name: str) -> dict[str, Any]:
    rows = _asked(lambda: cursor.procedureColumns(procedure=name, schema=schema or None).fetchall())
    parameters = [
        {
            "name": str(row[_argument["name"]] or ""),
            "way": _ways.get(int(row[_argument["way"]]), "unknown"),
            "type": str(row[_argument["type"]]),
        }
        for row in rows
        if str(row[2]).partition(";")[0] == name and str(row[1] or "") == schema
    ]
    return {"what": "procedure", "schema": schema, "name": name, "parameters": parameters}


def _sample(cursor: pyodbc.Cursor, schema: str, name: str, dialect: str, rows: int) -> list[dict[str, Any]]:
    source = f"{quoted(schema, dialect)}.{quoted(name, dialect)}" if schema else quoted(name, dialect)
    top, limit = (f"top {rows} ", "") if dialect == "freetds" else ("", f" limit {rows}")
    cursor.execute(f"select {top}* from {source}{'' if dialect == 'any' else limit}")  # noqa: S608 - quoted names
    names = [str(column[0]) for column in cursor.description]
    types = [column[1] for column in cursor.description]
    columns = list(zip(*cursor.fetchmany(rows), strict=True))
    if not columns:
        return []
    shown = [[_masked(value) for value in column] for column in as_json(names, types, columns)]
    return [dict(zip(names, row, strict=True)) for row in zip(*shown, strict=True)]


def _masked(value: Any) -> Any:  # noqa: ANN401 - whatever the database holds
    """Return what a value looks like and not what it is: every letter an x, every digit a 9."""
    if value is None or isinstance(value, bool):
        return value
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    for pattern, letter in _masks:
        text = pattern.sub(letter, text[:_longest])
    return text


def _asked(question: Any) -> list[Any]:  # noqa: ANN401 - what pyodbc gives has no types
    """Return what the driver tells, nothing where it cannot tell."""
    import pyodbc  # noqa: PLC0415 - the manager has to be loaded first

    try:
        return list(question())
    except pyodbc.Error:
        return []
