"""Data sources by name, and drivers for which no server could be had."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cauce.errors import PermanentError, SettingsError, TransientError
from cauce.native import driver_path
from connectors import odbc
from tests.conftest import Require
from tests.connectors.databases import failed, read, write
from tests.connectors.matrix import shows
from tests.servers.processes import free_port


@shows("a data source by its name (DSN), which says itself what it is", "SQLite", "odbc")
async def test_a_data_source_by_its_name(sqlite_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odbc.ini").write_text(f"[books]\nDriver={driver_path('sqlite')}\nDatabase={sqlite_file}\n")
    monkeypatch.setenv("ODBCINI", str(tmp_path / "odbc.ini"))
    with closing(sqlite3.connect(sqlite_file)) as other, other:
        other.execute("insert into customer (id, name, credit) values (7, 'x', 'plenty')")
    async with odbc.Connector("books", odbc.Settings(dsn="books")) as one:
        assert await one.call(read("select name from customer where id = :id"), {"id": 2}) == [
            {"name": "Núñez & Cía 😀"}
        ]
        assert "Column 'credit' holds" in (await failed(one, read("select credit from customer where id = 7"))).problem
        assert "it writes" in (await failed(one, read("delete from customer"))).problem
        assert await one.call(write("delete from customer where id = :rows.id"), {"rows": [{"id": 1}, {"id": 7}]}) == {
            "rows": 2
        }
    async with odbc.Connector("books", odbc.Settings(dsn="boks")) as one:
        error = await failed(one, read("select 1"))
    assert type(error) is PermanentError
    assert "the ODBC driver or data source is not there" in error.problem


@shows("the driver is there and explains a refused connection; no server could be had", "FreeTDS", "odbc")
async def test_freetds_explains_a_refused_connection(require: Require) -> None:
    try:
        driver_path("freetds")
    except SettingsError as error:
        require("odbc", str(error))
    settings = odbc.Settings(driver="freetds", server="127.0.0.1", port=free_port(), database="x", username="sa")
    async with odbc.Connector("books", settings) as one:
        assert (await one.check())[-1].sentence.startswith("Nothing listens on 127.0.0.1:")
        assert type(await failed(one, read("select 1"))) is TransientError
