"""Certification against a shop on loopback that can be good, and bad in all the ways that are looked for."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from cauce.http import close_sessions
from cauce.services import certification, connections, definitions
from cauce.services.certifying import writes
from cauce.services.certifying.checks import Certification
from cauce.services.certifying.report import markdown
from cauce.services.hub import Actor, Hub
from cauce.store import audit
from schemas import load_yaml
from tests.integration.services.conftest import auditor, boss

ORDERS = Path(__file__).parents[3] / "definitions" / "capabilities" / "orders.yaml"
integrator = Actor("igor", frozenset({"integrator"}))
connection = """\
connection: shop
kind: http
implements: [orders]
certification: {environment: test, data: {customer: C1, sku: P1}}
settings: {base_url: 'URL', timeout: PT5S}
operations:
  create-order:
    calls: POST /orders
    effect: write
    idempotency: {key: .reference, find: find-order}
    input:
      type: object
      properties: {reference: {type: string, maxLength: 70}, lines: {type: array, maxItems: 3}}
  find-order: {calls: GET /orders, effect: read}
  get-order: {calls: 'GET /orders/{number}', effect: read}
  cancel-order: {calls: 'POST /orders/{number}/cancel', effect: write}
"""


@dataclass
class Shop:
    """Takes orders; `faults` are what is wrong with it."""

    url: str = ""
    faults: set[str] = field(default_factory=set)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    unheard: set[str] = field(default_factory=set)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    largest: int = 0
    lines: int = 0

    async def create(self, request: web.Request) -> web.Response:
        order = await request.json()
        if "deaf" in self.faults and "lost-answer" in order["reference"] and order["reference"] not in self.unheard:
            self.unheard.add(order["reference"])
            await self.closing.wait()
        known = next((each for each in self.orders.values() if each["reference"] == order["reference"]), None)
        if (order["customer"], order["lines"][0]["sku"]) != ("C1", "P1") and "credulous" not in self.faults:
            return web.json_response({"code": "NO_SUCH"}, status=409)
        if known and "doubles" not in self.faults:
            return web.json_response({"code": "THERE_ALREADY"}, status=409)
        reference = order["reference"].replace("🚰", "?") if "ascii" in self.faults else order["reference"]
        self.largest = max(self.largest, len(reference))
        self.lines = max(self.lines, len(order["lines"]))
        number = f"N{len(self.orders) + 1}"
        self.orders[number] = {"number": number, "total": 1, "status": "open", "reference": reference}
        # Time for answers to be lost in.
        await asyncio.sleep(0.03)
        return web.json_response(self.orders[number])

    async def find(self, request: web.Request) -> web.Response:
        found = [each for each in self.orders.values() if each["reference"] == request.query["reference"]]
        return web.json_response(found[-1] if found and "blind" not in self.faults else None)

    async def get(self, request: web.Request) -> web.Response:
        found = self.orders.get(request.match_info["number"])
        if "inventive" in self.faults:
            found = {"number": "N1", "total": 2, "status": "open"}
        return web.json_response(found, status=200 if found else 404)

    async def cancel(self, request: web.Request) -> web.Response:
        if "sticky" in self.faults:
            return web.json_response({"code": "TOO_LATE"}, status=409)
        order = self.orders[request.match_info["number"]]
        order["status"] = "cancelled"
        return web.json_response(order)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    made, app = Shop(), web.Application()
    app.add_routes(
        [
            web.post("/orders", made.create),
            web.get("/orders", made.find),
            web.get("/orders/{number}", made.get),
            web.post("/orders/{number}/cancel", made.cancel),
        ]
    )
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[union-attr]  # noqa: SLF001 - nothing public tells
    yield made
    made.closing.set()
    await close_sessions()
    await runner.cleanup()


async def publish(hub: Hub, shop: Shop, text: str = connection) -> None:
    await definitions.publish(hub, boss, [load_yaml(text.replace("URL", shop.url), "shop.yaml")])


def results(done: Certification) -> dict[str, str]:
    """Return the result of each check; of several of one name the worst."""
    order = ["skipped", "passed", "warning", "failed"]
    found: dict[str, str] = {}
    for check in done.checks:
        key = f"{check.operation} {check.name}"
        found[key] = max(found.get(key, check.result), check.result, key=order.index)
    return found


async def test_a_good_connection_is_certified_until_it_changes(lonely_hub: Hub, shop: Shop) -> None:
    await publish(lonely_hub, shop)
    (before,) = (await connections.list_connections(lonely_hub, auditor))[0].implements
    (done,) = await certification.certify(lonely_hub, integrator, "shop")
    lost = results(done).pop("create-order lost-answer")
    assert lost in {"passed", "skipped"}  # on a machine that is busy enough every answer may come in time
    assert results(done) | {"create-order lost-answer": "passed"} == {
        "create-order create": "passed",
        "create-order read": "passed",
        "create-order find": "passed",
        "create-order repeat": "passed",
        "create-order lost-answer": "passed",
        "create-order text": "passed",
        "create-order size": "passed",
        "create-order refuse": "passed",
        "find-order unknown": "passed",
        "get-order unknown": "passed",
        "cancel-order cleanup": "passed",
    }
    assert (shop.largest, shop.lines) == (70, 3)
    assert all(done.mark in each["reference"] for each in shop.orders.values())
    assert {each["status"] for each in shop.orders.values()} == {"cancelled"}
    (after,) = (await connections.list_connections(lonely_hub, auditor))[0].implements
    assert (before.state, after.state, after.version, after.by) == ("never", "certified", "1", "igor")
    assert await certification.certified(lonely_hub, "shop", "orders")
    assert not await certification.certified(lonely_hub, "shop", "customers")
    async with lonely_hub.store.read() as db:
        assert (await audit.entries(db))[0].action == "connection.certify"
    await publish(lonely_hub, shop, connection.replace("PT5S", "PT6S"))
    ((changed,),) = [each.implements for each in await connections.list_connections(lonely_hub, auditor)]
    assert (changed.state, changed.version) == ("outdated", "1")
    assert not await certification.certified(lonely_hub, "shop", "orders")


async def test_a_bad_connection_is_not_and_every_fault_is_named(lonely_hub: Hub, shop: Shop) -> None:
    shop.faults = {"doubles", "ascii", "credulous", "inventive", "sticky"}
    await publish(lonely_hub, shop)
    (done,) = await certification.certify(lonely_hub, boss, "shop")
    told = {check.name: check.sentence for check in done.checks if check.result == "failed"}
    assert told["read"] == "`get-order` gives another total than the write did."
    assert told["repeat"] == "The same again was entered twice, and `find-order` finds the second."
    assert told["text"] == "`find-order` does not find what was written with odd signs in `reference`."
    assert told["refuse"] == "With an unknown item it was carried out."
    assert told["unknown"] == "It gave an answer, as if it were there."
    assert "N1 is still there (business TOO_LATE: " in told["cleanup"]
    assert done.mark in told["cleanup"]
    (state,) = (await connections.list_connections(lonely_hub, auditor))[0].implements
    assert state.state == "failed"
    page = markdown([done], "today")
    assert "# shop: orders\n\nNot certified: version 1 of the connection, today" in page
    assert "| create-order | refuse | **FAILED** | With an unknown item it was carried out. |" in page


async def test_what_was_not_carried_out_is_sent_again(
    lonely_hub: Hub, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "_FIND_DELAYS_S", (0.01,))
    shop.faults = {"deaf"}
    await publish(lonely_hub, shop)
    # A capability of one's own goes before the one that comes with Cauce.
    lasting = "".join(
        line for line in ORDERS.read_text(encoding="utf-8").splitlines(keepends=True) if "cleanup:" not in line
    )
    await publish(lonely_hub, shop, lasting)
    (done,) = await certification.certify(lonely_hub, boss, "shop")
    (lost,) = [check for check in done.checks if check.name == "lost-answer"]
    assert (lost.result, lost.sentence) == ("passed", "It was not carried out, and could be sent again.")
    assert {each["status"] for each in shop.orders.values()} == {"open"}
    assert (done.checks[-2].operation, done.checks[-2].result) == ("cancel-order", "skipped")
    assert done.checks[-1].result == "warning"
    assert "stays: the capability has no cleanup for it." in done.checks[-1].sentence


async def test_nothing_is_written_to_what_is_not_known_as_a_test_system(lonely_hub: Hub, shop: Shop) -> None:
    text = connection.replace("environment: test", "environment: {setting: shop-environment}")
    await publish(lonely_hub, shop, text)
    with pytest.raises(ConflictError, match="does not say that it is a test system") as refused:
        await certification.certify(lonely_hub, boss, "shop")
    assert "set `shop-environment` to test" in refused.value.hint
    assert shop.orders == {}
    (lonely_hub.settings.data_dir / "settings.json").write_text(json.dumps({"shop-environment": "test"}))
    shop.faults = {"blind"}
    (done,) = await certification.certify(lonely_hub, boss, "shop")
    assert shop.orders
    # What cannot be found again is not tried any further.
    assert results(done)["create-order find"] == "failed"
    assert "create-order repeat" not in results(done)


async def test_what_cannot_be_tried_is_refused_before_anything_is_sent(lonely_hub: Hub, shop: Shop) -> None:
    await publish(lonely_hub, shop)
    await publish(lonely_hub, shop, connection.replace(", sku: P1", "").replace(": shop\n", ": poor\n"))
    await publish(lonely_hub, shop, connection.replace("implements: [orders]\n", "").replace(": shop\n", ": plain\n"))
    for name, capabilities, error, said in (
        ("shop", ["order"], NotFoundError, "Did you mean 'orders'?"),
        ("shup", [], NotFoundError, "Did you mean 'shop'?"),
        ("plain", [], ConflictError, "implements no capability"),
        ("poor", [], InputError, "needs `sku`"),
    ):
        with pytest.raises(error) as refused:
            await certification.certify(lonely_hub, boss, name, capabilities)
        assert said in str(refused.value)
    with pytest.raises(ForbiddenError, match="may not certify connections"):
        await certification.certify(lonely_hub, auditor, "shop")
    assert shop.orders == {}
