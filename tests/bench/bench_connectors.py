"""How much of bare pyodbc's and bare zeep's speed is left when a connector stands between.

Run it as `python -m tests.bench.bench_connectors`; it prints one line per measure and the ratio of the medians. The two
sides take turns in one run, so that a busy machine slows both.
"""

import argparse
import asyncio
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import zeep

from cauce.connector import Operation
from cauce.native import driver_path, load_odbc
from connectors import odbc, soap
from tests.bench.soap_server import SoapServer

target = 0.85
Once = Callable[[], Awaitable[float]]


def make_table(path: Path, rows: int) -> None:
    """Fill a table of ten columns of the usual types."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "create table item (id integer primary key, sku text, name text, qty integer, price double, total double,"
            " day date, at timestamp, active boolean, note text)"
        )
        connection.executemany(
            "insert into item values (?,?,?,?,?,?,?,?,?,?)",
            (
                (i, f"C{i:07}", f"Artículo número {i}", i % 100, i * 1.25, i * 3.5, "2026-03-01",
                 "2026-03-01 10:11:12.500", i % 2, None if i % 3 else "nota")
                for i in range(rows)
            ),
        )  # fmt: skip


async def compare(name: str, bare: Once, ours: Once, rounds: int) -> dict[str, Any]:
    """Let both take turns and compare the medians of their seconds."""
    await bare()
    await ours()
    seconds: dict[str, list[float]] = {"bare": [], "ours": []}
    for number in range(rounds):
        order = [("bare", bare), ("ours", ours)]
        for side, once in order if number % 2 else reversed(order):
            seconds[side].append(await once())
    bare_s, ours_s = statistics.median(seconds["bare"]), statistics.median(seconds["ours"])
    best = min(seconds["bare"]) / min(seconds["ours"])
    return {"name": name, "bare_s": round(bare_s, 4), "ours_s": round(ours_s, 4),
            "ratio": round(bare_s / ours_s, 3), "ratio_of_best": round(best, 3)}  # fmt: skip


async def bench_odbc(folder: Path, rows: int, rounds: int) -> dict[str, Any]:
    """Read a whole table: bare is `fetchmany(1000)` until the end, in this process."""
    path = folder / "items.sqlite"
    make_table(path, rows)
    load_odbc()
    import pyodbc  # type: ignore[import-not-found]  # noqa: PLC0415 - after the manager; its stub is not looked at

    database = pyodbc.connect(f"Driver={driver_path('sqlite')};Database={path};StepAPI=1")
    settings = odbc.Settings(driver="sqlite", database=str(path), max_rows=rows)
    connector = odbc.Connector("items", settings)
    operation = Operation("all", "select * from item", "read", timeout_s=120)

    async def bare() -> float:
        started = time.perf_counter()
        cursor = database.cursor()
        cursor.execute("select * from item")
        read = 0
        while batch := cursor.fetchmany(1000):
            read += len(batch)
        assert read == rows
        cursor.close()
        database.rollback()
        return time.perf_counter() - started

    async def ours() -> float:
        started = time.perf_counter()
        assert len(await connector.call(operation, None)) == rows
        return time.perf_counter() - started

    async with connector:
        return await compare(f"odbc read {rows} x 10 (sqlite)", bare, ours, rounds)


async def bench_soap(calls: int, rounds: int) -> dict[str, Any]:
    """Call one operation again and again: bare is a zeep client that is made once, with its own transport."""
    async with SoapServer() as server:
        client = zeep.Client(server.wsdl)
        connector = soap.Connector("erp", soap.Settings(wsdl=server.wsdl))
        operation = Operation("create", "Create", "write")
        params = {"Reference": "opp:1", "Lines": [{"Sku": f"A{i}", "Qty": i, "Price": 1.5} for i in range(1, 11)]}

        def in_a_row() -> float:
            started = time.perf_counter()
            for _ in range(calls):
                client.service.Create(**params)
            return (time.perf_counter() - started) / calls

        async def bare() -> float:
            return await asyncio.to_thread(in_a_row)

        async def ours() -> float:
            started = time.perf_counter()
            for _ in range(calls):
                await connector.call(operation, params)
            return (time.perf_counter() - started) / calls

        async with connector:
            return await compare("soap call of 10 lines", bare, ours, rounds)


async def run(rows: int, calls: int, rounds: int) -> list[dict[str, Any]]:
    """Run both benches."""
    with tempfile.TemporaryDirectory() as folder:
        return [await bench_odbc(Path(folder), rows, rounds), await bench_soap(calls, rounds)]


def main() -> int:
    """Print the results; the exit code says whether the target is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    results = asyncio.run(run(given.rows, given.calls, given.rounds))
    load = round(os.getloadavg()[0], 2)
    if given.json:
        sys.stdout.write(json.dumps({"load": load, "target": target, "results": results}) + "\n")
    else:
        for result in results:
            sys.stdout.write(
                f"{result['name']:<32} bare {result['bare_s']:.4f} s  connector {result['ours_s']:.4f} s"
                f"  ratio {result['ratio']:.2f}  (best {result['ratio_of_best']:.2f}, target {target}, load {load})\n"
            )
    return 0 if all(result["ratio"] >= target for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
