"""A day of syncs in some minutes: at every moment something is refused, lost or killed, and in the end all is equal."""

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cauce.errors import ConflictError
from cauce.services import syncs
from cauce.services.hub import Actor, Hub, open_hub
from cauce.settings import Settings, load
from cauce.store import cross_references, dead_letters, ledger
from cauce.store.migrations import upgrade
from tests.integration.syncs.conftest import BY_TIME, connection, put
from tests.servers import row_server
from tests.servers.row_server import Fault, Rows
from tests.servers.temporal import TemporalServer
from tests.soak import both_ways

JSON = Any
pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]
# A run each quarter of an hour; turns between what happens more rarely.
QUARTERS = 24 * 4
EVERY_HOUR = 4
EVERY_TWO_HOURS = 8
FAULTS = 0.05
NAMES = ("soak", both_ways.NAME)
BOSS = Actor("boss", frozenset({"admin"}))
SYNC: dict[str, JSON] = {
    "sync": "soak",
    "source": BY_TIME,
    "mapping": "{key, name: .name, town: .town}",
    "target": {"find": "get@new", "create": "create@new", "update": "put@new", "id": ".key"},
    "deletes": {"call": "remove@new", "with": "{key: .source}", "most": 100},
    "batch": 50,
}


class Worker:
    """A worker as a process of its own, to be killed."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self.log = log
        self.environment = {
            **os.environ,
            "CAUCE_DATA_DIR": str(settings.data_dir),
            "CAUCE_STORE_URL": settings.store_url,
            "CAUCE_TEMPORAL_ADDRESS": settings.temporal_address,
        }
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            command = (sys.executable, "-m", "cauce.cli", "worker")
            self.process = await asyncio.create_subprocess_exec(
                *command, stdout=log, stderr=log, env=self.environment, start_new_session=True
            )

    async def kill(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()
            self.process = None


@pytest.fixture
async def hub(tmp_path: Path, temporal_server: TemporalServer) -> AsyncIterator[Hub]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'store.sqlite'}"
    upgrade(url)
    address, namespace = temporal_server.address, temporal_server.namespace
    settings = load(data_dir=tmp_path, store_url=url, temporal_address=address, temporal_namespace=namespace)
    async with open_hub(settings) as opened:
        yield opened


def change(rows: Rows, dice: random.Random, names: int = 300) -> None:
    """Let a quarter of an hour pass at the old system: some rows are added and changed, few go."""
    for _ in range(dice.randrange(12)):
        key = f"k{dice.randrange(names):04}"
        rows.put_old(key, name=f"Name {dice.randrange(10_000)}", town=dice.choice(["Lugo", "Ávila", "A Coruña"]))
    if dice.random() < 0.2 and rows.old:
        del rows.old[dice.choice(sorted(rows.old))]


async def run(hub: Hub, name: str, *, full: bool) -> str:
    """Make one run and return how it ended."""
    while True:
        try:
            await syncs.run(hub, BOSS, name, full=full)
            break
        except ConflictError:
            await asyncio.sleep(0.05)
    while True:
        last = (await syncs.sync(hub, BOSS, name, limit=1)).view.last
        if last is not None and last.state != "running":
            return last.state
        await asyncio.sleep(0.05)


def faults(dice: random.Random) -> Fault:
    """Return what lets one request in twenty fail, or its answer get lost."""
    return lambda _, __: "" if dice.random() > FAULTS else dice.choice(["busy", "lost"])


async def publish(hub: Hub, one_way: Rows, two_way: Rows) -> None:
    declared = {name: connection(name, one_way.url) for name in ("old", "new")} | both_ways.connections(two_way)
    for name, document in declared.items():
        await put(hub.store, "connection", name, document)
    for document in (SYNC, both_ways.SYNC):
        await put(hub.store, "sync", document["sync"], document)


async def test_a_day_of_syncs_with_faults_and_kills(hub: Hub, tmp_path: Path) -> None:
    """One way and both ways side by side, under a worker that is killed every two hours."""
    dice = random.Random(11)  # noqa: S311 - repeatable noise, not a secret
    begun, states = time.monotonic(), Counter[str]()
    worker = Worker(hub.settings, tmp_path / "worker.log")
    async with row_server.running() as rows, row_server.running() as shared:
        people = both_ways.People(shared, dice)
        await publish(hub, rows, shared)
        for number in range(200):
            rows.put_old(f"k{number:04}", name="First", town="Lugo")
        people.fill(100)
        rows.fault = shared.fault = faults(dice)
        await worker.start()
        try:
            for turn in range(QUARTERS):
                change(rows, dice)
                people.work()
                running = asyncio.gather(*(run(hub, name, full=turn % EVERY_HOUR == 0) for name in NAMES))
                if turn % EVERY_TWO_HOURS == EVERY_TWO_HOURS // 2:
                    await asyncio.sleep(dice.random())
                    await worker.kill()
                    await worker.start()
                states.update(await running)
                await people.decide(hub, BOSS)
            rows.fault = shared.fault = lambda _, __: ""
            states.update([await run(hub, NAMES[0], full=True), *[await settle(hub, people) for _ in range(3)]])
        finally:
            await worker.kill()
        await explain(hub, rows)
        people.agree()
        written = await both_ways.explain(hub)
    async with hub.store.read() as db:
        left = await dead_letters.count(db, dead_letters.Filters(state="open"))
    took = time.monotonic() - begun
    print(  # noqa: T201 - the figures that one runs it for
        f"\n{sum(states.values())} runs in {took:.0f} s: {dict(states)}; one way {len(rows.writes)} writes, both ways "
        f"{written} of {len(shared.writes)} writes in the ledger, people {dict(people.done)}"
    )
    assert (left, set(states)) == (0, {"done"})


async def settle(hub: Hub, people: both_ways.People) -> str:
    """Let everything be decided and carried out; a row that was asked about may have been changed since."""
    ended = await run(hub, both_ways.NAME, full=True)
    await people.decide(hub, BOSS)
    return ended


async def explain(hub: Hub, rows: Rows) -> None:
    """Compare both systems, and look for the write of every row in the ledger."""
    assert {k: (r["name"], r["town"]) for k, r in rows.new.items()} == {
        k: (r["name"], r["town"]) for k, r in rows.old.items()
    }
    async with hub.store.read() as db:
        known = await cross_references.of(db, "soak", list(rows.old))
        keys = {
            name: (f"sync:soak:{name}:{each.version}:{each.digest[:16]}", f"sync:soak:{name}:create:{each.version}")
            for name, each in known.items()
        }
        updates = await ledger.find_all(db, "new", "put", [each[0] for each in keys.values()])
        creates = await ledger.find_all(db, "new", "create", [each[1] for each in keys.values()])
    assert set(known) == set(rows.old)
    for name, (update, create) in keys.items():
        assert "done" in {entry.state for entry in (updates.get(update), creates.get(create)) if entry}, name
    # What the target took twice was an update without an answer, never a row that was created again.
    created = Counter(key for _, method, key in rows.writes if method == "POST")
    removed = Counter(key for _, method, key in rows.writes if method == "DELETE")
    assert all(number <= removed[key] + 1 for key, number in created.items())
