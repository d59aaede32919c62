"""The ODBC connector against SQLite's and PostgreSQL's drivers, and against processes that are killed."""

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from cauce.connector import Operation
from cauce.errors import AmbiguousError, BusinessError, PermanentError, RemoteError, SettingsError, TransientError
from cauce.native import driver_path
from connectors import odbc
from tests.conftest import Require
from tests.connectors.databases import workers

Make = Callable[..., odbc.Connector]
ENDLESS = "with recursive n(x) as (select 1 union all select x + 1 from n) select count(*) from n"


def read(sql: str, timeout_s: float = 20) -> Operation:
    return Operation("look-up", sql, "read", timeout_s=timeout_s)


def write(sql: str, timeout_s: float = 20) -> Operation:
    return Operation("change", sql, "write", timeout_s=timeout_s)


@pytest.fixture
async def accounts(sqlite_file: Path) -> AsyncIterator[odbc.Connector]:
    settings = odbc.Settings(driver="sqlite", database=str(sqlite_file), max_rows=5000)
    async with odbc.Connector("accounts", settings) as connector:
        yield connector


@pytest.fixture
async def scm(postgres_url: str, require: Require) -> AsyncIterator[odbc.Connector]:
    try:
        driver_path("postgresql")
    except SettingsError as error:
        require("odbc", str(error))
    url = make_url(postgres_url)
    settings = odbc.Settings(
        driver="postgresql", server=url.host or "", port=url.port, database=url.database or "", username="cauce"
    )
    async with odbc.Connector("scm", settings) as connector:
        yield connector


async def failed(connector: odbc.Connector, operation: Operation, params: Any = None) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        await connector.call(operation, params)
    return caught.value


async def kill_workers_soon() -> None:
    await asyncio.sleep(1.5)
    for worker in workers():
        os.kill(worker.pid, signal.SIGKILL)


async def test_rows_are_plain_data(accounts: odbc.Connector) -> None:
    assert await accounts.call(read("select * from customer where id = :id"), {"id": 1, "other": "x"}) == [
        {
            "id": 1,
            "name": "Aceites García, S.L.",
            "credit": 1500.25,
            "since": "2024-03-01",
            "seen": "2024-03-01T10:11:12",
            "active": True,
            "balance": "12.5",
            "logo": "YWI=",
        }
    ]


async def test_nulls_and_every_letter_survive(accounts: odbc.Connector) -> None:
    [row] = await accounts.call(read("select * from customer where name like ?"), ["Núñez%"])
    assert row["name"] == "Núñez & Cía 😀"
    assert row["credit"] is row["since"] is row["seen"] is row["logo"] is None


async def test_columns_of_one_name_are_told_apart(accounts: odbc.Connector) -> None:
    assert await accounts.call(read("select 1 as a, 2 as a"), {}) == [{"a": 1, "a_2": 2}]


async def test_a_write_is_committed(accounts: odbc.Connector, sqlite_file: Path) -> None:
    insert = write("insert into customer (name, since) values (:name, :since);")
    assert await accounts.call(insert, {"name": "Nueva", "since": "2026-01-02"}) == {"rows": 1}
    with closing(sqlite3.connect(sqlite_file)) as other:
        assert other.execute("select since from customer where name = 'Nueva'").fetchall() == [("2026-01-02",)]


async def test_a_broken_rule_is_business_and_leaves_no_trace(accounts: odbc.Connector) -> None:
    insert = write("insert into customer (id, name) values (:id, :name)")
    error = await failed(accounts, insert, {"id": 9, "name": "Aceites García, S.L."})
    assert type(error) is BusinessError
    assert "García" not in error.problem
    assert await accounts.call(read("select count(*) as n from customer"), {}) == [{"n": 2}]


async def test_a_read_may_not_write(accounts: odbc.Connector) -> None:
    error = await failed(accounts, read("delete from customer"))
    assert str(error) == (
        "accounts: the operation says it reads, and it writes (SQLSTATE HY000). Declare effect: write."
    )
    assert await accounts.call(read("select count(*) as n from customer"), {}) == [{"n": 2}]


async def test_text_in_a_column_of_numbers_is_not_turned_into_null(accounts: odbc.Connector, sqlite_file: Path) -> None:
    with closing(sqlite3.connect(sqlite_file)) as other, other:
        other.execute("insert into customer (name, credit, since) values ('x', 'plenty', 'soon')")
    error = await failed(accounts, read("select credit from customer where name = :n"), {"n": "x"})
    assert "Column 'credit' holds a value that its driver would show as another one, or as null." in str(error)
    assert "Column 'since'" in str(await failed(accounts, read("select since from customer where name = 'x'")))


async def test_more_rows_than_allowed_is_an_error(accounts: odbc.Connector) -> None:
    many = "with recursive n(x) as (select 1 union all select x + 1 from n where x < 6000) select x from n"
    assert "gave more than 5,000 rows. Narrow it" in str(await failed(accounts, read(many)))
    assert len(await accounts.call(read(many.replace("6000", "4999")), {})) == 4999


async def test_a_result_that_the_driver_holds_may_not_take_all_memory(sqlite_file: Path) -> None:
    settings = odbc.Settings(driver="sqlite", database=str(sqlite_file), max_memory=64, max_rows=10**7)
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select printf('%.900c', 'x') from n"
    async with odbc.Connector("accounts", settings) as one:
        error = await failed(one, read(endless))
        assert type(error) is PermanentError
        assert "The driver holds the whole result, which is more than 64 MB" in str(error)
        assert await one.call(read("select 1 as a"), None) == [{"a": 1}]


@pytest.mark.parametrize(
    ("sql", "params", "says"),
    [
        (
            "select :a",
            {"b": 1},
            "look-up@accounts: params.a: The statement needs :a, and it is not among the parameters.",
        ),
        ("select 1; drop table customer", {}, "look-up@accounts: calls: There is more than one statement here."),
        ("commit", {}, "COMMIT is not for an operation to say."),
        ("select ?", [1, 2], "The statement has 1 marks (?), and the parameters are not a list of as many."),
        ("select :a, ?", {"a": 1}, "The statement mixes ? and :name."),
        ("select :a", {"a": "x\0y"}, "params.a: The text holds a NUL character"),
        ("select :a", {"a": 2**63}, "params.a: The whole number has more than 64 bits."),
        ("select :l.a", {"l": [{"a": 1}, {"a": 2**63}]}, "params.l[1].a: The whole number has more than 64 bits."),
        ("select :l.a", {"l": [{"a": None}, {"a": -(2**64)}]}, "params.l[1].a: The whole number has more than 64"),
        ("select :l.a", {"l": [{"a": 1}, {"a": float("inf")}]}, "params.l[1].a: The number is not finite."),
        ("select :l.a", {"l": [{"a": "x"}, {"a": "\0"}]}, "params.l[1].a: The text holds a NUL character"),
        ("select :l.a", {"l": [{"a": 1}, {"a": "\0"}]}, "params.l[1].a: The text holds a NUL character"),
        ("select :a", {"a": {"b": 1}}, "params.a: An object or a list is not an SQL value."),
        ("select 'a", {}, "A quote (') is opened and never closed."),
        ("selec 1", {}, "accounts: the statement is wrong"),
    ],
)
async def test_a_wrong_statement_or_parameter_is_explained(
    accounts: odbc.Connector, sql: str, params: Any, says: str
) -> None:
    error = await failed(accounts, read(sql), params)
    assert type(error) is PermanentError
    assert says in str(error)


async def test_an_endless_statement_is_cancelled_and_its_process_goes_on(accounts: odbc.Connector) -> None:
    await accounts.call(read("select 1"), {})
    [before] = workers()
    started = time.monotonic()
    error = await failed(accounts, read(ENDLESS, timeout_s=0.5))
    assert time.monotonic() - started < 5
    assert type(error) is TransientError
    assert await accounts.call(read("select 1 as a"), {}) == [{"a": 1}]
    assert [worker.pid for worker in workers()] == [before.pid]


async def test_a_frozen_process_is_killed(accounts: odbc.Connector) -> None:
    await accounts.call(read("select 1"), {})
    [worker] = workers()
    worker.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    error = await failed(accounts, read("select 1", timeout_s=0.5))
    assert type(error) is TransientError
    assert time.monotonic() - started < 10
    assert await accounts.call(read("select 1 as a"), {}) == [{"a": 1}]
    assert worker.pid not in [other.pid for other in workers()]


@pytest.mark.parametrize("effect", ["read", "write"])
async def test_a_process_killed_before_its_commit_has_done_nothing(accounts: odbc.Connector, effect: Any) -> None:
    task = asyncio.create_task(accounts.call(Operation("x", ENDLESS, effect, timeout_s=30), {}))
    await kill_workers_soon()
    with pytest.raises(TransientError, match="nothing was done"):
        await task
    assert await accounts.call(read("select 1 as a"), {}) == [{"a": 1}]


async def test_what_may_commit_by_itself_is_ambiguous_when_its_process_is_killed(scm: odbc.Connector) -> None:
    await scm.call(write("select 1"), {})  # so that there is a process, which is asked at once
    task = asyncio.create_task(scm.call(write("select pg_sleep(20)"), {}))
    await kill_workers_soon()
    with pytest.raises(AmbiguousError, match="may or may not be done"):
        await task


async def test_a_commit_that_gets_no_answer_is_ambiguous(scm: odbc.Connector) -> None:
    await scm.call(write("create table slow (a int)"), {})
    await scm.call(
        write("""create function wait() returns trigger language plpgsql as
                 $$begin perform pg_sleep(20); return null; end$$"""),
        {},
    )
    await scm.call(
        write("""create constraint trigger at_commit after insert on slow
                 deferrable initially deferred for each row execute function wait()"""),
        {},
    )
    task = asyncio.create_task(scm.call(write("insert into slow values (1)"), {}))
    await kill_workers_soon()
    with pytest.raises(AmbiguousError):
        await task


async def test_a_cancelled_call_kills_its_process(accounts: odbc.Connector) -> None:
    task = asyncio.create_task(accounts.call(read(ENDLESS, timeout_s=30), {}))
    await asyncio.sleep(1.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await accounts.call(read("select 1 as a"), {}) == [{"a": 1}]
    assert len(workers()) == 1


async def test_calls_at_the_same_time_have_processes_of_their_own(accounts: odbc.Connector) -> None:
    answers = await asyncio.gather(*(accounts.call(read("select :i as i"), {"i": i}) for i in range(3)))
    assert answers == [[{"i": 0}], [{"i": 1}], [{"i": 2}]]
    assert len(workers()) == 3
    await accounts.close()
    assert workers() == []


async def test_processes_get_no_secret(sqlite_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUCE_SECRET_ERP", "hush")
    settings = odbc.Settings(driver="sqlite", database=str(sqlite_file), username="ana", password="quiet")  # noqa: S106 - no secret
    async with odbc.Connector("accounts", settings) as connector:
        await connector.call(read("select 1"), {})
        [worker] = workers()
        shown = " ".join(worker.cmdline()) + str(worker.environ())
    assert "hush" not in shown
    assert "quiet" not in shown
    assert "quiet" not in repr(settings)


async def test_a_mistyped_file_is_not_created(tmp_path: Path, odbc_manager: None) -> None:
    path = tmp_path / "nowhere.sqlite"
    async with odbc.Connector("accounts", odbc.Settings(driver="sqlite", database=str(path))) as connector:
        assert "the database file cannot be opened" in str(await failed(connector, read("select 1")))
        [probe] = await connector.check()
    assert probe.sentence == f"There is no database file at {path}; correct settings.database."
    assert not path.exists()


async def test_a_missing_driver_says_how_to_install_it(tmp_path: Path, odbc_manager: None) -> None:
    settings = odbc.Settings(driver=str(tmp_path / "libnowhere.so"), database="x")
    async with odbc.Connector("accounts", settings) as connector:
        [probe] = await connector.check()
    assert probe.stage == "driver"
    assert "the ODBC driver or data source is not there" in probe.sentence
    assert "make setup" in probe.sentence


async def test_check_says_what_works(accounts: odbc.Connector) -> None:
    assert [(probe.stage, probe.ok) for probe in await accounts.check()] == [("login", True), ("read", True)]


async def test_postgresql_types_keep_their_values(scm: odbc.Connector) -> None:
    sql = """select true as b, 12.50::numeric(10,2) as n, 1234567890123456.78::numeric as long, 9007199254740993 as big,
             timestamptz '2024-01-01 10:00+02' as at, date '2024-01-01' as d, 'ñ😀' as t, null::int as nothing,
             :since::date + 1 as next, 'a:b' as colon, -12::numeric(15) as short, null::numeric(5, 2) as none,
             null::numeric(5) as never -- :comment ?"""
    [row] = await scm.call(read(sql), {"since": "2024-02-28"})
    assert row == {
        "b": True, "n": 12.5, "long": "1234567890123456.78", "big": "9007199254740993", "at": "2024-01-01T08:00:00",
        "d": "2024-01-01", "t": "ñ😀", "nothing": None, "next": "2024-02-29", "colon": "a:b",
        "short": -12, "none": None, "never": None,
    }  # fmt: skip
    assert type(row["short"]) is int


@pytest.mark.parametrize("value", ["date 'infinity'", "timestamp '-infinity'", "'NaN'::float8", "'NaN'::numeric",
                                   "'NaN'::numeric(5, 2)", "'NaN'::numeric(5)"])  # fmt: skip
async def test_what_postgresqls_driver_would_change_is_refused(scm: odbc.Connector, value: str) -> None:
    error = await failed(scm, read(f"select {value} as v"))
    assert type(error) is PermanentError
    assert "Column 'v' holds" in str(error)


async def test_today_is_not_taken_for_infinity(scm: odbc.Connector) -> None:
    [row] = await scm.call(read("select current_date as d, current_date::text as t"), {})
    assert row["d"] == row["t"]


async def test_postgresql_reads_are_read_only_and_writes_are_committed(scm: odbc.Connector) -> None:
    await scm.call(write("create table stock (sku text primary key, on_hand numeric(12,3))"), {})
    insert = write("insert into stock values (:sku, :n) returning sku")
    assert await scm.call(insert, {"sku": "A", "n": "1.500"}) == {"rows": 1, "returning": [{"sku": "A"}]}
    error = await failed(scm, insert, {"sku": "A", "n": 1})
    assert type(error) is BusinessError
    assert error.remote_code == "23505"
    error = await failed(scm, read("delete from stock returning sku"))
    assert error.remote_code == "25006"
    assert await scm.call(read("select on_hand from stock"), {}) == [{"on_hand": 1.5}]


async def test_a_sleeping_statement_is_cancelled(scm: odbc.Connector) -> None:
    started = time.monotonic()
    error = await failed(scm, read("select pg_sleep(30)", timeout_s=1))
    assert type(error) is TransientError
    assert time.monotonic() - started < 6
    assert await scm.call(read("select 1 as a"), {}) == [{"a": 1}]


async def test_a_session_that_the_server_ends_is_transient_and_replaced(scm: odbc.Connector) -> None:
    await scm.call(write("create table t (a int)"), {})
    kill = """select pg_terminate_backend(pid) from pg_stat_activity
              where pid <> pg_backend_pid() and datname = current_database()"""
    task = asyncio.create_task(scm.call(write("insert into t select 1 from pg_sleep(10)"), {}))
    await asyncio.sleep(1.0)
    await scm.call(read(kill), {})
    with pytest.raises(TransientError):
        await task
    assert await scm.call(write("insert into t values (1)"), {}) == {"rows": 1}


async def test_a_peer_that_never_answers_is_left_at_the_deadline(odbc_manager: None) -> None:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = odbc.Settings(driver="postgresql", server="127.0.0.1", port=port, database="x", username="x")
    started = time.monotonic()
    async with odbc.Connector("scm", settings) as connector:
        error = await failed(connector, write("insert into t values (1)", timeout_s=1))
    assert type(error) is TransientError
    assert "gave no connection within 1 s" in str(error)
    assert time.monotonic() - started < 10
    server.close()


async def test_check_explains_a_closed_port_and_a_wrong_database(scm: odbc.Connector) -> None:
    settings = scm.settings.model_copy(update={"port": 1})
    async with odbc.Connector("scm", settings) as connector:
        assert (await connector.check())[-1].sentence.startswith("Nothing listens on 127.0.0.1:1;")
    settings = scm.settings.model_copy(update={"database": "nowhere"})
    async with odbc.Connector("scm", settings) as connector:
        probe = (await connector.check())[-1]
    assert probe.stage == "login"
    assert "the login or the database does not exist" in probe.sentence
