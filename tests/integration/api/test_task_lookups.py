import re
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from cauce.services.hub import Hub
from cauce.store import attachments, customers, definitions
from cauce.store.base import utc_now
from cauce.store.definitions import NewDefinition
from cauce.store.models import Lookup
from tests.integration.api.conftest import Browser
from tests.integration.api.task_forms import HOSTILE, PAGE, put

FOUND = '[{sku: ("P-" + .text), name: "<b>Pump</b>", price: 9}, {sku: "Q", name: "Other"}]'
ITEMS: dict[str, Any] = {
    "connection": "items",
    "kind": "echo",
    "settings": {},
    "operations": {
        "find": {"calls": "find", "effect": "read", "response": FOUND},
        "credit": {"calls": "credit", "effect": "read", "response": "{limit: 5000, of: .customer}"},
        "write": {"calls": "write", "effect": "write"},
    },
}
# Nobody listens there.
DOWN = ITEMS | {"kind": "http", "settings": {"base_url": "http://127.0.0.1:1"}}
FORM: dict[str, Any] = {
    "form": "order",
    "title": "Order",
    "schema": {
        "type": "object",
        "properties": {
            "lines": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["sku"],
                    "properties": {"sku": {"type": "string"}, "price": {"type": "number"}},
                },
            }
        },
    },
    "ui": {
        "options": {
            "lines.sku": {
                "call": "find@items",
                "with": {"text": "${ $search }"},
                "value": ".sku",
                "label": '"\\(.sku) \\(.name)"',
                "fill": {"price": ".price"},
            }
        }
    },
    "context": [
        {"title": "Credit", "call": "credit@items", "with": {"customer": "${ .customer.number }"}, "value": ".limit"},
        {"title": "Customer", "show": "customer", "value": ".customer"},
        {"title": "History", "show": "timeline", "value": ".customer.number"},
        {"title": "Case", "show": "timeline"},
        {"title": "Papers", "show": "documents", "value": ".papers"},
        {
            "title": "Prices",
            "show": "table",
            "value": ".prices",
            "columns": {"net": "Net", "sku": {"en": "Item"}},
            "order": ["sku"],
        },
        {"title": "One", "show": "table", "value": ".prices[0]", "columns": {"net": "Net price"}},
        {"title": "Broken", "value": ".customer.number.x"},
        {"title": "State", "value": '["late", "other"]', "labels": {"late": {"en": "Too <late>", "es": "Tarde"}}},
    ],
}
LINES = {"/lines#rows": "2", "/lines/1/sku#search": "12", "_search": "/lines/1/sku"}


async def publish(hub: Hub, document: dict[str, Any], version: str) -> None:
    async with hub.store.transaction() as db:
        await definitions.add(db, NewDefinition("connection", "items", version, "", document, "ana"))
    assert hub.connections is not None
    await hub.connections.close()


async def prepare(hub: Hub, connection: dict[str, Any] = ITEMS) -> None:
    await publish(hub, connection, "1")
    async with hub.store.transaction() as db:
        row, _ = await customers.save(db, {"erp_id": "C-1", "name": HOSTILE, "phone": "+34915550123"})
        await customers.record_interaction(db, row.id, "call", HOSTILE, by="ana")
        kept = await attachments.keep(db, attachments.NewFile("i", "a.pdf", "application/pdf", b"%PDF-"))
    data = {
        "customer": {"number": "C-1"},
        "papers": [attachments.described(kept), {"sha256": "x", "name": HOSTILE}, "no file"],
        "prices": [{"sku": HOSTILE, "net": 2.5, "cost": 1}],
    }
    await put(hub, form_document=FORM, data=data, instance="i")


async def test_values_are_looked_up_while_somebody_types(hub: Hub, ana: Browser) -> None:
    await prepare(hub)
    page = (await ana.post(PAGE, LINES)).text
    options = re.findall(r'<option value="(.*?)"', page[page.index('id="f-lines-1-sku"') :])
    assert options == ["", "P-12", "Q"]
    assert "P-12 &lt;b&gt;Pump" in page
    answer = (await ana.post(f"{PAGE}/options", LINES)).json()
    assert answer["options"][0] == {"value": "P-12", "label": "P-12 <b>Pump</b>", "fill": {"price": 9}}
    assert (await ana.post(f"{PAGE}/options", {**LINES, "_search": "/lines/1/price"})).status_code == 404


async def test_while_a_system_is_down_what_was_known_last_is_shown_and_what_is_typed_is_taken(
    hub: Hub, ana: Browser
) -> None:
    await prepare(hub)
    await ana.post(f"{PAGE}/options", LINES)
    assert "5,000" not in (await ana.get(PAGE)).text
    assert "5,000" in (await ana.get(f"{PAGE}/context/0")).text
    await publish(hub, DOWN, "2")
    async with hub.store.transaction() as db:
        await db.execute(update(Lookup).values(at=utc_now() - timedelta(hours=2)))
    answer = (await ana.post(f"{PAGE}/options", LINES)).json()
    assert answer["options"][0]["value"] == "P-12"
    assert answer["note"] == "It is not available now. Last known 2 hours ago."
    part = (await ana.get(f"{PAGE}/context/0", headers={"hx-request": "true"})).text
    assert "Last known 2 hours ago." in part
    assert "5,000" in part
    assert "<html" not in part
    answer = (await ana.post(f"{PAGE}/options", {**LINES, "/lines/1/sku#search": "new"})).json()
    assert answer == {"options": [{"value": "new", "label": "new", "fill": {}}], "note": "It is not available now."}


async def test_what_stands_beside_a_form_is_shown_in_its_shape_and_never_as_markup(hub: Hub, ana: Browser) -> None:
    await prepare(hub)
    page = (await ana.get(PAGE)).text
    assert "<script>" not in page
    assert f'hx-get="{PAGE}/context/0"' in page
    assert f'<a href="{PAGE}/context/0">Look it up</a>' in page
    assert "+34915550123" in page
    assert "Nothing yet." in page
    assert "Too &lt;late&gt;, other" in page
    # A single map is a line for each of its columns.
    assert re.search(r"<dt>Net price</dt><dd>\s*2.50\s*</dd>", page)
    assert "<strong>Call</strong>" in page
    assert re.findall(r'<th scope="col"[^>]*>(.*?)</th>', page)[:2] == ["Item", "Net"]
    link = re.search(rf'href="({PAGE}/files/\w+)" download>a.pdf', page)
    assert link
    assert (await ana.get(link[1])).content == b"%PDF-"
    assert (await ana.get(f"{PAGE}/files/x")).status_code == 404
    assert (await ana.get(f"{PAGE}/context/1")).status_code == 404


async def test_nothing_is_looked_up_for_who_may_not_see_the_task_and_nothing_is_written(hub: Hub, ana: Browser) -> None:
    await prepare(hub)
    await put(hub, task_id="t-other", group="finance", by="felix", form_document=FORM, data={}, instance="i")
    assert (await ana.get("/tasks/t-other/context/0")).status_code == 404
    assert (await ana.post("/tasks/t-other/options", LINES)).status_code == 404
    form = FORM | {"context": [{"title": "T", "call": "write@items"}, {"title": "T", "call": "find@nobody"}]}
    await put(hub, task_id="t-writes", form_document=form, data={}, instance="i")
    assert "It is not available now." in (await ana.get("/tasks/t-writes/context/0")).text
    assert "There is no connection" in (await ana.get("/tasks/t-writes/context/1")).text
