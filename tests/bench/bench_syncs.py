"""How long a sync of many rows from SQLite to PostgreSQL takes beside `dlt`, and how much memory its worker needs.

Run it as `python -m tests.bench.bench_syncs [--rows 200000] [--dlt PYTHON]`. Ours is a worker as it runs anywhere, with
its store in SQLite, its ledger and its cross references; dlt merges by the key, which is what an upsert does, and
appends, which is less. It gets an environment of its own for the time of the bench, unless one that has it is named.
"""

import argparse
import asyncio
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from cauce.services import syncs
from cauce.services.hub import Actor, Hub, open_hub
from cauce.settings import Settings, load
from cauce.store.migrations import upgrade
from tests.bench import dlt_side
from tests.bench.bench_odbc import FIELDS, TABLE, WORDS, row_of
from tests.integration.syncs.conftest import put
from tests.servers import postgresql, temporal

NAME = "bench"
MOST_MB = 200
BATCH = 2000
DLT = "1.31.0"
BOSS = Actor("boss", frozenset({"admin"}))
_columns = ", ".join(FIELDS)
_marks = ", ".join(f":rows.{field}" for field in FIELDS)
_set = ", ".join(f"{field} = excluded.{field}" for field in FIELDS[1:])
READ = f"select {_columns} from item where id > :after order by id limit :limit"  # noqa: S608 - names of its own
WRITE = f"insert into item ({_columns}) values ({_marks}) on conflict (id) do update set {_set}"  # noqa: S608 - names of its own
SYNC: dict[str, Any] = {
    "sync": NAME,
    "source": {"call": "items@old", "with": "{after: ($after // -1), limit: $limit}", "key": ".id",
               "cursor": {"by": "id", "value": ".id"}},
    "mapping": f"{{{', '.join(FIELDS)}}}",
    "target": {"upsert": "put@new", "many": True, "id": "$row.id"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Took:
    """What moving the rows cost: seconds by the clock and of the processor, and the largest memory of one process."""

    name: str
    seconds: float
    processor: float
    worker_mb: float
    drivers_mb: float


@dataclass(frozen=True, slots=True)
class Databases:
    """The two databases."""

    source: Path
    port: int
    target: str

    def count(self, table: str) -> int:
        """Return how many rows the target has."""
        where = f"host=127.0.0.1 port={self.port} user=cauce dbname={self.target}"
        with psycopg.connect(where) as connection:
            found = connection.execute(f"select count(*) from {table}").fetchone()  # noqa: S608 - names of its own
        return int(found[0]) if found else 0


@contextmanager
def databases(folder: Path, rows: int) -> Iterator[Databases]:
    """Make the two databases and fill the first one."""
    file = folder / "source.sqlite"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(TABLE.format(name="item", **WORDS["sqlite"]))
        marks = ", ".join("?" * len(FIELDS))
        given = (tuple(row_of(number).values()) for number in range(rows))
        connection.executemany(f"insert into item values ({marks})", given)  # noqa: S608 - names of its own
    with postgresql.started() as server, server.database() as name:
        where = f"host=127.0.0.1 port={server.port} user=cauce dbname={name}"
        with psycopg.connect(where, autocommit=True) as connection_:
            connection_.execute(TABLE.format(name="item", **WORDS["postgresql"]))
        yield Databases(file, server.port, name)


async def ours(folder: Path, both: Databases, rows: int, batch: int) -> Took:
    """Move the rows with a sync."""
    url = f"sqlite+aiosqlite:///{folder / 'store.sqlite'}"
    await asyncio.to_thread(upgrade, url)
    with temporal.started(folder) as server:
        address, namespace = server.address, server.namespace
        settings = load(data_dir=folder, store_url=url, temporal_address=address, temporal_namespace=namespace)
        async with open_hub(settings) as hub, worker(settings) as process:
            await publish(hub, both, batch)
            return await measure(hub, process, rows)


async def publish(hub: Hub, both: Databases, batch: int) -> None:
    """Publish the two connections and the sync."""
    old = {"driver": "sqlite", "database": str(both.source)}
    new = {"driver": "postgresql", "server": "127.0.0.1", "port": both.port, "database": both.target}
    operations = {"items": {"calls": READ, "effect": "read"}, "put": {"calls": WRITE, "effect": "write"}}
    for name, settings in (("old", old), ("new", {**new, "username": "cauce"})):
        given = {"connection": name, "kind": "odbc", "settings": settings, "operations": operations}
        await put(hub.store, "connection", name, given)
    await put(hub.store, "sync", NAME, {**SYNC, "batch": batch})


@asynccontextmanager
async def worker(settings: Settings) -> AsyncIterator[psutil.Process]:
    """Start a worker as a process of its own."""
    environment = {
        **os.environ,
        "CAUCE_DATA_DIR": str(settings.data_dir),
        "CAUCE_STORE_URL": settings.store_url,
        "CAUCE_TEMPORAL_ADDRESS": settings.temporal_address,
        "CAUCE_TEMPORAL_NAMESPACE": settings.temporal_namespace,
    }
    with (settings.data_dir / "worker.log").open("wb") as log:
        command = (sys.executable, "-m", "cauce.cli", "worker")
        process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, env=environment)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        await process.wait()


async def measure(hub: Hub, process: psutil.Process, rows: int) -> Took:
    """Let the sync run to its end, and watch its worker."""
    own, drivers, before = 0.0, 0.0, 0.0
    spent: dict[int, float] = {}
    await syncs.run(hub, BOSS, NAME, full=True)
    while True:
        await asyncio.sleep(0.05)
        last = (await syncs.sync(hub, BOSS, NAME, limit=1)).view.last
        below = process.children(recursive=True)
        own = max(own, process.memory_info().rss / 2**20)
        drivers = max([drivers, *(each.memory_info().rss / 2**20 for each in below)])
        spent |= {each.pid: sum(each.cpu_times()[:2]) for each in (process, *below)}
        # What it spends until the run begins is its own start.
        before = before or (spent[process.pid] if last else 0.0)
        if last is not None and last.ended_at is not None:
            assert (last.state, last.written) == ("done", rows), last
            seconds = (last.ended_at - last.started_at).total_seconds()
            return Took("sync", seconds, sum(spent.values()) - before, own, drivers)


def with_dlt(python: Path, both: Databases, disposition: str) -> Took:
    """Move the rows with dlt; its import does not count."""
    url = f"postgresql://cauce:none@127.0.0.1:{both.port}/{both.target}"
    command = [str(python), dlt_side.__file__, str(both.source), url, disposition]
    environment = {**os.environ, "RUNTIME__DLTHUB_TELEMETRY": "false"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    told = json.loads(done.stdout.splitlines()[-1])
    return Took(f"dlt {disposition}", told["seconds"], told["processor"], told["memory"], 0.0)


@contextmanager
def python_with_dlt(given: Path | None) -> Iterator[Path]:
    """Make an environment with dlt, in which what it needs cannot get in our way."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "bin", "python")
        subprocess.run([python, "-m", "pip", "install", "-q", f"dlt[postgres]=={DLT}"], check=True)
        yield python


def run(rows: int, batch: int, rounds: int, dlt: Path | None) -> list[Took]:
    """Measure both sides in turns, and print each figure when it is there."""
    results: list[Took] = []

    def note(took: Took) -> None:
        results.append(took)
        sys.stdout.write(f"{line(took, rows)}\n")
        sys.stdout.flush()

    with python_with_dlt(dlt) as python:
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder, databases(Path(folder), rows) as both:
                note(with_dlt(python, both, "append"))
                note(asyncio.run(ours(Path(folder), both, rows, batch)))
                note(with_dlt(python, both, "merge"))
                assert {both.count(name) for name in ("item", "dlt_append.item", "dlt_merge.item")} == {rows}
    return results


def line(took: Took, rows: int) -> str:
    """Return a figure for people."""
    return (
        f"{took.name:<12} {rows:,} rows {took.seconds:7.2f} s  processor {took.processor:7.2f} s  memory"
        f" {took.worker_mb:4.0f} MB, largest driver {took.drivers_mb:3.0f} MB  (load {os.getloadavg()[0]:.1f})"
    )


def verdict(results: list[Took]) -> dict[str, float]:
    """Return the ratios of the medians, and the largest memory."""

    def middle(name: str, what: str) -> float:
        values: list[float] = [getattr(each, what) for each in results if each.name == name]
        return statistics.median(values)

    return {
        "merge / sync": middle("dlt merge", "seconds") / middle("sync", "seconds"),
        "append / sync": middle("dlt append", "seconds") / middle("sync", "seconds"),
        "merge / sync, processor": middle("dlt merge", "processor") / middle("sync", "processor"),
        "memory_mb": max(max(each.worker_mb, each.drivers_mb) for each in results if each.name == "sync"),
    }


def main() -> int:
    """Print the results; the exit code says whether the targets are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--alone", action="store_true", help="without dlt, to look at time and memory only")
    parser.add_argument("--dlt", type=Path, help="a Python that has dlt, instead of one made for the bench")
    given = parser.parse_args()
    if given.alone:
        with tempfile.TemporaryDirectory() as folder, databases(Path(folder), given.rows) as both:
            took = asyncio.run(ours(Path(folder), both, given.rows, given.batch))
        sys.stdout.write(f"{line(took, given.rows)}\n")
        return 0 if max(took.worker_mb, took.drivers_mb) < MOST_MB else 1
    told = verdict(run(given.rows, given.batch, given.rounds, given.dlt))
    sys.stdout.write("".join(f"{name}: {value:.2f}\n" for name, value in told.items()))
    return 0 if told["merge / sync"] >= 1 and told["memory_mb"] < MOST_MB else 1


if __name__ == "__main__":
    sys.exit(main())
