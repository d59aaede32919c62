"""The door to the store: everything that reads or writes it goes through a transaction given out here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from sqlalchemy import make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncSession

from cauce.errors import CauceError, SettingsError, TransientError
from cauce.store import postgresql, sqlite

Db = AsyncSession


class Store:
    """A store; one object serves a whole process."""

    def __init__(self, url: str, *, busy_timeout_s: float = sqlite.busy_timeout_s) -> None:
        try:
            self.url = make_url(url)
        except ArgumentError as cause:
            raise SettingsError(
                "The URL of the store cannot be read.",
                hint="CAUCE_STORE_URL looks like sqlite+aiosqlite:///path or postgresql+psycopg://user:password@host/name.",
            ) from cause
        self.dialect = self.url.get_backend_name()
        if self.dialect == "sqlite":
            self.url = self.url.set(drivername="sqlite+aiosqlite")
            self._writer, self._reader = sqlite.engines(self.url, busy_timeout_s=busy_timeout_s)
        elif self.dialect == "postgresql":
            self.url = self.url.set(drivername="postgresql+psycopg")
            self._writer, self._reader = postgresql.engines(self.url)
        else:
            raise SettingsError(
                f"The store cannot be kept in {self.dialect}.", hint="Use an sqlite or a postgresql URL."
            )

    @property
    def place(self) -> str:
        """The store as it may be shown to people: without user and password."""
        if self.dialect == "sqlite":
            return str(self.url.database)
        return f"{self.url.host or 'localhost'}:{self.url.port or 5432}/{self.url.database}"

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Db]:
        """Give out a session that is committed at the end of the block, or rolled back when the block raises.

        A connection lost during the commit itself is reported like any other loss, although the commit may have
        succeeded: what runs inside must be safe to do twice, as everything in this package is.
        """
        with self._explained():
            async with AsyncSession(self._writer, expire_on_commit=False) as db, db.begin():
                yield db

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Db]:
        """Give out a session that cannot write and sees one state of the store throughout."""
        with self._explained():
            async with AsyncSession(self._reader, expire_on_commit=False) as db:
                yield db

    async def check(self) -> None:
        """Raise what keeps the store from answering, if anything does."""
        async with self.read() as db:
            await db.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close all connections."""
        await self._writer.dispose()
        if self.dialect == "sqlite":
            await self._reader.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def explain(self, error: DBAPIError) -> CauceError | None:
        """Return what an error of the database means to a person, or None when it means a bug."""
        dialect = sqlite if self.dialect == "sqlite" else postgresql
        return None if isinstance(error, IntegrityError) else dialect.explain(error.orig or error, self.place)

    def _explained(self) -> "_Explained":
        return _Explained(self)


class _Explained:
    """Turns errors of the database that leave its block into errors for people."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def __enter__(self) -> None:
        """Do nothing; the work is at the end."""

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, PoolTimeoutError):
            raise TransientError(
                f"The store {self.store.place} is busy: no connection became free in time.", hint="Try again shortly."
            ) from error
        if isinstance(error, DBAPIError) and (explained := self.store.explain(error)):
            raise explained from error
        # psycopg and aiosqlite raise these when the server or the file is not there at connect.
        if isinstance(error, ConnectionError):
            raise TransientError(
                f"The connection to the store {self.store.place} was lost.", hint="Try again."
            ) from error
