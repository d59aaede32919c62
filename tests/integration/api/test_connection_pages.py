"""The page of a connection, its certification on page, REST and paper, and importing one by plain forms."""

import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from fastapi import FastAPI

from cauce.errors import TransientError
from cauce.http import close_sessions
from cauce.services import certification, definitions, upkeep
from cauce.services.hub import Actor, Hub
from cauce.serving import BUILD
from cauce.temporal import connect
from schemas import load_yaml
from tests.integration.api.conftest import Browser
from tests.servers.temporal import TemporalServer

WSDL = Path(__file__).parents[2] / "connectors" / "soap_node" / "warehouse.wsdl"
boss = Actor("boss", frozenset({"admin"}))
spanish = {"accept-language": "es"}
shop = """\
connection: shop
kind: http
title: {en: The shop, es: La tienda}
implements: [stock]
certification: {environment: test, data: {sku: P1}}
settings: {base_url: 'URL', timeout: PT5S}
operations:
  stock-level: {calls: GET /stock, effect: read}
"""
document = """\
openapi: 3.0.0
info: {title: Warehouse, version: '1'}
servers: [{url: 'http://warehouse.example'}]
paths:
  /stock/{sku}:
    get:
      operationId: getStock
      summary: What is there
      parameters: [{name: sku, in: path, required: true, schema: {type: string, example: P1}}]
      responses:
        '200':
          description: Fine
          content: {application/json: {schema: {type: object, properties: {available: {type: integer}}}}}
  /count:
    get: {operationId: count, responses: {'200': {description: Fine}}}
"""


@pytest.fixture
async def igor(anonymous: httpx.AsyncClient) -> Browser:
    return await Browser(anonymous).log_in("igor")


@pytest.fixture
async def stock(hub: Hub) -> AsyncIterator[None]:
    async def level(_: web.Request) -> web.Response:
        return web.json_response({"available": 7, "nextArrival": None})

    app = web.Application()
    app.router.add_get("/stock", level)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    text = shop.replace("URL", f"http://127.0.0.1:{port}")
    await definitions.publish(hub, boss, [load_yaml(text, "shop.yaml")])
    yield
    await close_sessions()
    await runner.cleanup()


async def send(browser: Browser, **fields: str | list[str] | tuple[str, bytes]) -> httpx.Response:
    """Send the form of the import page, as a browser does."""
    parts: list[tuple[str, tuple[str | None, str | bytes]]] = [("csrf", (None, await browser.token()))]
    for name, value in fields.items():
        values = value if isinstance(value, list) else [value]
        parts += [(name.replace("__", ":"), each if isinstance(each, tuple) else (None, each)) for each in values]
    return await browser.client.post("/connections/import", files=parts)


def text_in(page: httpx.Response) -> str:
    found = re.search(r'<textarea[^>]* id="text"[^>]*>\n(.*?)</textarea>', page.text, re.DOTALL)
    assert found
    return html.unescape(found[1])


@pytest.mark.usefixtures("stock")
async def test_a_connection_has_a_page_with_what_it_does_and_how_good_it_is(igor: Browser) -> None:
    page = (await igor.get("/connections/shop")).text
    assert "GET /stock" in page
    assert "8 of 8 quality rules" in page
    assert "not certified" in page
    assert "Certify it now" in page
    assert "La tienda" in (await igor.get("/connections/shop", headers=spanish)).text
    assert (await igor.get("/connections/nothing")).status_code == 404


@pytest.fixture
async def on_temporal(app: FastAPI, hub: Hub, temporal_server: TemporalServer) -> Hub:
    """Give the pages a Temporal that answers."""
    client = await connect(temporal_server.address, hub.store, namespace=temporal_server.namespace)
    app.state.hub = replace(hub, temporal=client)
    found: Hub = app.state.hub
    return found


@pytest.mark.usefixtures("stock")
async def test_a_worker_certifies_what_the_page_asks_for_and_it_is_told_as_json_and_pdf(
    igor: Browser, on_temporal: Hub
) -> None:
    address = "/api/v1/connections/shop/certification"
    answer = await igor.post("/connections/shop/certify")
    assert answer.headers["location"] == "/connections/shop?done=certifying#certification"
    page = (await igor.get(answer.headers["location"])).text
    assert "It is being tried: 0 of 1 capabilities are done." in page
    assert "Certify it now" not in page
    again = await igor.client.post(address, json={}, headers={"x-csrf-token": await igor.token("/connections/import")})
    assert (again.status_code, "is being certified already" in again.text) == (409, True)
    async with upkeep.upkeep_worker(on_temporal, BUILD):
        await on_temporal.temporal.get_workflow_handle("cauce-certify/shop").result()
    report = (await igor.get(address)).json()
    assert (report["run"]["state"], report["run"]["done"], report["run"]["by"]) == ("done", 1, "igor")
    (stock,) = report["certificates"]
    assert (report["version"], stock["capability"], stock["version"], stock["by"]) == ("1", "stock", "1", "igor")
    page = (await igor.get("/connections/shop")).text
    assert stock["checks"][0]["sentence"] in html.unescape(page)
    assert "Certify it now" in page
    pdf = await igor.get(f"{address}.pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF-")
    assert pdf.content == (await igor.get(f"{address}.pdf")).content


@pytest.mark.usefixtures("stock")
async def test_a_program_is_told_where_to_look_and_why_a_certification_was_stopped(
    igor: Browser, on_temporal: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "/api/v1/connections/shop/certification"
    token = {"x-csrf-token": await igor.token("/connections/import")}
    started = await igor.client.post(address, json={"capabilities": ["stock"]}, headers=token)
    assert (started.status_code, started.headers["location"]) == (202, address)
    assert (started.json()["run"]["state"], started.json()["run"]["now"]) == ("running", "stock")

    async def gone(*_: object, **__: object) -> None:
        raise TransientError("The shop is closed.", hint="Wait.")

    monkeypatch.setattr(certification, "certify", gone)
    async with upkeep.upkeep_worker(on_temporal, BUILD):
        await on_temporal.temporal.get_workflow_handle("cauce-certify/shop").result()
    run = (await igor.get(address)).json()["run"]
    assert (run["state"], run["done"], run["now"]) == ("stopped", 0, "")
    assert "stock: The shop is closed." in run["problem"]
    assert "The last run was stopped" in (await igor.get("/connections/shop")).text


@pytest.mark.usefixtures("stock")
async def test_certifying_takes_an_integrator_and_says_why_it_cannot(ana: Browser) -> None:
    assert "Certify it now" not in (await ana.get("/connections/shop")).text
    assert (await ana.post("/connections/shop/certify")).status_code == 403
    assert (await ana.get("/connections/import")).status_code == 403
    assert (await ana.post("/connections/import", {"do": "read"})).status_code == 403
    igor = await Browser(ana.client).log_in("igor")
    refused = await igor.post("/connections/erp/certify")
    assert (refused.status_code, "does not say that it is a test system" in refused.text) == (409, True)


async def test_an_uploaded_document_becomes_a_connection_step_by_step(igor: Browser, hub: Hub) -> None:
    page = await send(igor, do="read", name="", source="", file=("warehouse.yaml", document.encode()))
    assert page.status_code == 200
    assert "2 of 2 operations" in page.text
    assert html.unescape(page.text).count('name="operation"') == 2
    assert "The document names no login" in page.text
    assert "&#34;sku&#34;: " in page.text
    text = text_in(page)
    page = await send(igor, do="choose", text=text, operation=["get-stock"], effect__get_stock="x")
    chosen = text_in(page)
    assert list(load_yaml(chosen, "c.yaml").data["operations"]) == ["get-stock"]
    assert "1 of 2 operations that are declared there." in chosen
    download = await send(igor, do="download", text=chosen)
    assert download.headers["content-disposition"] == 'attachment; filename="warehouse.yaml"'
    assert download.text == chosen
    published = await send(igor, do="publish", text=chosen)
    assert published.headers["location"] == "/connections/warehouse?done=published"
    assert (await definitions.definition(hub, "warehouse", kind="connection")).published_by == "igor"
    again = await send(igor, do="check", text=chosen)
    assert "There is a connection of this name, in version 1." in again.text


async def test_an_effect_is_what_a_person_says_and_comments_stay_with_their_operation(igor: Browser) -> None:
    text = (
        "connection: c\nkind: http\nsettings: {base_url: 'http://a.example'}\noperations:\n"
        "  # Decide: about one\n  one:\n    calls: GET /\n    effect: read\n"
        "  # Decide: about two\n  two:\n    calls: GET /\n    effect: read\n"
        "limits: {concurrency: 2}\n"
    )
    parts = {"do": "choose", "text": text, "operation": "two", "effect__two": "write"}
    chosen = text_in(await send(igor, **parts))
    assert "about one" not in chosen
    assert "  # Decide: about two\n  two:\n    calls: GET /\n    effect: write\nlimits:" in chosen
    kept = text_in(await send(igor, do="choose", text=text, operation="one"))
    assert kept.endswith(
        "  # Decide: about one\n  one:\n    calls: GET /\n    effect: read\nlimits: {concurrency: 2}\n"
    )
    none = await send(igor, do="choose", text=text)
    assert (none.status_code, "No operation is chosen." in none.text, text_in(none)) == (422, True, text)


WRONG: list[tuple[dict[str, str | tuple[str, bytes]], int, str]] = [
    ({"do": "read", "source": "/etc/passwd"}, 422, "neither an address nor the settings of a database"),
    ({"do": "read", "source": "http://user:pass@a.example/"}, 422, "password"),
    ({"do": "read", "file": ("x.sqlite", b"SQLite format 3\0...")}, 422, "A database is not uploaded."),
    ({"do": "read", "file": ("../../x.wsdl", b"<a/>")}, 422, "neither a WSDL nor an OpenAPI document"),
    ({"do": "read", "name": "No Name", "file": ("x.yaml", b"openapi: 3.0.0")}, 422, "cannot be the name"),
    ({"do": "check", "text": "form: x"}, 422, "This is not the file of a connection."),
    ({"do": "check", "text": "a: [b"}, 200, "closing"),
    (
        {"do": "publish", "text": "connection: x\nkind: nothing\noperations: {a: {calls: b, effect: read}}"},
        422,
        "no connector of kind",
    ),
]


async def test_what_cannot_be_imported_is_said(igor: Browser) -> None:
    for fields, status, said in WRONG:
        page = await send(igor, **fields)
        assert (page.status_code, said in html.unescape(page.text)) == (status, True), (fields, page.text)


async def test_an_environment_that_keeps_to_itself_is_kept_to(igor: Browser, hub: Hub, app: object) -> None:
    hub.settings.__dict__["allow_private_http"] = False
    page = await send(igor, do="read", source="http://127.0.0.1:9/x?wsdl")
    assert (page.status_code, "private address" in page.text) == (502, True)
    page = await send(igor, do="read", source="Driver=sqlite;Database=/etc/x.db")
    assert page.status_code == 403


async def test_what_an_environment_allows_is_fetched_by_its_own_rules(igor: Browser, hub: Hub) -> None:
    async def served(request: web.Request) -> web.Response:
        return web.Response(body=WSDL.read_bytes() if "wsdl" in request.query_string else document.encode())

    app = web.Application()
    app.router.add_get("/shop", served)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hub.settings.__dict__["allow_private_http"] = False
    hub.settings.__dict__["stand_ins"] = {"docs.example": f"http://127.0.0.1:{runner.addresses[0][1]}"}
    page = await send(igor, do="read", source="http://docs.example/shop", name="warehouse")
    assert load_yaml(text_in(page), "c.yaml").data["settings"]["base_url"] == "http://warehouse.example"
    page = await send(igor, do="read", source="http://docs.example/shop?wsdl,%231")
    assert load_yaml(text_in(page), "c.yaml").data["settings"]["wsdl"] == "http://docs.example/shop?wsdl,%231"
    await close_sessions()
    await runner.cleanup()
