"""Asks a driver for tables, views, columns and keys, in the worker process, through ODBC's own catalogue functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyodbc  # type: ignore[import-not-found]  # its stub lies beside it, which mypy does not look at

most_tables: Final = 500
most_columns: Final = 200
_kinds: Final = {"TABLE": "table", "BASE TABLE": "table", "VIEW": "view"}
_system: Final = {"information_schema", "pg_catalog", "pg_toast", "sys", "mysql", "performance_schema"}
no_default: Final = {"", "NULL", "NONE"}
_database_name: Final = 16  # SQL_DATABASE_NAME


def read_catalog(connection: pyodbc.Connection, cursor: pyodbc.Cursor) -> dict[str, Any]:
    """Return `{tables, more}`: at most so many tables and views by name, and the names of the others."""
    found = sorted(tables_of(connection, cursor))
    tables = [
        {
            "schema": schema,
            "name": name,
            "kind": kind,
            "columns": list(_columns(cursor, schema, name)),
            "key": key_of(cursor, catalog, schema, name) if kind == "table" else [],
        }
        for schema, name, kind, catalog in found[:most_tables]
    ]
    return {"tables": tables, "more": [name for _, name, _, _ in found[most_tables:]]}


def tables_of(connection: pyodbc.Connection, cursor: pyodbc.Cursor) -> Iterator[tuple[str, str, str, str]]:
    """Yield schema, name, kind and catalogue of the tables and views that are not the system's own."""
    # By position: drivers do not agree on upper and lower case of the columns' names.
    database = str(connection.getinfo(_database_name) or "")
    for catalog, schema, name, kind, *_ in cursor.tables().fetchall():
        if str(kind).upper() not in _kinds or str(schema or "").lower() in _system:
            continue
        if str(name).startswith("sqlite_") or (catalog and database and str(catalog) != database):
            continue
        yield str(schema or ""), str(name), _kinds[str(kind).upper()], str(catalog or "")


def _columns(cursor: pyodbc.Cursor, schema: str, table: str) -> Iterator[dict[str, Any]]:
    # What is asked for is a pattern, in which _ stands for anything: only equal names count.
    for row in cursor.columns(table=table, schema=schema or None).fetchall():
        if str(row[2]) == table and str(row[1] or "") == schema:
            yield {
                "name": str(row[3]),
                "type": int(row[4]),
                "size": int(row[6] or 0),
                "nullable": row[10] != 0,
                "default": str(row[12] or "").strip().upper() not in no_default,
            }


def key_of(cursor: pyodbc.Cursor, catalog: str, schema: str, table: str) -> list[str]:
    """Return the columns of the primary key in their order; none where the driver cannot tell."""
    import pyodbc  # noqa: PLC0415 - the manager has to be loaded first

    try:
        rows = cursor.primaryKeys(table, catalog=catalog or None, schema=schema or None).fetchall()
    except pyodbc.Error:
        return []
    return [str(row[3]) for row in sorted(rows, key=lambda row: int(row[4]))]
