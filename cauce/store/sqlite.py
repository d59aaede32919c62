"""What is particular to SQLite: pragmas, when a transaction takes the write lock, and what its errors mean."""

import sqlite3

from sqlalchemy import URL, Connection, event
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from cauce.errors import CauceError, PermanentError, SettingsError, TransientError

busy_timeout_s = 5.0
pool_timeout_s = 30.0
readers = 8


def engines(url: URL, *, busy_timeout_s: float = busy_timeout_s) -> tuple[AsyncEngine, AsyncEngine]:
    """Return the engine for writing and the one for reading.

    SQLite has one writer at a time. One pooled connection makes the writers of this process queue fairly, instead of
    polling for the lock; `BEGIN IMMEDIATE` makes those of other processes wait at the start of a transaction, where
    waiting is safe, and not in its middle, where SQLite would refuse at once.
    """
    if not url.database or url.database == ":memory:":
        raise SettingsError(
            "The store needs a database file; an SQLite database in memory is gone with its connection.",
            hint="Give CAUCE_STORE_URL a path, such as sqlite+aiosqlite:////var/lib/cauce/cauce.db.",
        )
    arguments = {"timeout": busy_timeout_s}
    writer = create_async_engine(
        url, connect_args=arguments, pool_size=1, max_overflow=0, pool_timeout=pool_timeout_s, pool_reset_on_return=None
    )
    reader = create_async_engine(
        url, connect_args=arguments, pool_size=readers, max_overflow=0, pool_timeout=pool_timeout_s
    )
    prepare(writer.sync_engine, begin="BEGIN IMMEDIATE")
    prepare(reader.sync_engine, begin="BEGIN", query_only=True)
    return writer, reader


def prepare(engine: Engine, *, begin: str, query_only: bool = False) -> None:
    """Set the pragmas on every new connection, and start transactions with `begin` instead of the driver's own way."""

    @event.listens_for(engine, "connect")
    def _(connection: sqlite3.Connection, _record: object) -> None:
        # The driver would otherwise begin by itself, deferred, and only before the first write.
        connection.isolation_level = None
        try:
            _set_pragmas(connection, query_only=query_only)
        except Exception:
            # The pool forgets a connection whose preparation failed, and nobody would close it.
            connection.close()
            raise

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _set_pragmas(connection: sqlite3.Connection, *, query_only: bool) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    if query_only:
        cursor.execute("PRAGMA query_only = ON")
    cursor.close()


# What SQLite says (a part of it), what that means, and what to do about it; the first that fits counts.
meanings: tuple[tuple[str, type[CauceError], str, str], ...] = (
    (
        "locked",
        TransientError,
        "The store {place} is locked: another program is writing to it and does not let go.",
        "Close what holds it open for writing (a database browser, a backup, a second cauce), then try again.",
    ),
    (
        "is full",
        TransientError,
        "The disk of the store {place} is full; nothing was written.",
        "Free some space on that disk, then try again.",
    ),
    (
        "disk i/o error",
        TransientError,
        "The disk of the store {place} failed to read or write; it may be full or damaged.",
        "Look at its free space and at the system log, then try again.",
    ),
    (
        "unable to open",
        TransientError,
        "The store {place} cannot be opened.",
        "Check that its folder exists and that this user may write there.",
    ),
    (
        "readonly",
        PermanentError,
        "The store {place} is read-only.",
        "Check the owner and the permissions of the file and its folder.",
    ),
    (
        "malformed",
        PermanentError,
        "The file {place} is not a sound SQLite database.",
        "Restore it from a backup with the stack stopped.",
    ),
    (
        "not a database",
        PermanentError,
        "The file {place} is not an SQLite database.",
        "Point CAUCE_STORE_URL at the store, or move that file away.",
    ),
    (
        "no such table",
        PermanentError,
        "The store {place} has no tables yet, or those of an older version.",
        "Run `cauce up`, or the migration job of the container, which upgrade it.",
    ),
)


def explain(error: BaseException, place: str) -> CauceError | None:
    """Return what an error of the driver means to a person, or None when it means a bug."""
    text = str(error).lower()
    for part, kind, problem, hint in meanings:
        if part in text:
            return kind(problem.format(place=place), hint=hint)
    return None
