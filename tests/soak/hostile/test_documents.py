"""Documents that explode, reach out, or mean something else to whoever reads them: answers, WSDLs, texts for SQL."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy.engine import make_url

from cauce.connector import Operation
from cauce.errors import RemoteError, SettingsError, TransientError
from cauce.native import driver_path
from connectors import http, odbc, soap
from tests.conftest import Require
from tests.connectors.soap_peer import ORDER, WSDL, envelope
from tests.soak.hostile import peer as hostile
from tests.soak.hostile.peer import Peer, answer, running
from tests.soak.hostile.test_peers import HANGS_S, refused

pytestmark = pytest.mark.soak
ENTITIES = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 12))
SCHEMA = '<xs:element name="Create"><xs:complexType><xs:sequence>'
HUGE = "<CreateResponse xmlns='urn:orders'><OrderNumber>%s</OrderNumber></CreateResponse>"


def doctype(inside: str, use: str = "&x;") -> bytes:
    return f"<!DOCTYPE e [{inside}]>".encode() + envelope(HUGE % use)


XML = {
    "billion laughs": doctype(f"<!ENTITY l0 'ha'>{ENTITIES}", "&l11;"),
    "quadratic blow-up": doctype(f"<!ENTITY x '{'a' * 50_000}'>", "&x;" * 50_000),
    "an entity that is itself": doctype("<!ENTITY x '&y;'><!ENTITY y '&x;'>"),
    "a file of this machine": doctype("<!ENTITY x SYSTEM 'file:///etc/passwd'>"),
    "an address": doctype("<!ENTITY x SYSTEM 'PEER/stolen'>"),
    "a DTD elsewhere": b"<!DOCTYPE e SYSTEM 'PEER/stolen.dtd'>" + envelope(ORDER),
    "parameter entities": doctype("<!ENTITY % f SYSTEM 'PEER/stolen.dtd'> %f;", "x"),
    "a hundred thousand levels": envelope("<a>" * 100_000 + "</a>" * 100_000),
    "a hundred thousand attributes": envelope("<a " + " ".join(f"b{n}='1'" for n in range(100_000)) + "/>"),
    "ten thousand namespaces": envelope(
        "<a " + " ".join(f"xmlns:n{n}='urn:{n}'" for n in range(10_000)) + ">" + "<b/>" * 10_000 + "</a>"
    ),
    "a text of 12 MB": envelope(HUGE % ("a" * 12_000_000)),
    "an instruction": b"<?xml-stylesheet href='PEER/stolen.xsl'?>" + envelope("<a/>"),
    "an inclusion": envelope(
        "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='PEER/stolen' parse='text'/>"
    ),
}
JSON_TEXTS = {
    "a million levels": b"[" * 1_000_000 + b"]" * 1_000_000,
    "a hundred thousand objects in each other": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a number of three million digits": b"9" * 3_000_000,
    "a number beyond all": b"1e999999999",
    "half a surrogate pair": rb'"\ud800"',
    "no number": b"NaN",
}
SCHEMAS = {
    "a type that holds itself": (
        "<xs:complexType name='T'><xs:sequence><xs:element name='T' type='tns:T'/></xs:sequence></xs:complexType>"
    ),
    "types that hold each other twice": "".join(
        f"<xs:complexType name='T{n}'><xs:sequence><xs:element name='a' type='tns:T{n + 1}'/>"
        f"<xs:element name='b' type='tns:T{n + 1}'/></xs:sequence></xs:complexType>"
        for n in range(60)
    )
    + "<xs:complexType name='T60'><xs:sequence/></xs:complexType>",
    "groups that hold each other twice": "".join(
        f"<xs:group name='G{n}'><xs:sequence><xs:group ref='tns:G{n + 1}'/><xs:group ref='tns:G{n + 1}'/>"
        f"</xs:sequence></xs:group>"
        for n in range(40)
    )
    + "<xs:group name='G40'><xs:sequence><xs:element name='x' type='xs:string'/></xs:sequence></xs:group>",
    "a billion elements, of which each may be a billion": (
        "<xs:complexType name='T'><xs:sequence maxOccurs='999999999'><xs:element name='a' type='xs:string' "
        "minOccurs='999999999' maxOccurs='999999999'/></xs:sequence></xs:complexType>"
    ),
    "thirty thousand types": "".join(
        f"<xs:complexType name='T{n}'><xs:sequence><xs:element name='a' type='xs:string'/></xs:sequence>"
        "</xs:complexType>"
        for n in range(30_000)
    ),
    "a hundred thousand attributes": "<xs:annotation " + " ".join(f"b{n}='1'" for n in range(100_000)) + "/>",
    "entities": None,
}
# The declaration, and each of four elements twice.
WRITTEN = 1 + 4 * 2
TEXTS = [
    "'; drop table notes; --",
    "' or '1'='1",
    '" or ""="',
    "\\'; drop table notes; #",
    "1); delete from notes; --",
    "%' union select name, name from sqlite_master --",
    ":id ?1 ? @p $1 {ts '2026-01-01'} {fn now()}",
    "${ .secret } {{ 7 * 7 }} #{7*7} `id` $(id)",
    "ʼ; drop table notes; --",
    "\u2019; drop table notes; \u00bf\u02bc",
    "a\r\nb\tc",
    "😀 Núñez \u202e gnirts",
    "/* */ -- ; select pg_sleep(5); waitfor delay '0:0:5'",
    "x" * 20_000,
]


@pytest.mark.parametrize("name", XML)
async def test_xml_that_explodes_or_reaches_out(name: str, wsdl: Path, watch: None) -> None:
    def talk(peer: Peer, connection: Any) -> None:
        body = XML[name].replace(b"PEER", peer.url.encode())
        connection.sendall(answer(body, "text/xml; charset=utf-8"))

    error, peer = await refused("soap", talk, wsdl)
    assert not isinstance(error, TransientError), error
    assert len(peer.heard) == 1, "nothing else was asked for"
    assert "root:" not in str(error)


@pytest.mark.parametrize("name", JSON_TEXTS)
async def test_json_that_explodes(name: str, wsdl: Path, watch: None) -> None:
    with running(hostile.says(answer(JSON_TEXTS[name]))) as peer:
        settings = http.Settings(base_url=peer.url)
        async with http.Connector("shop", settings) as connector:
            wanted = Operation("create", "POST /orders", "write", timeout_s=10)
            try:
                given = await asyncio.wait_for(connector.call(wanted, {"body": {}}), HANGS_S)
            except TransientError as error:
                pytest.fail(f"it may have been carried out: {error}")
            except RemoteError:
                return
    # What the connector lets through, the depth and the schema of the operation stop; it holds no more than came.
    assert len(repr(given)) < 4_000_000


@pytest.mark.parametrize("name", SCHEMAS)
async def test_a_wsdl_that_explodes(name: str, watch: None) -> None:
    schema = SCHEMAS[name]
    whole = WSDL % {"address": "http://127.0.0.1:1/soap", "imports": ""}
    if schema is None:
        whole = whole.replace("?>", f"?><!DOCTYPE d [<!ENTITY l0 'ha'>{ENTITIES}]>", 1).replace(
            SCHEMA, f"&l11;{SCHEMA}"
        )
    else:
        whole = whole.replace(SCHEMA, f"{schema}{SCHEMA}", 1)
    with running(hostile.says(answer(whole.encode(), "text/xml"))) as peer:
        settings = soap.Settings.model_validate({"wsdl": f"{peer.url}/?wsdl", "address": f"{peer.url}/soap"})
        async with soap.Connector("erp", settings) as connector:
            wanted = Operation("create", "Create", "write", timeout_s=8)
            with pytest.raises(RemoteError) as caught:
                await asyncio.wait_for(connector.call(wanted, {"Reference": "r-1"}), HANGS_S)
    assert "root:" not in str(caught.value)


@pytest.fixture(params=["sqlite", "postgresql"])
async def notes(request: pytest.FixtureRequest, tmp_path: Path, require: Require) -> AsyncIterator[odbc.Connector]:
    try:
        driver_path(request.param)
    except SettingsError as error:
        require("odbc", str(error))
    if request.param == "sqlite":
        file = tmp_path / "notes.sqlite"
        with closing(sqlite3.connect(file)) as made:
            made.execute("create table notes (id integer primary key, text text not null)")
        settings = odbc.Settings(driver="sqlite", database=str(file))
    else:
        url = make_url(request.getfixturevalue("postgres_url"))
        settings = odbc.Settings(
            driver="postgresql", server=url.host or "", port=url.port, database=url.database or "", username="cauce"
        )
    async with odbc.Connector("notes", settings) as connector:
        if request.param == "postgresql":
            made_there = Operation("make", "create table notes (id integer primary key, text text not null)", "write")
            await connector.call(made_there, {})
        yield connector


async def test_sql_in_a_text_is_text(notes: odbc.Connector) -> None:
    put = Operation("put", "insert into notes (id, text) values (:id, :text)", "write", timeout_s=20)
    get = Operation("get", "select text from notes where text = :text and id = :id", "read", timeout_s=20)
    for number, text in enumerate(TEXTS):
        await notes.call(put, {"id": number, "text": text})
        assert await notes.call(get, {"id": number, "text": text}) == [{"text": text}]
    count = Operation("count", "select count(*) as n from notes", "read", timeout_s=20)
    assert await notes.call(count, {}) == [{"n": len(TEXTS)}]
    with pytest.raises(RemoteError):
        await notes.call(put, {"id": "1; drop table notes", "text": "x"})
    assert await notes.call(count, {}) == [{"n": len(TEXTS)}]


async def test_texts_are_texts_in_addresses_and_envelopes(wsdl: Path) -> None:
    heard: list[tuple[str, str]] = []

    async def listen(request: web.Request) -> web.Response:
        heard.append((request.raw_path, (await request.read()).decode()))
        return web.Response(body=envelope(ORDER), content_type="text/xml")

    app = web.Application()
    app.router.add_route("*", "/{path:(?s:.*)}", listen)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    shop = http.Connector("shop", http.Settings(base_url=f"http://127.0.0.1:{port}"))
    settings = soap.Settings.model_validate({"wsdl": str(wsdl), "address": f"http://127.0.0.1:{port}/soap"})
    odd = [*TEXTS[:-1], "../../admin", "a/b?c=d#e", "</Reference><Priority>urgent</Priority>", "]]> &amp; <!-- -->"]
    async with shop, soap.Connector("erp", settings) as erp:
        for text in odd:
            await shop.call(Operation("get", "GET /items/{id}", "read", timeout_s=5), {"id": text})
            path, _ = heard.pop()
            assert path.count("/") == 2, path
            assert "?" not in path
            await erp.call(Operation("create", "Create", "write", timeout_s=5), {"Reference": text})
            _, sent = heard.pop()
            # One element, in which there is nothing but text.
            assert sent.count("<") == WRITTEN, sent
    await runner.cleanup()
