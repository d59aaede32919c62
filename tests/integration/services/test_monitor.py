"""What a call leaves behind: a trace at the other system, in spans and in the log, and figures in the store."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from cauce import correlation, tracing
from cauce.correlation import Correlation
from cauce.logging import RedactingFilter
from cauce.metering import Meter
from cauce.services import events, exposition, instances, monitor
from cauce.services.hub import Hub
from cauce.services.monitoring import handing_over
from cauce.settings import Settings
from tests.integration.services.conftest import auditor, boss, publish, put_process
from tests.servers.processes import free_port

CONNECTION = """
connection: shop
kind: http
settings: {{base_url: 'http://127.0.0.1:{port}'}}
operations:
  fine: {{calls: GET /fine, effect: read}}
  busy: {{calls: GET /busy, effect: read}}
"""
PROCESS = """
document: {{dsl: '1.0.3', namespace: {namespace}, name: sell, version: 1.0.0}}
schedule: {{on: {{one: {{with: {{type: com.example.came}}}}}}}}
do:
  - good: {{call: fine@shop, with: {{}}}}
  - bad: {{try: [{{ask: {{call: busy@shop, with: {{}}}}}}], catch: {{do: [{{forget: {{set: {{it: gone}}}}}}]}}}}
"""
given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
trace_id = given.split("-")[1]


@dataclass
class Outside:
    """A system with one path that works and one that does not, and a collector of spans."""

    port: int
    requests: list[Any] = field(default_factory=list)
    spans: list[Any] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append(dict(request.headers))
        return web.json_response({"secret": "of the customer"}, status=503 if "busy" in request.path else 200)

    async def collect(self, request: web.Request) -> web.Response:
        read = ExportTraceServiceRequest.FromString(await request.read())
        self.spans += [each for one in read.resource_spans for two in one.scope_spans for each in two.spans]
        return web.Response()


@pytest.fixture
def store_url(tmp_path: object) -> str:
    return f"sqlite:///{tmp_path}/monitor.db"


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    peer = Outside(free_port())
    app = web.Application()
    app.router.add_post("/v1/traces", peer.collect)
    app.router.add_get("/{path}", peer.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", peer.port).start()
    yield peer
    await runner.cleanup()


@pytest.fixture
async def exporting(settings: Settings, outside: Outside) -> AsyncIterator[None]:
    tracing.set_up(settings.model_copy(update={"otlp_endpoint": f"http://127.0.0.1:{outside.port}"}), "test")
    yield
    await asyncio.to_thread(tracing.shut_down)


@pytest.fixture
def lines() -> Iterator[list[logging.LogRecord]]:
    kept: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = kept.append  # type: ignore[method-assign,assignment]  # a handler that keeps
    handler.addFilter(RedactingFilter())
    logging.getLogger().addHandler(handler)
    yield kept
    logging.getLogger().removeHandler(handler)


async def until_done(hub: Hub, instance: str) -> str:
    for _ in range(200):
        detail = await instances.instance(hub, boss, instance)
        if detail.summary.closed_at:
            return detail.summary.status
        await asyncio.sleep(0.05)
    pytest.fail("the instance did not end")


@pytest.mark.usefixtures("exporting", "worker")
async def test_a_call_is_seen_by_the_other_system_in_spans_and_in_the_log(
    hub: Hub, outside: Outside, lines: list[logging.LogRecord]
) -> None:
    namespace = f"n{uuid4().hex[:8]}"
    await publish(hub, CONNECTION.format(port=outside.port), PROCESS.format(namespace=namespace))
    event = {"id": "1", "source": "/test", "type": "com.example.came", "subject": "7", "traceparent": given}
    (caused,) = (await events.receive(hub, boss, event)).caused
    assert await until_done(hub, caused.instance) == "completed"
    await asyncio.to_thread(tracing.shut_down)
    for headers in outside.requests[:2]:
        assert headers["X-Correlation-ID"] == caused.instance == f"{namespace}.sell/7"
        assert correlation.read(headers["traceparent"]).trace_id == trace_id  # type: ignore[union-attr]
    mine = [each for each in outside.spans if each.trace_id.hex() == trace_id]
    by_name = {each.name: each for each in mine}
    (called,) = [each for each in mine if each.span_id == by_name["fine@shop"].parent_span_id]
    assert called.name == "call-operation"
    assert called.parent_span_id == by_name[f"start {namespace}.sell"].span_id
    assert by_name[f"start {namespace}.sell"].parent_span_id.hex() == given.split("-")[2]
    assert outside.requests[0]["traceparent"].split("-")[2] == by_name["fine@shop"].span_id.hex()
    noted = {each.key: each.value.string_value for each in by_name["busy@shop"].attributes}
    assert (noted["cauce.instance"], noted["cauce.operation"]) == (caused.instance, "busy")
    assert noted["error.type"] == "transient"
    (line,) = [vars(each) for each in lines if "busy@shop failed" in each.getMessage()]
    assert (line["instance"], line["task"].endswith("/ask"), line["trace"]) == (caused.instance, True, trace_id)
    assert "customer" not in str(line)


async def test_figures_of_calls_are_shown_once_their_process_ends(hub: Hub, outside: Outside) -> None:
    meter = Meter()
    async with handing_over(hub.store, meter, every_s=0.01):
        meter.note("connection", "erp", "find", "done", took_ms=30.0)
        for _ in range(200):
            if await monitor.lines(hub, auditor):
                break
            await asyncio.sleep(0.01)
        meter.note("connection", "erp", "find", "failed", took_ms=70.0)
        meter.note("connection", "erp", "find", "rejected")
        meter.note("sync", "customers", "", "done", items=50, rejected=5, lag_ms=90_000)
    await publish(hub, CONNECTION.format(port=outside.port))
    for window in monitor.windows:
        erp, shop, sync = await monitor.lines(hub, auditor, window)
        assert (erp.operation, erp.calls, erp.failed, erp.rejected) == ("find", 3, 1, 1)
        assert (erp.error_rate, erp.reject_rate, erp.slowest_ms) == (1 / 3, 1 / 3, 70.0)
        assert sum(point.calls for point in erp.series) == 3
        assert erp.fresh_s is not None
        assert (shop.name, shop.calls, shop.error_rate, shop.p95_ms, shop.fresh_s) == ("shop", 0, None, None, None)
        assert (sync.subject, sync.items, sync.reject_rate, sync.lag_ms) == ("sync", 50, 0.1, 90_000)
    assert [each.name for each in await monitor.lines(hub, auditor, connection="erp")] == ["erp"]
    text = (await exposition.text(hub)).decode()
    about = 'name="erp",operation="find",subject="connection"'
    assert f"cauce_calls_total{{{about}}} 3.0" in text
    assert f'cauce_call_duration_seconds_bucket{{le="0.05",{about}}} 1.0' in text
    assert f"cauce_call_duration_seconds_sum{{{about}}} 0.1" in text
    assert "cauce_last_success_timestamp_seconds{" in text


async def test_figures_wait_for_a_store_that_is_away(lonely_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    meter = Meter()
    meter.note("connection", "erp", "find", "done", took_ms=30.0)
    async with lonely_hub.store.transaction() as db:
        await db.connection()
    monkeypatch.setattr(lonely_hub.store, "transaction", _away)
    async with handing_over(lonely_hub.store, meter, every_s=10):
        pass
    monkeypatch.undo()
    async with handing_over(lonely_hub.store, meter, every_s=10):
        pass
    (erp,) = await monitor.lines(lonely_hub, auditor)
    assert erp.calls == 1


def _away() -> None:
    from cauce.errors import TransientError  # noqa: PLC0415 - only here

    raise TransientError("The store is away.")


async def test_a_trace_begins_where_somebody_starts_one(hub: Hub) -> None:
    namespace = f"n{uuid4().hex[:8]}"
    await put_process(hub, namespace)
    with correlation.within(Correlation(correlation.read(given))):  # type: ignore[arg-type]  # it is one
        told = await instances.start(hub, boss, f"{namespace}.lead", {}, key="1")
    quiet = await instances.start(hub, boss, f"{namespace}.lead", {}, key="2")
    headers = []
    for each in (told, quiet):
        async for one in hub.temporal.get_workflow_handle(each.id).fetch_history_events():
            headers.append(one.workflow_execution_started_event_attributes.header.fields)
            break
    assert trace_id.encode() in headers[0]["cauce-trace"].data
    assert "cauce-trace" not in headers[1]
