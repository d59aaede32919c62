import hashlib
import hmac
import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cauce.errors import DefinitionError, ForbiddenError, NotFoundError, TransientError
from cauce.receiving import Answer, Request
from cauce.services import dead_letters, definitions, events, inbound
from cauce.services.hub import Actor, Hub
from cauce.store.dead_letters import Filters
from schemas import load_yaml
from tests.integration.services.conftest import ana, auditor, boss, put_process

JSON = Any
ops = Actor("olga", frozenset({"operator"}))
WEBHOOK = """
connection: shop
kind: webhook
settings:
  signature: {scheme: github, secrets: [{secret: shop-webhook}]}
receives:
  ping:
    when: .headers."x-topic" == "ping"
    answer: {status: 200, body: '{challenge: .body.challenge}'}
  order:
    when: .headers."x-topic" | startswith("orders/")
    input:
      type: object
      required: [number]
      properties: {number: {type: integer}}
    id: .body.number
    event:
      type: KIND
      subject: '"o-\\(.body.number)"'
      data: '.body + {topic: .headers."x-topic"}'
"""


@pytest.fixture
def store_url(tmp_path: Path, migrated: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated, tmp_path / 'inbound.db')}"


@pytest.fixture
def kind() -> str:
    return f"com.example.{uuid4().hex[:8]}.order.v1"


@pytest.fixture
async def shop(hub: Hub, kind: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CAUCE_SECRET_SHOP_WEBHOOK", "s3cret")
    await definitions.publish(hub, boss, [load_yaml(WEBHOOK.replace("KIND", kind), "shop.yaml")])
    return "shop"


def request(body: JSON, topic: str = "orders/create", key: bytes = b"s3cret") -> Request:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    signature = hmac.new(key, text, hashlib.sha256).hexdigest()
    headers = {"x-topic": topic, "x-hub-signature-256": f"sha256={signature}"}
    return Request("POST", "http://x/in/shop", {}, headers, text, datetime.now(UTC))


def content(answer: Answer) -> JSON:
    return json.loads(answer.body)


async def lately(hub: Hub) -> Mapping[str, tuple[str, int, str]]:
    (found,) = await inbound.list_receivers(hub, auditor, "shop")
    assert found.address == f"{hub.settings.public_url}/in/shop"
    return {each.id: (each.state, each.count, each.problem) for each in found.lately}


async def test_a_signed_delivery_is_one_event_that_starts_a_process(hub: Hub, shop: str, kind: str) -> None:
    namespace = f"n{uuid4().hex[:8]}"
    await put_process(hub, namespace, schedule={"on": {"one": {"with": {"type": kind}}}})
    answers = [await inbound.receive(hub, shop, request({"number": 7})) for _ in range(2)]
    assert [each.status for each in answers] == [202, 202]
    first, second = map(content, answers)
    assert first == {"state": "accepted", "event": "7", "instances": [f"{namespace}.lead/o-7"]}
    assert second == first | {"state": "repeated"}
    (event,) = (await events.list_events(hub, boss, type_=kind)).events
    assert event.event["source"] == "/in/shop"
    assert event.event["data"] == {"number": 7, "topic": "orders/create"}
    assert await lately(hub) == {"7": ("repeated", 2, "")}


async def test_strangers_are_told_nothing_and_others_what_was_not_meant(hub: Hub, shop: str, kind: str) -> None:
    for _ in range(3):
        answer = await inbound.receive(hub, shop, request({"number": 7}, key=b"guess"))
        assert (answer.status, answer.media_type) == (401, "application/problem+json")
        assert content(answer)["code"] == "unauthenticated"
        assert "s3cret" not in answer.body.decode()
    (seen,) = (await lately(hub)).values()
    assert seen == ("refused", 3, "The signature does not fit the delivery.")
    assert not (await events.list_events(hub, boss, type_=kind)).events
    assert not await dead_letters.list_causes(hub, ops, Filters(state="open", name=shop))

    answer = await inbound.receive(hub, shop, request({"number": 7}, topic="stock"))
    assert (answer.status, content(answer)["state"]) == (202, "ignored")
    answer = await inbound.receive(hub, shop, request({"challenge": "abc"}, topic="ping"))
    assert (answer.status, content(answer)) == (200, {"challenge": "abc"})


async def test_a_malformed_delivery_goes_to_the_desk_and_is_mended(hub: Hub, shop: str, kind: str) -> None:
    answer = await inbound.receive(hub, shop, request({"number": "seven"}))
    assert (answer.status, content(answer)["code"]) == (422, "input")
    await inbound.receive(hub, shop, request({"number": "seven"}))
    answer = await inbound.receive(hub, shop, request(b"{"))
    assert answer.status == 422
    letters = (await dead_letters.list_letters(hub, ops, Filters(state="open", name=shop))).letters
    assert [each.origin for each in letters] == ["delivery", "delivery"]
    assert [state for state, *_ in (await lately(hub)).values()] == ["failed", "failed"]
    broken, wrong = (each.id for each in letters)
    shown = await dead_letters.letter(hub, ops, broken)
    assert shown.sent["body"] == "{"
    await dead_letters.edit(hub, ops, broken, {**shown.sent, "body": {"number": 8}})
    (told,) = await dead_letters.replay(hub, ops, [wrong])
    assert told.state == "open"
    assert told.sentence
    shown = await dead_letters.letter(hub, ops, wrong)
    await dead_letters.edit(hub, ops, wrong, {**shown.sent, "body": {"number": 9}})
    both = await dead_letters.replay(hub, ops, [broken, wrong])
    assert [each.state for each in both] == ["replayed", "replayed"]
    assert {each.event["id"] for each in (await events.list_events(hub, boss, type_=kind)).events} == {"8", "9"}


async def test_addresses_that_receive_nothing_look_alike_and_a_missing_secret_is_the_operators_business(
    hub: Hub, shop: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    text = "connection: out\nkind: echo\noperations: {say: {calls: say, effect: read}}\n"
    await definitions.publish(hub, boss, [load_yaml(text, "out.yaml")])
    for name in ("out", "nowhere", "x" * 500):
        with pytest.raises(NotFoundError, match="Nothing is received at this address"):
            await inbound.receive(hub, name, request({}))
    with pytest.raises(NotFoundError, match="no connection 'out' that receives"):
        await inbound.list_receivers(hub, boss, "out")
    with pytest.raises(ForbiddenError):
        await inbound.list_receivers(hub, ana)
    with pytest.raises(DefinitionError, match="Connections of kind `echo` receive nothing"):
        await definitions.publish(
            hub, boss, [load_yaml(f"{text}receives: {{a: {{event: {{type: t}}}}}}\n", "out.yaml")]
        )
    monkeypatch.delenv("CAUCE_SECRET_SHOP_WEBHOOK")
    with pytest.raises(TransientError) as told:
        await inbound.receive(hub, shop, request({"number": 7}))
    assert "shop-webhook" not in str(told.value)
    assert "There is no secret 'shop-webhook'" in caplog.text
