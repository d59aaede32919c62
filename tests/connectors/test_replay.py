"""What was recorded is replayed: the same calls give the same, with nothing changed but the address."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import zeep
from aiohttp import web
from aiohttp.test_utils import TestServer

from cauce import registry
from cauce.connection import Connection
from cauce.connector import BaseConnector, BaseSettings, Operation
from cauce.errors import AmbiguousError, BusinessError, CauceError, NotFoundError, PermanentError, RemoteError
from cauce.recording.exchanges import described
from cauce.recording.fixtures import Fixture, read
from cauce.recording.masking import Masker
from cauce.recording.rules import Rules, rules
from cauce.recording.tape import running
from cauce.services.fixtures import fixture as written
from cauce.testing.stand_in import serving
from tests.connectors.matrix import ZEEP, shows
from tests.connectors.soap_peer import Peer, Reply, envelope, fault

JSON = Any
CREATE = Operation("create", "Create", "write", timeout_s=5)
FIND = Operation("find", "Create", "read", timeout_s=5)
PING = Operation("ping", "Ping", "read", timeout_s=5)


async def take(connector: BaseConnector[Any], operation: Operation, params: JSON, found: Rules | None = None) -> JSON:
    """Return the recorded exchange of one call."""
    exchange: dict[str, JSON] = {"operation": operation.name, "request": params}
    with running() as tape:
        try:
            exchange["response"] = await connector.call(operation, params)
        except RemoteError as error:
            exchange["error"] = described(error)
    return Masker(b"k", found or Rules()).exchange({**exchange, "tookMs": 1.0, "wire": tape.wire})


def made(folder: Path, kind: str, exchanges: Sequence[JSON], **more: JSON) -> Fixture:
    """Return a fixture that went through its file."""
    head = {"recording": "taken", "connection": "it", "kind": kind, **more}
    (folder / "taken.yaml").write_text(written(head, exchanges).text, encoding="utf-8")
    return read(folder / "taken.yaml")


async def outcome(connector: BaseConnector[Any], operation: Operation, params: JSON) -> JSON:
    try:
        return await connector.call(operation, params)
    except CauceError as error:
        return type(error), getattr(error, "remote_code", ""), getattr(error, "detail", None)


@asynccontextmanager
async def opened(kind: str, **settings: JSON) -> AsyncIterator[BaseConnector[BaseSettings]]:
    class Nothing:
        def secret(self, name: str) -> str:
            raise NotFoundError(name)

        def setting(self, name: str) -> JSON:
            raise NotFoundError(name)

    async with registry.open_connection(Connection("it", kind, settings=settings), Nothing()) as connector:
        yield connector


@pytest.fixture
async def recorded(soap_peer: Peer, tmp_path: Path) -> tuple[Fixture, list[tuple[Operation, JSON, JSON]]]:
    """Return a fixture of calls of a SOAP service, with what came of each."""
    calls = [
        (CREATE, {"Reference": "1", "Lines": [{"Sku": "A", "Qty": 2, "Price": 12.5}]}, Reply()),
        (CREATE, {"Reference": "2"}, Reply(fault("Client", "no", "<code>CUSTOMER_BLOCKED</code>"), status=500)),
        (PING, "hello", Reply(envelope("<PingResponse xmlns='urn:orders'>ñ € 漢</PingResponse>"))),
        (FIND, {"Reference": "3"}, Reply(b"busy", status=503, content_type="text/plain")),
        (FIND, {"Reference": "3"}, Reply()),
    ]
    exchanges, results = [], []
    async with opened("soap", wsdl=soap_peer.wsdl_url) as connector:
        for operation, params, reply in calls:
            soap_peer.reply = reply
            exchanges.append(await take(connector, operation, params))
        for operation, params, reply in calls:
            soap_peer.reply = reply
            results.append((operation, params, await outcome(connector, operation, params)))
        documents = await connector.contract()
    return made(tmp_path, "soap", exchanges, documents=documents), results


async def test_a_soap_service_is_replayed_with_identical_results(
    recorded: tuple[Fixture, list[tuple[Operation, JSON, JSON]]],
) -> None:
    fixture, results = recorded
    assert "127.0.0.1" not in json.dumps([fixture.documents, fixture.exchanges])
    async with serving(fixture) as address, opened("soap", wsdl=f"{address}/?wsdl") as connector:
        for operation, params, wanted in results:
            assert await outcome(connector, operation, params) == wanted, (operation, params)


@shows("a recording, served as the system: WSDL, answers, faults", ZEEP, "recorded")
async def test_a_client_that_nobody_here_wrote_needs_only_another_address(
    recorded: tuple[Fixture, list[tuple[Operation, JSON, JSON]]],
) -> None:
    async with serving(recorded[0]) as address:

        def call() -> tuple[JSON, str]:
            with zeep.Client(f"{address}/?wsdl") as client:
                order = client.service.Create(Reference="1", Lines=[{"Sku": "A", "Qty": 2, "Price": "12.50"}])
                with pytest.raises(zeep.exceptions.Fault) as caught:
                    client.service.Create(Reference="1", Lines=[{"Sku": "B", "Qty": 2, "Price": "12.50"}])
            return order, str(caught.value)

        order, unknown = await asyncio.to_thread(call)
    assert order.OrderNumber == "SO-1"
    assert unknown.startswith("No recorded request of Create is like this; the nearest, number 1, differs at Lines")


async def test_an_answer_that_got_lost_gets_lost_again(soap_peer: Peer, tmp_path: Path) -> None:
    async with opened("soap", wsdl=soap_peer.wsdl_url) as connector:
        soap_peer.act = lambda _handler: None
        exchange = await take(connector, CREATE, {"Reference": "1"})
        documents = await connector.contract()
    async with (
        serving(made(tmp_path, "soap", [exchange], documents=documents)) as address,
        opened("soap", wsdl=f"{address}/?wsdl") as connector,
    ):
        assert (await outcome(connector, CREATE, {"Reference": "1"}))[0] is AmbiguousError


async def test_what_was_masked_may_be_asked_with_its_value_and_with_its_mask(soap_peer: Peer, tmp_path: Path) -> None:
    async with opened("soap", wsdl=soap_peer.wsdl_url) as connector:
        mask = rules({"mask": [{"field": "Reference"}]})
        exchange = await take(connector, CREATE, {"Reference": "Rosa Ruiz"}, mask)
        documents = await connector.contract()
    fixture = made(tmp_path, "soap", [exchange], documents=documents)
    async with serving(fixture) as address, opened("soap", wsdl=f"{address}/?wsdl") as connector:
        for reference in ("Rosa Ruiz", exchange["request"]["Reference"]):
            assert (await connector.call(CREATE, {"Reference": reference}))["OrderNumber"] == "SO-1"


GET = Operation("get", "GET /customers/{id}", "read", timeout_s=5)
ADD = Operation("add", "POST /customers", "write", timeout_s=5)


@pytest.fixture
async def of_http(tmp_path: Path) -> Fixture:
    """Return a fixture of calls over HTTP."""
    stock = iter([7, 6])

    async def customer(request: web.Request) -> web.Response:
        if request.match_info["id"] == "C9":
            return web.json_response({"code": "NONE"}, status=404)
        return web.json_response({"id": request.match_info["id"], "stock": next(stock)})

    async def add(request: web.Request) -> web.Response:
        if (await request.json())["name"] == "twice":
            return web.json_response({"code": "EXISTS"}, status=409)
        return web.Response(status=204)

    app = web.Application()
    app.router.add_get("/v1/customers/{id}", customer)
    app.router.add_post("/v1/customers", add)
    exchanges = []
    async with TestServer(app) as server, opened("http", base_url=str(server.make_url("/v1"))) as connector:
        for operation, params in (
            (GET, {"id": "C1", "at": "2026-01-01T10:00:00Z"}),
            (GET, {"id": "C1", "at": "2026-01-01T11:00:00Z"}),
            (GET, {"id": "C9"}),
            (ADD, {"name": "one", "key": "9b2d4a1e-57c6-4b7d-8a44-0f5f4c1f6d11", "trace": "t-1"}),
            (ADD, {"name": "twice"}),
        ):
            exchanges.append(await take(connector, operation, params))
    return made(tmp_path, "http", exchanges, ignore=["trace"])


async def test_http_is_replayed_in_the_order_of_the_recording(of_http: Fixture) -> None:
    async with serving(of_http, delays=False) as address, opened("http", base_url=f"{address}/v1") as connector:
        now = {"id": "C1", "at": "2031-07-07T07:07:07Z"}
        assert [(await connector.call(GET, now))["stock"] for _ in range(3)] == [7, 6, 6]
        assert await connector.call(GET, {"id": "C9"}) is None
        new = {"name": "one", "key": "00000000-57c6-4b7d-8a44-0f5f4c1f6d11", "trace": "t-2"}
        assert await connector.call(ADD, new) is None
        with pytest.raises(BusinessError) as refused:
            await connector.call(ADD, {"name": "twice"})
        assert refused.value.remote_code == "EXISTS"


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        (
            "GET",
            "/v1/customers/C2",
            None,
            "the nearest, number 3, differs at path/3.",
        ),
        (
            "POST",
            "/v1/customers",
            {"name": "two", "more": 1},
            "the nearest, number 5, differs at body/more, body/name.",
        ),
        ("DELETE", "/v1/customers/C1", None, "Nothing was recorded of DELETE."),
    ],
)
async def test_a_request_like_none_is_told_which_is_the_nearest(
    of_http: Fixture, method: str, path: str, body: JSON, says: str
) -> None:
    async with serving(of_http) as address, aiohttp.ClientSession() as session:
        answer = await session.request(method, f"{address}{path}", json=body)
        # A read that meets 404 would take it for the answer that there is no such customer.
        assert answer.status == 400
        assert says in (await answer.json())["title"]


async def test_a_connection_of_kind_recorded_answers_every_kind(of_http: Fixture, tmp_path: Path) -> None:
    async with opened("recorded", recording=str(tmp_path / "taken.yaml"), delays=True) as connector:
        assert (await connector.check())[0].sentence == "5 exchanges of it (http) are replayed."
        now = {"id": "C1", "at": "2031-07-07T07:07:07Z"}
        assert [(await connector.call(GET, now))["stock"] for _ in range(3)] == [7, 6, 6]
        with pytest.raises(BusinessError):
            await connector.call(ADD, {"name": "twice"})
        with pytest.raises(PermanentError, match="differs at more") as unknown:
            await connector.call(ADD, {"name": "twice", "more": 1})
        assert unknown.value.remote_code == "not-recorded"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("takn", None, "Did you mean taken?"),
        ("other", "connection: x\nkind: echo\n", "This is no recording."),
        ("wrong", "recording: wrong\nconnection: x\n", "cannot be read"),
    ],
)
async def test_what_is_no_recording_says_so(of_http: Fixture, tmp_path: Path, name: str, text: str, says: str) -> None:
    if text:
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    async with opened("recorded", recording=str(tmp_path / f"{name}.yaml")) as connector:
        with pytest.raises(PermanentError) as caught:
            await connector.call(GET, {})
        assert says in str(caught.value)
        assert not (await connector.check())[0].ok


async def test_what_did_not_go_over_http_is_not_served(tmp_path: Path) -> None:
    fixture = made(tmp_path, "odbc", [{"operation": "one", "request": {}, "response": []}])
    with pytest.raises(PermanentError, match="nothing that went over HTTP"):
        async with serving(fixture):
            pass
