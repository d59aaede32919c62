"""Drift of contracts: a shop whose OpenAPI document changes, and what that touches."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cauce.contract import SWEEP, upkeep_queue
from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from cauce.services import instances, upkeep
from cauce.services.drift import cases
from cauce.services.drift.cases import Drift
from cauce.services.hub import Hub
from cauce.serving import BUILD
from cauce.store import audit, drift, events
from tests.integration.services.conftest import ana, auditor, boss, publish

pytestmark = pytest.mark.usefixtures("closed_sessions")

JSON = Any
ORDER: JSON = {
    "type": "object",
    "required": ["number", "state"],
    "properties": {"number": {"type": "string"}, "state": {"enum": ["open", "sent"]}, "total": {"type": "number"}},
}
SENT: JSON = {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}}}
CONNECTION = """\
connection: shop
kind: http
owner: sales-it
settings: {base_url: 'URL', openapi: /openapi.json, timeout: PT5S}
operations:
  find-order: {calls: 'GET /orders/{id}', effect: read, response: '{number: .number, amount: .total}'}
  create-order:
    {calls: POST /orders, effect: write, request: '{body: {sku: .sku}}', idempotency: {key: .sku, find: find-order}}
"""
PROCESS = """\
document: {dsl: '1.0.3', namespace: sales, name: order, version: 1.0.0}
do:
  - place: {call: create-order@shop, with: {sku: A}, metadata: {cauce: {compensate: {call: find-order@shop}}}}
  - rest: {wait: PT1H}
"""
SYNC = """\
sync: orders
schedule: {every: PT1H}
source: {call: find-order@shop, key: .number, cursor: {by: hash}}
mapping: '{sku: .number}'
target: {upsert: create-order@shop}
deletes: {call: create-order@shop}
back:
  source: {call: find-order@shop, key: .number}
  mapping: '{sku: .number}'
  target: {upsert: create-order@shop}
"""
LATER = """\
document: {dsl: '1.0.3', namespace: sales, name: order, version: 2.0.0}
do:
  - rest: {wait: PT1H}
"""


class Shop:
    """A shop that describes itself; `order` and `sent` are what its contract says of answers and requests."""

    def __init__(self) -> None:
        self.order, self.sent, self.paths, self.url = ORDER, SENT, True, ""

    async def describe(self, _: web.Request) -> web.Response:
        answer = {"200": {"content": {"application/json": {"schema": self.order}}}}
        body = {"required": True, "content": {"application/json": {"schema": self.sent}}}
        where = [{"name": "number", "in": "path", "required": True, "schema": {"type": "string"}}]
        paths: JSON = {"/orders/{number}": {"get": {"parameters": where, "responses": answer}}}
        if self.paths:
            paths["/orders"] = {"post": {"requestBody": body, "responses": answer}}
        return web.json_response({"openapi": "3.1.0", "info": {"title": "Shop", "version": "1"}, "paths": paths})

    async def create(self, _: web.Request) -> web.Response:
        return web.json_response({"number": "1", "state": "open", "total": 3})


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    one = Shop()
    app = web.Application()
    app.router.add_get("/openapi.json", one.describe)
    app.router.add_post("/orders", one.create)
    async with TestServer(app) as server:
        one.url = str(server.make_url("")).rstrip("/")
        yield one


def told(found: Drift) -> list[tuple[str, str, str, bool]]:
    assert found.case is not None
    return [(each.operation, each.path, each.what, each.breaking) for each in found.case.changes]


async def notices(hub: Hub) -> list[JSON]:
    async with hub.store.read() as db:
        return [row.document["data"] for row in await events.page(db, type_=cases.EVENT)]


async def test_what_changed_becomes_a_case_with_all_that_it_touches(lonely_hub: Hub, shop: Shop) -> None:
    hub = lonely_hub
    await publish(hub, CONNECTION.replace("URL", shop.url), PROCESS, SYNC)
    assert (await cases.look(hub, boss, "shop")).case is None
    shop.order = ORDER | {"properties": ORDER["properties"] | {"total": {"type": "string"}, "note": {"type": "string"}}}
    found = await cases.look(hub, boss, "shop")
    assert found.case is not None
    assert (found.owner, found.case.breaking, found.case.state) == ("sales-it", True, "open")
    assert told(found)[:2] == [
        ("create-order", "total", "type", True),
        ("find-order", "total", "type", True),
    ]
    assert [(each.operation, each.part, each.how) for each in found.case.mappings] == [
        ("create-order", "response", "as a whole"),
        ("find-order", "response", "by name"),
    ]
    assert [(each.definition, each.tasks) for each in found.case.definitions] == [
        ("sales.order", ("/do/0/place",)),
        ("orders", ("/source/call", "/target/upsert", "/deletes/call", "/back/source/call", "/back/target/upsert")),
    ]
    assert found.case.problem == "Temporal does not answer."
    (notice,) = await notices(hub)
    assert (notice["connection"], notice["owner"], notice["breaking"]) == ("shop", "sales-it", True)
    assert notice["definitions"] == ["sales.order", "orders"]
    assert await cases.states(hub, ana) == {"shop": "breaking"}


async def test_a_case_is_told_once_for_each_thing_that_is_found(lonely_hub: Hub, shop: Shop) -> None:
    hub = lonely_hub
    await publish(hub, CONNECTION.replace("URL", shop.url))
    await cases.look(hub, boss, "shop")
    shop.sent = SENT | {"properties": SENT["properties"] | {"lang": {"type": "string"}}}
    first = await cases.look(hub, boss, "shop")
    assert first.case is not None
    assert not first.case.breaking
    assert first.case.mappings == ()
    await cases.acknowledge(hub, boss, "shop", first.case.number)
    again = await cases.look(hub, boss, "shop")
    assert again.case is not None
    assert (again.case.number, again.case.state, len(await notices(hub))) == (first.case.number, "acknowledged", 1)
    shop.sent = SENT | {"required": ["sku", "lang"], "properties": SENT["properties"] | {"lang": {"type": "string"}}}
    more = await cases.look(hub, boss, "shop")
    assert more.case is not None
    assert (more.case.number, more.case.state, more.case.breaking) == (first.case.number, "open", True)
    assert [(each.part, each.path, each.how) for each in more.case.mappings] == [("request", "body.lang", "missing")]
    assert len(await notices(hub)) == 2
    shop.sent = SENT
    back = await cases.look(hub, boss, "shop")
    assert back.case is None
    assert [each.state for each in back.settled] == ["over"]


async def test_what_was_accepted_is_what_is_agreed(lonely_hub: Hub, shop: Shop) -> None:
    hub = lonely_hub
    await publish(hub, CONNECTION.replace("URL", shop.url))
    await cases.look(hub, boss, "shop")
    shop.paths = False
    found = await cases.look(hub, boss, "shop")
    assert told(found) == [("create-order", "", "gone", True)]
    assert found.case is not None
    with pytest.raises(InputError, match="takes a reason"):
        await cases.accept(hub, boss, "shop", found.case.number, " ")
    with pytest.raises(ForbiddenError):
        await cases.accept(hub, auditor, "shop", found.case.number, "because")
    with pytest.raises(NotFoundError):
        await cases.accept(hub, boss, "shop", 99, "because")
    accepted = await cases.accept(hub, boss, "shop", found.case.number, "nobody uses it")
    assert accepted.case is None
    assert [(each.state, each.decided_by, each.reason) for each in accepted.settled] == [
        ("accepted", "boss", "nobody uses it")
    ]
    with pytest.raises(ConflictError, match="settled"):
        await cases.accept(hub, boss, "shop", found.case.number, "again")
    assert (await cases.look(hub, boss, "shop")).case is None
    async with hub.store.read() as db:
        assert [row.action for row in await audit.entries(db, subject="shop")][:1] == ["drift.accept"]


async def test_a_system_that_cannot_be_reached_has_not_drifted(lonely_hub: Hub, shop: Shop) -> None:
    hub = lonely_hub
    await publish(hub, CONNECTION.replace("URL", shop.url))
    first = await cases.look(hub, boss, "shop")
    await publish(hub, CONNECTION.replace("URL", "http://127.0.0.1:1"))
    second = await cases.look(hub, boss, "shop")
    assert (second.case, second.read_at) == (None, first.read_at)
    assert "127.0.0.1" in second.problem


async def test_an_operation_that_calls_something_else_is_agreed_about_anew(lonely_hub: Hub, shop: Shop) -> None:
    hub = lonely_hub
    await publish(hub, CONNECTION.replace("URL", shop.url))
    await cases.look(hub, boss, "shop")
    shop.order = ORDER | {"required": ["number"]}
    await publish(hub, CONNECTION.replace("URL", shop.url).replace("GET /orders/", "HEAD /orders/"))
    assert {each[0] for each in told(await cases.look(hub, boss, "shop"))} == {"create-order"}


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_published_contracts_are_read_by_themselves(hub: Hub, shop: Shop) -> None:
    await publish(hub, CONNECTION.replace("URL", shop.url), PROCESS)
    await publish(hub, LATER)
    known = await cases.show(hub, boss, "shop")
    async with upkeep.upkeep_worker(hub, BUILD):
        await upkeep.Upkeep(hub).look(thorough=True)
        for _ in range(200):
            if known.read_at:
                break
            await asyncio.sleep(0.1)
            known = await cases.show(hub, boss, "shop")
        # The same worker looks through files that nobody sent: here are none.
        queue = upkeep_queue(hub.task_queue)
        await hub.temporal.execute_workflow(SWEEP, id=f"{upkeep.UNUSED_FILES}/now", task_queue=queue)
    assert (known.case, known.problem) == (None, "")
    running = await instances.start(hub, ana, "sales.order", {}, version="1.0.0")
    shop.paths = False
    await upkeep.UpkeepActivities(hub).read_contract("shop")
    found: list[tuple[str, str]] = []
    for _ in range(100):
        # What Temporal lists it knows a moment later.
        case = (await cases.show(hub, boss, "shop")).case
        assert case is not None
        if found := [(each.id, each.version) for each in case.instances]:
            break
        await asyncio.sleep(0.1)
    assert found == [(running.id, "1.0.0")]
    schedule = await hub.temporal.get_schedule_handle(upkeep.DRIFT).describe()
    assert [each.every.total_seconds() for each in schedule.schedule.spec.intervals] == [24 * 3600]
    async with hub.store.read() as db:
        assert await drift.versions(db) == {"shop": "1"}
