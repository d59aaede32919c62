"""The page on which the fields of an operation are mapped: shown, tried, suggested, published."""

import html
import re

import httpx
import pytest

from cauce.services import definitions
from cauce.services.hub import Actor, Hub
from cauce.store import drift, recordings
from schemas import load_yaml
from tests.integration.api.conftest import Browser

boss = Actor("boss", frozenset({"admin"}))
page = "/connections/shop/operations/create-order/map"
shop = """\
connection: shop
kind: echo
operations:
  # Once only.
  create-order:
    calls: Order.Create
    effect: write
    idempotency: {key: .reference}
    request: '{Reference: .reference}'
    response: '{number: .No}'
    input: {type: object, required: [reference], properties: {reference: {type: string}, lines: {type: array}}}
    output: {type: object, required: [number], properties: {number: {type: string}}}
"""
agreed = {
    "calls": "Order.Create",
    "input": {
        "type": "object",
        "required": ["Reference"],
        "properties": {"Reference": {"type": "string", "maxLength": 5}, "Lines": {"type": "array"}},
    },
    "output": {"type": "object", "properties": {"OrderNo": {"type": "string"}}},
}


@pytest.fixture
async def igor(anonymous: httpx.AsyncClient, hub: Hub) -> Browser:
    await definitions.publish(hub, boss, [load_yaml(shop, "shop.yaml")])
    async with hub.store.transaction() as db:
        (await drift.lock(db, "shop")).agreed = {"create-order": agreed}
    return await Browser(anonymous).log_in("igor")


def area(text: str, name: str) -> str:
    found = re.search(rf'<textarea[^>]* id="{name}"[^>]*>\n(.*?)</textarea>', text, re.DOTALL)
    assert found
    return html.unescape(found[1])


def preview(text: str, way: str) -> str:
    return html.unescape(text.partition(f'id="preview-{way}"')[2].partition("</section>")[0])


async def test_both_sides_are_shown_with_what_comes_of_a_sample(igor: Browser) -> None:
    text = (await igor.get(page)).text
    assert re.findall(r'<code title="([^"]+)">(\w+)</code>(<span class="must")?', text)[:4] == [
        (".reference", "reference", '<span class="must"'),
        (".lines", "lines", ""),
        (".Reference", "Reference", '<span class="must"'),
        (".Lines", "Lines", ""),
    ]
    assert area(text, "request") == "{Reference: .reference}"
    assert '"Reference": "text"' in preview(text, "request")
    assert "It fits the contract." in preview(text, "request")
    assert "<code>/number</code>" in preview(text, "response")
    assert "Qué pide el sistema" in (await igor.get(page, headers={"accept-language": "es"})).text
    assert (await igor.get(page.replace("create-order", "create-ordr"))).status_code == 404


async def test_what_is_typed_is_tried_and_what_is_wrong_is_pointed_at(igor: Browser) -> None:
    sample = {"request-sample": '{"reference": "R-1234"}', "response-sample": '{"a": 1}'}
    typed = {"do": "preview", "request": "{Reference: .reference + }", "response": ".a | .b"}
    text = (await igor.post(page, {**typed, **sample})).text
    assert "{Reference: .reference + }\n                           ^</pre>" in preview(text, "request")
    assert "Cannot index" in preview(text, "response")
    text = (await igor.post(page, {**sample, "request": "{Reference: .reference}"})).text
    assert "<code>/Reference</code>" in preview(text, "request")
    text = (await igor.post(page, {**sample, "request": "{Reference: .reference, Custmer: 1}"})).text
    assert ("Not in the contract" in preview(text, "request"), ".Custmer" in preview(text, "request")) == (True, True)
    text = (await igor.post(page, {"request": '"x" * 1e9', "response-sample": "{"})).text
    assert "tone-danger" in preview(text, "request")
    assert "not JSON" in preview(text, "response")
    text = (await igor.post(page, {"request": '"<script>alert(1)</script>"'})).text
    assert "<script>alert" not in text


async def test_a_suggestion_and_a_recorded_sample_are_taken(igor: Browser, hub: Hub) -> None:
    call = {"operation": "create-order", "with": {"reference": "R1"}, "request": {}, "response": {"OrderNo": "N7"}}
    async with hub.store.transaction() as db:
        await recordings.keep(db, "shop", call, most=10)
    text = (await igor.get(page)).text
    assert area(text, "request-sample") == '{\n  "reference": "R1"\n}'
    assert text.count(">recorded<") == 2
    text = (await igor.post(page, {"do": "suggest:response", "response": ".", "request": "{}"})).text
    assert area(text, "response") == "{number: .OrderNo}"
    assert area(text, "request") == "{}"
    assert '"number": "N7"' in preview(text, "response")


async def test_a_mapping_is_published_unless_it_is_wrong_or_somebody_was_faster(igor: Browser, hub: Hub) -> None:
    good = {"do": "save", "version": "1", "request": "{Reference: .reference}", "response": "{\r\n number: .OrderNo}"}
    wrong = await igor.post(page, {**good, "response": "{number: "})
    assert (wrong.status_code, area(wrong.text, "response")) == (422, "{number: ")
    done = await igor.post(page, good)
    assert done.headers["location"] == "/connections/shop?done=mapped#operation-create-order"
    found = await definitions.definition(hub, "shop", kind="connection")
    assert (found.version, found.published_by) == ("2", "igor")
    assert found.document["operations"]["create-order"]["response"] == "{\n number: .OrderNo}\n"
    assert "# Once only." in found.source
    late = await igor.post(page, good)
    assert (late.status_code, "was published meanwhile" in late.text) == (409, True)


async def test_only_integrators_map(ana: Browser) -> None:
    for address in (page, "/connections/erp/operations/create-order/map"):
        assert (await ana.get(address)).status_code == 403
        assert (await ana.post(address, {"do": "save"})).status_code == 403
