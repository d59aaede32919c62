"""The ODBC connector with what only servers have: procedures, values of their own, sessions that are killed."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from cauce.errors import BusinessError, PermanentError, TransientError
from connectors import odbc
from tests.connectors.databases import Database, failed, made, read, settings_of, write
from tests.connectors.matrix import shows
from tests.servers import mariadb

pytestmark = pytest.mark.asyncio(loop_scope="module")
SERVERS = ("postgresql", "mariadb")
AGAINST = "PostgreSQL, MariaDB"
PROCEDURES = {
    "postgresql": [
        """create procedure reserve(sku varchar, qty int, out reserved numeric, inout note text) language plpgsql as
           $$begin insert into booked values (sku, qty); reserved := qty * 1.5; note := note || '!'; end$$""",
        """create procedure fails(qty int) language plpgsql as
           $$begin insert into booked values ('x', qty); raise exception 'no stock'; end$$""",
    ],
    "mariadb": [
        """create procedure reserve(in sku varchar(9), in qty int, out reserved decimal(10, 2), inout note text)
           begin
             insert into booked values (sku, qty); set reserved = qty * 1.5; set note = concat(note, '!');
           end""",
        """create procedure fails(in qty int)
           begin
             insert into booked values ('x', qty); signal sqlstate '45000' set message_text = 'no stock';
           end""",
        """create procedure report(in least int)
           begin
             select sku, qty from booked where qty >= least order by qty; select count(*) as n, 'ñ' as t from booked;
           end""",
    ],
}


@pytest.fixture(scope="module", params=SERVERS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("databases")
    with made(request.param, request, folder) as one:
        one.execute("create table booked (sku varchar(9), qty integer)", *PROCEDURES[request.param])
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def connector(database: Database) -> AsyncIterator[odbc.Connector]:
    async with database.connector() as one:
        yield one


@pytest.fixture
def maria(database: Database) -> Database:
    if database.kind != "mariadb":
        pytest.skip("for MariaDB only")
    return database


async def rows_of(connector: odbc.Connector, sql: str) -> Any:
    return await connector.call(read(sql), None)


@shows("a procedure with output parameters", AGAINST, "odbc")
async def test_a_procedure_gives_its_output_parameters(database: Database, connector: odbc.Connector) -> None:
    database.execute("delete from booked")
    reserve = write("call reserve(:sku, :qty, out :reserved, inout :note)")
    answer = await connector.call(reserve, {"sku": "A", "qty": 3, "note": 'Ñandú 😀 "x"'})
    assert float(answer["out"].pop("reserved")) == 4.5
    assert answer["out"] == {"note": 'Ñandú 😀 "x"!'}
    assert await rows_of(connector, "select sku, qty from booked") == [{"sku": "A", "qty": 3}]
    error = await failed(connector, write("call fails(:qty)"), {"qty": 1})
    assert type(error) is BusinessError
    assert "no stock" in error.detail["message"]
    assert len(await rows_of(connector, "select sku from booked")) == 1


@shows("the catalogue: tables with columns and keys, procedures with parameters", AGAINST, "odbc")
async def test_the_catalogue_is_looked_through(database: Database, connector: odbc.Connector) -> None:
    database.execute(
        "create table seen (a varchar(9), b numeric(8, 2) not null, primary key (a, b))",
        "create table saw (c varchar(9), d numeric(8, 2), foreign key (c, d) references seen (a, b))",
        "insert into seen values ('Ñ-1', 12.5)",
    )
    listed = {(each["name"], each["kind"]) for each in (await connector.browse("", 0, 20))["items"]}
    assert {("seen", "table"), ("saw", "table"), ("reserve", "procedure")} <= listed
    seen = await connector.browse("seen", 5, 20)
    assert [(each["name"], each["nullable"], each["key"]) for each in seen["columns"]] == [
        ("a", False, 1),
        ("b", False, 2),
    ]
    assert seen["columns"][1]["type"].lower() in {"numeric(8, 2)", "decimal(8, 2)"}
    assert seen["rows"] == [{"a": "x-9", "b": "99.9"}]
    [key] = (await connector.browse("saw", 0, 20))["references"]
    assert (key["columns"], key["table"].rpartition(".")[2], key["to"]) == (["c", "d"], "seen", ["a", "b"])
    parameters = (await connector.browse("reserve", 0, 20))["parameters"]
    assert [(each["name"], each["way"]) for each in parameters][:3] == [
        ("sku", "in"),
        ("qty", "in"),
        ("reserved", "out"),
    ]
    nothing = await connector.browse("sene", 0, 20)
    assert nothing["what"] == "nothing"
    assert any(name.endswith("seen") for name in nothing["known"])


@shows("a procedure with several results", "MariaDB", "odbc")
async def test_a_procedure_gives_several_results(maria: Database, connector: odbc.Connector) -> None:
    maria.execute("delete from booked", "insert into booked values ('A', 1), ('B', 2)")
    for operation in (read("call report(:least)"), write("call report(:least)")):
        answer = await connector.call(operation, {"least": 2})
        assert answer["results"] == [[{"sku": "B", "qty": 2}], [{"n": 2, "t": "ñ"}]]


async def test_output_parameters_need_a_database_that_has_them(tmp_path: Path) -> None:
    async with odbc.Connector("x", odbc.Settings(driver="freetds", server="127.0.0.1")) as other:
        error = await failed(other, write("call p(out :a)"), {})
    assert "`out :a` is possible with postgresql and mariadb only" in error.problem


@shows("dates of zeros are refused, long and negative times come whole", "MariaDB", "odbc")
async def test_what_mariadbs_driver_would_change(maria: Database, connector: odbc.Connector) -> None:
    maria.execute(
        "create table odd (id int, day date, at datetime, t time(3))",
        "insert into odd values (1, '2024-01-01', null, '-10:00:00.5'), (2, '0000-00-00', null, '838:59:59'),"
        " (3, null, '2024-00-10 00:00:00', null)",
    )
    times = await rows_of(connector, "select t from odd order by id")
    assert [row["t"] for row in times] == ["-10:00:00.500", "838:59:59.000", None]
    assert await rows_of(connector, "select day, at from odd where id = 1") == [{"day": "2024-01-01", "at": None}]
    error = await failed(connector, read("select id, day, at from odd where id = 2"))
    assert "Column 'day' holds a value that its driver would show as another one" in error.problem
    error = await failed(connector, read("select id, day, at from odd where id = 3"))
    assert "could not give a value as its column declares it" in error.problem
    error = await failed(connector, write("insert into odd (at) values ('2024-01-01T10:00:00+02:00')"))
    assert type(error) is PermanentError
    assert error.remote_code == "22007"


async def test_mariadb_reads_are_read_only_and_its_rules_are_business(
    maria: Database, connector: odbc.Connector
) -> None:
    maria.execute("create table once (id int primary key)", "insert into once values (1)")
    error = await failed(connector, read("delete from once"))
    assert "the operation says it reads, and it writes" in error.problem
    error = await failed(connector, write("insert into once values (:id)"), {"id": 1})
    assert type(error) is BusinessError
    assert error.remote_code == "23000"


async def test_a_wrong_password_is_explained(maria: Database) -> None:
    async with maria.connector(password=None) as other:
        probe = (await other.check())[-1]
    assert (probe.stage, probe.ok) == ("login", False)
    assert "the login is refused" in probe.sentence


@shows("a session that the server ends: nothing was done, and the next call has a new one", AGAINST, "odbc")
async def test_a_session_that_is_ended_is_replaced(database: Database, connector: odbc.Connector) -> None:
    sleeps, ends = {
        "postgresql": ("insert into booked select 'k', 1 from pg_sleep(20)", "select pg_terminate_backend({})"),
        "mariadb": ("insert into booked select 'k', sleep(20)", "kill {}"),
    }[database.kind]
    who = {
        "postgresql": "select pid as id from pg_stat_activity where query like '%k%pg_sleep%' and state = 'active'"
        " and pid <> pg_backend_pid()",
        "mariadb": "select id from information_schema.processlist where info like 'insert%sleep%'",
    }[database.kind]
    task = asyncio.create_task(connector.call(write(sleeps), None))
    async with asyncio.timeout(15):
        while not (found := await rows_of(connector, who)):  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.05)
    database.execute(ends.format(found[0]["id"]))
    with pytest.raises(TransientError):
        await task
    assert await connector.call(write("insert into booked values ('n', 1)"), None) == {"rows": 1}
    assert await rows_of(connector, "select sku from booked where sku = 'k'") == []


@shows("a server that is killed is noticed at once, one that freezes at the deadline", "MariaDB", "odbc")
async def test_a_server_that_is_gone(maria: Database) -> None:
    with mariadb.started() as server:
        server.execute("create database x")
        async with odbc.Connector("gone", settings_of(server, "x")) as one:
            assert await rows_of(one, "select 1 as a") == [{"a": 1}]
            os.kill(server.pid, signal.SIGSTOP)
            error = await failed(one, read("select 1", timeout_s=0.3))
            assert (type(error), error.remote_code) == (TransientError, "timeout")
            os.kill(server.pid, signal.SIGCONT)
            assert await rows_of(one, "select 1 as a") == [{"a": 1}]
            task = asyncio.create_task(
                one.call(read("select sleep(60) from (select 1 union select 2) t", timeout_s=60), None)
            )
            await asyncio.sleep(0.2)
            os.kill(server.pid, signal.SIGKILL)
            started = asyncio.get_running_loop().time()
            with pytest.raises(TransientError):
                await task
            assert asyncio.get_running_loop().time() - started < 30  # of the 60 that it had
            error = await failed(one, read("select 1"))
            assert isinstance(error, TransientError)
