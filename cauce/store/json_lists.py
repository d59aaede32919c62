"""Columns that hold a list of texts as JSON: what is in them, asked in the words of each database."""

from sqlalchemy import ColumnElement, TableValuedAlias, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from cauce.store.session import Db


def holds(db: Db, column: InstrumentedAttribute[list[str]], value: str) -> ColumnElement[bool]:
    """Return the condition under which a list has a text in it."""
    return literal(value).in_(select(entries(db, column).c.value).correlate(column.class_))


def entries(db: Db, column: InstrumentedAttribute[list[str]]) -> TableValuedAlias:
    """Return the texts of a list as rows with a `value`."""
    if db.get_bind().dialect.name == "sqlite":
        return func.json_each(column).table_valued("value")
    return func.jsonb_array_elements_text(column).table_valued("value")
