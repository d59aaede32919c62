import json
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.connections import Connections
from activities.syncs.run import SyncActivities
from cauce import http
from cauce.contract import SyncRequest, SyncStep, SyncTurn
from cauce.secrets import Resolver
from cauce.store import Store, definitions, syncs
from cauce.store.definitions import NewDefinition
from cauce.store.models import SyncRun
from tests.servers import row_server
from tests.servers.row_server import Rows

JSON = Any
SOURCE: dict[str, JSON] = {
    "call": "read@old",
    "with": '{after: ($after // ""), limit: $limit}',
    "key": ".key",
}
BY_TIME: dict[str, JSON] = {
    **SOURCE,
    "call": "changes@old",
    "with": '{after: ($after.value // -1), key: ($after.key // ""), limit: $limit, by: "changed"}',
    "cursor": {"by": "time", "value": ".changed", "overlap": "PT0S"},
}
MAPPING = "{key, name: .name}"


@dataclass(slots=True)
class Bench:
    """Runs a sync step by step, as its workflow does."""

    store: Store
    rows: Rows
    activities: SyncActivities
    number: int = 0
    following: list[str] = field(default_factory=list)

    async def publish(self, name: str = "s", **sync: JSON) -> None:
        """Publish a sync of the rows of `old` to `new`."""
        whole = {"source": SOURCE, "mapping": MAPPING, "target": {"upsert": "put@new", "id": ".id"}, "batch": 2}
        await put(self.store, "sync", name, {"sync": name, **whole, **sync})

    async def begin(self, name: str = "s", **asked: JSON) -> SyncTurn:
        """Begin a run."""
        self.number += 1
        turn = await environment().run(self.activities.begin, SyncRequest(name, "ana", **asked), f"t{self.number}")
        assert turn is not None
        return turn

    async def step(self, turn: SyncTurn, attempt: int = 1) -> SyncStep:
        """Make one step, or as many as the bench lets an activity last."""
        return await environment(attempt).run(self.activities.batch, turn)

    async def run(self, name: str = "s", **asked: JSON) -> SyncRun:
        """Make a run, and return what is noted of it."""
        turn = await self.begin(name, **asked)
        while not (step := await self.step(turn)).over:
            pass
        self.following = step.following
        return await self.noted(turn)

    async def noted(self, turn: SyncTurn) -> SyncRun:
        """Return what is noted of a run."""
        async with self.store.read() as db:
            found = await syncs.find_run(db, turn.run)
        assert found is not None
        return found


def environment(attempt: int = 1) -> ActivityEnvironment:
    made = ActivityEnvironment()
    made.info = replace(made.info, attempt=attempt)
    return made


def counts(run: SyncRun) -> tuple[int, ...]:
    return tuple(getattr(run, name) for name in syncs.COUNTS)


async def put(store: Store, kind: str, name: str, document: Mapping[str, JSON]) -> None:
    async with store.transaction() as db:
        text = json.dumps(document)
        await definitions.add(db, NewDefinition(kind, name, text, text, dict(document), "boss"))


def connection(name: str, url: str, **more: JSON) -> dict[str, JSON]:
    operations = {
        "read": {"calls": f"GET /{name}", "effect": "read"},
        "changes": {"calls": f"GET /{name}", "effect": "read"},
        "get": {"calls": f"GET /{name}/{{key}}", "effect": "read"},
        "one": {"calls": f"GET /{name}/{{id}}", "effect": "read"},
        "put": {"calls": f"PUT /{name}/{{key}}", "effect": "write"},
        "create": {"calls": f"POST /{name}/{{key}}", "effect": "write"},
        "remove": {"calls": f"DELETE /{name}/{{key}}", "effect": "write"},
        "put-many": {"calls": f"POST /{name}", "effect": "write"},
    }
    limits = {"concurrency": 4, "breaker": {"failures": 1000, "reset": "PT1S"}}
    return {
        "connection": name,
        "kind": "http",
        "settings": {"base_url": url},
        "limits": limits,
        "operations": operations,
        **more,
    }


@asynccontextmanager
async def opened(store_url: str, folder: Path) -> AsyncIterator[Bench]:
    async with Store(store_url) as store, row_server.running() as rows:
        for name in ("old", "new"):
            await put(store, "connection", name, connection(name, rows.url))
        connections = Connections(store, Resolver(folder, folder / "settings.json"))
        yield Bench(store, rows, SyncActivities(store, connections, lasting_s=0.0))
        await connections.close()
        await http.close_sessions()


@pytest.fixture
async def bench(migrated: Path, tmp_path: Path) -> AsyncIterator[Bench]:
    file = tmp_path / "store.sqlite"
    shutil.copy(migrated, file)
    async with opened(f"sqlite+aiosqlite:///{file}", tmp_path) as made:
        yield made


@pytest.fixture
async def postgresql_bench(
    postgres_url: str, tmp_path: Path, make_tables: Callable[[str], None]
) -> AsyncIterator[Bench]:
    make_tables(postgres_url)
    async with opened(postgres_url, tmp_path) as made:
        yield made
