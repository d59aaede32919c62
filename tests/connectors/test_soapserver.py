"""What may come to a SOAP service of ours, and what its WSDL and its answers say."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from cauce import registry
from cauce.connection import Connection
from cauce.errors import (
    BusinessError,
    CauceError,
    InputError,
    PermanentError,
    TooLargeError,
    TransientError,
    UnauthenticatedError,
)
from cauce.receiving import Answer, Delivery, Done, Emitted, Receiver, Reception, Request, Started
from connectors.soapserver import messages
from schemas.elements import UnsuitedError, elements_of
from tests.connectors.matrix import OURS, shows

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BASIC = {"authorization": "Basic " + base64.b64encode(b"partner:pa55").decode()}
SOAP11, SOAP12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
INPUT = {
    "type": "object",
    "required": ["number"],
    "properties": {
        "number": {"type": "integer"},
        "note": {"type": ["string", "null"]},
        "net": {"type": "number"},
        "good": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "buyer": {"$ref": "#/$defs/party"},
    },
    "$defs": {"party": {"type": "object", "properties": {"name": {"type": "string"}}}},
}
OUTPUT = {"type": "object", "required": ["net"], "properties": {"net": {"type": "number"}}}
PLACE = Reception("Place", input=INPUT, event=Emitted("t"))
QUOTE = Reception("Quote", input=INPUT, output=OUTPUT, starts=Started("a.b", timeout_s=3))


class NoReferences:
    def secret(self, name: str) -> str:
        raise AssertionError(name)

    def setting(self, name: str) -> str:
        raise AssertionError(name)


def receiver(**more: Any) -> Receiver:
    given = {"username": "partner", "passwords": ["old", "pa55"], **more}
    connection = Connection("desk", "soapserver", settings=given, receives={"Place": PLACE, "Quote": QUOTE})
    return registry.open_receiver(connection, NoReferences())


def request(body: str | bytes, headers: Mapping[str, str] = BASIC) -> Request:
    text = body if isinstance(body, bytes) else body.encode()
    return Request("POST", "https://hub.example/in/desk", {}, headers, text, NOW)


def envelope(inner: str, header: str = "", version: str = SOAP11, operation: str = "Place") -> str:
    content = f'<n:{operation} xmlns:n="urn:cauce:desk">{inner}</n:{operation}>'
    return f'<s:Envelope xmlns:s="{version}"><s:Header>{header}</s:Header><s:Body>{content}</s:Body></s:Envelope>'


def read(inner: str, header: str = "") -> Delivery:
    return receiver().read(request(envelope(inner, header)))


def test_elements_become_data_of_their_types() -> None:
    inner = """<n:tags>a</n:tags><n:number> +7 </n:number><n:good>1</n:good><n:net>10.50</n:net><n:tags/><?p?>
      <n:note xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>
      <n:buyer><n:name>Ñ &amp;</n:name></n:buyer>"""
    delivery = read(inner, '<a:MessageID xmlns:a="http://www.w3.org/2005/08/addressing"> urn:1 </a:MessageID>')
    assert delivery.flaw is None
    assert delivery.id == "urn:1"
    assert delivery.payload == {
        "tags": ["a", ""],
        "number": 7,
        "good": True,
        "net": 10.5,
        "note": None,
        "buyer": {"name": "Ñ &"},
    }
    assert read("<number>7</number>").payload == {"number": 7, "tags": []}
    assert read("").id != read("").id


@pytest.mark.parametrize(
    ("inner", "where"),
    [
        ("<n:number>7.5</n:number>", "/number"),
        ("<n:number>seven</n:number>", "/number"),
        ("<n:number/>", "/number"),
        ("<n:net>NaN</n:net>", "/net"),
        ("<n:net>1e999999999</n:net>", "/net"),
        ("<n:good>maybe</n:good>", "/good"),
        ("<n:note>a</n:note><n:note>b</n:note>", "/note"),
        ("<n:note><n:b/></n:note>", "/note"),
        ("<n:other/>", "/other"),
        ('<x:number xmlns:x="urn:other">7</x:number>', "/number"),
        ("<n:buyer><n:tax/></n:buyer>", "/buyer/tax"),
        ("<n:number>" + "9" * 2_000 + "</n:number>", "/number"),
    ],
)
def test_what_does_not_fit_is_kept_with_its_place(inner: str, where: str) -> None:
    flaw = read(inner).flaw
    assert isinstance(flaw, InputError)
    assert flaw.where == where


LAUGHS = '<!DOCTYPE s [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>' + envelope("<n:note>&b;</n:note>")
XXE = '<!DOCTYPE s [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + envelope("<n:note>&a;</n:note>")


@shows("hostile: DTDs, entities, nesting without end, other versions, headers not understood", OURS, "soapserver")
@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "<a/>",
        LAUGHS,
        XXE,
        XXE.encode("utf-16"),
        '<!DOCTYPE s SYSTEM "http://127.0.0.1:1/x.dtd">' + envelope("<n:number>7</n:number>"),
        envelope("<a>" * 300 + "</a>" * 300),
        envelope("<n:number>7</n:number>")[:-9],
        envelope("", version="urn:soap13"),
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Body><!-- nothing --></s:Body></s:Envelope>',
        f'<s:Envelope xmlns:s="{SOAP11}"/>',
        envelope("", operation="Plac"),
        envelope("").replace("urn:cauce:desk", "urn:other"),
        envelope("", f'<x:Must xmlns:x="urn:x" s:mustUnderstand="1" xmlns:s="{SOAP11}"/>'),
    ],
)
def test_what_is_no_request_is_refused(body: str | bytes) -> None:
    with pytest.raises(InputError) as told:
        receiver().read(request(body))
    assert "root:" not in str(told.value)


def test_too_large_comes_before_everything() -> None:
    with pytest.raises(TooLargeError):
        receiver(max_bytes=10).read(request("<" * 11, {}))


def token(password: str, kind: str = "PasswordText", created: datetime | None = None, nonce: bytes = b"n1") -> str:
    moment = "" if created is None else created.isoformat().replace("+00:00", "Z")
    if kind == "PasswordDigest":
        digest = hashlib.sha1(nonce + moment.encode() + password.encode())  # noqa: S324 - as the profile says
        password = base64.b64encode(digest.digest()).decode()
    stamp = f'<u:Created xmlns:u="{WSU}">{moment}</u:Created>' if moment else ""
    return f"""<w:Security xmlns:w="{WSSE}"><w:UsernameToken><w:Username>partner</w:Username>
      <w:Password Type="x#{kind}">{password}</w:Password><w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce>{stamp}
      </w:UsernameToken></w:Security>"""


def test_tokens() -> None:
    service = receiver(security="username-token")
    old = NOW - timedelta(minutes=6)
    good = [token("pa55"), token("old"), token("pa55", created=NOW), token("old", "PasswordDigest", NOW)]
    bad = [
        "",
        token("guess"),
        token("pa55", "PasswordDigest"),
        token("guess", "PasswordDigest", NOW),
        token("pa55", "PasswordDigest", old),
        token("pa55", "PasswordDigest", NOW, b""),
        token("pa55", created=old),
        token("pa55").replace("partner", "Partner"),
        token("pa55", created=NOW).replace("Z<", "<"),
    ]
    for header in good:
        assert service.read(request(envelope("<n:number>7</n:number>", header), {})).flaw is None
    for header in bad:
        with pytest.raises(UnauthenticatedError):
            service.read(request(envelope("<n:number>7</n:number>", header), BASIC))


def text(answer: Answer, path: str) -> str:
    found = etree.fromstring(answer.body)
    return str(found.xpath(f"string(//*[local-name()='{path}'])"))


@pytest.mark.parametrize(
    ("error", "status11", "code11", "status12", "code12"),
    [
        (InputError("No."), 500, "soap:Client", 400, "soap:Sender"),
        (UnauthenticatedError("Who?"), 401, "wsse:FailedAuthentication", 401, "soap:Sender"),
        (TransientError("Later."), 500, "soap:Server", 500, "soap:Receiver"),
        (BusinessError("Poor.", remote_code="credit"), 500, "soap:Server", 500, "soap:Receiver"),
    ],
)
def test_a_fault_has_its_version_and_a_typed_detail(
    error: CauceError, status11: int, code11: str, status12: int, code12: str
) -> None:
    for version, status, path, code in ((SOAP11, status11, "faultcode", code11), (SOAP12, status12, "Value", code12)):
        answer = receiver().refuse(request(envelope("", version=version)), error)
        assert answer.status == status
        assert text(answer, path).startswith(code)
        assert text(answer, "code") == getattr(error, "remote_code", "") or error.code
        assert text(answer, "Problem")
        assert answer.media_type.startswith("text/xml" if version == SOAP11 else "application/soap+xml")
    assert receiver().refuse(request(b"{", {"content-type": "application/soap+xml"}), error).status == status12


def test_answers_that_cannot_be_given_are_faults() -> None:
    asked = request(envelope("", operation="Quote"))
    with pytest.raises(TransientError, match="not ended within 3 seconds"):
        receiver().accept(asked, Done("running", QUOTE, instances=("a.b/1",)))
    with pytest.raises(PermanentError, match="not what this operation promises"):
        receiver().accept(asked, Done("completed", QUOTE, output={"net": "much"}))
    answer = receiver().accept(asked, Done("accepted", PLACE, event="7", instances=("a.b/1", "a.b/2")))
    assert (text(answer, "state"), text(answer, "event"), text(answer, "instance")) == ("accepted", "7", "a.b/1")


def test_the_wsdl_is_given_to_whoever_asks() -> None:
    asked = Request("GET", "https://hub.example/in/desk", {"WSDL": ""}, {}, b"", NOW)
    answer = receiver().describe(asked)
    assert b'location="https://hub.example/in/desk"' in answer.body
    assert b"partner" not in answer.body
    assert (
        receiver().describe(Request("GET", "https://h/in/desk", {}, {}, b"", NOW)).body == b"https://h/in/desk?wsdl\n"
    )


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ({"type": "array"}, ""),
        (True, ""),
        ({"type": "object", "properties": {"a b": {"type": "string"}}}, "/properties/a b"),
        ({"type": "object", "properties": {"a": {}}}, "/properties/a"),
        ({"type": "object", "properties": {"a": {"type": ["string", "integer"]}}}, "/properties/a"),
        ({"type": "object", "properties": {"a": {"oneOf": []}}}, "/properties/a/oneOf"),
        ({"type": "object", "properties": {"a": {"type": "array"}}}, "/properties/a"),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}},
            },
            "/properties/a/items",
        ),
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/none"}}}, "/properties/a"),
        ({"type": "object", "properties": {"a": {"$ref": "http://x/y"}}}, "/properties/a"),
    ],
)
def test_schemas_without_elements_say_where(schema: Any, pointer: str) -> None:
    with pytest.raises(UnsuitedError) as told:
        elements_of(schema)
    assert told.value.pointer == pointer


def test_a_schema_that_holds_itself_is_refused() -> None:
    node = {"type": "object", "properties": {f"p{each}": {"$ref": "#/$defs/node"} for each in range(9)}}
    with pytest.raises(UnsuitedError, match="perhaps without end"):
        elements_of({**node, "$defs": {"node": node}})


words = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), max_size=8
)
data = st.fixed_dictionaries(
    {"number": st.integers(-(2**53), 2**53), "tags": st.lists(words, max_size=3)},
    optional={
        "note": words,
        "net": st.decimals(-1000, 1000, places=2).map(float),
        "good": st.booleans(),
        "buyer": st.fixed_dictionaries({"name": words}),
    },
)


@settings(max_examples=8, deadline=None)
@given(data)
def test_what_is_written_is_read_again(value: dict[str, Any]) -> None:
    node = etree.Element("{urn:x}a")
    messages.fill(node, value, elements_of(INPUT), "urn:x")
    again = etree.fromstring(etree.tostring(node))
    assert messages.as_data(again, elements_of(INPUT), "urn:x") == value
