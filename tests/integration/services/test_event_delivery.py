"""Events between instances: through the log and a worker's router, on a real server."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from cauce.services import events, instances, router, routing
from cauce.services.hub import Hub
from cauce.store import events as log
from cauce.store import subscriptions
from cauce.store.models import Event, EventSubscription
from cauce.store.subscriptions import Listener
from tests.integration.services.conftest import ana, put_process

JSON = Any


@pytest.fixture
def store_url(tmp_path: object) -> str:
    return f"sqlite:///{tmp_path}/events.db"


@pytest.fixture
def name() -> str:
    return f"n{uuid4().hex[:8]}"


def emitting(kind: str) -> JSON:
    return {"tell": {"emit": {"event": {"with": {"source": "https://x.example", "type": kind, "data": "${ . }"}}}}}


def listening(*kinds: str) -> JSON:
    return {"hear": {"listen": {"to": {"all": [{"with": {"type": kind}} for kind in kinds]}, "read": "envelope"}}}


async def begin(hub: Hub, namespace: str, *steps: JSON, given: JSON = None, **more: JSON) -> str:
    await put_process(hub, namespace, steps=steps, **more)
    return (await instances.start(hub, ana, f"{namespace}.lead", given, key="1")).id


async def until(holds: Callable[[], Any]) -> None:
    for _ in range(200):
        if await holds():
            return
        await asyncio.sleep(0.05)
    pytest.fail("it did not happen in 10 seconds")


async def outcome(hub: Hub, instance: str) -> JSON:
    return await asyncio.wait_for(hub.temporal.get_workflow_handle(instance).result(), 15)


async def subscribed(hub: Hub, instance: str) -> bool:
    async with hub.store.read() as db:
        query = select(func.count()).select_from(EventSubscription).filter_by(instance=instance)
        return bool(await db.scalar(query))


@pytest.mark.usefixtures("worker")
async def test_what_one_process_emits_starts_another_and_wakes_a_third(hub: Hub, name: str) -> None:
    await put_process(
        hub, f"{name}b", steps=[emitting(f"{name}.b")], schedule={"on": {"one": {"with": {"type": f"{name}.a"}}}}
    )
    waiting = await begin(hub, f"{name}c", listening(f"{name}.a", f"{name}.b"))
    await until(lambda: subscribed(hub, waiting))
    detail = await instances.instance(hub, ana, waiting)
    assert detail.state["status"] == "waiting"
    assert [each["reference"] for each in detail.state["listening"]] == ["/do/0/hear"]
    assert detail.state["current"] == ["/do/0/hear"]
    sender = await begin(hub, f"{name}a", emitting(f"{name}.a"), given={"n": 1})
    assert (await outcome(hub, sender))["data"] == {"n": 1}
    heard = await outcome(hub, waiting)
    assert [each["type"] for each in heard] == [f"{name}.a", f"{name}.b"]
    assert [each["data"] for each in heard[1]["data"]] == [{"n": 1}]
    assert not await subscribed(hub, waiting)


@pytest.mark.usefixtures("worker")
async def test_a_router_that_dies_over_an_event_is_replaced(
    hub: Hub, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "lease", timedelta(seconds=1))
    deliver, taken = router.deliver_one, []

    async def dies_first(hub: Hub, row: Event) -> None:
        # The first time, whoever took the event is never heard of again.
        if row.type != f"{name}.a" or row.id in taken:
            await deliver(hub, row)
        taken.append(row.id)

    monkeypatch.setattr(router, "deliver_one", dies_first)
    waiting = await begin(hub, f"{name}c", listening(f"{name}.a"))
    await until(lambda: subscribed(hub, waiting))
    await begin(hub, f"{name}a", emitting(f"{name}.a"), given=3)
    assert [each["data"] for each in await outcome(hub, waiting)] == [3]
    assert len(taken) > len(set(taken))


@pytest.mark.usefixtures("worker")
async def test_a_delivery_that_fails_is_tried_again(hub: Hub, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    route, failed = routing.route, []

    async def fails_first(hub: Hub, sequence: int, event: JSON) -> None:
        failed.append(sequence)
        if len(failed) == 1:
            message = "a bug"
            raise ValueError(message)
        await route(hub, sequence, event)

    monkeypatch.setattr(router, "route", fails_first)
    waiting = await begin(hub, f"{name}c", listening(f"{name}.a"))
    await until(lambda: subscribed(hub, waiting))
    await begin(hub, f"{name}a", emitting(f"{name}.a"), given=3)
    assert [each["data"] for each in await outcome(hub, waiting)] == [3]


@pytest.mark.usefixtures("worker")
async def test_many_events_at_once_are_all_heard_once(hub: Hub, name: str) -> None:
    to = {"any": [{"with": {"type": f"{name}.a"}}], "until": "length == 30"}
    waiting = await begin(hub, f"{name}c", {"hear": {"listen": {"to": to}}})
    sent = [{"id": str(n), "source": f"/{name}", "type": f"{name}.a", "data": n} for n in range(30)]
    await asyncio.gather(*(events.receive(hub, ana, each) for each in [*sent, *sent[:5]]))
    assert sorted(await outcome(hub, waiting)) == list(range(30))


@pytest.mark.usefixtures("worker")
async def test_an_instance_that_failed_listens_again_when_it_is_retried(hub: Hub, name: str) -> None:
    step = {"hear": {**listening(f"{name}.a")["hear"], "timeout": {"after": "PT0.5S"}}}
    waiting = await begin(hub, f"{name}c", step)
    with pytest.raises(Exception, match="Workflow execution failed"):
        await outcome(hub, waiting)
    assert not await subscribed(hub, waiting)
    await events.receive(hub, ana, {"id": "1", "source": f"/{name}", "type": f"{name}.a", "data": 1})
    boss = ana.__class__("boss", frozenset({"admin"}))
    await instances.retry(hub, boss, waiting)
    assert [each["data"] for each in await outcome(hub, waiting)] == [1]


async def test_listeners_of_an_instance_that_is_gone_are_forgotten(
    hub: Hub, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Listener(f"{name}.lead/1", "token")
    async with hub.store.transaction() as db:
        await subscriptions.subscribe(db, gone, [{"with": {"type": {"is": name}}}])
    await events.receive(hub, ana, {"id": "1", "source": f"/{name}", "type": name})
    assert await subscribed(hub, gone.instance)  # It might be starting again.
    monkeypatch.setattr(routing, "_GONE", timedelta(seconds=-1))
    await events.receive(hub, ana, {"id": "2", "source": f"/{name}", "type": name})
    assert not await subscribed(hub, gone.instance)
