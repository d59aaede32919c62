"""The SOAP connector against a service that behaves, and against one that does not."""

import asyncio
import gzip
import logging
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cauce.connection import classify
from cauce.connector import Operation
from cauce.errors import AmbiguousError, BusinessError, PermanentError, RemoteError, TransientError
from connectors import soap
from tests.connectors.matrix import shows
from tests.connectors.soap_peer import ORDER, Peer, Reply, envelope, fault

CREATE = Operation("create-order", "SalesOrder.Create", "write", timeout_s=5)
READ = Operation("find-order", "Create", "read", timeout_s=5)
PING = Operation("ping", "SalesOrder.OrdersPort.Ping", "read", timeout_s=5)
PARAMS = {"Reference": "opp:1"}


@pytest.fixture
async def erp(soap_peer: Peer) -> AsyncIterator[soap.Connector]:
    async with soap.Connector("erp", soap.Settings(wsdl=soap_peer.wsdl_url, max_bytes=200_000)) as connector:
        yield connector


async def failed(connector: soap.Connector, operation: Operation = CREATE, params: Any = PARAMS) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        await connector.call(operation, params)
    return caught.value


async def test_an_answer_is_plain_data(erp: soap.Connector) -> None:
    assert await erp.call(CREATE, PARAMS) == {"OrderNumber": "SO-1", "Total": 12.5, "Due": None}


async def test_long_decimals_keep_every_digit(erp: soap.Connector, soap_peer: Peer) -> None:
    soap_peer.reply = Reply(envelope(ORDER.replace("12.50", "1234567890123456.78")))
    assert (await erp.call(CREATE, PARAMS))["Total"] == "1234567890123456.78"


@shows("document/literal, wrapped")
async def test_what_is_sent_is_what_was_given(erp: soap.Connector, soap_peer: Peer) -> None:
    lines = [{"Sku": "A", "Qty": 2, "Price": 0.0000001}, {"Sku": "B & C", "Qty": 1}]
    await erp.call(
        CREATE, {"Reference": "ñ", "Priority": "urgent", "Due": "2026-03-01", "Express": True, "Lines": lines}
    )
    sent = soap_peer.received[0][1].decode()
    assert ">0.0000001</" in sent
    assert ">B &amp; C</" in sent
    assert ">true</" in sent
    assert soap_peer.received[0][0]["SOAPAction"] == '"urn:Create"'


@shows("document/literal, bare")
@pytest.mark.parametrize("text", ["a", "abc"])
async def test_a_bare_answer_may_be_of_one_character(erp: soap.Connector, soap_peer: Peer, text: str) -> None:
    soap_peer.reply = Reply(envelope(f"<PingResponse xmlns='urn:orders'>{text}</PingResponse>"))
    assert await erp.call(PING, "x") == text


async def test_the_wsdl_is_read_once_for_all_calls(erp: soap.Connector, soap_peer: Peer) -> None:
    await asyncio.gather(*(erp.call(CREATE, PARAMS) for _ in range(8)))
    assert soap_peer.fetched == ["/?wsdl"]
    assert len(soap_peer.received) == 8


@pytest.mark.parametrize(
    ("params", "says"),
    [
        (
            {"Reference": "1", "Refrence": "2"},
            "params.Refrence: There is no field 'Refrence' here. Did you mean 'Reference'?",
        ),
        ({}, "params.Reference: The field 'Reference' is missing."),
        (
            {"Reference": "1", "Priority": "Urgent"},
            "params.Priority: This must be one of normal, urgent. Did you mean 'urgent'?",
        ),
        ({"Reference": "1", "Currency": "GBP"}, "params.Currency: This must be one of EUR, USD."),
        ({"Reference": "1", "Due": "01/03/2026"}, "params.Due: This must be a date such as 2026-03-01."),
        ({"Reference": "1", "Express": "maybe"}, "params.Express: This must be true or false."),
        ({"Reference": "1", "Lines": [{"Sku": "A", "Qty": "two"}]}, "params.Lines[0].Qty: This must be a number."),
        ({"Reference": "1", "Lines": [{"Sku": "A", "Qty": 1.5}]}, "params.Lines[0].Qty: This must be a whole number."),
        ({"Reference": ["1", "2"]}, "params.Reference: This must be one value, not a list."),
        ({"Reference": "a\x00b"}, "params.Reference: The text holds a character that XML cannot carry."),
        ([1], "params: This must be an object."),
    ],
)
async def test_wrong_parameters_are_refused_before_sending(
    erp: soap.Connector, soap_peer: Peer, params: Any, says: str
) -> None:
    error = await failed(erp, params=params)
    assert isinstance(error, PermanentError)
    assert str(error).startswith(f"create-order@erp: {says}")
    assert soap_peer.received == []


async def test_an_unknown_operation_names_the_nearest(erp: soap.Connector) -> None:
    error = await failed(erp, Operation("x", "SalesOrder.Creat", "write"))
    assert str(error) == "The WSDL has no operation 'Creat'. Did you mean 'Create'?"
    assert "no service or port 'Sales'" in str(await failed(erp, Operation("x", "Sales.Create", "write")))


async def test_a_fault_with_a_code_in_its_detail_is_business(erp: soap.Connector, soap_peer: Peer) -> None:
    detail = "<f:OrderFault xmlns:f='urn:f'><f:Code>CUSTOMER_BLOCKED</f:Code><f:Limit>5</f:Limit></f:OrderFault>"
    soap_peer.reply = Reply(fault("e:Server", "Blocked", detail), status=500)
    error = await failed(erp)
    assert isinstance(error, BusinessError)
    assert error.remote_code == "CUSTOMER_BLOCKED"
    assert error.detail["detail"] == {"OrderFault": {"Code": "CUSTOMER_BLOCKED", "Limit": "5"}}
    assert str(error) == "erp answered with the fault CUSTOMER_BLOCKED: Blocked."


async def test_the_operation_says_what_a_code_means(erp: soap.Connector, soap_peer: Peer) -> None:
    soap_peer.reply = Reply(fault("e:Server", "Later", "<Code>PERIOD_CLOSED</Code>"), status=500)
    operation = Operation("x", "Create", "write", errors={"PERIOD_CLOSED": "transient"})
    error = classify(await failed(erp, operation), operation)
    assert type(error) is TransientError
    assert error.remote_code == "PERIOD_CLOSED"


@shows("faults of SOAP 1.1 and 1.2, in wrong namespaces and shapes, in a 200 answer")
@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (Reply(fault("e:Client", "No"), 500), PermanentError, "Client"),
        (Reply(fault("e:Server", "Busy", "<Code>SERVER_BUSY</Code>"), 500), TransientError, "SERVER_BUSY"),
        (Reply(fault("e:Server", "Busy"), 503), TransientError, "Server"),
        (Reply(fault("e:Server", "No", "<x code='E7'/>"), 200), BusinessError, "E7"),
        # In a namespace of its own, as a widely used ticket system sends it.
        (Reply(envelope("<Fault xmlns='urn:x'><faultcode>e:Server</faultcode><faultstring/></Fault>"), 500),
         PermanentError, "Server"),
        # Shaped as SOAP 1.2 in an envelope of 1.1.
        (Reply(envelope("<e:Fault><e:Code><e:Value>e:Sender</e:Value><e:Subcode><e:Value>w:FailedAuthentication</e:Value>"
                        "</e:Subcode></e:Code><e:Reason><e:Text>No</e:Text></e:Reason></e:Fault>"), 401),
         PermanentError, "FailedAuthentication"),
    ],
)  # fmt: skip
async def test_faults_of_every_shape_are_understood(
    erp: soap.Connector, soap_peer: Peer, reply: Reply, kind: type[RemoteError], code: str
) -> None:
    soap_peer.reply = reply
    error = await failed(erp)
    assert type(error) is kind
    assert error.remote_code == code


WIDE = " ".join(f"b{number}='1'" for number in range(3_000))
HTML = b"<!DOCTYPE html><html><body>Welcome</body></html>"


@shows("hostile: web pages, errors without a fault, undeclared elements, values of a wrong type, a compressed bomb")
@pytest.mark.parametrize(
    ("reply", "read_kind", "write_kind"),
    [
        (Reply(HTML, 200, content_type="text/html"), PermanentError, AmbiguousError),
        (Reply(HTML, 500, content_type="text/html"), TransientError, AmbiguousError),
        (Reply(HTML, 502, content_type="text/html"), TransientError, AmbiguousError),
        (Reply(HTML, 503, content_type="text/html"), TransientError, TransientError),
        (Reply(HTML, 404, content_type="text/html"), PermanentError, PermanentError),
        (Reply(HTML, 401, content_type="text/html"), PermanentError, PermanentError),
        (Reply(b"not xml at all", 200), PermanentError, AmbiguousError),
        (Reply(b"<unclosed", 200), PermanentError, AmbiguousError),
        (Reply(b"", 202), PermanentError, AmbiguousError),
        (Reply(b"", 302, {"Location": "http://127.0.0.1:1/"}), PermanentError, PermanentError),
        (Reply(b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + envelope(ORDER), 200), PermanentError, AmbiguousError),
        (Reply(envelope("<Other xmlns='urn:orders'><A>1</A></Other>"), 200), PermanentError, AmbiguousError),
        (
            Reply(envelope(ORDER.replace("</Total>", "</Total><Surprise>1</Surprise>")), 200),
            PermanentError,
            AmbiguousError,
        ),
        (
            Reply(envelope(ORDER.replace("</Total>", "</Total><Due>0000-00-00</Due>")), 200),
            PermanentError,
            AmbiguousError,
        ),
        (Reply(envelope(ORDER.replace("12.50", "a lot")), 200), PermanentError, AmbiguousError),
        (Reply(envelope(""), 200), PermanentError, AmbiguousError),
        (Reply(envelope("<Other xmlns='urn:orders'/>"), 200), PermanentError, AmbiguousError),
        (Reply(envelope(ORDER.replace("<Total", f"<Total {WIDE}")), 200), PermanentError, AmbiguousError),
        (Reply(envelope(f"{ORDER}{'<x/>' * 60000}"), 200), PermanentError, AmbiguousError),
        (Reply(gzip.compress(b" " * 50_000_000), 200, {"Content-Encoding": "gzip"}), PermanentError, AmbiguousError),
    ],
)
async def test_an_answer_that_says_nothing_is_not_taken_for_one(
    erp: soap.Connector, soap_peer: Peer, reply: Reply, read_kind: type[RemoteError], write_kind: type[RemoteError]
) -> None:
    soap_peer.reply = reply
    assert type(await failed(erp, READ)) is read_kind
    assert type(await failed(erp, CREATE)) is write_kind


async def test_a_web_page_is_explained(erp: soap.Connector, soap_peer: Peer) -> None:
    soap_peer.reply = Reply(HTML, 200, content_type="text/html")
    error = await failed(erp, READ)
    assert str(error) == (
        f"{soap_peer.url} answered with text/html that is not XML."
        " Check the address: a proxy or a login page may stand before the service."
    )


def drip(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(300):
        handler.wfile.write(b" ")
        time.sleep(0.05)


def drip_headers(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(300):
        handler.wfile.write(b"x")
        time.sleep(0.05)


def drop(handler: Any) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def silence(_handler: Any) -> None:
    time.sleep(6)


@shows("hostile: a slow drip of body or headers, silence")
@pytest.mark.parametrize("act", [drip, drip_headers, silence])
async def test_a_slow_answer_is_cut_at_the_deadline(erp: soap.Connector, soap_peer: Peer, act: Any) -> None:
    soap_peer.act = act
    started = time.monotonic()
    error = await failed(erp, Operation("x", "Create", "write", timeout_s=0.6), PARAMS)
    assert time.monotonic() - started < 3
    assert type(error) is AmbiguousError
    assert "gave no answer within 0.6 s" in str(error)
    assert type(await failed(erp, Operation("x", "Create", "read", timeout_s=0.3), PARAMS)) is TransientError


@shows("hostile: a connection dropped after the work")
async def test_a_connection_dropped_after_the_work_is_ambiguous(erp: soap.Connector, soap_peer: Peer) -> None:
    soap_peer.act = drop
    assert type(await failed(erp, CREATE)) is AmbiguousError
    assert type(await failed(erp, READ)) is TransientError


async def test_a_cancelled_call_leaves_nothing_behind(erp: soap.Connector, soap_peer: Peer) -> None:
    soap_peer.act = silence
    task = asyncio.create_task(erp.call(CREATE, PARAMS))
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    soap_peer.act = None
    assert (await erp.call(CREATE, PARAMS))["OrderNumber"] == "SO-1"


async def test_nothing_listening_is_transient_and_nothing_was_sent(soap_peer: Peer) -> None:
    settings = soap.Settings(wsdl=soap_peer.wsdl_url, address="http://127.0.0.1:1/soap")
    async with soap.Connector("erp", settings) as connector:
        error = await failed(connector)
    assert type(error) is TransientError
    assert (
        str(error) == "http://127.0.0.1:1 could not be reached: nothing listens there; nothing was sent. Is it running?"
    )


@shows("hostile: a WSDL that leads to another host")
async def test_the_wsdl_may_not_lead_to_another_host(soap_peer: Peer) -> None:
    soap_peer.address = "http://localhost:9/soap"
    async with soap.Connector("erp", soap.Settings(wsdl=soap_peer.wsdl_url)) as connector:
        error = await failed(connector)
    assert type(error) is PermanentError
    assert "The WSDL leads to http://localhost:9, which is not an allowed host." in str(error)


@shows("hostile: imports from a host that is not allowed, and from files")
@pytest.mark.parametrize(
    ("location", "says"),
    [("http://localhost:9/a.xsd", "not an allowed host"), ("file:///etc/passwd", "imports a file of this machine")],
)
async def test_imports_from_elsewhere_are_not_fetched(soap_peer: Peer, location: str, says: str) -> None:
    soap_peer.imports = f"<xs:import namespace='urn:a' schemaLocation='{location}'/>"
    async with soap.Connector("erp", soap.Settings(wsdl=soap_peer.wsdl_url)) as connector:
        assert says in str(await failed(connector))


async def test_well_known_schemas_are_not_fetched(soap_peer: Peer) -> None:
    soap_peer.imports = (
        "<xs:import namespace='http://schemas.xmlsoap.org/soap/encoding/'"
        " schemaLocation='http://schemas.xmlsoap.org/soap/encoding/'/>"
        "<xs:import namespace='http://www.w3.org/XML/1998/namespace'/>"
    )
    async with soap.Connector("erp", soap.Settings(wsdl=soap_peer.wsdl_url)) as connector:
        assert (await connector.call(CREATE, PARAMS))["OrderNumber"] == "SO-1"


@pytest.mark.parametrize(
    ("security", "expected"),
    [("basic", "Basic YW5hOnM7ZX1j"), ("username-token", "s;e}c"), ("username-token-digest", "PasswordDigest")],
)
async def test_each_way_to_log_in(soap_peer: Peer, security: Any, expected: str) -> None:
    settings = soap.Settings(wsdl=soap_peer.wsdl_url, username="ana", password="s;e}c", security=security)  # noqa: S106 - no secret
    async with soap.Connector("erp", settings) as connector:
        await connector.call(CREATE, PARAMS)
    headers, body = soap_peer.received[0]
    assert expected in headers.get("Authorization", "") + body.decode()
    assert ("s;e}c" in body.decode()) == (security == "username-token")


async def test_no_envelope_reaches_a_log(soap_peer: Peer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    settings = soap.Settings(wsdl=soap_peer.wsdl_url, username="ana", password="hush", security="username-token")  # noqa: S106 - no secret
    async with soap.Connector("erp", settings) as connector:
        await connector.call(CREATE, {"Reference": "my-payload"})
        soap_peer.reply = Reply(envelope(ORDER.replace("12.50", "my-payload")))
        await failed(connector)
    assert "my-payload" not in caplog.text
    assert "hush" not in caplog.text


async def test_check_counts_operations(erp: soap.Connector) -> None:
    probes = await erp.check()
    assert [(probe.stage, probe.ok) for probe in probes] == [("dns", True), ("tcp", True), ("wsdl", True)]
    assert probes[-1].sentence == "The WSDL has 2 operations."


@pytest.mark.filterwarnings("ignore::UserWarning")
async def test_check_warns_of_operations_that_were_lost(soap_peer: Peer) -> None:
    soap_peer.wsdl = soap_peer.wsdl.replace('element="tns:Ping"', 'element="tns:Nowhere"')
    async with soap.Connector("erp", soap.Settings(wsdl=soap_peer.wsdl_url)) as connector:
        sentence = (await connector.check())[-1].sentence
    assert sentence == (
        "The WSDL has 1 operations. Warning: 1 more are declared with types that cannot be resolved (Ping)."
    )


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(b"", 404), "There is no WSDL at {url}/ (HTTP 404). Correct settings.wsdl."),
        (Reply(HTML, 200), "{url} has a web page at the address of the WSDL."),
        (Reply(b"<a/>", 200), "{url} has XML whose root is a at the address of the WSDL."),
        (Reply(b"<!DOCTYPE a><a/>", 200), "{url} has something that is not XML without a DOCTYPE"),
        (Reply(b"", 401), "{url}/ refuses the login (HTTP 401)."),
    ],
)
async def test_check_explains_a_wrong_wsdl_address(soap_peer: Peer, reply: Reply, says: str) -> None:
    soap_peer.wsdl_reply = reply
    async with soap.Connector("erp", soap.Settings(wsdl=soap_peer.wsdl_url)) as connector:
        probe = (await connector.check())[-1]
    assert not probe.ok
    assert says.format(url=soap_peer.url) in probe.sentence


async def test_check_explains_an_unknown_name_and_a_closed_port() -> None:
    async with soap.Connector("erp", soap.Settings(wsdl="http://erp.invalid/?wsdl")) as connector:
        assert (await connector.check())[-1].sentence.startswith("The name 'erp.invalid' is not known;")
    async with soap.Connector("erp", soap.Settings(wsdl="http://127.0.0.1:1/?wsdl")) as connector:
        assert (await connector.check())[-1].sentence.startswith("Nothing listens on 127.0.0.1:1;")
