"""The page and the REST calls of a task's life."""

import re
from dataclasses import replace

import httpx
import pytest

from api import security
from cauce.contract import HumanTask, TaskChange
from cauce.services.hub import Hub
from cauce.store import definitions, task_acts, tasks
from cauce.store.definitions import NewDefinition
from tests.integration.api.conftest import Browser

free = "/tasks/00000000-0000-5000-8000-000000000000"
claimed = "/tasks/00000000-0000-5000-8000-000000000001"
call = HumanTask(
    id="life",
    instance="sales.lead-to-order/none",
    definition="sales.lead-to-order",
    version="0.0.1",
    name="check",
    reference="/do/1/check",
    form="check",
    form_document={"form": "check", "schema": {"type": "object", "properties": {"text": {"type": "string"}}}},
    group="sales",
)


async def add(hub: Hub, task: HumanTask = call) -> None:
    async with hub.store.transaction() as db:
        await tasks.add_task(db, task)


async def test_a_draft_is_saved_shown_and_forgotten(ana: Browser, hub: Hub) -> None:
    await add(hub)
    await ana.post("/tasks/life/claim")
    answer = await ana.post("/tasks/life/draft", {"/text": "half a sen"})
    assert answer.headers["location"] == "/tasks/life?done=draft"
    page = (await ana.get("/tasks/life?done=draft")).text
    assert "half a sen" in page
    assert "The draft is saved" in page
    assert "This is your draft of" in page
    # The button of a window that was opened before: what was saved since stays, and so does what was typed here.
    old = await ana.post("/tasks/life/draft", {"/text": "from an old window", "_known": ""})
    assert (old.status_code, "newer draft" in old.text, "from an old window" in old.text) == (412, True, True)
    known = re.findall(r'name="_known" value="(.+?)"', old.text)[0]
    await ana.post("/tasks/life/draft", {"/text": "both", "_known": known})
    assert 'value="both"' in (await ana.get("/tasks/life")).text
    await ana.post("/tasks/life/draft", {"drop": "1"})
    assert "both" not in (await ana.get("/tasks/life")).text


async def test_what_was_entered_for_a_task_that_is_withdrawn_meanwhile_is_still_shown(ana: Browser, hub: Hub) -> None:
    await add(hub)
    await ana.post("/tasks/life/claim")
    async with hub.store.transaction() as db:
        await tasks.close(db, "life", "cancelled")
    page = await ana.post("/tasks/life", {"/text": "an hour of work"})
    assert (page.status_code, "What you had entered" in page.text, "an hour of work" in page.text) == (409, True, True)
    assert "What you had entered" not in (await ana.get("/tasks/life")).text


async def test_what_is_typed_is_saved_by_itself_and_overwrites_no_newer_draft(ana: Browser, hub: Hub) -> None:
    await add(hub)
    await ana.post("/tasks/life/claim")
    address = "/tasks/life/draft/typed"
    first = await ana.post(address, {"/text": "one", "_version": ""})
    saved = first.json()
    assert re.fullmatch(r"Saved at \d\d:\d\d\.", saved["said"])
    assert f'data-version="{saved["version"]}"' in (await ana.get("/tasks/life")).text
    again = (await ana.post(address, {"/text": "two", "_version": saved["version"]})).json()
    assert again["version"] > saved["version"]
    for version in ("", saved["version"]):
        other = await ana.post(address, {"/text": "from another window", "_version": version})
        assert (other.status_code, other.json()["said"][:14]) == (412, "Another window")
    assert (await ana.post(address, {"/text": "x", "_version": "soon"})).status_code == 422
    assert "two" in (await ana.get("/tasks/life")).text
    await ana.post("/tasks/life/draft", {"drop": "1"})
    assert (await ana.post(address, {"/text": "three", "_version": again["version"]})).status_code == 412


async def test_what_is_typed_after_the_session_ran_out_overwrites_no_newer_draft(
    ana: Browser, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(hub)
    await ana.post("/tasks/life/claim")
    token = await ana.token("/tasks/life")
    monkeypatch.setattr(security, "session_seconds", -1)
    for text, version in (("kept", ""), ("from an old window", "")):
        data = {"csrf": token, "/text": text, "_version": version}
        assert (await ana.client.post("/tasks/life/draft/typed", data=data)).status_code == 303
    monkeypatch.undo()
    assert "kept" in (await ana.get("/tasks/life")).text


async def test_what_was_typed_survives_a_session_that_runs_out(
    ana: Browser, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(hub)
    await ana.post("/tasks/life/claim")
    token = await ana.token("/tasks/life")
    monkeypatch.setattr(security, "session_seconds", -1)
    for data in ({"csrf": "0" * 64, "/text": "forged"}, {"csrf": token, "/text": "much work"}):
        answer = await ana.client.post("/tasks/life", data=data)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Ftasks%2Flife")
    monkeypatch.undo()
    page = (await ana.get("/tasks/life")).text
    assert "much work" in page
    assert "forged" not in page


async def test_the_page_tells_why_a_case_came_back_and_shows_what_was_answered(ana: Browser, hub: Hub) -> None:
    await add(hub, replace(call, id="before"))
    async with hub.store.transaction() as db:
        await tasks.close(db, "before", "completed", by="ana", answer={"text": "the first answer"})
    returned = {"task": "approve", "by": "luis", "at": "2026-03-02T12:00:00Z", "reason": "The price is <missing>."}
    await add(hub, replace(call, returned=returned, user="ana", group=None))
    page = (await ana.get("/tasks/life")).text
    assert "luis sent this back: The price is &lt;missing&gt;." in page
    assert "the first answer" in page


async def test_a_task_is_delegated_set_aside_and_found_again(ana: Browser, hub: Hub) -> None:
    await add(hub)
    await ana.post("/tasks/life/claim")
    assert (await ana.post("/tasks/life/follow-up", {"at": "2030-01-02T10:00"})).status_code == 422
    answer = await ana.post("/tasks/life/delegate", {"to": "nobody", "note": "Please."})
    assert answer.status_code == 422
    assert (await ana.post("/tasks/life/priority", {"priority": "99"})).status_code == 403
    async with hub.store.transaction() as db:
        row = await task_acts.locked(db, "life")
        assert row is not None
        task_acts.delegate(row, "ana", "rosa", "You know them.")
    assert "/tasks/life" in (await ana.get("/inbox?which=delegated")).text
    page = (await ana.get("/tasks/life")).text
    assert "Take it back" in page
    assert (await ana.post("/tasks/life/delegate", {"to": "ana", "note": "I do it."})).status_code == 303
    assert "Save draft" in (await ana.get("/tasks/life")).text


async def test_several_people_answer_without_claiming(ana: Browser, hub: Hub) -> None:
    await add(hub, replace(call, approvals={"need": 2, "of": 3}, return_to=["enter"]))
    page = (await ana.get("/tasks/life")).text
    assert "2 of 3 people have to agree." in page
    assert re.search(r'<option value="enter">', page)
    async with hub.store.transaction() as db:
        await task_acts.change(db, TaskChange("life", answered=["ana"]))
    page = (await ana.get("/tasks/life")).text
    assert "You have given your answer" in page
    assert "Answered so far: ana" in page
    groups = [{"group": "sales", "need": 1, "of": 2, "answered": []}]
    groups += [{"group": "the-directors", "need": 1, "of": 1, "answered": ["luis"]}]
    parts = {"need": 2, "of": 3, "part": 0, "groups": groups}
    await add(hub, replace(call, id="part", approvals=parts))
    page = (await ana.get("/tasks/part")).text
    assert "you answer for Sales." in page
    assert "Sales (1 of 2): nobody has answered yet · The directors (1 of 1): luis" in page
    assert ("/tasks/part/claim" in page, "Save draft" in page) == (False, True)
    # One signature of a group is claimed, handed over and set aside as any other task.
    one = {**parts, "groups": [{**groups[0], "of": 1}, groups[1]]}
    await add(hub, replace(call, id="one", approvals=one))
    page = (await ana.get("/tasks/one")).text
    assert ("/tasks/one/claim" in page, "you answer for Sales." in page) == (True, True)
    assert (await ana.post("/tasks/one/claim")).status_code == 303
    page = (await ana.get("/tasks/one")).text
    assert ("/tasks/one/delegate" in page, "/tasks/one/follow-up" in page, "Save draft" in page) == (True, True, True)


async def test_rest_keeps_drafts_and_answers_batches(program: httpx.AsyncClient, hub: Hub) -> None:
    await add(hub)
    address = "/api/v1/tasks/life/draft"
    assert (await program.get(address)).status_code == 404
    assert (await program.put(address, json={"content": {"text": "a"}})).json()["outdated"] is False
    read = await program.get(address)
    assert read.json()["content"] == {"text": "a"}
    for header, tag, status in (
        ("if-match", read.headers["etag"], 200),
        ("if-match", read.headers["etag"], 412),
        ("if-match", "*", 200),
        ("if-match", '"soon"', 422),
        ("if-none-match", "*", 412),
    ):
        put = await program.put(address, json={"content": {"text": "b"}}, headers={header: tag})
        assert put.status_code == status, (header, tag)
        assert ("etag" in put.headers) == (status == 200)
    assert (await program.delete(address)).status_code == 204
    assert (await program.put(address, json={"content": {}}, headers={"if-match": "*"})).status_code == 412
    batch = (await program.post("/api/v1/tasks/complete", json={"tasks": ["life", "gone"], "answer": {}})).json()
    assert (batch["done"], [row["problem"]["code"] for row in batch["rows"]]) == (0, ["transient", "not-found"])
    for act, body, status in (
        ("delegate", {"to": "nobody", "note": "x"}, 409),
        ("assign", {"user": "ana"}, 403),
        ("priority", {"priority": 1}, 403),
        ("follow-up", {"at": "2030-01-01T00:00:00Z"}, 409),
        ("send-back", {"to": "enter", "reason": "x"}, 503),
    ):
        assert (await program.post(f"/api/v1/tasks/life/{act}", json=body)).status_code == status, act


async def test_a_form_that_a_new_version_changes_while_it_is_open_stays_what_it_was_and_says_so(
    ana: Browser, hub: Hub
) -> None:
    await add(hub)
    await ana.post("/tasks/life/claim")
    csrf = await ana.token("/tasks/life")
    changed = {"form": "check", "schema": {"type": "object", "required": ["sum"], "properties": {"sum": {}}}}
    new = NewDefinition(
        "process", "lead-to-order", "n", "n", {}, "ana", "sales", "9.0.0", {"forms": {"check": changed}}
    )
    async with hub.store.transaction() as db:
        await definitions.add(db, new)
    page = (await ana.get("/tasks/life")).text
    assert ("another one since version 9.0.0" in page, 'name="/text"' in page, 'name="/sum"' in page) == (
        True,
        True,
        False,
    )
    typed = await ana.client.post("/tasks/life/draft/typed", data={"csrf": csrf, "/text": "x", "/sum": "1"})
    assert typed.status_code == 200
    kept = (await ana.get("/tasks/life")).text
    assert ('value="x"' in kept, 'name="/sum"' in kept) == (True, False)
