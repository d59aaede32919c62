"""The pages on which people start processes: drafts, files and look-ups are as in tasks, and nothing typed is lost."""

import re
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from api import security
from cauce.services import definitions, start_forms
from cauce.services.hub import Actor, Hub
from cauce.store import unused_files
from cauce.store.base import utc_now
from schemas import load_file, load_yaml
from tests.integration.api.conftest import Browser
from tests.integration.api.task_forms import HOSTILE
from tests.integration.api.test_task_forms import PDF
from tests.integration.api.test_task_lookups import ITEMS, publish

FORM = Path(__file__).resolve().parents[3] / "definitions" / "forms" / "new-complaint.yaml"
PROCESS = """
document:
  {dsl: '1.0.3', namespace: service, name: NAME, version: 1.0.0, metadata: {cauce: {startForm: FORM}}}
do: [{note: {set: {x: 1}}}]
"""
RETURN = yaml.safe_dump(
    {
        "form": "return",
        "title": "Return",
        "schema": {
            "type": "object",
            "required": ["why"],
            "properties": {
                "why": {"type": "string"},
                "sku": {"type": "string"},
                "paper": {"type": "object", "format": "attachment"},
            },
        },
        "ui": {
            "options": {
                "sku": {
                    "call": "find@items",
                    "with": {"text": "${ $search }"},
                    "value": ".sku",
                    "label": '"\\(.sku) \\(.name)"',
                }
            },
            "files": {"paper": {"types": ["pdf"], "bytes": 2_000}},
        },
    }
)
GIVEN = {"/channel": "phone", "/name": "Eva <b>Ruiz</b>", "/wanted": "Otra", "/language": "es", "key": "k-1"}
PAGE = "/start/service.back"
boss = Actor("boss", frozenset({"admin"}))


def process(name: str, form: str) -> str:
    return PROCESS.replace("NAME", name).replace("FORM", form)


@pytest.fixture
async def back(hub: Hub) -> None:
    await publish(hub, ITEMS, "1")
    sources = [load_yaml(RETURN, "return.yaml"), load_yaml(process("back", "return"), "back.yaml")]
    await definitions.publish(hub, boss, sources)


async def test_a_complaint_is_registered_on_a_page_and_what_is_wrong_stands_beside_it(ana: Browser, hub: Hub) -> None:
    assert "Nothing to start" in (await ana.get("/start")).text
    sources = [load_file(FORM), load_yaml(process("intake", "new-complaint"), "intake.yaml")]
    await definitions.publish(hub, boss, sources)
    assert 'href="/start/service.intake"' in (await ana.get("/start")).text
    page = "/start/service.intake"
    assert 'name="key" value="' in (await ana.get(page)).text
    wrong = await ana.post(page, GIVEN, page=page)
    assert (wrong.status_code, "1 thing to mend" in wrong.text) == (422, True)
    assert "Eva &lt;b&gt;Ruiz" in wrong.text
    # Nobody answers at Temporal's address here: nothing that was typed is lost over it.
    away = await ana.post(page, {**GIVEN, "/description": "Roto"}, page=page)
    assert (away.status_code, 'value="k-1"' in away.text, "Roto" in away.text) == (503, True, True)
    assert (await ana.get("/start/service.other")).status_code == 404


@pytest.mark.usefixtures("back")
async def test_what_is_typed_is_kept_and_a_newer_draft_is_not_overwritten(
    ana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = {"/why": HOSTILE, "key": "k-7", "_version": ""}
    saved = await ana.post(f"{PAGE}/draft/typed", typed, page=PAGE)
    assert saved.json()["said"].startswith("Saved at ")
    shown = (await ana.get(PAGE)).text
    assert ("<script>alert" in shown, "This is your draft of" in shown) == (False, True)
    assert 'name="key" value="k-7"' in shown
    refused = await ana.post(f"{PAGE}/draft/typed", typed, page=PAGE)
    assert (refused.status_code, "newer draft of this form" in refused.json()["said"]) == (412, True)
    later = {**typed, "_version": saved.json()["version"], "/why": "leaks"}
    assert (await ana.post(f"{PAGE}/draft/typed", later, page=PAGE)).status_code == 200
    assert (await ana.post(f"{PAGE}/draft/typed", {**later, "key": "x" * 300}, page=PAGE)).status_code == 422
    by_button = await ana.post(f"{PAGE}/draft", {**typed, "_known": ""}, page=PAGE)
    assert (by_button.status_code, "newer draft of this form" in by_button.text) == (412, True)
    # The page was opened with another version of the form.
    old = await ana.post(PAGE, {"/why": "leaks", "key": "k-7", "form": "0" * 64}, page=PAGE)
    assert (old.status_code, "The form has changed since" in old.text, 'value="leaks"' in old.text) == (409, True, True)
    csrf = await ana.token(PAGE)
    monkeypatch.setattr(security, "session_seconds", -1)
    out = await ana.client.post(PAGE, data={"csrf": csrf, "/why": "typed till late", "key": "k-7"})
    assert (out.status_code, out.headers["location"]) == (303, "/login?next=%2Fstart%2Fservice.back")
    monkeypatch.undo()
    assert 'value="typed till late"' in (await ana.get(PAGE)).text
    dropped = await ana.post(f"{PAGE}/draft", {"drop": "1", "key": "k-7"}, page=PAGE)
    assert dropped.headers["location"] == f"{PAGE}?done=dropped"
    assert "typed till late" not in (await ana.get(PAGE)).text
    assert (await ana.post(f"{PAGE}/draft", {"drop": "1"}, page=PAGE)).status_code == 404


@pytest.mark.usefixtures("back")
async def test_files_and_looked_up_values_are_as_in_tasks(
    ana: Browser, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await ana.post(f"{PAGE}/options", {"_search": "/sku", "/sku#search": "12", "key": "k"}, page=PAGE)
    assert [each["label"] for each in found.json()["options"]] == ["P-12 <b>Pump</b>", "Q Other"]
    fields = await ana.post(f"{PAGE}/form", {"_touched": "/why", "key": "k"}, page=PAGE)
    assert 'id="f-why-problem"' in fields.text
    token = await ana.token(PAGE)

    async def send(name: str, content: bytes, key: str = "k", why: str = "") -> str:
        data, files = {"csrf": token, "key": key, "/why": why}, {"/paper": (name, content, "application/pdf")}
        return (await ana.client.post(PAGE, data=data, files=files)).text

    shown = await send("p.pdf", PDF)
    address = re.search(r'href="(/start/service\.back/files/k/\w{64})" download>p\.pdf', shown)
    assert address
    assert (await ana.get(address[1])).content == PDF
    for name, content in (("p.exe", PDF), ("p.pdf", b"MZ"), ("p.pdf", PDF * 200), ("p.pdf", b"")):
        assert 'id="f-paper-problem"' in await send(name, content)
    # Nobody answers at Temporal's address here: the file goes when it was not sent, unless a draft names it.
    away = await send("p.pdf", PDF, why="leaks")
    assert ("Temporal" in away, "download>p.pdf" in away) == (True, True)
    draft = {"/why": "leaks", "key": "k", "/paper": sha256(PDF).hexdigest()}
    assert (await ana.post(f"{PAGE}/draft", draft, page=PAGE)).headers["location"] == f"{PAGE}?done=draft"
    later = utc_now() + timedelta(days=1)
    async with hub.store.transaction() as db:
        assert (await unused_files.sweep(db, later, 0, 50))[0] == 0
    assert "download>p.pdf" in (await ana.get(PAGE)).text
    monkeypatch.setattr(start_forms, "_FORMS", 0)
    assert "too many files to forms" in await send("p.pdf", PDF + b"2", key="k2")
    luis = await Browser(ana.client).log_in("luis")
    assert (await luis.get(address[1])).status_code == 404
    assert "p.pdf" not in (await luis.get(PAGE)).text
