"""Calls done by hand: what the ledger knows of them, and what the system has later."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from temporalio.testing import ActivityEnvironment

from activities.by_hand import ByHandActivities
from activities.connections import Connections
from activities.operation import OperationActivities
from cauce.contract import ByHand, OperationCall
from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from cauce.services import by_hand
from cauce.services.hub import Hub
from cauce.store import ledger
from tests.integration.services.conftest import ana, auditor, boss, publish

pytestmark = pytest.mark.usefixtures("closed_sessions")

JSON = Any
CONNECTION = """\
connection: shop
kind: http
settings: {base_url: 'URL', timeout: PT2S}
operations:
  order: {calls: POST /orders, effect: write, idempotency: {key: .id, find: find}}
  find: {calls: 'GET /orders/{id}', effect: read}
  blind: {calls: POST /orders, effect: write, idempotency: {key: .id}}
"""


class Shop:
    """Has orders, and counts those that were sent."""

    def __init__(self) -> None:
        self.orders: dict[str, JSON] = {}
        self.sent, self.url = 0, ""

    async def find(self, request: web.Request) -> web.Response:
        found = self.orders.get(request.match_info["id"])
        return web.json_response(found) if found else web.json_response({}, status=404)

    async def create(self, _: web.Request) -> web.Response:
        self.sent += 1
        return web.json_response({"number": "sent"})


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    one = Shop()
    app = web.Application()
    app.router.add_get("/orders/{id}", one.find)
    app.router.add_post("/orders", one.create)
    async with TestServer(app) as server:
        one.url = str(server.make_url("")).rstrip("/")
        yield one


def call(id_: str, operation: str = "order") -> OperationCall:
    return OperationCall("shop", operation, {"id": id_}, "sales.order/1", "/do/0/place", f"token-{id_}", effect="write")


async def done(hub: Hub, id_: str, number: JSON, operation: str = "order") -> None:
    record = ByHandActivities(hub.store).record_by_hand
    for _ in range(2):
        await record(ByHand(call(id_, operation), {"number": number}, "ana", "2026-01-02T00:00:00+00:00"))


async def states(hub: Hub) -> dict[str, tuple[str, JSON]]:
    known = ("open", "missing", "different", "confirmed", "settled")
    return {each.key: (each.state, each.found) for each in await by_hand.list_done(hub, ana, known)}


async def test_what_was_done_by_hand_is_never_sent(lonely_hub: Hub, shop: Shop) -> None:
    hub = lonely_hub
    await publish(hub, CONNECTION.replace("URL", shop.url))
    await done(hub, "A", "4711")
    opened = Connections(hub.store, hub.resolver)
    operations = OperationActivities(hub.store, opened)
    outcome = await ActivityEnvironment().run(operations.call_operation, call("A"))
    await opened.close()
    assert (outcome.output, outcome.error, shop.sent) == ({"number": "4711"}, None, 0)
    async with hub.store.read() as db:
        entry = await ledger.find(db, "shop", "order", "A")
    assert entry is not None
    assert (entry.state, entry.task) == ("by-hand", "/do/0/place")


async def test_the_system_is_asked_what_it_has(lonely_hub: Hub, shop: Shop) -> None:
    hub = lonely_hub
    await publish(hub, CONNECTION.replace("URL", shop.url))
    shop.orders = {"A": {"number": 4711, "state": "open"}, "B": {"number": "9"}}
    for id_ in ("A", "B", "C"):
        await done(hub, id_, "4711")
    await done(hub, "D", "1", "blind")
    left = await by_hand.reconcile(hub, boss)
    assert await states(hub) == {
        "A": ("confirmed", {"number": 4711, "state": "open"}),
        "B": ("different", {"number": "9"}),
        "C": ("missing", None),
        "D": ("open", None),
    }
    assert [(each.key, each.problem) for each in left if each.problem] == [
        ("D", "`blind` has no `find`, so a person has to look.")
    ]
    shop.orders["C"] = {"number": "4711"}
    await by_hand.reconcile(hub, boss)
    assert (await states(hub))["C"][0] == "confirmed"


async def test_a_system_that_is_down_is_asked_again(lonely_hub: Hub) -> None:
    hub = lonely_hub
    await publish(hub, CONNECTION.replace("URL", "http://127.0.0.1:1"))
    for id_ in ("A", "B"):
        await done(hub, id_, "4711")
    left = await by_hand.reconcile(hub, boss)
    assert [(each.state, "127.0.0.1" in each.problem) for each in left] == [("open", True), ("open", True)]


async def test_a_person_settles_with_a_reason(lonely_hub: Hub, shop: Shop) -> None:
    hub = lonely_hub
    await publish(hub, CONNECTION.replace("URL", shop.url))
    await done(hub, "A", "4711")
    (one,) = await by_hand.list_done(hub, auditor)
    with pytest.raises(InputError, match="takes a reason"):
        await by_hand.settle(hub, boss, one.id, "")
    with pytest.raises(ForbiddenError):
        await by_hand.settle(hub, auditor, one.id, "because")
    with pytest.raises(NotFoundError):
        await by_hand.settle(hub, boss, 99, "because")
    settled = await by_hand.settle(hub, boss, one.id, "It is there as 4711-B.")
    assert (settled.state, settled.settled_by, settled.reason) == ("settled", "boss", "It is there as 4711-B.")
    with pytest.raises(ConflictError, match="settled already"):
        await by_hand.settle(hub, boss, one.id, "again")
    assert await by_hand.list_done(hub, boss) == []
