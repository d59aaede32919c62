"""Certifying what can be entered one time only: the first run enters it, later ones find it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cauce.http import close_sessions
from cauce.services import certification, definitions
from cauce.services.hub import Hub
from schemas import load_yaml
from tests.integration.services.conftest import boss

JSON = Any
CONNECTION = """\
connection: books
kind: http
implements: [invoices]
certification: {environment: test, data: {order: A1}}
settings: {base_url: 'URL', timeout: PT5S}
operations:
  create-invoice: {calls: POST /invoices, effect: write, idempotency: {key: .reference, find: find-invoice}}
  find-invoice: {calls: GET /invoice, effect: read}
  get-invoice: {calls: 'GET /invoices/{number}', effect: read}
  list-invoices: {calls: GET /invoices, effect: read}
"""


class Books:
    """Invoices each order once; when `careless`, as often as it is told."""

    def __init__(self) -> None:
        self.invoices: list[JSON] = []
        self.careless = False

    async def create(self, request: web.Request) -> web.Response:
        given = await request.json()
        there = any(each["order"] == given["order"] for each in self.invoices)
        if given["order"] != "A1" or (there and not self.careless):
            return web.json_response({"code": "NOT_TO_BE_INVOICED"}, status=409)
        self.invoices.append({**given, "number": f"F{len(self.invoices) + 1}", "total": 7})
        return web.json_response(self.invoices[-1])

    async def find(self, request: web.Request) -> web.Response:
        name, wanted = next(iter({**request.query, **request.match_info}.items()))
        found = [each for each in self.invoices if each[name] == wanted]
        return web.json_response(found if name == "order" else found[-1] if found else None)


@pytest.fixture
async def books(lonely_hub: Hub) -> AsyncIterator[Books]:
    made, app = Books(), web.Application()
    app.add_routes([web.post("/invoices", made.create), web.get("/invoices/{number}", made.find)])
    app.add_routes([web.get("/invoices", made.find), web.get("/invoice", made.find)])
    async with TestServer(app) as server:
        text = CONNECTION.replace("URL", f"http://{server.host}:{server.port}")
        await definitions.publish(lonely_hub, boss, [load_yaml(text, "books.yaml")])
        yield made
        await close_sessions()


async def test_an_invoice_is_entered_by_the_first_certification_and_found_by_the_next(
    lonely_hub: Hub, books: Books
) -> None:
    for told in ("it can be entered one time only", "`find-invoice` finds what an earlier certification entered."):
        (done,) = await certification.certify(lonely_hub, boss, "books")
        tried = [(each.operation, each.name, each.result) for each in done.checks]
        assert tried[:4] == [("create-invoice", name, "passed") for name in ("create", "read", "find", "repeat")]
        assert ("create-invoice", "refuse", "passed") in tried
        assert (done.passed, told in done.checks[0].sentence) == (True, True)
        assert [each["reference"] for each in books.invoices] == ["cauce-cert-A1"]
    books.careless = True
    (done,) = await certification.certify(lonely_hub, boss, "books")
    (repeat,) = [each for each in done.checks if each.name == "repeat"]
    assert (repeat.result, len(books.invoices)) == ("failed", 2)
    assert "entered twice" in repeat.sentence


async def test_what_cannot_be_entered_is_said_and_nothing_else_is_tried(lonely_hub: Hub, books: Books) -> None:
    books.invoices = [{"order": "A1", "reference": "by hand", "number": "F1", "total": 7}]
    (done,) = await certification.certify(lonely_hub, boss, "books")
    (create,) = [each for each in done.checks if each.operation == "create-invoice"]
    assert (create.name, create.result) == ("create", "failed")
    assert "NOT_TO_BE_INVOICED" in create.sentence
