"""What the ODBC connector owes on every database alike: values, transactions, many rows, batches, deadlines."""

import asyncio
import os
import signal
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from cauce.errors import BusinessError, PermanentError, TransientError
from connectors import odbc
from tests.connectors.databases import KINDS, Database, failed, made, read, workers, write
from tests.connectors.matrix import shows

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="module")
AGAINST = "SQLite, PostgreSQL, MariaDB"
THING = """create table thing (id integer primary key, whole bigint, exact {exact}, approx {double}, name varchar(40),
           story {text}, day date, at {stamp}, yes boolean, raw {bytes}, hour {hour})"""
FIELDS = ("id", "whole", "exact", "approx", "name", "story", "day", "at", "yes", "raw", "hour")
RAW = bytes(range(256))


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("databases")
    with made(request.param, request, folder) as one:
        one.execute(
            THING, "create table line (doc varchar(9), pos integer, qty integer not null, primary key (doc, pos))"
        )
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def connector(database: Database) -> AsyncIterator[odbc.Connector]:
    async with database.connector() as one:
        yield one


def insert(fields: tuple[str, ...] = FIELDS, source: str = "") -> str:
    """Return an INSERT with a parameter for each field, of the elements of a list if it is named."""
    marks = ", ".join(f":{source}{'.' if source else ''}{field}" for field in fields)
    return f"insert into thing ({', '.join(fields)}) values ({marks})"  # noqa: S608 - names of its own


def thing(number: int, **values: Any) -> dict[str, Any]:
    return {**dict.fromkeys(FIELDS), "id": number, **values}


# Around the sizes of drivers' buffers, with letters of one to four bytes.
LONG = [letter * size for letter in ("a", "é", "漢", "😀") for size in (255, 1000, 2048, 4095, 4097, 20000)]
VALUES: list[dict[str, Any]] = [
    {"whole": 9007199254740991, "exact": "12345678901234.567891", "approx": 0.5, "name": "Ñandú & 漢 😀"},
    {"hour": "10:11:12", "whole": "9223372036854775807", "exact": 0.1, "approx": -1e-7},
    {"name": "it's \\ \"quoted\" %s ? :x"},
    {"whole": "-9223372036854775808", "exact": "-0.000001", "approx": 1e15, "name": ""},
    {"day": "2024-02-29", "at": "2024-02-29 23:59:59.123", "yes": True, "raw": {"base64": b64encode(RAW).decode()}},
    {"day": "0001-01-01", "at": "9999-12-31 00:00:00", "yes": False, "raw": {"base64": ""}},
    {"hour": "23:59:59.123456", "story": "línea\n" * 9000},
    *({"story": text} for text in LONG),
    {},
]  # fmt: skip


def expected(row: dict[str, Any], kind: str) -> dict[str, Any]:
    told = dict(row)
    if row["exact"] is not None:
        told["exact"] = Decimal(str(row["exact"]))
    if isinstance(row["raw"], dict):
        told["raw"] = row["raw"]["base64"]
    if row["at"]:
        told["at"] = row["at"].replace(" ", "T").replace(".123", ".123000")
    if row["yes"] is not None and kind == "mariadb":
        told["yes"] = int(row["yes"])
    if row["whole"] is not None and abs(int(row["whole"])) <= 2**53:
        told["whole"] = int(row["whole"])
    return told


@shows(
    "every type, null, every letter, binary: written and read without loss, one by one and many at once",
    AGAINST,
    "odbc",
)
@pytest.mark.parametrize("way", ["one by one", "many"])
async def test_what_is_written_is_read(database: Database, connector: odbc.Connector, way: str) -> None:
    database.execute("delete from thing")
    rows = [thing(number, **values) for number, values in enumerate(VALUES)]
    if way == "many":
        assert await connector.call(write(insert(source="rows")), {"rows": rows}) == {"rows": len(rows)}
    else:
        for row in rows:
            assert await connector.call(write(insert()), row) == {"rows": 1}
    found = await connector.call(read("select * from thing order by id"), None)
    for row, back in zip(rows, found, strict=True):
        if back["exact"] is not None:
            back["exact"] = Decimal(str(back["exact"]))
        assert back == expected(row, database.kind)


@shows("many rows go in with few statements, and all of them or none", AGAINST, "odbc")
async def test_many_rows_are_one_transaction(database: Database, connector: odbc.Connector) -> None:
    database.execute("delete from thing")
    some = ("id", "name", "approx", "at")
    rows: list[dict[str, Any]] = [
        {"id": i, "name": f"ñ{i}", "approx": i / 7, "at": None if i % 3 else "2024-01-01 10:00:00"} for i in range(2500)
    ]
    assert await connector.call(write(insert(some, "rows")), {"rows": rows}) == {"rows": 2500}
    found = await connector.call(read("select id, name, approx from thing order by id"), None)
    if database.kind != "sqlite":  # whose driver gives 15 digits
        assert found == [{key: row[key] for key in ("id", "name", "approx")} for row in rows]
    error = await failed(
        connector, write(insert(some, "rows")), {"rows": [{**row, "id": row["id"] + 2499} for row in rows]}
    )
    assert type(error) is BusinessError
    assert await connector.call(read("select count(*) as n from thing"), None) == [{"n": 2500}]


async def test_rows_that_cannot_go_together_go_one_by_one(database: Database, connector: odbc.Connector) -> None:
    database.execute("delete from thing", "insert into thing (id, whole) values (0, 0), (1, 0), (2, 0)")
    change = write("update thing set whole = :rows.whole, approx = :more where id = :rows.id")
    given = {"rows": [{"id": i, "whole": i + 5} for i in range(3)], "more": 7}
    assert await connector.call(change, given) == {"rows": 3}
    assert [row["whole"] for row in await connector.call(read("select whole from thing order by id"), None)] == [
        5,
        6,
        7,
    ]
    assert await connector.call(change, {"rows": [], "more": 1}) == {"rows": 0}
    assert await connector.call(write(insert(("id",), "rows")), {"rows": []}) == {"rows": 0}


@shows("several statements in one operation: all of them or none", AGAINST, "odbc")
async def test_several_statements_are_one_transaction(database: Database, connector: odbc.Connector) -> None:
    database.execute("delete from thing", "delete from line")
    order = write("""
        insert into thing (id, name) values (:id, :doc);
        insert into line (doc, pos, qty) values (:doc, :lines.pos, :lines.qty);
        update thing set whole = (select sum(qty) from line where doc = :doc) where id = :id;
    """)
    lines = [{"pos": 1, "qty": 2}, {"pos": 2, "qty": 3}]
    assert await connector.call(order, {"id": 1, "doc": "A;1", "lines": lines}) == {"rows": 4, "each": [1, 2, 1]}
    assert await connector.call(read("select whole from thing"), None) == [{"whole": 5}]
    error = await failed(connector, order, {"id": 2, "doc": "B", "lines": [*lines, {"pos": 3, "qty": None}]})
    assert type(error) is BusinessError
    assert await connector.call(read("select count(*) as n from thing"), None) == [{"n": 1}]


@shows("a read in batches, as fast as they are taken", AGAINST, "odbc")
async def test_a_read_comes_in_batches(database: Database, connector: odbc.Connector) -> None:
    database.execute("delete from thing")
    await connector.call(
        write(insert(("id", "name"), "rows")), {"rows": [{"id": i, "name": "x" * 20} for i in range(5000)]}
    )
    whole = read("select id, name, day from thing where id >= :least order by id")
    async with database.connector(max_rows=10) as narrow:
        async with aclosing(narrow.batches(whole, {"least": 500}, 1000)) as batches:
            sizes = [len(batch) async for batch in batches]
        assert sizes == [1000, 1000, 1000, 1000, 500]
        async with aclosing(narrow.batches(whole, {"least": 0}, 100)) as batches:
            assert [row["id"] for row in await anext(batches)] == list(range(100))
        # Left early, and read again as if nothing had been.
        assert [len(batch) async for batch in narrow.batches(whole, {"least": 4990}, 100)] == [10]
        with pytest.raises(PermanentError, match="Only a read"):
            await anext(narrow.batches(write("delete from thing"), None, 10))
        with pytest.raises(PermanentError):
            await anext(narrow.batches(read("selec 1"), None, 10))


SLEEP = {
    "sqlite": "with recursive n(x) as (select 1 union all select x + 1 from n) select count(*) from n",
    "postgresql": "select pg_sleep(30)",
    "mariadb": "select sleep(30) + 0 from (select 1 union select 2) as t",
}


@shows("a statement that takes too long is cancelled, and its connection goes on", AGAINST, "odbc")
async def test_a_statement_that_takes_too_long_is_cancelled(database: Database, connector: odbc.Connector) -> None:
    await connector.call(read("select 1"), None)
    before = {worker.pid for worker in workers()}
    error = await failed(connector, read(SLEEP[database.kind], timeout_s=0.4))
    assert type(error) is TransientError
    assert "nothing was done" in error.problem
    assert await connector.call(read("select 1 as a"), None) == [{"a": 1}]
    assert {worker.pid for worker in workers()} == before


@shows("a driver that crashes takes its process with it and nothing else", AGAINST, "odbc")
async def test_a_driver_that_crashes_leaves_everything_else(database: Database) -> None:
    async with database.connector() as one:
        known = {worker.pid for worker in workers()}
        await one.call(read("select 1"), None)
        [mine] = [worker.pid for worker in workers() if worker.pid not in known]
        task = asyncio.create_task(one.call(read(SLEEP[database.kind]), None))
        await asyncio.sleep(0.2)
        os.kill(mine, signal.SIGSEGV)
        with pytest.raises(
            TransientError, match=r"ended before it answered \(SIGSEGV\); nothing was done.*driver crashed"
        ):
            await task
        assert await one.call(read("select 1 as a"), None) == [{"a": 1}]
