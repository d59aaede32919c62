"""Brings a store to the shape this version expects; run by `cauce up`, by the container's migration job, by tests."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from cauce.store import sqlite
from cauce.store.session import Store

# Replicas that start together must not migrate together.
migration_lock = 0x43_41_55_43_46


def upgrade(url: str, revision: str = "head") -> None:
    """Create or upgrade the tables of a store; doing it again changes nothing, and a failure leaves all as it was."""
    store = Store(url)
    if store.dialect == "sqlite":
        Path(store.place).parent.mkdir(parents=True, exist_ok=True)
    engine = _engine(store)
    try:
        with engine.begin() as connection:
            if store.dialect == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": migration_lock})
            command.upgrade(config(connection), revision)
    except OperationalError as cause:
        if explained := store.explain(cause):
            raise explained from cause
        raise
    finally:
        engine.dispose()


def is_current(url: str) -> bool:
    """Return whether a store has the shape this version expects."""
    store = Store(url)
    if store.dialect == "sqlite" and not Path(store.place).exists():
        return False
    engine = _engine(store)
    try:
        with engine.connect() as connection:
            heads = set(MigrationContext.configure(connection).get_current_heads())
    except OperationalError as cause:
        if explained := store.explain(cause):
            raise explained from cause
        raise
    finally:
        engine.dispose()
    return heads == set(ScriptDirectory.from_config(config()).get_heads())


def config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, which needs no file."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings


def _engine(store: Store) -> Engine:
    # Alembic is synchronous; for PostgreSQL the same driver is, for SQLite the standard library's.
    url = store.url.set(drivername="sqlite") if store.dialect == "sqlite" else store.url
    engine = create_engine(url, poolclass=NullPool)
    if store.dialect == "sqlite":
        sqlite.prepare(engine, begin="BEGIN IMMEDIATE")
    return engine
