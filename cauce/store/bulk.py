"""Many values in one statement: they travel as one JSON text.

Bound one by one, a thousand rows cost SQLAlchemy more than they cost the database.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import JSON as SQL_JSON
from sqlalchemy import Column, ColumnElement, Table, Text, cast, func, literal, literal_column, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute

from cauce.store.session import Db

_GIVEN: Final = "given"


def among(db: Db, column: InstrumentedAttribute[str], values: Collection[str]) -> ColumnElement[bool]:
    """Return whether a text is one of many."""
    text = literal(orjson.dumps(list(values)).decode(), Text)
    if _is_sqlite(db):
        given = func.json_each(text).table_valued("value", name=_GIVEN)
    else:
        given = func.json_array_elements_text(cast(text, SQL_JSON)).table_valued("value", name=_GIVEN)
    return column.in_(select(given.c.value))


def insertion(
    db: Db, model: type[DeclarativeBase], names: Sequence[str], rows: Iterable[Sequence[Any]], whole: Mapping[str, Any]
) -> sqlite.Insert | postgresql.Insert:
    """Return what inserts rows, whose values have these names; `whole` is the same in all of them."""
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 - what every model has
    text = literal(orjson.dumps(list(rows)).decode(), Text)
    chosen: list[ColumnElement[Any]]
    if _is_sqlite(db):
        each = func.json_each(text).table_valued("value", name=_GIVEN).c.value
        chosen = [func.json_extract(each, f"$[{index}]") for index, _ in enumerate(names)]
        insert: sqlite.Insert | postgresql.Insert = sqlite.insert(model)
    else:
        each = func.json_array_elements(cast(text, SQL_JSON)).table_valued("value", name=_GIVEN).c.value
        chosen = [_as(table.c[name], each.op("->>")(literal_column(str(index)))) for index, name in enumerate(names)]
        insert = postgresql.insert(model)
    chosen += [literal(value, table.c[name].type) for name, value in whole.items()]
    # SQLite takes the ON of a conflict for that of a join where there is no WHERE.
    return insert.from_select([*names, *whole], select(*chosen).where(true()))


def _as(column: Column[Any], text: ColumnElement[Any]) -> ColumnElement[Any]:
    return text if isinstance(column.type, Text) else cast(text, column.type)


def _is_sqlite(db: Db) -> bool:
    return db.get_bind().dialect.name == "sqlite"
