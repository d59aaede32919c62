"""Which lifecycle events an instance gives, in which order, on the real engine."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from temporalio.client import WorkflowHandle
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from cauce import contract
from cauce.contract import Start
from cauce.services import definitions
from cauce.store.models import Event
from schemas import load_yaml
from tests.conformance.conftest import DESIGNER, Place

JSON = Any
PREFIX = "io.serverlessworkflow."
pytestmark = pytest.mark.asyncio(loop_scope="session")
OOPS = "{type: 'https://serverlessworkflow.io/spec/1.0.0/errors/runtime', status: 500, title: No}"


async def bundle_of(place: Place, text: str) -> JSON:
    name = f"life-{uuid4().hex[:8]}"
    head = f"document: {{dsl: '1.0.3', namespace: conformance, name: {name}, version: 1.0.0}}\n"
    await definitions.publish(place.hub, DESIGNER, [load_yaml(head + text, "f.yaml")])
    return (await definitions.definition(place.hub, f"conformance.{name}", "1.0.0")).bundle


async def begin(place: Place, text: str, level: str = "all") -> WorkflowHandle[Any, Any]:
    handle, _ = await place.bench.start(await bundle_of(place, text), Start(lifecycle=level, shows_status=True))
    return handle


async def told(place: Place, handle: WorkflowHandle[Any, Any]) -> list[Mapping[str, JSON]]:
    async with place.bench.hub.store.read() as db:
        query = select(Event.document).where(Event.subject == handle.id).order_by(Event.id)
        return [document for document in await db.scalars(query) if document["type"].startswith(PREFIX)]


def short(event: Mapping[str, JSON]) -> str:
    """Return an event as a line: what happened, to which task, with which status."""
    kind = event["type"].removeprefix(PREFIX).removesuffix(".v1")
    data = event["data"]
    return " ".join(filter(None, [kind, data.get("task", ""), data.get("status", "")]))


async def lines(place: Place, handle: WorkflowHandle[Any, Any]) -> list[str]:
    return [short(each) for each in await told(place, handle)]


async def until(place: Place, handle: WorkflowHandle[Any, Any], wanted: list[str]) -> None:
    """Wait until exactly this was told."""
    found: list[str] = []
    for _ in range(100):
        found = await lines(place, handle)
        if found == wanted:
            return
        await asyncio.sleep(0.05)
    assert found == wanted


async def events_of(place: Place, text: str, level: str = "all") -> list[Mapping[str, JSON]]:
    """Run a process to its end and return what was told of it."""
    handle = await begin(place, text, level)
    await asyncio.wait({asyncio.create_task(_result(handle))})
    return await told(place, handle)


async def _result(handle: WorkflowHandle[Any, Any]) -> JSON:
    try:
        return await handle.result()
    except Exception as error:  # noqa: BLE001 - how it ended is told by its events
        return error


def task(reference: str, end: str = "completed") -> list[str]:
    return [
        f"task.created {reference}",
        f"task.started {reference}",
        f"task.status-changed {reference} running",
        f"task.{end} {reference}",
        f"task.status-changed {reference} {end}",
    ]


def workflow(*inner: str, end: str = "completed") -> list[str]:
    first = ["workflow.started", "workflow.status-changed running"]
    return [*first, *inner, f"workflow.{end}", f"workflow.status-changed {end}"]


async def test_completed(place: Place) -> None:
    events = await events_of(place, "do: [{a: {set: {x: 1}}}, {b: {set: {y: 2}}}]\n")
    assert [short(each) for each in events] == workflow(*task("/do/0/a"), *task("/do/1/b"))
    first, last = events[0], events[-2]
    assert first["source"].startswith("urn:cauce:conformance.life-")
    assert set(first["data"]) == {"name", "definition", "startedAt"}
    assert first["data"]["definition"]["version"] == "1.0.0"
    assert first["data"]["name"].startswith(first["data"]["definition"]["name"])
    assert first["data"]["name"].endswith(".conformance")
    assert last["data"]["output"] == {"y": 2}
    assert events[5]["data"]["output"] == {"x": 1}
    assert len({each["id"] for each in events}) == len(events)


async def test_only_the_workflow_by_default_setting(place: Place) -> None:
    events = await events_of(place, "do: [{a: {set: {x: 1}}}]\n", "workflow")
    assert [short(each) for each in events] == workflow()


async def test_nothing_when_switched_off(place: Place) -> None:
    assert await events_of(place, "do: [{a: {set: {x: 1}}}]\n", "off") == []


async def test_faulted(place: Place) -> None:
    events = await events_of(place, f"do: [{{a: {{do: [{{b: {{raise: {{error: {OOPS}}}}}}}]}}}}]\n")
    inner = [*task("/do/0/a")[:3], *task("/do/0/a/do/0/b", "faulted"), *task("/do/0/a", "faulted")[3:]]
    assert [short(each) for each in events] == workflow(*inner, end="faulted")
    error = events[-2]["data"]["error"]
    assert (error["status"], error["instance"]) == (500, "/do/0/a/do/0/b")


async def test_skipped_task_is_not_told_of(place: Place) -> None:
    events = await events_of(place, "do: [{a: {if: '${ false }', set: {x: 1}}}, {b: {set: {y: 2}}}]\n")
    assert [short(each) for each in events] == workflow(*task("/do/1/b"))


async def test_condition_that_fails_is_a_fault_of_its_task(place: Place) -> None:
    events = await events_of(place, "do: [{a: {if: '${ error(\"no\") }', set: {x: 1}}}]\n")
    assert [short(each) for each in events] == workflow(*task("/do/0/a", "faulted"), end="faulted")


async def test_loop_tells_of_each_iteration(place: Place) -> None:
    text = "do: [{a: {for: {each: i, in: '${ [1, 2] }'}, do: [{b: {set: {x: 1}}}]}}]\n"
    events = await events_of(place, text)
    inner = [*task("/do/0/a")[:3], *task("/do/0/a/do/0/b") * 2, *task("/do/0/a")[3:]]
    assert [short(each) for each in events] == workflow(*inner)
    assert len({each["id"] for each in events}) == len(events)


async def test_function_is_the_task_of_its_call(place: Place) -> None:
    events = await events_of(place, "use: {functions: {f: {set: {x: 1}}}}\ndo: [{a: {call: f}}]\n")
    assert [short(each) for each in events] == workflow(*task("/do/0/a"))


async def test_ended_early_is_completed(place: Place) -> None:
    events = await events_of(place, "do: [{a: {do: [{b: {set: {x: 1}, then: end}}]}}, {c: {set: {y: 1}}}]\n")
    inner = [*task("/do/0/a")[:3], *task("/do/0/a/do/0/b"), *task("/do/0/a")[3:]]
    assert [short(each) for each in events] == workflow(*inner)


async def test_retried(place: Place) -> None:
    text = f"""
do:
  - t:
      try: [{{a: {{raise: {{error: {OOPS}}}}}}}]
      catch: {{retry: {{delay: PT1S, limit: {{attempt: {{count: 1}}}}}}, do: [{{b: {{set: {{x: 1}}}}}}]}}
"""
    events = await events_of(place, text)
    a = task("/do/0/t/try/0/a", "faulted")
    waits, goes = "workflow.status-changed waiting", "workflow.status-changed running"
    inner = [*task("/do/0/t")[:3], *a, waits, goes, "task.retried /do/0/t", *a]
    inner += [*task("/do/0/t/catch/do/0/b"), *task("/do/0/t")[3:]]
    assert [short(each) for each in events] == workflow(*inner)


async def test_waiting_is_told_while_it_waits(place: Place) -> None:
    skipper = TimeSkipper(place.bench.client, config=TimeSkippingConfig(enabled=False))
    bundle = await bundle_of(place, "do: [{a: {wait: P1D}}, {b: {set: {x: 1}}}]\n")
    title = f"{bundle['namespace']}.{bundle['name']}"
    start = Start(lifecycle="all", shows_status=True)
    handle: WorkflowHandle[Any, Any] = await skipper.client.start_workflow(
        title, args=[bundle, start], id=f"{title}/{uuid4()}", task_queue=place.bench.hub.task_queue
    )
    waiting = [*workflow()[:2], *task("/do/0/a")[:3], "workflow.status-changed waiting"]
    await until(place, handle, waiting)
    described = await handle.describe()
    assert described.search_attributes[contract.STATUS] == ["waiting"]
    await skipper.fast_forward(handle, timedelta(days=1, seconds=1))
    await handle.result()
    rest = ["workflow.status-changed running", *task("/do/0/a")[3:], *task("/do/1/b"), *workflow()[2:]]
    assert await lines(place, handle) == [*waiting, *rest]


async def test_cancelled(place: Place) -> None:
    handle = await _waiting(place)
    await handle.cancel()
    await _result(handle)
    found = await lines(place, handle)
    end = ["workflow.status-changed running", *task("/do/0/a/do/0/b", "cancelled")[3:]]
    end += [*task("/do/0/a", "cancelled")[3:], *workflow(end="cancelled")[2:]]
    assert found[-len(end) :] == end
    assert len(found) == len(set(found)) + 1


async def _waiting(place: Place) -> WorkflowHandle[Any, Any]:
    """Start an instance that waits for a day, in a time that stands still."""
    skipper = TimeSkipper(place.bench.client, config=TimeSkippingConfig(enabled=False))
    bundle = await bundle_of(place, "do: [{a: {do: [{b: {wait: P1D}}]}}, {c: {set: {x: 1}}}]\n")
    title = f"{bundle['namespace']}.{bundle['name']}"
    handle: WorkflowHandle[Any, Any] = await skipper.client.start_workflow(
        title,
        args=[bundle, Start(lifecycle="all", shows_status=True)],
        id=f"{title}/{uuid4()}",
        task_queue=place.bench.hub.task_queue,
    )
    a, b = "/do/0/a", "/do/0/a/do/0/b"
    await until(place, handle, [*workflow()[:2], *task(a)[:3], *task(b)[:3], "workflow.status-changed waiting"])
    return handle


async def test_suspended_and_resumed(place: Place) -> None:
    handle = await _waiting(place)
    before = await lines(place, handle)
    await handle.signal(contract.SUSPEND)
    tasks = ["/do/0/a", "/do/0/a/do/0/b"]
    suspended = ["workflow.suspended", "workflow.status-changed suspended"]
    for each in tasks:
        suspended += [f"task.suspended {each}", f"task.status-changed {each} suspended"]
    await until(place, handle, [*before, *suspended])
    await handle.signal(contract.RESUME)
    resumed = ["workflow.resumed", "workflow.status-changed running"]
    for each in tasks:
        resumed += [f"task.resumed {each}", f"task.status-changed {each} running"]
    await until(place, handle, [*before, *suspended, *resumed, "workflow.status-changed waiting"])
    assert (await handle.describe()).search_attributes[contract.STATUS] == ["waiting"]
    await handle.terminate()


async def test_listening_tells_when_it_begins_to_correlate_and_with_which_keys_it_is_done(place: Place) -> None:
    kind = uuid4().hex
    text = f"""
do:
  - say: {{emit: {{event: {{with: {{type: {kind}, source: 'https://t.example', data: {{order: 7}}}}}}}}}}
  - hear: {{listen: {{to: {{one: {{with: {{type: {kind}}}, correlate: {{order: {{from: .data.order}}}}}}}}}}}}
"""
    events = await events_of(place, text)
    listening = [each for each in events if each["data"].get("task") == "/do/1/hear" or "correlation" in each["type"]]
    hear = task("/do/1/hear")
    between = ["workflow.correlation-started", "workflow.correlation-completed"]
    assert [short(each) for each in listening] == [*hear[:3], *between, *hear[3:]]
    assert set(listening[3]["data"]) == {"name", "startedAt"}
    assert listening[4]["data"]["correlationKeys"] == {"order": "7"}


async def test_large_output_is_left_out(place: Place) -> None:
    events = await events_of(place, "do: [{a: {set: {x: '${ \"x\" * 20000 }'}}}]\n")
    assert all("output" not in each["data"] for each in events)


async def test_many_events_are_written_while_the_instance_works(place: Place) -> None:
    text = "do: [{a: {for: {each: i, in: '${ [range(200)] }'}, do: [{b: {set: {x: 1}}}]}}]\n"
    events = await events_of(place, text)
    assert len(events) == 4 + 5 + 200 * 5
    assert len({each["id"] for each in events}) == len(events)


async def test_new_runs_tell_nothing_twice(hasty: Place) -> None:
    text = "do: [{a: {for: {each: i, in: '${ [1, 2, 3, 4] }'}, do: [{b: {wait: PT1S}}]}}]\n"
    events = await events_of(hasty, text)
    found = [short(each) for each in events]
    assert found[:2] == workflow()[:2]
    assert found[-2:] == workflow()[2:]
    assert [each for each in found if "/b" in each] == task("/do/0/a/do/0/b") * 4
    assert len({each["id"] for each in events}) == len(events)
