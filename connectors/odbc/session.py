"""One database connection inside a worker process: opens it, reads, writes, cancels."""

from __future__ import annotations

import threading
from time import sleep
from typing import TYPE_CHECKING, Any, Final

from cauce.native import driver_path
from connectors.odbc import bulk
from connectors.odbc.browsing import look
from connectors.odbc.catalog import read_catalog
from connectors.odbc.profiles import Profile, connection_string, dialect_of, profiles
from connectors.odbc.results import Results, Send, kept_outputs
from connectors.odbc.rows import CorruptError
from connectors.odbc.values import as_parameters, tune

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyodbc  # type: ignore[import-not-found]  # its stub lies beside it, which mypy does not look at

_cancels: Final = 15
_cancel_every_s: Final = 0.1
_product: Final = 17  # SQL_DBMS_NAME
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
        self._outputs: dict[str, Any] = {}
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
        if dialect == "any":
            dialect = dialect_of(str(connection.getinfo(_product)))
        tune(connection, dialect)
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
        if request["do"] in {"catalog", "browse"}:
            self._cursor = cursor = self._connection.cursor()
            try:
                if request["do"] == "catalog":
                    found = read_catalog(self._connection, cursor)
                else:
                    found = look(self._connection, cursor, {**request, "dialect": self._dialect})
            finally:
                self._close(cursor)
            self._connection.rollback()
            send({"is": "done", **found})
            return
        self._outputs = {}
        streams = request["batch"] is not None
        # Whoever reads batch by batch takes the time that it takes; each batch is waited for on the other side.
        self._limit_time(0 if streams else int(request["timeout_s"]) + 2)
        counts = [self._run(step, request, send) for step in request["steps"]]
        self._finish(send)
        send({"is": "done", "rows": counts, "out": self._outputs})

    def _run(self, step: Mapping[str, Any], request: Mapping[str, Any], send: Send) -> int:
        """Run one statement, for all its rows if it has some; return how many rows it changed or gave."""
        for variable, value in step.get("kept", ()):
            self._connection.execute(f"set {variable} = ?", *as_parameters([value], self._dialect))
        if "columns" in step:
            executions = bulk.executions(self._connection, step, self._dialect)
        else:
            executions = iter([(step["sql"], as_parameters(step["params"], self._dialect))])
        self._cursor = cursor = self._connection.cursor()
        results = Results(self._dialect, request, send, self._settle)
        total = 0
        try:
            for sql, params in executions:
                cursor.execute(sql, *params)
                total += results.take(cursor, step, params)
        finally:
            self._close(cursor)
        self._outputs |= results.outputs
        if step.get("out") and self._dialect == "mariadb":
            self._outputs |= kept_outputs(self._connection, step["out"])
        return total

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

    def _settle(self, sql: str, asked: Sequence[int], params: Sequence[Any], names: Sequence[str]) -> None:
        """Put the question to the database, and refuse the result if its driver changed it."""
        before = self._cursor
        self._cursor = cursor = self._connection.cursor()
        try:
            wrong = cursor.execute(sql, *params).fetchone()
        finally:
            self._close(cursor)
            self._cursor = before
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
