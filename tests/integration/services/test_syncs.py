import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest
from temporalio.service import RPCError

from activities.syncs import reconciling as comparing
from cauce import contract
from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError, TransientError
from cauce.services import dead_letters, definitions, events, reconciling, schedules, syncs, upkeep
from cauce.services.hub import Hub
from cauce.services.syncs import Run, SyncDetail
from cauce.serving import BUILD
from cauce.store.dead_letters import Filters
from schemas import load_yaml
from tests.integration.services.conftest import ana, boss
from tests.integration.syncs.conftest import connection, put
from tests.servers import row_server
from tests.servers.row_server import Rows

SYNC = """
sync: {name}
source: {{call: read@old, with: '{{after: ($after // ""), limit: $limit}}', key: .key}}
mapping: '{{key, name: .name}}'
target: {{upsert: put@new}}
batch: 2
{more}
"""


RECONCILE = """reconcile:
  source: {call: read@new, with: '{after: ($after // ""), limit: $limit}', key: .key}
  mapping: '{key, name: .name}'
  match: .key
  every: P1D
"""


@pytest.fixture
def store_url(tmp_path: object) -> str:
    # What differs between the databases is tried step by step, in tests/integration/syncs.
    return f"sqlite+aiosqlite:///{tmp_path}/cauce.sqlite"


@pytest.fixture
async def rows(hub: Hub) -> AsyncIterator[Rows]:
    async with row_server.running() as rows:
        for name in ("old", "new"):
            await put(hub.store, "connection", name, connection(name, rows.url))
        yield rows


@pytest.fixture
async def name(hub: Hub) -> AsyncIterator[str]:
    """Return the name of this test's sync; the server lives on, so what belongs to it there is forgotten."""
    name = f"s{uuid4().hex[:8]}"
    yield name
    for each in (name, f"{name}-next"):
        ends = [hub.temporal.get_schedule_handle(f"sync/{each}/every").delete]
        for end in [*ends, hub.temporal.get_workflow_handle(contract.sync_id(each)).terminate]:
            with contextlib.suppress(RPCError):
                await end()


async def publish(hub: Hub, name: str, more: str = "") -> None:
    await definitions.publish(hub, boss, [load_yaml(SYNC.format(name=name, more=more), f"{name}.yaml")])


async def ended(hub: Hub, name: str, runs: int = 1) -> SyncDetail:
    """Wait until so many runs have ended."""
    while True:
        found = await syncs.sync(hub, boss, name)
        if len(found.runs) >= runs and found.runs[0].state != "running":
            return found
        await asyncio.sleep(0.05)


def told(run: Run) -> tuple[object, ...]:
    return run.state, run.by, run.read, run.written, run.unchanged, run.rejected


@pytest.mark.usefixtures("worker")
async def test_run_brings_rows_over_and_the_sync_after_it_follows(hub: Hub, rows: Rows, name: str) -> None:
    await publish(hub, name, RECONCILE)
    await publish(hub, f"{name}-next", f"after: [{name}]")
    for key in "abcde":
        rows.put_old(key, name=key.upper())
    rows.refused = {"c"}
    await syncs.run(hub, boss, name)
    found = await ended(hub, name)
    assert told(found.runs[0]) == ("done", "boss", 5, 4, 0, 1)
    assert (found.rows, found.waiting, found.columns["key"]) == (4, 1, "text")
    following = await ended(hub, f"{name}-next")
    assert told(following.runs[0])[:2] == ("done", f"after {name}")
    listed = {each.name: each for each in await syncs.list_syncs(hub, boss)}
    assert (listed[f"{name}-next"].starts, listed[name].last) == (f"after {name}", found.runs[0])
    await both_sides_are_compared(hub, name)

    rows.refused = set()
    (letter, *_) = (await dead_letters.list_letters(hub, boss, Filters(origin="sync", name=name))).letters
    with pytest.raises(InputError, match="keeps its key"):
        await dead_letters.edit(hub, boss, letter.id, {"key": "z", "name": "Z"})
    await dead_letters.edit(hub, boss, letter.id, {"key": "c", "name": "Mended"})
    (answer,) = await dead_letters.replay(hub, boss, [letter.id])
    assert (answer.state, rows.new["c"]["name"]) == ("replayed", "Mended")
    (again,) = await syncs.counterparts(hub, boss, "old", "c")
    assert (again.sync, again.target_id) == (name, "n-c")

    # An event has it run, and one that comes meanwhile has it run once more.
    await publish(hub, name, "schedule: {on: {type: com.example.moved.v1}}")
    for number in range(2):
        event = {"specversion": "1.0", "id": f"{name}{number}", "source": "/t", "type": "com.example.moved.v1"}
        await events.receive(hub, boss, event)
    found = await ended(hub, name, 2)
    assert told(found.runs[0])[:2] == ("done", "event com.example.moved.v1")


async def both_sides_are_compared(hub: Hub, name: str) -> None:
    """See that a worker compares them after the run, which asked for it, and when somebody says so."""
    over = asyncio.Event()

    async def slow(*_: object) -> int:
        await over.wait()
        return 1

    async with upkeep.upkeep_worker(hub, BUILD):
        while (kept := await reconciling.last(hub, boss, name)) is None:  # noqa: ASYNC110 - it is another process'
            await asyncio.sleep(0.05)
        assert (kept.by, kept.source, kept.target, kept.differences) == ("cauce", 5, 4, 1)
        found = await reconciling.reconcile(hub, boss, name)
        assert (found.by, found.differences, [each["what"] for each in found.keys]) == ("boss", 1, ["not-in-target"])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(comparing, "most_rows", 0)
            with pytest.raises(InputError, match="more than 0 rows") as refused:
                await reconciling.reconcile(hub, boss, name)
            assert "read fewer rows" in refused.value.hint
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reconciling, "_SOON_S", 1)
            patch.setattr(reconciling, "_PATIENCE_S", 0.05)
            patch.setattr(reconciling, "compared", slow)
            with pytest.raises(TransientError, match="is still being compared"):
                await reconciling.reconcile(hub, boss, name)
            over.set()
            await hub.temporal.get_workflow_handle(contract.compare_id(name)).result()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reconciling, "_SOON_S", 0.05)
        with pytest.raises(TransientError, match="No worker has begun"):
            await reconciling.reconcile(replace(hub, task_queue="nobody"), boss, name)
    await hub.temporal.get_workflow_handle(contract.compare_id(name)).terminate()


async def test_schedule_pause_stop_and_what_they_refuse(hub: Hub, rows: Rows, name: str) -> None:
    del rows
    await publish(hub, name, "schedule: {every: PT1H}")
    assert await schedules.reconcile(hub) == 1
    assert await schedules.reconcile(hub, thorough=True) == 0
    shown = await syncs.sync(hub, boss, name)
    assert shown.view.next_at is not None
    assert (shown.view.starts, shown.view.paused) == ("every PT1H", False)
    shown = await syncs.pause(hub, boss, name, paused=True)
    assert (shown.view.next_at, shown.view.paused) == (None, True)
    await syncs.ask(hub, name, "an event")
    shown = await syncs.pause(hub, boss, name, paused=False)
    assert shown.view.next_at is not None
    with pytest.raises(ConflictError, match="is not running"):
        await syncs.stop(hub, boss, name)
    with pytest.raises(NotFoundError, match="did you mean"):
        await syncs.run(hub, boss, name[:-1])
    with pytest.raises(ForbiddenError):
        await syncs.run(hub, ana, name)
    # Nobody works here, so it stays where it is.
    await syncs.run(hub, boss, name)
    with pytest.raises(ConflictError, match="is running"):
        await syncs.run(hub, boss, name)
