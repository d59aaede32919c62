"""A database's catalogue becomes operations that find, list and insert; a worker process reads it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from cauce import registry
from cauce import settings as environment
from cauce.connection import Connection, parse
from cauce.connector import BaseConnector, Operation
from cauce.errors import CauceError, InputError, SettingsError
from cauce.expressions import compile_expression
from cauce.native import driver_path
from cauce.secrets import Resolver
from cauce.services.importing import Imported, Wish, import_contract
from connectors import odbc
from connectors.odbc.profiles import quoted
from schemas import load_yaml, validate_data
from tests.conftest import Require
from tests.connectors.matrix import shows

JSON = Any
TABLES = """
create table invoice (number varchar(20) not null, "line no" integer not null, amount numeric not null, note text,
                      made timestamp default current_timestamp, "per cent" double, primary key (number, "line no"));
create table picture (id integer primary key, content blob not null);
create view large as select number, amount from invoice where amount > 1000;
"""


async def imported(source: str, tmp_path: Path, **wish: Any) -> Imported:
    one = await import_contract(Wish(source, **{"name": "accounts", **wish}), environment.load(data_dir=tmp_path))
    assert len(one.operations) + len(one.left_out) == one.declared
    return one


async def called(connector: BaseConnector[Any], connection: Connection, name: str, given: JSON) -> JSON:
    """Call as a worker does: check, map, call, map, check."""
    operation = connection.operation(name)
    validate_data(operation.input, given, "given")
    answer = await connector.call(operation, compile_expression(operation.request).first(given, {}))
    mapped = compile_expression(operation.response).first(answer, {})
    validate_data(operation.output, mapped, "answer")
    return mapped


@shows("`cauce connect import`: tables searched, listed and filled as imported", "SQLite", "odbc")
async def test_a_sqlite_file_can_be_searched_listed_and_filled(sqlite_file: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(sqlite_file)) as database, database:
        database.executescript(TABLES)
    one = await imported(str(sqlite_file), tmp_path)
    reasons = {each.name: each.why for each in one.left_out}
    assert list(reasons) == ["insert picture"]
    assert "content is binary" in reasons["insert picture"]
    connection = parse(load_yaml(one.text, "accounts.yaml").data)
    assert {name for name, each in connection.operations.items() if each.effect == "write"} == {
        "insert-customer",
        "insert-invoice",
    }
    async with registry.open_connection(connection, Resolver(tmp_path, tmp_path / "none.json")) as connector:
        line = {"number": "A/1", "line no": 1, "amount": 1200.5, "per cent": 21}
        assert await called(connector, connection, "insert-invoice", line) == {"rows": 1}
        insert = connection.operation("insert-invoice")
        assert insert.find == "find-invoice"
        assert insert.idempotency_key is not None
        assert compile_expression(insert.idempotency_key).first(line, {}) == '["A/1",1]'
        found = await called(connector, connection, "find-invoice", line)
        assert (found["number"], found["per cent"], found["note"]) == ("A/1", 21, None)
        assert found["made"]
        assert await called(connector, connection, "find-invoice", {"number": "B", "line no": 1}) is None
        assert [each["number"] for each in await called(connector, connection, "list-large", {})] == ["A/1"]
        assert await called(connector, connection, "insert-customer", {"name": "C"}) == {"rows": 1}
        assert [each["id"] for each in await called(connector, connection, "list-customer", {"after": 1})] == [2, 3]
        assert len(await called(connector, connection, "list-customer", None)) == 3
        with pytest.raises(InputError):
            await called(connector, connection, "insert-invoice", {"number": "A"})


async def test_only_the_tables_that_were_asked_for(sqlite_file: Path, tmp_path: Path) -> None:
    assert (await imported(str(sqlite_file), tmp_path, only=("Custom*",))).operations == (
        "find-customer",
        "list-customer",
        "insert-customer",
    )


@shows("`cauce connect import`: tables searched, listed and filled as imported", "PostgreSQL", "odbc")
async def test_a_postgresql_database_by_its_settings(postgres_url: str, require: Require, tmp_path: Path) -> None:
    try:
        driver_path("postgresql")
    except SettingsError as error:
        require("odbc", str(error))
    url = make_url(postgres_url)
    where = {"server": url.host or "", "port": url.port, "database": url.database or "", "username": "cauce"}
    settings = odbc.Settings(driver="postgresql", **where)
    tables = "create schema sales; create table sales.item (sku varchar(8) primary key, price numeric(8, 2), at date)"
    async with odbc.Connector("x", settings) as connector:
        for statement in tables.split(";"):
            await connector.call(odbc_write(statement), {})
    source = f"Driver=postgresql;Server={url.host};Port={url.port};Database={url.database};UID={{cauce}}"
    connection = parse(load_yaml((await imported(source, tmp_path, only=("item",))).text, "").data)
    assert connection.settings == {"driver": "postgresql", **where}
    async with registry.open_connection(connection, Resolver(tmp_path, tmp_path / "none.json")) as connector:
        await called(connector, connection, "insert-item", {"sku": "A", "price": 1.5, "at": "2026-03-01"})
        found = await called(connector, connection, "find-item", {"sku": "A"})
        assert found == {"sku": "A", "price": 1.5, "at": "2026-03-01"}
        with pytest.raises(InputError):
            await called(connector, connection, "insert-item", {"sku": "longer than 8"})


def odbc_write(sql: str) -> Operation:
    return Operation("change", sql, "write")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("Driver=sqlite;Database=/nowhere/x.sqlite;PWD=hunter22", "secret accounts-password"),
        ("Driver=sqlite;Database", "no settings of a database"),
        ("Driver=sqlite;DSN=x", "either driver or dsn"),
        ("Driver=sqlite;Port=no", "do not fit"),
        ("Driver=sqlite;Database=/nowhere/x.sqlite", "accounts"),
    ],
)
async def test_wrong_settings_say_what_is_wrong_and_no_password(source: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(CauceError, match=said) as caught:
        await imported(source, tmp_path)
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("dialect", "written"), [("mariadb", '`a``]"b`'), ("freetds", '[a`]]"b]'), ("sqlite", '"a`]""b"')]
)
def test_a_name_cannot_end_its_quotes(dialect: str, written: str) -> None:
    assert quoted('a`]"b', dialect) == written
