"""Takes what a statement gives, row by row and result by result, and sends it on; in the worker process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from cauce.errors import TooLargeError
from connectors.odbc.doubts import Doubts
from connectors.odbc.rows import as_json, types_of

if TYPE_CHECKING:
    import pyodbc  # type: ignore[import-not-found]  # its stub lies beside it, which mypy does not look at

Send = Callable[[Mapping[str, Any]], None]
Ask = Callable[[str, Sequence[int], Sequence[Any], Sequence[str]], None]

_first_batch: Final = 200
_batch: Final = 2000
# Its driver gives the rows of one cursor at a time, so what is doubtful is asked when all have come.
_asks_at_the_end: Final = {"mariadb"}


class Results:
    """The results of one statement, which may be carried out several times; `outputs` are its output parameters."""

    def __init__(self, dialect: str, request: Mapping[str, Any], send: Send, ask: Ask) -> None:
        self.outputs: dict[str, Any] = {}
        self._dialect = dialect
        self._limit = int(request["max_rows"])
        self._size: int | None = request["batch"]
        self._send = send
        self._ask = ask
        self._names: list[str] = []
        self._count = 0

    def take(self, cursor: pyodbc.Cursor, step: Mapping[str, Any], params: Sequence[Any]) -> int:
        """Send what an execution gave; return how many rows it changed or gave."""
        total = 0
        while True:
            gave = 0
            if cursor.description and step.get("out") and self._dialect == "postgresql":
                self._take_outputs(cursor, step["out"])
            elif cursor.description:
                gave = self._fetch(cursor, step, params)
            total += max(int(cursor.rowcount), gave)
            if not cursor.nextset():
                return total

    def _take_outputs(self, cursor: pyodbc.Cursor, out: Sequence[str]) -> None:
        """Take the one row in which PostgreSQL gives output parameters."""
        columns = as_json(out, types_of(cursor.description), [[value] for value in cursor.fetchone()])
        self.outputs = {name: column[0] for name, column in zip(out, columns, strict=True)}

    def _fetch(self, cursor: pyodbc.Cursor, step: Mapping[str, Any], params: Sequence[Any]) -> int:
        names = _unique([str(column[0]) for column in cursor.description])
        types = types_of(cursor.description)
        if names != self._names or "columns" not in step:
            self._send({"is": "columns", "names": names})
            self._names = names
        doubts = Doubts(self._dialect, types, datetime.now().date())  # noqa: DTZ005 - the driver's own clock
        gave = 0
        for batch in self._batches(cursor):
            gave += len(batch)
            columns = list(zip(*batch, strict=True))
            doubts.look(columns)
            if self._dialect not in _asks_at_the_end:
                self._settle(doubts, step, params, names)
            self._send({"is": "batch", "columns": as_json(names, types, columns)})
        self._settle(doubts, step, params, names)
        return gave

    def _batches(self, cursor: pyodbc.Cursor) -> Iterator[list[Any]]:
        size = self._size or _first_batch
        while rows := cursor.fetchmany(size):
            self._count += len(rows)
            if self._size is None and self._count > self._limit:
                raise TooLargeError(
                    f"The statement gave more than {self._limit:,} rows.",
                    hint="Narrow it (where, limit), or raise max_rows of the connection.",
                )
            yield rows
            size = self._size or _batch

    def _settle(self, doubts: Doubts, step: Mapping[str, Any], params: Sequence[Any], names: Sequence[str]) -> None:
        if question := doubts.question(step["sql"], step["verb"]):
            self._ask(*question, params, names)


def kept_outputs(connection: pyodbc.Connection, out: Sequence[str]) -> dict[str, Any]:
    """Return the output parameters that MariaDB keeps in variables; as JSON, because their types are nobody's."""
    pairs = ", ".join(f"?, @cauce_{number}" for number, _ in enumerate(out, 1))
    text = connection.execute(f"select json_object({pairs})", *out).fetchone()[0]
    found: dict[str, Any] = json.loads(text)
    return found


def _unique(names: list[str]) -> list[str]:
    """Return the names with a number added to those that come again, which an object could not hold."""
    seen: dict[str, int] = {}
    unique: list[str] = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return unique
