"""Brings a store to the shape this version expects; run by `cauce up`, by the container's migration job, by tests."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from cauce.store.session import Store
from cauce.store.shape import engine_of

# Replicas that start together must not migrate together.
migration_lock = 0x43_41_55_43_46


def upgrade(url: str, revision: str = "head") -> None:
    """Create or upgrade the tables of a store; doing it again changes nothing, and a failure leaves all as it was."""
    store = Store(url)
    if store.dialect == "sqlite":
        Path(store.place).parent.mkdir(parents=True, exist_ok=True)
    engine = engine_of(store)
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


def config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, which needs no file."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings
