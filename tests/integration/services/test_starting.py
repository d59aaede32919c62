import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from cauce.services import definitions, events, instances, routing
from cauce.services.hub import Hub
from cauce.services.instances import Filters
from cauce.store import start_rules
from cauce.store.models import EventSet
from schemas import load_yaml
from tests.integration.services.conftest import boss

JSON = Any
ORDER = {"order": {"from": ".data.order"}}


@pytest.fixture
def namespace() -> str:
    return f"n{uuid4().hex[:8]}"


async def publish(hub: Hub, namespace: str, on: JSON, *, version: str = "1.0.0", read: str = "data") -> None:
    document = {
        "document": {
            "dsl": "1.0.3",
            "namespace": namespace,
            "name": "p",
            "version": version,
            "metadata": {"cauce": {"read": read}},
        },
        "schedule": {"on": on},
        "do": [{"say": {"set": {"done": True}}}],
    }
    await definitions.publish(hub, boss, [load_yaml(json.dumps(document), "p.yaml")])


async def send(hub: Hub, kind: str, data: JSON = None, **more: JSON) -> list[str]:
    """Send an event, and return what it did to each process."""
    event = {"id": uuid4().hex, "source": "/test", "type": kind, "data": data, **more}
    receipt = await events.receive(hub, boss, event)
    return [each.state for each in receipt.caused]


async def inputs(hub: Hub, namespace: str, count: int = 1) -> list[JSON]:
    """Return the inputs of all that was started, in their order, when there are so many."""
    query = f"CauceDefinition = '{namespace}.p'"
    found: dict[str, JSON] = {}
    while len(found) < count:
        async for row in hub.temporal.list_workflows(query):
            if row.id not in found:
                history = await hub.temporal.get_workflow_handle(row.id).fetch_history()
                payloads = history.events[0].workflow_execution_started_event_attributes.input.payloads
                found[row.id] = (row.start_time, json.loads(payloads[1].data)["input"])
        await asyncio.sleep(0.05)
    return [given for _, given in sorted(found.values(), key=lambda each: each[0])]


async def test_one_event_starts_an_instance_with_its_data(hub: Hub, namespace: str) -> None:
    await publish(hub, namespace, {"one": {"with": {"type": f"{namespace}.a"}}})
    assert await send(hub, f"{namespace}.a", {"n": 1}) == ["started"]
    assert await send(hub, f"{namespace}.b") == []
    assert await inputs(hub, namespace) == [[{"n": 1}]]


async def test_whole_event_is_the_input_where_that_is_asked_for(hub: Hub, namespace: str) -> None:
    await publish(hub, namespace, {"one": {"with": {"type": f"{namespace}.a"}}}, read="envelope")
    await send(hub, f"{namespace}.a", {"n": 1}, subject="s-1")
    ((event,),) = await inputs(hub, namespace)
    assert (event["data"], event["subject"], event["source"]) == ({"n": 1}, "s-1", "/test")


async def test_filters_may_be_patterns_and_expressions(hub: Hub, namespace: str) -> None:
    await publish(hub, namespace, {"one": {"with": {"type": rf"{namespace}\..*", "data": "${ .n > 5 }"}}})
    assert await send(hub, f"{namespace}.x", {"n": 1}) == []
    assert await send(hub, f"{namespace}.y", {"n": 6}) == ["started"]


async def test_any_of_several_starts_one_each(hub: Hub, namespace: str) -> None:
    filters = [{"with": {"type": f"{namespace}.{name}"}} for name in "ab"]
    await publish(hub, namespace, {"any": filters})
    states = [await send(hub, f"{namespace}.{name}", name) for name in "abc"]
    assert states == [["started"], ["started"], []]
    assert await inputs(hub, namespace, 2) == [["a"], ["b"]]


async def test_all_collects_in_the_order_of_arrival_and_begins_anew(hub: Hub, namespace: str) -> None:
    filters = [{"with": {"type": f"{namespace}.{name}"}} for name in "ab"]
    await publish(hub, namespace, {"all": filters})
    states = [(await send(hub, f"{namespace}.{name}", f"{name}{n}"))[0] for n, name in enumerate("bbaa")]
    assert states == ["collected", "collected", "started", "started"]
    assert await inputs(hub, namespace, 2) == [["b0", "a2"], ["b1", "a3"]]


async def test_what_belongs_together_is_told_by_what_it_correlates_by(hub: Hub, namespace: str) -> None:
    filters = [{"with": {"type": f"{namespace}.{name}"}, "correlate": ORDER} for name in "ab"]
    await publish(hub, namespace, {"all": filters})
    await send(hub, f"{namespace}.a", {"order": 1})
    await send(hub, f"{namespace}.a", {"order": 2})
    assert await send(hub, f"{namespace}.b", {"order": 2}) == ["started"]
    assert await send(hub, f"{namespace}.b", {"order": 3}) == ["collected"]
    assert await send(hub, f"{namespace}.b", {}) == []
    assert await inputs(hub, namespace) == [[{"order": 2}, {"order": 2}]]


async def test_until_a_condition_holds(hub: Hub, namespace: str) -> None:
    await publish(hub, namespace, {"any": [{"with": {"type": f"{namespace}.a"}}], "until": "(map(.n) | add) > 4"})
    states = [(await send(hub, f"{namespace}.a", {"n": n}))[0] for n in (2, 2, 1, 9)]
    assert states == ["collected", "collected", "started", "started"]
    assert await inputs(hub, namespace, 2) == [[{"n": 2}, {"n": 2}, {"n": 1}], [{"n": 9}]]


async def test_until_another_event_comes(hub: Hub, namespace: str) -> None:
    until = {"one": {"with": {"type": f"{namespace}.end"}}}
    await publish(hub, namespace, {"any": [{"with": {"type": f"{namespace}.a"}}], "until": until})
    assert await send(hub, f"{namespace}.end") == ["collected"]
    for n in range(3):
        await send(hub, f"{namespace}.a", n)
    assert await send(hub, f"{namespace}.end") == ["collected"]
    assert await inputs(hub, namespace) == [[0, 1, 2]]


async def test_the_same_event_again_is_collected_once(hub: Hub, namespace: str) -> None:
    filters = [{"with": {"type": f"{namespace}.{name}"}} for name in "ab"]
    await publish(hub, namespace, {"all": filters})
    event = {"id": "1", "source": f"/{namespace}", "type": f"{namespace}.a"}
    for _ in range(2):
        await events.receive(hub, boss, event)
    async with hub.store.read() as db:
        (found,) = (await db.scalars(select(EventSet))).all()
    assert len(found.events) == 1


async def test_receivers_at_the_same_time_start_exactly_one_per_set(hub: Hub, namespace: str) -> None:
    filters = [{"with": {"type": f"{namespace}.{name}"}, "correlate": ORDER} for name in "ab"]
    await publish(hub, namespace, {"all": filters})
    await asyncio.gather(
        *(send(hub, f"{namespace}.{name}", {"order": order, "is": name}) for order in range(6) for name in "ab")
    )
    found = await inputs(hub, namespace, 6)
    assert sorted(given[0]["order"] for given in found) == list(range(6))
    assert all(sorted(each["is"] for each in given) == ["a", "b"] for given in found)


async def test_what_was_complete_when_somebody_died_is_started_by_the_next_who_delivers(
    hub: Hub, namespace: str
) -> None:
    filters = [{"with": {"type": f"{namespace}.{name}"}} for name in "ab"]
    await publish(hub, namespace, {"all": filters})
    await send(hub, f"{namespace}.a", "a")
    await send(hub, f"{namespace}.b", "b")
    async with hub.store.transaction() as db:
        (found,) = (await db.scalars(select(EventSet))).all()
        found.state = "complete"
        last = found.events[-1]
    # Once more, as after a crash between the start and the note of it.
    await routing.route(hub, last, {"id": "x", "source": "/test", "type": f"{namespace}.b"})
    assert len(await inputs(hub, namespace)) == 1


async def test_new_version_with_the_same_rule_goes_on_with_what_was_collected(hub: Hub, namespace: str) -> None:
    filters = [{"with": {"type": f"{namespace}.{name}"}} for name in "ab"]
    await publish(hub, namespace, {"all": filters})
    await send(hub, f"{namespace}.a", "a")
    await publish(hub, namespace, {"all": filters}, version="1.1.0")
    assert await send(hub, f"{namespace}.b", "b") == ["started"]
    await inputs(hub, namespace)
    (instance,) = (await instances.list_instances(hub, boss, Filters(definition=f"{namespace}.p"))).instances
    assert instance.version == "1.1.0"


async def test_new_version_with_another_rule_forgets_what_was_collected(hub: Hub, namespace: str) -> None:
    filters = [{"with": {"type": f"{namespace}.{name}"}} for name in "abc"]
    await publish(hub, namespace, {"all": filters[:2]})
    await send(hub, f"{namespace}.a")
    await publish(hub, namespace, {"all": filters[1:]}, version="1.1.0")
    assert await send(hub, f"{namespace}.a") == []
    assert await send(hub, f"{namespace}.b") == ["collected"]
    await definitions.set_active(hub, boss, f"{namespace}.p", "1.1.0", active=False)
    await definitions.set_active(hub, boss, f"{namespace}.p", "1.0.0", active=False)
    assert await send(hub, f"{namespace}.b") == []


async def test_lifecycle_events_start_only_who_names_their_type(hub: Hub, namespace: str) -> None:
    completed = "io.serverlessworkflow.workflow.completed.v1"
    everything: dict[str, JSON] = {"any": []}
    await publish(hub, namespace, everything)
    await publish(hub, f"{namespace}x", {"one": {"with": {"type": completed, "subject": namespace}}})
    async with hub.store.read() as db:
        event = {"id": "1", "source": "/test", "type": completed, "subject": namespace}
        named = [each.definition for each in await start_rules.matches(db, event)]
        other = [each.definition for each in await start_rules.matches(db, event | {"type": "t"})]
    assert (named, other) == ([f"{namespace}x.p"], [f"{namespace}.p"])
