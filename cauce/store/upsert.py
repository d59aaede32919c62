"""`INSERT … ON CONFLICT DO NOTHING`, which both databases know and SQLAlchemy spells twice."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Executable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase

from cauce.store.session import Db


async def insert_new(db: Db, model: type[DeclarativeBase], values: Mapping[str, Any]) -> bool:
    """Insert a row unless one with the same key is there; return whether it was inserted.

    Parallel callers with the same key wait for each other; exactly one gets True.
    """
    dialect = sqlite if db.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(model).values(**values).on_conflict_do_nothing()
    return await changed(db, statement) == 1


async def insert_all(db: Db, model: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows together, but for those with the key of one that is there."""
    dialect = sqlite if db.get_bind().dialect.name == "sqlite" else postgresql
    # Without the values, so that the statement is compiled once and not for every number of rows.
    await (await db.connection()).execute(dialect.insert(model).on_conflict_do_nothing(), list(rows))


async def changed(db: Db, statement: Executable) -> int:
    """Execute an INSERT, UPDATE or DELETE and return how many rows it touched."""
    result = await db.execute(statement, execution_options={"synchronize_session": False, "preserve_rowcount": True})
    return result.rowcount if isinstance(result, CursorResult) else 0
