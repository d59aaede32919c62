"""Tells whether a store has the shape this version expects; without Alembic, which takes longer than many a command."""

from pathlib import Path

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from cauce.store import sqlite
from cauce.store.session import Store

# Alembic's, with one row: the number of the migration that ran last.
_TABLE = "alembic_version"
_migrations = Path(__file__).parent / "migrations" / "versions"


def is_current(url: str) -> bool:
    """Return whether a store has the shape this version expects."""
    store = Store(url)
    if store.dialect == "sqlite" and not Path(store.place).exists():
        return False
    engine = engine_of(store)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table(_TABLE):
                return False
            found = connection.execute(text(f"SELECT version_num FROM {_TABLE}")).scalars().all()  # noqa: S608 - ours
    except OperationalError as cause:
        if explained := store.explain(cause):
            raise explained from cause
        raise
    finally:
        engine.dispose()
    return found == [newest()]


def newest() -> str:
    """Return the number of the newest migration; each file's name begins with its own."""
    return max(path.name[:4] for path in _migrations.glob("[0-9]*.py"))


def engine_of(store: Store) -> Engine:
    """Return an engine for what is not asynchronous."""
    # For PostgreSQL the same driver can do both, for SQLite the standard library's is the one.
    url = store.url.set(drivername="sqlite") if store.dialect == "sqlite" else store.url
    engine = create_engine(url, poolclass=NullPool)
    if store.dialect == "sqlite":
        sqlite.prepare(engine, begin="BEGIN IMMEDIATE")
    return engine
