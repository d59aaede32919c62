"""Calls that are recorded on their way: over SOAP, HTTP and ODBC, good and bad ones."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from activities.connections import Opened
from activities.recordings import Recorder, recorder
from cauce import connection as connections
from cauce import registry
from cauce.errors import AmbiguousError, BusinessError, SettingsError
from cauce.measured import Measured
from cauce.metering import Meter
from cauce.secrets import Resolver
from cauce.store import Store, recordings
from cauce.store.base import utc_now
from cauce.store.migrations import upgrade
from tests.connectors.soap_peer import Peer, Reply, fault

JSON = Any


@pytest.fixture(scope="module")
def store_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('recordings') / 'store.db'}"
    upgrade(url)
    return url


@pytest.fixture
async def store(store_file: str) -> AsyncIterator[Store]:
    async with Store(store_file) as store:
        yield store
        async with store.transaction() as db:
            await recordings.forget(db, "it")
            await recordings.switch_off(db, "it")


def document(kind: str, settings: Mapping[str, JSON], operations: Mapping[str, JSON], /, **record: JSON) -> JSON:
    return {
        "connection": "it",
        "kind": kind,
        "settings": settings,
        "operations": operations,
        "record": {"always": True, **record},
    }


def resolver(tmp_path: Path) -> Resolver:
    return Resolver(tmp_path, tmp_path / "settings.json", {"CAUCE_SECRET_PW": "hunter2!"})


async def opened(store: Store, given: JSON, tmp_path: Path) -> Opened:
    parsed = connections.parse(given)
    found = await recorder(store, parsed, resolver(tmp_path))
    connector = Measured(registry.open_connection(parsed, resolver(tmp_path)), Meter())
    return Opened("", parsed, connector, 0.0, found)


async def call(there: Opened, operation: str, params: JSON, given: JSON = None) -> JSON:
    return await there.call(there.connection.operation(operation), params if given is None else given, params)


async def kept(store: Store) -> list[JSON]:
    async with store.read() as db:
        return [each.document for each in reversed(await recordings.exchanges(db, "it", limit=100))]


SOAP = {"create": {"calls": "Create", "effect": "write", "timeout": "PT2S"}}


async def test_a_soap_call_is_kept_with_its_messages_and_without_its_login(
    store: Store, soap_peer: Peer, tmp_path: Path
) -> None:
    login = {"username": "ines", "password": {"secret": "pw"}, "security": "username-token", "timestamp": "PT5M"}
    given = document("soap", {"wsdl": soap_peer.wsdl_url, **login}, SOAP, mask=[{"field": "OrderNumber"}])
    there = await opened(store, given, tmp_path)
    answer = await call(there, "create", {"Reference": "ana@acme.es"}, {"ref": "ana@acme.es hunter2!"})
    await there.connector.close()
    assert answer["OrderNumber"] == "SO-1"
    (found,) = await kept(store)
    assert found["response"] == {"OrderNumber": found["response"]["OrderNumber"], "Total": 12.5, "Due": None}
    assert found["request"]["Reference"].endswith("@example.com")
    assert found["with"] == {"ref": f"{found['request']['Reference']} ***"}
    (wire,) = found["wire"]
    assert wire["request"]["path"] == "/soap"
    assert set(wire["request"]["headers"]) == {"content-type", "soapaction"}
    assert f"<ns0:Reference>{found['request']['Reference']}<" in wire["request"]["body"]["text"]
    assert wire["response"]["status"] == 200
    text = json.dumps(found)
    for left in ("SO-1", "acme", "hunter2", "Security", "ines", "127.0.0.1"):
        assert left not in text


async def test_a_fault_and_a_lost_answer_are_kept_as_what_they_are(
    store: Store, soap_peer: Peer, tmp_path: Path
) -> None:
    there = await opened(store, document("soap", {"wsdl": soap_peer.wsdl_url}, SOAP), tmp_path)
    soap_peer.reply = Reply(fault("Client", "blocked", "<code>CUSTOMER_BLOCKED</code>"), status=500)
    with pytest.raises(BusinessError):
        await call(there, "create", {"Reference": "1"})
    soap_peer.act = lambda _handler: None
    with pytest.raises(AmbiguousError):
        await call(there, "create", {"Reference": "2"})
    await there.connector.close()
    refused, lost = await kept(store)
    assert (refused["error"]["class"], refused["error"]["code"]) == ("business", "CUSTOMER_BLOCKED")
    assert refused["wire"][0]["response"]["status"] == 500
    assert lost["error"]["class"] == "ambiguous"
    assert lost["wire"][0]["response"] is None


async def test_an_http_call_is_kept_without_what_its_login_took(store: Store, tmp_path: Path) -> None:
    async def token(_: web.Request) -> web.Response:
        return web.json_response({"access_token": "t0ken-of-the-day", "token_type": "Bearer"})

    async def customer(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer t0ken-of-the-day"
        body = {"id": request.match_info["id"], "phone": 612345678}
        return web.json_response(body, headers={"Set-Cookie": "sid=abcdef"})

    app = web.Application()
    app.router.add_post("/oauth2/token", token)
    app.router.add_get("/customers/{id}", customer)
    async with TestServer(app) as server:
        base = str(server.make_url("/")).rstrip("/")
        client = {"id": "us", "secret": {"secret": "pw"}}
        oauth2 = {"authority": base, "grant": "client_credentials", "client": client}
        given = document(
            "http",
            {"base_url": base, "auth": {"oauth2": oauth2}},
            {"get": {"calls": "GET /customers/{id}", "effect": "read"}},
            mask=[{"field": "id"}],
        )
        there = await opened(store, given, tmp_path)
        assert (await call(there, "get", {"id": "C1", "apiKey": "k"}))["id"] == "C1"
        await there.connector.close()
    (found,) = await kept(store)
    mask = found["request"]["id"]
    (wire,) = found["wire"]
    assert wire["request"]["path"] == f"/customers/{mask}?apiKey=%2A%2A%2A"
    assert json.loads(wire["response"]["body"]["text"]) == found["response"]
    assert found["response"]["id"] == mask != "C1"
    text = json.dumps(found)
    for left in ("t0ken", "hunter2", "abcdef", "612345678", "ookie", "uthorization"):
        assert left not in text


async def test_a_statement_is_kept_with_its_parameters_and_rows(
    store: Store, sqlite_file: Path, tmp_path: Path
) -> None:
    operations = {"one": {"calls": "select :a as a, 'ana@acme.es' as mail", "effect": "read"}}
    there = await opened(
        store, document("odbc", {"driver": "sqlite", "database": str(sqlite_file)}, operations), tmp_path
    )
    assert await call(there, "one", {"a": 7}) == [{"a": 7, "mail": "ana@acme.es"}]
    await there.connector.close()
    (found,) = await kept(store)
    (wire,) = found["wire"]
    assert wire["request"]["parameters"] == {"a": 7}
    assert wire["response"]["rows"] == found["response"]
    assert "acme" not in json.dumps(found)


ECHO = {"say": {"calls": "x", "effect": "read"}, "other": {"calls": "x", "effect": "read"}}


async def test_only_so_many_are_kept_and_only_of_the_named_operations(store: Store, tmp_path: Path) -> None:
    there = await opened(store, document("echo", {}, ECHO, most=2, operations=["say"]), tmp_path)
    for number in range(4):
        await call(there, "say", {"n": number})
        await call(there, "other", {"n": number})
    assert [each["request"]["n"] for each in await kept(store)] == [2, 3]


async def test_what_is_too_large_is_not_kept_and_the_call_goes_on(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    there = await opened(store, document("echo", {}, ECHO, maxBytes=1024), tmp_path)
    await call(there, "say", {"text": "x" * 2000})
    assert await kept(store) == []
    assert "say@it: too large" in caplog.text


async def test_a_switch_counts_calls_and_ends_in_time(store: Store, tmp_path: Path) -> None:
    given = document("echo", {}, ECHO, always=False)
    assert (await opened(store, given, tmp_path)).recorder is None
    async with store.transaction() as db:
        await recordings.switch_on(db, "it", until=utc_now() + timedelta(minutes=1), left=2, operations=[], by="ines")
    there, beside_it = await opened(store, given, tmp_path), await opened(store, given, tmp_path)
    for number in range(3):
        await call(there, "say", {"n": number})
        await call(beside_it, "say", {"n": number})
    assert len(await kept(store)) == 2
    assert (await opened(store, given, tmp_path)).recorder is None
    async with store.transaction() as db:
        await recordings.switch_on(
            db, "it", until=utc_now() - timedelta(seconds=1), left=None, operations=[], by="ines"
        )
    assert (await opened(store, given, tmp_path)).recorder is None


async def test_a_store_that_fails_is_no_failure_of_the_call(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    there = await opened(store, document("echo", {}, ECHO), tmp_path)
    assert isinstance(there.recorder, Recorder)
    gone = Store(f"sqlite:///{tmp_path}/gone.db")
    broken = Recorder(gone, "it", there.recorder.masker)
    assert await broken.call(there.connector.call, there.connection.operation("say"), 1, {"n": 1}) == {"n": 1}
    await gone.close()
    assert "was not recorded" in caplog.text


async def test_a_secret_that_is_not_there_is_said_before_anything_is_called(store: Store, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere"):
        await opened(store, document("echo", {"x": {"secret": "nowhere"}}, ECHO), tmp_path)
