"""How much of bare pyodbc's speed is left when the connector stands between: reads and writes on three databases.

Run it as `python -m tests.bench.bench_odbc`. Bare is pyodbc as it comes, with the driver's best options:
`fetchmany(1000)`, and for writing the best of `executemany` and several rows of VALUES. The two sides take turns.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from cauce.connector import Operation
from cauce.native import driver_path, load_odbc
from connectors import odbc
from connectors.odbc.profiles import connection_string, profiles
from tests.bench.bench_connectors import compare, line, target
from tests.servers import mariadb, postgresql

FIELDS = ("id", "sku", "name", "qty", "price", "total", "day", "at", "active", "note")
TABLE = """create table {name} (id integer primary key, sku varchar(20), name varchar(80), qty integer, price {double},
           total numeric(14, 2), day date, at {stamp}, active integer, note varchar(200))"""
WORDS = {
    "sqlite": {"double": "double", "stamp": "timestamp"},
    "postgresql": {"double": "float8", "stamp": "timestamp"},
    "mariadb": {"double": "double", "stamp": "datetime(3)"},
}
CALL = 10_000
BATCH = 1000
Write = Callable[[Any, list[Any]], None]
everything = Operation("all", "select * from item", "read", timeout_s=300)


def row_of(number: int) -> dict[str, Any]:
    """Return a row of the usual types."""
    values = (number, f"C{number:07}", f"Artículo número {number}", number % 100, number * 1.25, number * 3.5)
    more = ("2026-03-01", "2026-03-01 10:11:12.500", number % 2, None if number % 3 else "nota")
    return dict(zip(FIELDS, values + more, strict=True))


@contextmanager
def settings_of(kind: str, folder: Path) -> Iterator[odbc.Settings]:
    """Start a database of a kind and say how to reach it."""
    given: dict[str, Any] = {"driver": kind, "server": "127.0.0.1", "max_rows": 10**7, "database": "bench"}
    if kind == "sqlite":
        path = folder / "bench.sqlite"
        path.touch()
        yield odbc.Settings(driver=kind, database=str(path), max_rows=10**7)
    elif kind == "postgresql":
        with postgresql.started() as server, server.database() as name:
            yield odbc.Settings.model_validate(given | {"port": server.port, "database": name, "username": "cauce"})
    else:
        with mariadb.started() as maria:
            maria.execute("create database bench")
            login = {"username": mariadb.USER, "password": mariadb.PASSWORD}
            yield odbc.Settings.model_validate(given | {"port": maria.port, **login})


def bare_connection(settings: odbc.Settings, *, reads: bool) -> Any:
    """Connect without the connector, with the options that it would use."""
    load_odbc()
    import pyodbc  # type: ignore[import-not-found]  # noqa: PLC0415 - after the manager; its stub is not looked at

    profile = profiles[settings.driver]
    parts = {"Driver": str(driver_path(settings.driver)), "Database": settings.database}
    if settings.server:
        parts |= {"Server": settings.server, "Port": str(settings.port), "UID": settings.username}
    if settings.password:
        parts["PWD"] = settings.password.get_secret_value()
    parts |= {**profile.options, **(profile.read_options if reads else {})}
    return pyodbc.connect(connection_string(parts), autocommit=False)


async def bench_read(settings: odbc.Settings, rows: int, rounds: int) -> dict[str, Any]:
    """Read a whole table into one list: pyodbc's of its rows, the connector's of plain objects."""
    with closing(bare_connection(settings, reads=True)) as connection:

        async def bare() -> float:
            started = time.perf_counter()
            kept: list[Any] = []
            for batch in fetched(connection):
                kept += batch
            assert len(kept) == rows
            return time.perf_counter() - started

        async with odbc.Connector("items", settings) as connector:

            async def ours() -> float:
                started = time.perf_counter()
                answer = await connector.call(everything, None)
                assert len(answer) == rows
                return time.perf_counter() - started

            return await compare(f"odbc read {rows} x 10 ({settings.driver})", bare, ours, rounds)


async def bench_batches(settings: odbc.Settings, rows: int, rounds: int) -> dict[str, Any]:
    """Read a whole table batch by batch, as syncs do, and keep none of them."""
    with closing(bare_connection(settings, reads=True)) as connection:

        async def bare() -> float:
            started = time.perf_counter()
            assert sum(map(len, fetched(connection))) == rows
            return time.perf_counter() - started

        async with odbc.Connector("items", settings) as connector:

            async def ours() -> float:
                started = time.perf_counter()
                read = 0
                async for batch in connector.batches(everything, None, BATCH):
                    read += len(batch)
                assert read == rows
                return time.perf_counter() - started

            return await compare(f"odbc batches {rows} x 10 ({settings.driver})", bare, ours, rounds)


def fetched(connection: Any) -> Iterator[list[Any]]:
    """Yield the rows of the table as pyodbc gives them, in one transaction."""
    cursor = connection.cursor()
    cursor.execute(everything.calls)
    while batch := cursor.fetchmany(BATCH):
        yield batch
    cursor.close()
    connection.rollback()


async def bench_write(settings: odbc.Settings, rows: int, rounds: int) -> dict[str, Any]:
    """Write many rows in transactions of 10,000."""
    given = [row_of(number) for number in range(rows)]
    calls = [{"rows": given[start : start + CALL]} for start in range(0, rows, CALL)]
    parts = [[tuple(row.values()) for row in call["rows"]] for call in calls]
    insert = insertion("target")
    with closing(bare_connection(settings, reads=False)) as connection:

        async def bare(write: Write) -> float:
            connection.execute("delete from target")
            connection.commit()
            started = time.perf_counter()
            for part in parts:
                write(connection.cursor(), part)
                connection.commit()
            return time.perf_counter() - started

        async with odbc.Connector("items", settings) as connector:

            async def ours() -> float:
                connection.execute("delete from target")
                connection.commit()
                started = time.perf_counter()
                for call in calls:
                    await connector.call(insert, call)
                return time.perf_counter() - started

            best = await _best(bare)
            return await compare(f"odbc write {rows} x 10 ({settings.driver})", partial(bare, best), ours, rounds)


async def _best(bare: Callable[[Write], Awaitable[float]]) -> Write:
    """Return the way in which the driver writes fastest."""
    ways: list[Write] = [one_by_one, partial(together, 100), partial(together, 500)]
    seconds = [await bare(way) for way in ways]
    return ways[seconds.index(min(seconds))]


def one_by_one(cursor: Any, rows: list[Any]) -> None:
    """Write with `executemany`."""
    marks = ", ".join("?" * len(FIELDS))
    cursor.executemany(f"insert into target ({', '.join(FIELDS)}) values ({marks})", rows)  # noqa: S608 - names of its own


def together(size: int, cursor: Any, rows: list[Any]) -> None:
    """Write with several rows of VALUES in a statement."""
    marks = f"({', '.join('?' * len(FIELDS))})"
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        sql = f"insert into target ({', '.join(FIELDS)}) values {', '.join([marks] * len(part))}"  # noqa: S608 - names of its own
        cursor.execute(sql, *(value for row in part for value in row))


def insertion(table: str) -> Operation:
    """Return the operation that writes rows into a table."""
    marks = ", ".join(f":rows.{field}" for field in FIELDS)
    sql = f"insert into {table} ({', '.join(FIELDS)}) values ({marks})"  # noqa: S608 - names of its own
    return Operation("write", sql, "write", timeout_s=300)


async def fill(settings: odbc.Settings, rows: int) -> None:
    """Make the tables, and fill the one that is read."""
    with closing(bare_connection(settings, reads=False)) as connection:
        for name in ("item", "target"):
            connection.execute(TABLE.format(name=name, **WORDS[settings.driver]))
        connection.commit()
    async with odbc.Connector("fill", settings) as connector:
        for start in range(0, rows, CALL):
            part = [row_of(number) for number in range(start, min(start + CALL, rows))]
            await connector.call(insertion("item"), {"rows": part})


async def run(kinds: Iterable[str], reads: int, writes: int, rounds: int) -> list[dict[str, Any]]:
    """Measure all kinds, and print each figure when it is there."""
    results = []
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder, settings_of(kind, Path(folder)) as settings:
            await fill(settings, reads)
            for bench, rows in ((bench_read, reads), (bench_batches, reads), (bench_write, writes)):
                result = await bench(settings, rows, rounds)
                results.append(result)
                sys.stdout.write(line(result))
                sys.stdout.flush()
    return results


def main() -> int:
    """Print the results; the exit code says whether the target is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="+", default=list(WORDS))
    parser.add_argument("--reads", type=int, default=200_000)
    parser.add_argument("--writes", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    results = asyncio.run(run(given.kinds, given.reads, given.writes, given.rounds))
    return 0 if all(result["ratio"] >= target for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
