"""The ODBC connector for longer and under load: memory while reading very much, kills at random, a server that dies."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING

import psutil
import pytest
import pytest_asyncio

from cauce.errors import RemoteError, TransientError
from connectors import odbc
from tests.connectors.databases import KINDS, Database, made, read, workers, write

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.soak, pytest.mark.asyncio(loop_scope="module")]
ROWS = 1_000_000
MEGABYTES = 120
NUMBERS = {
    "sqlite": "with recursive n(x) as (select 1 union all select x + 1 from n where x < {rows})"
    " select x as id, {text} from n",
    "postgresql": "select x as id, {text} from generate_series(1, {rows}) as n(x)",
    "mariadb": "select seq as id, {text} from seq_1_to_{rows}",
}


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("databases")
    with made(request.param, request, folder) as one:
        one.execute("create table paid (id integer primary key, amount integer not null)")
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def connector(database: Database) -> AsyncIterator[odbc.Connector]:
    async with database.connector() as one:
        yield one


async def test_a_million_rows_are_read_in_little_memory(database: Database, connector: odbc.Connector) -> None:
    """The drivers of SQLite and MariaDB hold the result; Cauce does not, and PostgreSQL's driver neither."""
    text = ", ".join(f"'{letter * 50}' as t{number}" for number, letter in enumerate("añ漢b"))
    sql = NUMBERS[database.kind].format(rows=ROWS, text=text)
    count = most = 0
    mine = psutil.Process().memory_info().rss
    async with aclosing(connector.batches(read(sql, timeout_s=60), None, 2000)) as batches:
        async for batch in batches:
            count += len(batch)
            if count % 100_000 == 0:
                most = max(most, *(worker.memory_info().rss for worker in workers()))
                await asyncio.sleep(0.05)  # who takes slowly makes nobody hoard
    assert count == ROWS
    grown = psutil.Process().memory_info().rss - mine
    print(f"{database.kind}: worker process {most / 2**20:.0f} MB, here {grown / 2**20:.0f} MB more")  # noqa: T201 - a figure
    assert grown < MEGABYTES * 2**20
    assert database.kind != "postgresql" or most < MEGABYTES * 2**20


async def test_processes_killed_at_random_lose_and_double_nothing(database: Database) -> None:
    """Every payment is there once or not at all, as its answer said; what is ambiguous may be either."""
    database.execute("delete from paid")
    insert = write("insert into paid (id, amount) values (:rows.id, :rows.amount)")
    sure: set[int] = set()
    unsure: set[int] = set()
    chance = random.Random(7)  # noqa: S311 - no secret

    async def pay(one: odbc.Connector, number: int) -> None:
        ids = {number * 10 + offset for offset in range(10)}
        try:
            await one.call(insert, {"rows": [{"id": each, "amount": 1} for each in sorted(ids)]})
        except TransientError:
            return
        except RemoteError:
            unsure.update(ids)
        else:
            sure.update(ids)

    async with database.connector() as one:

        async def kill() -> None:
            await asyncio.sleep(chance.uniform(0, 0.05))
            if there := workers():
                os.kill(chance.choice(there).pid, chance.choice([signal.SIGKILL, signal.SIGSEGV]))

        for start in range(0, 300, 3):
            kills = [kill()] if chance.random() < 0.3 else []
            await asyncio.gather(*(pay(one, number) for number in range(start, start + 3)), *kills)
        found = {row["id"] for row in await one.call(read("select id from paid"), None)}
    assert sure <= found <= sure | unsure
    assert len(sure) > 1500  # of 3,000: most were not killed
    assert all(len(found & set(range(n * 10, n * 10 + 10))) in {0, 10} for n in range(300))
