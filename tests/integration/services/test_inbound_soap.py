"""A SOAP service made from JSON Schemas, called by libraries that nobody here wrote: zeep, and `soap` of npm."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
import zeep
from zeep import Transport
from zeep.exceptions import Fault
from zeep.helpers import serialize_object
from zeep.wsse.username import UsernameToken

from cauce.services import dead_letters, definitions, events, inbound
from cauce.services.hub import Actor, Hub
from cauce.store.dead_letters import Filters
from schemas import load_yaml
from tests.conftest import Require
from tests.connectors.matrix import NPM_SOAP, ZEEP, shows
from tests.integration.services.conftest import boss, put_process
from tests.integration.services.web import served

JSON = Any
ops = Actor("olga", frozenset({"operator"}))
CLIENT = Path(__file__).parents[2] / "connectors" / "soap_node" / "client.mjs"
MODULES = Path(__file__).parents[3] / "demo" / "erp"
SERVICE = """
connection: desk
kind: soapserver
settings: {namespace: 'urn:example:desk', username: partner, passwords: [{secret: desk-old}, {secret: desk-new}]}
receives:
  PlaceOrder:
    id: .reference
    input:
      type: object
      required: [reference, lines]
      properties:
        reference: {type: string, maxLength: 10}
        day: {type: [string, 'null'], format: date}
        lines:
          type: array
          minItems: 1
          items:
            type: object
            required: [sku, qty]
            properties:
              {sku: {type: string}, qty: {type: integer, minimum: 1}, price: {type: number}, gift: {type: boolean}}
    event: {type: KIND, subject: .reference}
  Quote:
    id: .reference
    input: {type: object, required: [reference], properties: {reference: {type: string}, net: {type: number}}}
    starts: {process: NAMESPACE.lead, timeout: PT20S}
    output:
      type: object
      required: [number, lines]
      properties:
        number: {type: string}
        net: {type: [number, 'null']}
        lines: {type: array, items: {type: object, properties: {text: {type: string}, good: {type: boolean}}}}
  Slow:
    input: {type: object, required: [reference], properties: {reference: {type: string}}}
    starts: {process: NAMESPACE.lead, timeout: PT0.1S, key: '"slow-" + .reference'}
"""
BLOCKED = {
    "blocked": {
        "if": '${ .reference == "bad" }',
        "raise": {
            "error": {
                "type": "https://example.com/errors/blocked",
                "status": 400,
                "title": "Blocked",
                "detail": "s3cret",
            }
        },
    }
}
QUOTE = {
    "answer": {
        "set": {
            "number": "${ .reference }",
            "net": "${ .net }",
            "lines": [{"text": "Ñandú & <co>", "good": True}, {"text": "x"}],
        }
    }
}


@pytest.fixture
def store_url(tmp_path: Path, migrated: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated, tmp_path / 'inbound.db')}"


@pytest.fixture
async def kind(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> str:
    """Publish the service and the process it starts; the type of its events."""
    monkeypatch.setenv("CAUCE_SECRET_DESK_OLD", "0ld")
    monkeypatch.setenv("CAUCE_SECRET_DESK_NEW", "pa55")
    namespace = f"n{uuid4().hex[:8]}"
    await put_process(hub, namespace, steps=[BLOCKED, QUOTE])
    await publish(hub, namespace)
    return f"com.{namespace}.order"


async def publish(hub: Hub, namespace: str, **settings: str) -> None:
    text = SERVICE.replace("KIND", f"com.{namespace}.order").replace("NAMESPACE", namespace)
    source = load_yaml(text, "desk.yaml")
    source.data["settings"].update(settings)
    await definitions.publish(hub, boss, [source])


@contextmanager
def client(address: str, port: str = "deskSoap", given: str = "pa55", **more: Any) -> Iterator[Any]:
    with requests.Session() as session:
        if "wsse" not in more:
            session.auth = ("partner", given)
        made = zeep.Client(f"{address}/in/desk?wsdl", transport=Transport(session=session), **more)
        yield made.bind("desk", port)


def order(reference: str) -> dict[str, JSON]:
    lines = [{"sku": "A-1", "qty": 2, "price": "10.50", "gift": True}, {"sku": "Ñ<&", "qty": 1}]
    return {"reference": reference, "day": "2026-11-22", "lines": lines}


def two_versions(address: str) -> list[JSON]:
    found = []
    for port, reference in (("deskSoap", "R-1"), ("deskSoap", "R-1"), ("deskSoap12", "R-2")):
        with client(address, port) as service:
            found.append(service.PlaceOrder(**order(reference)))
    return [(each.state, each.event) for each in found]


@shows("SOAP 1.1 and 1.2: a request becomes an event, once", ZEEP, "soapserver")
async def test_zeep_sends_events_and_is_told_what_is_wrong(hub: Hub, kind: str) -> None:
    async with served(hub) as address:
        assert await asyncio.to_thread(two_versions, address) == [
            ("accepted", "R-1"),
            ("repeated", "R-1"),
            ("accepted", "R-2"),
        ]
    second, first = (await events.list_events(hub, boss, type_=kind)).events
    assert first.event["subject"] == "R-1"
    assert second.event["data"] == {
        "reference": "R-2",
        "day": "2026-11-22",
        "lines": [{"sku": "A-1", "qty": 2, "price": 10.5, "gift": True}, {"sku": "Ñ<&", "qty": 1}],
    }
    (seen,) = await inbound.list_receivers(hub, boss, "desk")
    assert [(each.id, each.state, each.reception) for each in seen.lately] == [
        ("R-2", "accepted", "PlaceOrder"),
        ("R-1", "repeated", "PlaceOrder"),
    ]


def refused(address: str, call: Any, port: str = "deskSoap", **more: Any) -> JSON:
    with client(address, port, **more) as service, pytest.raises(Fault) as told:
        call(service)
    fault = told.value
    detail = None if fault.detail is None else {each.tag.partition("}")[2]: each.text for each in fault.detail[0]}
    return fault.code.partition(":")[2] or fault.code, fault.message, detail


@shows("faults with typed detail", ZEEP, "soapserver")
async def test_faults_are_typed_and_say_what_is_wrong(hub: Hub, kind: str) -> None:
    wrong = {"reference": "R-3", "lines": [{"sku": "A", "qty": 0}]}
    async with served(hub) as address:
        found = await asyncio.to_thread(refused, address, lambda service: service.PlaceOrder(**wrong))
        assert found[0] == "Client"
        assert (found[2]["code"], found[2]["where"]) == ("input", "PlaceOrder@desk")
        again = await asyncio.to_thread(refused, address, lambda service: service.PlaceOrder(**wrong), "deskSoap12")
        assert again[0] == "Sender"
        code, _, detail = await asyncio.to_thread(
            refused, address, lambda service: service.PlaceOrder(**order("R-3")), given="guess"
        )
        assert (code, detail["code"]) == ("FailedAuthentication", "unauthenticated")
        code, message, detail = await asyncio.to_thread(refused, address, lambda service: service.Slow(reference="1"))
        assert (code, detail["code"], detail["where"]) == ("Server", "transient", f"{kind.split('.')[1]}.lead/slow-1")
        assert message == "The process has not ended within 0.1 seconds; it goes on."
    (letter,) = (await dead_letters.list_letters(hub, ops, Filters(state="open", name="desk"))).letters
    shown = await dead_letters.letter(hub, ops, letter.id)
    assert [each.pointer for each in shown.differences] == ["/lines/0/qty"]
    await dead_letters.edit(hub, ops, letter.id, {**shown.sent, "lines": [{"sku": "A", "qty": 1}]})
    (told,) = await dead_letters.replay(hub, ops, [letter.id])
    assert told.state == "replayed"
    (event,) = (await events.list_events(hub, boss, type_=kind)).events
    assert event.event["data"]["lines"] == [{"sku": "A", "qty": 1}]


def quote(address: str) -> list[JSON]:
    with client(address) as service:
        answers = [service.Quote(reference="Q-1", net="12.5") for _ in range(2)]
        answers.append(service.Quote(reference="Q-2"))
    return [serialize_object(each, dict) for each in answers]


def with_token(address: str, digest: bool) -> str:  # noqa: FBT001 - passed on
    token = UsernameToken("partner", "0ld", use_digest=digest, zulu_timestamp=True)
    with client(address, wsse=token) as service:
        return str(service.PlaceOrder(**order(f"Z-{digest:d}")).state)


async def node_says(node: Path, address: str, *args: str) -> JSON:
    process = await asyncio.create_subprocess_exec(
        node, CLIENT, MODULES, f"{address}/in/desk?wsdl", *args, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return json.loads(out)


@shows(
    "a request starts a process, whose output is the answer; HTTP Basic, UsernameToken as text and as digest",
    f"{ZEEP}, {NPM_SOAP}",
    "soapserver",
)
@pytest.mark.usefixtures("worker")
async def test_a_process_answers(hub: Hub, kind: str, node: Path, require: Require) -> None:
    if not (MODULES / "node_modules" / "soap").is_dir():
        require("node", "the packages of demo/erp are not there; `make setup` brings them")
    async with served(hub) as address:
        first, again, other = await asyncio.to_thread(quote, address)
        lines = [{"text": "Ñandú & <co>", "good": True}, {"text": "x", "good": None}]
        assert (first["number"], str(first["net"]), first["lines"]) == ("Q-1", "12.5", lines)
        assert again == first
        assert (other["number"], other["net"]) == ("Q-2", None)
        code, message, detail = await asyncio.to_thread(
            refused, address, lambda service: service.Quote(reference="bad")
        )
        assert (code, message, detail["code"]) == ("Server", "Blocked.", "blocked")
        assert "s3cret" not in str(detail)
        assert not await dead_letters.list_causes(hub, ops, Filters(state="open", name="desk"))
        told = await node_says(node, address, "basic", "Quote", '{"reference": "Q-3", "net": 7}')
        assert told["answer"]["number"] == "Q-3", told
        assert told["answer"]["lines"][0] == {"text": "Ñandú & <co>", "good": True}
        await publish(hub, kind.split(".")[1], security="username-token")
        for security, version in (("digest", "1.1"), ("text", "1.2")):
            told = await node_says(node, address, security, "PlaceOrder", json.dumps(order(f"N-{version}")), version)
            assert told["answer"] == {"state": "accepted", "event": f"N-{version}"}
        states = [await asyncio.to_thread(with_token, address, digest) for digest in (False, True)]
        assert states == ["accepted", "accepted"]
        told = await node_says(node, address, "none", "PlaceOrder", json.dumps(order("N-3")))
        assert "FailedAuthentication" in json.dumps(told)
