import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import update

from activities.connections import Connections
from cauce.errors import DefinitionError
from cauce.http import close_sessions
from cauce.metering import Meter
from cauce.services import definitions, sinks
from cauce.services.hub import Hub
from cauce.services.sinks import is_wanted, message
from cauce.store import events
from cauce.store.base import utc_now
from cauce.store.models import EventSink
from schemas import findings_of, load_yaml
from tests.integration.services.conftest import boss
from tests.servers.processes import free_port

JSON = Any
EVENT = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "com.example.sold.v1", "data": {"n": 1}}


@dataclass
class Receiver:
    """A system that takes events, and may be down."""

    port: int
    received: list[tuple[dict[str, str], JSON]] = field(default_factory=list)
    status: int = 200
    runner: web.AppRunner | None = None

    async def start(self) -> None:
        async def take(request: web.Request) -> web.Response:
            body = await request.json()
            if request.headers.get("Authorization") != "Bearer s3cret":
                return web.Response(status=401)
            if self.status == 200:
                self.received.append(({name.lower(): value for name, value in request.headers.items()}, body))
            return web.Response(status=self.status)

        app = web.Application()
        app.router.add_post("/events", take)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        if self.runner is not None:
            await self.runner.cleanup()

    @property
    def ids(self) -> list[str]:
        return [headers.get("ce-id") or body["id"] for headers, body in self.received]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver(free_port())
    yield made
    await made.stop()


@pytest.fixture
async def opened(hub: Hub) -> AsyncIterator[Connections]:
    made = Connections(hub.store, hub.resolver)
    yield made
    await made.close()
    await close_sessions()


def connection(port: int, mode: str = "structured", types: str = "com.example.*", kind: str = "http") -> str:
    return f"""
connection: monitor
kind: {kind}
settings: {{base_url: 'http://127.0.0.1:{port}', auth: {{bearer: {{secret: monitor-token}}}}}}
operations:
  take: {{calls: POST /events, effect: write, idempotency: {{key: .body.id}}}}
events: {{types: ['{types}'], operation: take, mode: {mode}}}
"""


async def publish(hub: Hub, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("CAUCE_SECRET_MONITOR_TOKEN", "s3cret")
    await definitions.publish(hub, boss, [load_yaml(text, "monitor.yaml")])


async def emit(hub: Hub, *ids: str, instance: str | None = "n.p/1", **more: JSON) -> None:
    async with hub.store.transaction() as db:
        for id_ in ids:
            await events.append(db, EVENT | {"id": id_} | more, instance=instance)


async def due(hub: Hub) -> None:
    """Let the pause after a failure be over."""
    async with hub.store.transaction() as db:
        await db.execute(update(EventSink).values(next_at=utc_now()))


async def test_emitted_events_arrive_in_order_and_once(
    hub: Hub, opened: Connections, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await receiver.start()
    await emit(hub, "before")
    await publish(hub, monkeypatch, connection(receiver.port))
    await sinks.send(hub, opened)
    await emit(hub, "1", "2")
    await emit(hub, "from-outside", instance=None)
    await emit(hub, "other", type="org.example.other.v1")
    for _ in range(2):
        await sinks.send(hub, opened)
    assert receiver.ids == ["1", "2"]
    headers, body = receiver.received[0]
    assert headers["content-type"] == "application/cloudevents+json"
    assert body == EVENT
    (view,) = await sinks.list_sinks(hub, boss)
    assert (view.connection, view.waiting, view.failures, view.refused) == ("monitor", 0, 0, 0)


async def test_binary_mode_has_the_attributes_in_headers(
    hub: Hub, opened: Connections, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await receiver.start()
    await publish(hub, monkeypatch, connection(receiver.port, "binary"))
    await sinks.send(hub, opened)
    await emit(hub, "1", subject="año 1")
    await sinks.send(hub, opened)
    ((headers, body),) = receiver.received
    assert (headers["ce-id"], headers["ce-type"], headers["ce-specversion"]) == ("1", EVENT["type"], "1.0")
    assert headers["ce-subject"] == "a%C3%B1o%201"
    assert (headers["content-type"], body) == ("application/json", {"n": 1})


async def test_receiver_that_is_down_gets_everything_when_it_is_back(
    hub: Hub, opened: Connections, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(hub, monkeypatch, connection(receiver.port))
    await sinks.send(hub, opened)
    await emit(hub, "1", "2", "3")
    await sinks.send(hub, opened)
    await sinks.send(hub, opened)
    (view,) = await sinks.list_sinks(hub, boss)
    # The second look came in the pause after the first failure.
    assert (view.waiting, view.failures) == (3, 1)
    assert "could not be reached" in view.problem
    await receiver.start()
    receiver.status = 503
    await due(hub)
    await sinks.send(hub, opened)
    assert (await sinks.list_sinks(hub, boss))[0].failures == 2
    receiver.status = 200
    await due(hub)
    await sinks.send(hub, opened)
    assert receiver.ids == ["1", "2", "3"]
    (view,) = await sinks.list_sinks(hub, boss)
    assert (view.waiting, view.failures, view.problem) == (0, 0, "")


async def test_what_is_refused_is_set_aside_and_the_others_go_on(
    hub: Hub, opened: Connections, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await receiver.start()
    await publish(hub, monkeypatch, connection(receiver.port))
    await sinks.send(hub, opened)
    receiver.status = 400
    await emit(hub, "1")
    await sinks.send(hub, opened)
    receiver.status = 200
    await emit(hub, "2")
    await sinks.send(hub, opened)
    assert receiver.ids == ["2"]
    (view,) = await sinks.list_sinks(hub, boss)
    assert (view.refused, len(view.lately)) == (1, 1)
    assert "400" in view.lately[0].problem


async def test_wrong_login_keeps_the_events_until_it_is_mended(
    hub: Hub, opened: Connections, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await receiver.start()
    await publish(hub, monkeypatch, connection(receiver.port))
    monkeypatch.setenv("CAUCE_SECRET_MONITOR_TOKEN", "wrong")
    await sinks.send(hub, opened)
    await emit(hub, "1")
    await sinks.send(hub, opened)
    (view,) = await sinks.list_sinks(hub, boss)
    assert (view.waiting, view.failures, view.refused) == (1, 1, 0)


async def test_replicas_send_everything_once(
    hub: Hub, opened: Connections, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await receiver.start()
    await publish(hub, monkeypatch, connection(receiver.port))
    await sinks.send(hub, opened)
    ids = [str(number) for number in range(15)]
    await emit(hub, *ids)
    for _ in range(2):
        async with sinks.sending(hub, Meter()):
            await sinks.send(hub, opened)
            for _ in range(1000):
                if len(receiver.ids) >= len(ids):
                    break
                await asyncio.sleep(0.01)
            await sinks.send(hub, opened)
    assert sorted(receiver.ids, key=int) == ids


async def test_connection_that_cannot_carry_events_is_refused(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DefinitionError) as caught:
        await publish(hub, monkeypatch, connection(1, kind="echo"))
    assert "unsupported" in {one.code for one in findings_of(caught.value)}
    with pytest.raises(DefinitionError, match="unknown-operation"):
        await publish(hub, monkeypatch, connection(1).replace("operation: take", "operation: tkae"))


def test_lifecycle_events_go_out_only_where_they_are_named() -> None:
    kind = "io.serverlessworkflow.workflow.completed.v1"
    assert not is_wanted(["*"], kind)
    assert is_wanted(["io.serverlessworkflow.workflow.*"], kind)
    assert is_wanted(["*"], "com.example.x")
    assert not is_wanted(["com.example.y"], "com.example.x")


def test_data_that_is_no_json_goes_as_it_is() -> None:
    event = {**EVENT, "data": None, "data_base64": "aGk=", "datacontenttype": "image/png"}
    assert message(event, "binary")["headers"]["Content-Type"] == "image/png"


async def test_alerts_go_to_whoever_names_them_and_to_nobody_else(
    hub: Hub, opened: Connections, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await receiver.start()
    await publish(hub, monkeypatch, connection(receiver.port, types="dev.cauce.alert.*"))
    await sinks.send(hub, opened)
    await emit(hub, "1-raised", instance=None, source="/cauce/alerts", type="dev.cauce.alert.raised.v1")
    await emit(hub, "2-raised", instance=None, source="/elsewhere", type="dev.cauce.alert.raised.v1")
    await sinks.send(hub, opened)
    assert receiver.ids == ["1-raised"]
    assert not is_wanted(["*", "dev.*"], "dev.cauce.alert.raised.v1")
