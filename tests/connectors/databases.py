"""The databases that the ODBC connector is tried with."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import psycopg
import pytest

from cauce.connector import Operation
from cauce.errors import RemoteError
from cauce.native import Driver, driver_path
from connectors import odbc
from tests.servers import mariadb, postgresql

if TYPE_CHECKING:
    from tests.conftest import Require

KINDS: tuple[Driver, ...] = ("sqlite", "postgresql", "mariadb")
# The words of each for types that have other names elsewhere.
WORDS: Mapping[str, Mapping[str, str]] = {
    # SQLite has no decimals: what looks like one is stored as a float.
    "sqlite": {"stamp": "timestamp", "bytes": "blob", "double": "double", "text": "text", "exact": "text",
               "hour": "text"},
    "postgresql": {"stamp": "timestamp", "bytes": "bytea", "double": "float8", "text": "text",
                   "exact": "numeric(20, 6)", "hour": "time(6)"},
    "mariadb": {"stamp": "datetime(6)", "bytes": "longblob", "double": "double", "text": "longtext",
                "exact": "numeric(20, 6)", "hour": "time(6)"},
}  # fmt: skip


@dataclass
class Database:
    """A database on which a test may do what it likes."""

    kind: Driver
    settings: odbc.Settings
    place: str
    server: Any = None

    def connector(self, **other: Any) -> odbc.Connector:
        return odbc.Connector(self.kind, self.settings.model_copy(update=other))

    def execute(self, *statements: str) -> None:
        """Carry out statements without the connector, with the words of this database."""
        filled = [statement.format(**WORDS[self.kind]) for statement in statements]
        if self.kind == "mariadb":
            self.server.execute(*filled, database=self.place)
        elif self.kind == "postgresql":
            with psycopg.connect(self.place, autocommit=True) as connection:
                for statement in filled:
                    connection.execute(statement.encode())
        else:
            with closing(sqlite3.connect(self.place)) as file, file:
                for statement in filled:
                    file.execute(statement)


def read(sql: str, timeout_s: float = 20) -> Operation:
    return Operation("look-up", sql, "read", timeout_s=timeout_s)


def write(sql: str, timeout_s: float = 20) -> Operation:
    return Operation("change", sql, "write", timeout_s=timeout_s)


async def failed(connector: odbc.Connector, operation: Operation, params: Any = None) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        await connector.call(operation, params)
    return caught.value


@contextmanager
def made(kind: Driver, request: pytest.FixtureRequest, folder: Path) -> Iterator[Database]:
    """Make an empty database of a kind; it is gone afterwards."""
    require: Require = request.getfixturevalue("require")
    request.getfixturevalue("odbc_manager")
    try:
        driver_path(kind)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said
        require("odbc", str(error))
    if kind == "sqlite":
        path = folder / "one.sqlite"
        sqlite3.connect(path).close()
        yield Database(kind, odbc.Settings(driver=kind, database=str(path)), str(path))
        return
    if kind == "postgresql":
        server: postgresql.PostgresServer = request.getfixturevalue("postgres_server")
        with server.database() as name:
            settings = odbc.Settings(driver=kind, server="127.0.0.1", port=server.port, database=name, username="cauce")
            yield Database(kind, settings, server.url(name).replace("+psycopg", ""), server)
        return
    maria: mariadb.MariaServer = request.getfixturevalue("mariadb_server")
    with maria.database() as name:
        yield Database(kind, settings_of(maria, name), name, maria)


def settings_of(server: mariadb.MariaServer, database: str) -> odbc.Settings:
    where = {"driver": "mariadb", "server": "127.0.0.1", "port": server.port, "database": database}
    return odbc.Settings.model_validate(where | {"username": mariadb.USER, "password": mariadb.PASSWORD})


def workers() -> list[psutil.Process]:
    """Return the processes that the ODBC connectors of this process have; other children may end while one looks."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if "connectors.odbc.process" in child.cmdline():
                found.append(child)
    return found
