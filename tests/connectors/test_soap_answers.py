"""Answers as they come from the wire: compressed, in parts, in other encodings, and hostile."""

import gzip
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cauce.connector import Operation
from cauce.errors import AmbiguousError, PermanentError, RemoteError, TransientError
from connectors import soap
from connectors.soap import unpack
from tests.connectors.matrix import shows
from tests.connectors.soap_peer import ORDER, Peer, Reply, envelope, fault, serve
from tests.connectors.soap_warehouse import WSDL as WAREHOUSE

CREATE = Operation("create-order", "Create", "write", timeout_s=5)
READ = Operation("find-order", "Create", "read", timeout_s=5)
PARAMS = {"Reference": "opp:1"}
PICTURE = b"\r\n\x00\xff--picture\r\n"
BASE64 = 'name="PingResponse" type="xs:base64Binary"'


@pytest.fixture
async def erp(soap_peer: Peer) -> AsyncIterator[soap.Connector]:
    soap_peer.wsdl = soap_peer.wsdl.replace('name="PingResponse" type="xs:string"', BASE64)
    async with soap.Connector("erp", soap.Settings(wsdl=soap_peer.wsdl_url, max_bytes=300_000)) as connector:
        yield connector


async def failed(connector: soap.Connector, operation: Operation) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        await connector.call(operation, PARAMS)
    return caught.value


def parts(*given: tuple[str, bytes], boundary: str = "cut here", end: str = "--", start: str = "") -> Reply:
    """Return an answer in parts: heads without the final blank line, and bodies."""
    pieces = [f"--{boundary}\r\n{head}\r\n\r\n".encode() + body + b"\r\n" for head, body in given]
    kind = f'multipart/related; type="application/xop+xml"; boundary="{boundary}"; start="{start}"'
    return Reply(b"".join(pieces) + f"--{boundary}{end}\r\n".encode(), content_type=kind)


XOP = "Content-Type: application/xop+xml; charset=utf-8; type=text/xml\r\nContent-ID: <root>"
INCLUDE = "<x:Include xmlns:x='http://www.w3.org/2004/08/xop/include' href='cid:pic%40erp'/>"
PING = envelope(f"<PingResponse xmlns='urn:orders'>{INCLUDE}</PingResponse>")
BINARY = "Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <pic@erp>"


@shows("MTOM: answers with binary parts, byte for byte")
@pytest.mark.parametrize("root_first", [True, False])
async def test_included_parts_are_put_in_their_place(erp: soap.Connector, soap_peer: Peer, root_first: bool) -> None:  # noqa: FBT001 - a parameter
    ordered = [(XOP, PING), (BINARY, PICTURE)]
    soap_peer.reply = parts(*(ordered if root_first else ordered[::-1]), start="<root>")
    assert await erp.call(Operation("ping", "Ping", "read"), "x") == b64encode(PICTURE).decode()


@shows("attachments beside an answer (SwA)")
async def test_other_attachments_come_beside_the_answer(erp: soap.Connector, soap_peer: Peer) -> None:
    encoded = "Content-Type: text/csv\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <list>"
    soap_peer.reply = parts(("Content-Type: text/xml", envelope(ORDER)), (encoded, b64encode(b"a;b")))
    answer = await erp.call(CREATE, PARAMS)
    assert answer["body"]["OrderNumber"] == "SO-1"
    assert answer["attachments"] == [{"id": "list", "type": "text/csv", "content": b64encode(b"a;b").decode()}]


async def test_a_fault_in_parts_is_one(erp: soap.Connector, soap_peer: Peer) -> None:
    soap_peer.reply = parts((XOP, fault("e:Server", "No", "<Code>BLOCKED</Code>")))
    assert (await failed(erp, CREATE)).remote_code == "BLOCKED"


@shows("hostile: parts cut off, missing, repeated, without end")
@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (parts((XOP, PING)), "includes a part that did not come"),
        (parts((XOP, PING), (BINARY, PICTURE), end=""), "the last boundary is missing"),
        (parts((XOP, PING.replace(INCLUDE.encode(), 2 * INCLUDE.encode())), (BINARY, b"x")), "includes a part twice"),
        (parts((XOP, PING), (BINARY.replace("binary", "x-zip"), b"x")), "encoded in a way that is not known"),
        (parts((XOP, PING), (BINARY.replace("binary", "base64"), b"x")), "not the base64 that it says it is"),
        (parts((XOP, PING), *[("A: b", b"")] * 1_000), "there are more than 1,000"),
        (parts(("x" * 20_000, PING)), "a part has no head"),
        (parts(), "there are none"),
        (Reply(PING, content_type="multipart/related"), "it names no boundary"),
    ],
)
async def test_parts_that_do_not_hold_together(erp: soap.Connector, soap_peer: Peer, reply: Reply, why: str) -> None:
    soap_peer.reply = reply
    for operation, kind in ((READ, PermanentError), (CREATE, AmbiguousError)):
        error = await failed(erp, operation)
        assert type(error) is kind
        assert why in str(error)


async def test_a_header_that_the_wsdl_declares_comes_with_the_answer(soap_peer: Peer) -> None:
    soap_peer.wsdl = soap_peer.wsdl.replace(
        '<wsdl:output><soap:body use="literal"/></wsdl:output>',
        '<wsdl:output><soap:body use="literal"/>'
        '<soap:header message="tns:PingIn" part="parameters" use="literal"/></wsdl:output>',
    )
    header = b"<e:Header><Ping xmlns='urn:orders'>t-1</Ping></e:Header><e:Body>"
    soap_peer.reply = Reply(envelope(ORDER).replace(b"<e:Body>", header))
    async with soap.Connector("erp", soap.Settings(wsdl=soap_peer.wsdl_url)) as connector:
        answer = await connector.call(CREATE, PARAMS)
    assert answer["header"] == {"parameters": "t-1"}
    assert "SO-1" in str(answer["body"])


ENCODED = (
    "<t:BookResponse xmlns:t='urn:warehouse' xmlns:s='http://schemas.xmlsoap.org/soap/encoding/'"
    " xmlns:i='http://www.w3.org/2001/XMLSchema-instance' xmlns:x='http://www.w3.org/2001/XMLSchema'>{}</t:BookResponse>{}"
)
LINE = "<sku i:type='x:string'>A</sku><quantity i:type='x:int'>2</quantity>"
SPACES = "xmlns:t='urn:warehouse' xmlns:i='http://www.w3.org/2001/XMLSchema-instance' xmlns:x='http://www.w3.org/2001/XMLSchema'"


@shows("rpc/encoded answers: arrays in place, and by reference (multiRef)")
@pytest.mark.parametrize(
    "body",
    [
        ENCODED.format(
            f"<lines s:arrayType='t:Line[1]' i:type='t:Lines'><item i:type='t:Line'>{LINE}</item></lines>", ""
        ),
        ENCODED.format(
            "<lines s:arrayType='t:Line[1]' i:type='t:Lines'><item href='#l0'/></lines>",
            f"<multiRef id='l0' i:type='t:Line' {SPACES}>{LINE}</multiRef>",
        ),
    ],
)
async def test_arrays_of_the_soap_encoding_are_lists(soap_peer: Peer, body: str) -> None:
    text = WAREHOUSE.read_text().replace("ORIGIN", soap_peer.url)
    lines = '<wsdl:part name="lines" type="tns:Lines"/>'
    soap_peer.wsdl = text.replace('<wsdl:part name="said" type="xs:string"/>', lines)
    soap_peer.reply = Reply(envelope(body))
    async with soap.Connector("old", soap.Settings(wsdl=soap_peer.wsdl_url)) as connector:
        answer = await connector.call(Operation("book", "Book", "read"), {"reference": "r"})
    assert answer == [{"sku": "A", "quantity": 2}]


@shows("compressed answers (gzip, deflate)")
@pytest.mark.parametrize(("coding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_compressed_answers_are_read(erp: soap.Connector, soap_peer: Peer, coding: str, compress: Any) -> None:
    soap_peer.reply = Reply(compress(envelope(ORDER)), headers={"Content-Encoding": coding})
    assert (await erp.call(CREATE, PARAMS))["OrderNumber"] == "SO-1"
    assert "gzip" in soap_peer.received[0][0]["Accept-Encoding"]


@shows("hostile: a compressed bomb, with parts or without")
@pytest.mark.parametrize("kind", ["text/xml", "multipart/related; boundary=b"])
async def test_a_compressed_bomb_is_cut(erp: soap.Connector, soap_peer: Peer, kind: str) -> None:
    bomb = gzip.compress(envelope(" " * 5_000_000), 1)
    soap_peer.reply = Reply(bomb, headers={"Content-Encoding": "gzip"}, content_type=kind)
    assert "answered with more than 300,000 bytes; the rest was not read" in str(await failed(erp, READ))


NAMED = ORDER.replace("SO-1", "Núñez 1")


@shows("answers in another encoding, by HTTP header or by XML")
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (envelope(NAMED).decode().encode("iso-8859-1"), "text/xml; charset=ISO-8859-1"),
        (envelope(NAMED).decode().encode("utf-16"), "text/xml; charset=utf-16"),
        (b"<?xml version='1.0' encoding='iso-8859-15'?>" + envelope(NAMED).decode().encode("iso-8859-15"), "text/xml"),
        # The header is wrong, and the document says what it is.
        (b"<?xml version='1.0' encoding='utf-8'?>" + envelope(NAMED), "text/xml; charset=iso-8859-1"),
        (b"\xef\xbb\xbf" + envelope(NAMED), "text/xml; charset=utf-8"),
    ],
)
async def test_encodings(erp: soap.Connector, soap_peer: Peer, body: bytes, kind: str) -> None:
    soap_peer.reply = Reply(body, content_type=kind)
    assert (await erp.call(CREATE, PARAMS))["OrderNumber"] == "Núñez 1"


@shows("hostile: bytes that are not in the encoding they claim")
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (envelope(NAMED).decode().encode("iso-8859-1"), "text/xml; charset=utf-8"),
        (envelope(NAMED).decode().encode("iso-8859-1"), "text/xml; charset=x-nobody-knows"),
        (b"<?xml version='1.0' encoding='x-nobody-knows'?>" + envelope(ORDER), "text/xml"),
    ],
)
async def test_wrong_encodings_are_no_answer(erp: soap.Connector, soap_peer: Peer, body: bytes, kind: str) -> None:
    soap_peer.reply = Reply(body, content_type=kind)
    assert type(await failed(erp, CREATE)) is AmbiguousError
    error = await failed(erp, READ)
    assert type(error) is PermanentError
    assert "it is not a SOAP envelope in well-formed XML" in str(error)


ENTITIES = "".join(f"<!ENTITY e{n + 1} '{f'&e{n};' * 10}'>" for n in range(9))
BOMB = f"<!DOCTYPE x [<!ENTITY e0 'lol'>{ENTITIES}]>".encode()
OUTSIDE = b"<!DOCTYPE x [<!ENTITY e9 SYSTEM 'file:///etc/passwd'>]>"


@shows("hostile: entity bombs and outside entities, in answers and WSDLs")
@pytest.mark.parametrize("doctype", [BOMB, OUTSIDE, b"<!DOCTYPE x SYSTEM 'http://127.0.0.1:1/x.dtd'>"])
async def test_a_doctype_is_never_read(erp: soap.Connector, soap_peer: Peer, doctype: bytes) -> None:
    soap_peer.reply = Reply(doctype + envelope(ORDER.replace("SO-1", "&e9;" if b"ENTITY" in doctype else "SO-1")))
    assert "DOCTYPE" in str(await failed(erp, READ))
    soap_peer.reply = parts((XOP, soap_peer.reply.body))
    assert "DOCTYPE" in str(await failed(erp, READ))
    soap_peer.wsdl_reply = Reply(doctype + b"<definitions/>")
    async with soap.Connector("other", soap.Settings(wsdl=f"{soap_peer.wsdl_url}&other")) as other:
        assert "not XML without a DOCTYPE at the address of the WSDL" in (await other.check())[-1].sentence


@shows("hostile: a schema that a WSDL imports, with a DOCTYPE")
async def test_an_imported_schema_may_have_no_doctype(soap_peer: Peer) -> None:
    peer = Peer()
    server = serve(peer)
    try:
        peer.wsdl_reply = Reply(BOMB + b"<schema/>")
        soap_peer.imports = f"<xs:import namespace='urn:a' schemaLocation='{peer.url}/a.xsd'/>"
        async with soap.Connector("erp", soap.Settings(wsdl=soap_peer.wsdl_url)) as connector:
            assert "The WSDL has a DOCTYPE, which is not read." in (await connector.check())[-1].sentence
    finally:
        server.shutdown()
        server.server_close()


def cut(text: bytes, *heads: bytes) -> Any:
    def act(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n" + b"\r\n".join(heads) + b"\r\n\r\n" + text)

    return act


@shows("hostile: an answer cut off, by length, by chunk, in the XML")
@pytest.mark.parametrize(
    ("act", "read_kind", "says"),
    [
        (cut(envelope(ORDER)[:-30], b"Content-Length: %d" % len(envelope(ORDER))), TransientError, "broke off before"),
        (cut(b"80\r\n<e:Envelope", b"Transfer-Encoding: chunked"), TransientError, "broke off before"),
        (cut(envelope(ORDER)[:-30], b"Connection: close"), PermanentError, "it is not a SOAP envelope in well-formed"),
        (
            cut(gzip.compress(envelope(ORDER))[:40], b"Content-Encoding: gzip"),
            PermanentError,
            "it is not a SOAP envelope",
        ),
    ],
    ids=["length", "chunk", "xml", "gzip"],
)
async def test_truncated_answers(
    erp: soap.Connector, soap_peer: Peer, act: Any, read_kind: type[RemoteError], says: str
) -> None:
    soap_peer.act = act
    error = await failed(erp, READ)
    assert type(error) is read_kind, error
    assert says in str(error)
    assert type(await failed(erp, CREATE)) is AmbiguousError


@shows("hostile: a redirect of a request, to another host or not")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_post_is_not_redirected(erp: soap.Connector, soap_peer: Peer, status: int) -> None:
    soap_peer.reply = Reply(b"", status, {"Location": f"{soap_peer.url}/elsewhere"})
    assert f"redirects (HTTP {status}), which is not followed. Set settings.address." in str(await failed(erp, CREATE))
    assert len(soap_peer.received) == 1
    assert soap_peer.fetched == ["/?wsdl"]


def test_a_charset_that_cannot_decode_is_left_to_the_parser() -> None:
    for charset in ("base64", "idna", "\x00", "utf-7"):
        assert unpack._as_declared(b"<a>\xff</a>", charset) == b"<a>\xff</a>"  # noqa: SLF001 - codecs of Python that HTTP has not
