"""The queues of connections: what waits there, and how it ends when nobody serves them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import WorkflowFailureError, WorkflowHandle

from cauce.contract import CALL_OPERATION, SYNC_BATCH, OperationCall, Outcome, SyncStep, SyncTurn
from cauce.services import definitions, instances
from cauce.services.hub import Hub
from cauce.services.visibility import summary
from cauce.serving import Serving, serves_of
from cauce.settings import load
from cauce.store import definitions as stored
from cauce.store import syncs
from cauce.worker import run_worker
from schemas import load_yaml
from tests.integration.services.conftest import boss
from tests.integration.syncs.conftest import put

JSON = Any
CONNECTION = """
connection: {name}
kind: echo
settings: {{}}
limits: {limits}
operations:
  ask: {{calls: ask, effect: read}}
  tell: {{calls: tell, effect: write, idempotency: {{key: .key}}}}
"""
PROCESS = """
document: {{dsl: '1.0.3', namespace: {namespace}, name: caller, version: 1.0.0}}
do:
  - call:
      call: {operation}@{name}
      with: {{key: '${{ $workflow.input.key }}', fail: '${{ $workflow.input.fail // "" }}'}}
"""


@pytest.fixture
def store_url(tmp_path: object) -> str:
    return f"sqlite:///{tmp_path}/worker.db"


@asynccontextmanager
async def working(hub: Hub, connections: str = "*") -> AsyncIterator[None]:
    stop, ready = asyncio.Event(), asyncio.Event()
    given = {"store_url": hub.store.url.render_as_string(hide_password=False), "worker_connections": (connections,)}
    running = asyncio.create_task(run_worker(hub.settings.model_copy(update=given), stop=stop, ready=ready.set))
    await asyncio.wait({running, asyncio.create_task(ready.wait())}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield
    finally:
        stop.set()
        await running


async def publish(hub: Hub, name: str, limits: str = "{wait: PT1H}") -> None:
    await definitions.publish(hub, boss, [load_yaml(CONNECTION.format(name=name, limits=limits), f"{name}.yaml")])


async def call(hub: Hub, operation: str, name: str, given: JSON) -> WorkflowHandle[Any, Any]:
    namespace = f"n{uuid4().hex[:8]}"
    process = PROCESS.format(namespace=namespace, name=name, operation=operation)
    await definitions.publish(hub, boss, [load_yaml(process, "caller.yaml")])
    started = await instances.start(hub, boss, f"{namespace}.caller", given, key="1")
    return hub.temporal.get_workflow_handle(started.id)


async def queues(handle: WorkflowHandle[Any, Any]) -> list[str]:
    """Return the queues to which calls of an instance went."""
    history = await handle.fetch_history()
    asked = [event.activity_task_scheduled_event_attributes for event in history.events]
    return [each.task_queue.name for each in asked if each.activity_type.name == CALL_OPERATION]


async def until_it_waits(handle: WorkflowHandle[Any, Any]) -> None:
    for _ in range(200):
        if await queues(handle):
            return
        await asyncio.sleep(0.05)
    pytest.fail("the call is not made")


@pytest.mark.parametrize("operation", ["ask", "tell"])
async def test_a_call_that_no_worker_takes_fails_when_it_has_waited_long_enough(hub: Hub, operation: str) -> None:
    name = f"c{uuid4().hex[:8]}"
    await publish(hub, name, "{wait: PT1S}")
    async with working(hub, "another-*"):
        handle = await call(hub, operation, name, {"key": "1"})
        for _ in range(200):
            if summary(await instances.describe(hub, handle.id)).closed_at:
                break
            await asyncio.sleep(0.05)
        problem = (await instances.instance(hub, boss, handle.id)).problem
    assert problem is not None
    assert (problem["code"], problem["remoteCode"], problem["status"]) == ("transient", "no-worker", 503)
    assert problem["detail"] == f"No worker took {operation}@{name} within 1 s; nothing was sent."
    assert await queues(handle) == [f"cauce-{name}"]


async def test_what_waits_goes_on_when_a_worker_serves_its_connection(hub: Hub) -> None:
    name = f"c{uuid4().hex[:8]}"
    await publish(hub, name)
    async with working(hub, "another-*"):
        handle = await call(hub, "tell", name, {"key": "1"})
        await until_it_waits(handle)
        async with working(hub, f"{name[:3]}*"):
            assert await asyncio.wait_for(handle.result(), 20) == {"key": "1", "fail": ""}


async def test_reads_of_a_troubled_connection_leave_the_steps_of_workflows_alone(hub: Hub) -> None:
    name = f"c{uuid4().hex[:8]}"
    async with working(hub):
        await publish(hub, name)
        fine = await call(hub, "ask", name, {"key": "1"})
        await fine.result()
        failing = await call(hub, "ask", name, {"fail": "transient"})
        with pytest.raises(WorkflowFailureError):
            await failing.result()
        after = []
        for _ in range(2):
            after.append(await call(hub, "ask", name, {"key": "2"}))
            await after[-1].result()
        elsewhere = [f"cauce-{name}"]
        assert [await queues(each) for each in (fine, failing, *after)] == [[], [], elsewhere, []]


@activity.defn(name=CALL_OPERATION)
async def nothing(_: OperationCall) -> Outcome:
    return Outcome()


@activity.defn(name=SYNC_BATCH)
async def step(_: SyncTurn) -> SyncStep:
    return SyncStep(over=True)


async def test_new_limits_of_a_connection_are_served_without_a_restart_and_only_by_its_workers(hub: Hub) -> None:
    name, other = f"c{uuid4().hex[:8]}", f"d{uuid4().hex[:8]}"
    async with Serving(
        hub.temporal, hub.store, nothing, nothing, serves_of(load(worker_connections="erp, c*"))
    ) as serving:
        await serving.look()
        for limits in ("{concurrency: 1}", "{concurrency: 3}"):
            await publish(hub, name, limits)
            await publish(hub, other, limits)
            await serving.look()
        assert {known: each.limits.concurrency for known, each in serving.served.items()} == {name: 3}


async def publish_sync(hub: Hub, name: str, target: str) -> None:
    source = {"call": "read@old", "key": ".k"}
    document = {"sync": name, "source": source, "mapping": ".", "target": {"upsert": f"put@{target}"}}
    await put(hub.store, "sync", name, document)


async def test_syncs_are_served_by_the_workers_of_what_they_write_to_and_so_are_versions_that_run(hub: Hub) -> None:
    name, served = f"s{uuid4().hex[:8]}", serves_of(load(worker_connections="new, newer"))
    async with Serving(hub.temporal, hub.store, nothing, step, served) as serving:
        for target in ("other", "new"):
            await publish_sync(hub, name, target)
            await serving.look()
        assert set(serving.synced) == {"new"}
    async with hub.store.transaction() as db:
        version = (await stored.latest(db, "sync"))[0].version
        await syncs.begin(db, name, version, mode="full", by="ana", progress={})
    await publish_sync(hub, name, "newer")
    async with Serving(hub.temporal, hub.store, nothing, step, served) as serving:
        await serving.look()
        assert set(serving.synced) == {"new", "newer"}
