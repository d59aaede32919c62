"""One database connection inside a worker process: opens it, reads, writes, cancels."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from time import sleep
from typing import TYPE_CHECKING, Any, Final

from cauce.errors import TooLargeError
from cauce.native import driver_path
from connectors.odbc.catalog import read_catalog
from connectors.odbc.doubts import Doubts
from connectors.odbc.profiles import Profile, connection_string, profiles
from connectors.odbc.rows import CorruptError, as_json

if TYPE_CHECKING:
    import pyodbc  # type: ignore[import-not-found]  # its stub lies beside it, which mypy does not look at

Send = Callable[[Mapping[str, Any]], None]

_cancels: Final = 15
_cancel_every_s: Final = 0.1
_first_batch: Final = 200
_batch: Final = 2000
_known_drivers: Final = {"sqlite", "postgresql", "mariadb", "freetds"}


class Session:
    """A connection with the settings of its driver's profile, for reads or for writes."""

    def __init__(self, connection: pyodbc.Connection, dialect: str, effect: str) -> None:
        self.stage = "execute"
        self._connection = connection
        self._dialect = dialect
        self._profile: Profile = profiles[dialect]
        self._effect = effect
        self._cursor: pyodbc.Cursor | None = None
        self._timeout_s = 0
        self._guard = threading.Lock()

    @classmethod
    def open(cls, request: Mapping[str, Any]) -> Session:
        """Connect as the request says; the password comes in it and is kept nowhere."""
        import pyodbc  # noqa: PLC0415 - the manager has to be loaded first

        dialect, effect, parts = request["dialect"], request["effect"], dict(request["parts"])
        if effect == "read":
            parts |= request["read_parts"]
        driver = request["driver"]
        if driver in _known_drivers:
            parts = {"Driver": str(driver_path(driver)), **parts}
        elif driver:
            parts = {"Driver": driver, **parts}
        connection = pyodbc.connect(connection_string(parts), autocommit=True, timeout=request["connect_timeout_s"])
        session = cls(connection, dialect, effect)
        session._prepare()
        return session

    def cancel(self) -> None:
        """Stop the running statement; called from another thread, which cursors allow for this alone.

        More than once, because a driver that is between two steps does not hear it.
        """
        for _ in range(_cancels):
            with self._guard:
                if self._cursor is None:
                    return
                self._cursor.cancel()
            sleep(_cancel_every_s)

    def roll_back(self) -> bool:
        """End the transaction without its effects; say whether the connection is still good."""
        import pyodbc  # noqa: PLC0415 - the manager has to be loaded first

        try:
            self._connection.rollback()
        except pyodbc.Error:
            return False
        return True

    def carry_out(self, request: Mapping[str, Any], send: Send) -> None:
        """Run one request to its end."""
        self.stage = "execute"
        if request["do"] == "ping":
            self._connection.execute(self._profile.ping).fetchall()
            self._connection.rollback()
            send({"is": "done"})
            return
        if request["do"] == "catalog":
            self._cursor = cursor = self._connection.cursor()
            try:
                found = read_catalog(self._connection, cursor)
            finally:
                self._close(cursor)
            self._connection.rollback()
            send({"is": "done", **found})
            return
        self._limit_time(int(request["timeout_s"]) + 2)
        self._cursor = cursor = self._connection.cursor()
        try:
            cursor.execute(request["sql"], *request["params"])
            fetched = self._fetch(cursor, request, send) if cursor.description else 0
            affected = cursor.rowcount
            while cursor.nextset():
                pass
        finally:
            self._close(cursor)
        self._finish(send)
        send({"is": "done", "rows": max(affected, fetched) if self._effect == "write" else fetched})

    def _prepare(self) -> None:
        for statement in self._profile.session + (self._profile.read_session if self._effect == "read" else ()):
            self._connection.execute(statement)
        self._connection.autocommit = False

    def _limit_time(self, timeout_s: int) -> None:
        """Tell the server to give up soon after we do: a killed client does not stop the query."""
        statement = self._profile.statement_timeout
        if not statement or ("LOCAL" not in statement and timeout_s == self._timeout_s):
            return
        self._connection.execute(statement.format(s=timeout_s, ms=timeout_s * 1000))
        self._timeout_s = timeout_s

    def _fetch(self, cursor: pyodbc.Cursor, request: Mapping[str, Any], send: Send) -> int:
        names = _unique([str(column[0]) for column in cursor.description])
        types = [column[1] for column in cursor.description]
        send({"is": "columns", "names": names})
        limit, count, size = request["max_rows"], 0, _first_batch
        doubts = Doubts(self._dialect, types, datetime.now().date())  # noqa: DTZ005 - the driver's own clock
        while rows := cursor.fetchmany(size):
            count += len(rows)
            if count > limit:
                raise TooLargeError(
                    f"The statement gave more than {limit:,} rows.",
                    hint="Narrow it (where, limit), or raise max_rows of the connection.",
                )
            columns = list(zip(*rows, strict=True))
            doubts.look(columns)
            send({"is": "batch", "columns": as_json(names, types, columns)})
            size = _batch
        if self._effect == "read" and (question := doubts.question(request["sql"], request["verb"])):
            self._settle(*question, request["params"], names)
        return count

    def _settle(self, sql: str, asked: list[int], params: list[Any], names: list[str]) -> None:
        """Put the question to the database, and refuse the result if its driver changed it."""
        self._cursor = cursor = self._connection.cursor()
        try:
            wrong = cursor.execute(sql, *params).fetchone()
        finally:
            self._close(cursor)
        for index, faithful in zip(asked, wrong or (), strict=wrong is not None):
            if faithful is not None and not int(faithful):  # text or number, as the driver likes
                message = (
                    f"Column {names[index]!r} holds a value that its driver would show as another one, or as null."
                )
                raise CorruptError(message)

    def _close(self, cursor: pyodbc.Cursor) -> None:
        with self._guard:
            self._cursor = None
            cursor.close()

    def _finish(self, send: Send) -> None:
        if self._effect == "read":
            self._connection.rollback()
            return
        self.stage = "commit"
        send({"is": "committing"})
        self._connection.commit()
        if self._dialect == "postgresql":
            # Its driver reports success when it commits on a dead connection.
            self._connection.execute(self._profile.ping).fetchall()
            self._connection.rollback()


def _unique(names: list[str]) -> list[str]:
    """Return the names with a number added to those that come again, which an object could not hold."""
    seen: dict[str, int] = {}
    unique: list[str] = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return unique
