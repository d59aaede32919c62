"""Personal data is covered wherever it is shown, and a form that comes back with covers changes nothing."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from cauce.errors import InputError, NotFoundError
from cauce.services import attachments, notifications, task_drafts, tasks, trail
from cauce.services.hub import Actor, Hub
from cauce.services.permissions import covering, grants
from cauce.services.teamwork import comments
from cauce.store import attachments as files
from cauce.store import notifications as store_notifications
from cauce.store import permissions
from cauce.store import tasks as store_tasks
from cauce.store.attachments import NewFile
from tests.e2e.browser import seed
from tests.integration.api.conftest import Browser

ROOT = Actor("admin", frozenset({"admin"}))
NAME = "Begoña Ibarra"
FORM: dict[str, Any] = {
    "form": "call-back",
    "title": "Call back",
    "schema": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "x-personal": True, "title": "Name"},
            "born": {"type": "string", "format": "date", "x-personal": True},
            "age": {"type": "integer", "x-personal": True},
            "note": {"type": "string"},
        },
    },
    "context": [{"title": "Who", "value": '.name + " from " + .town'}],
}


@pytest.fixture
async def covered(hub: Hub) -> str:
    """Return a task whose personal data only the group `hr` may see."""
    asked = replace(
        seed.inbox()[0], id="personal-1", form="call-back", form_document=FORM, title=f"Call {NAME}", user="ana",
        data={"name": NAME, "born": "1970-01-02", "age": 51, "town": "Soria", "note": f"{NAME} rang"},
    )  # fmt: skip
    async with hub.store.transaction() as db:
        await store_tasks.add_task(db, asked)
    await grants.grant(hub, ROOT, "group:hr", ["personal"], "form:call-back", only=True)
    return asked.id


async def test_rest_and_page_show_that_there_is_something(
    covered: str, program: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    told = (await program.get(f"/api/v1/tasks/{covered}")).json()
    assert told["title"] == "Call ••••1"
    assert told["data"] == {"name": "••••1", "born": "••••2", "age": "••••3", "town": "Soria", "note": "••••1 rang"}
    listed = (await program.get("/api/v1/tasks?limit=200")).text
    ana = await Browser(anonymous).log_in("ana")
    page = (await ana.get(f"/tasks/{covered}")).text
    inbox = (await ana.get("/inbox")).text
    for text in (listed, page, inbox):
        assert "Begoña Ibarra" not in text.replace("Begoña Ibarra, Compras", "").replace('"name":"Begoña Ibarra"', "")
    assert "1970" not in page
    assert '<input type="hidden" name="/born" value="••••2">' in page
    assert "••••1 from Soria" in page


async def test_what_is_said_of_a_task_names_nobody_either(covered: str, hub: Hub) -> None:
    ana, boss = await _actor(hub, "ana"), Actor("luis", frozenset({"manager"}))
    hr = replace(boss, groups=frozenset({"hr"}), grants=ana.grants)
    await comments.add(hub, hr, covered, f"@ana call {NAME} again")
    (said,) = await comments.of_task(hub, ana, covered)
    assert said.text == "@ana call ••••1 again"
    (told,) = (await notifications.list_notifications(hub, ana)).items
    assert (NAME in told.title + told.text, "••••1" in told.title, "••••1" in told.text) == (False, True, True)
    async with hub.store.read() as db:
        row = await store_notifications.find(db, "ana", told.id)
        assert row is not None
        assert await covering.told(db, row, ana) == (told.title, told.text)
        assert NAME in (await covering.told(db, row, hr))[1]
    assert (await comments.of_task(hub, hr, covered))[0].text == f"@ana call {NAME} again"


async def test_a_form_that_comes_back_writes_no_cover(covered: str, hub: Hub) -> None:
    ana = await _actor(hub, "ana")
    async with hub.store.read() as db:
        row = await tasks.visible(db, ana, covered)
        answer = {"name": "••••1", "born": "••••2", "age": 52, "note": "done"}
        assert await covering.uncovered(db, row, answer) == {
            "name": NAME,
            "born": "1970-01-02",
            "age": 52,
            "note": "done",
        }
        with pytest.raises(InputError, match="What is covered can only stay"):
            await covering.uncovered(db, row, {"note": "••••1"})
    await task_drafts.save(hub, ana, covered, {"name": "Typed anew", "born": "••••2", "note": NAME})
    kept = await task_drafts.draft(hub, ana, covered)
    assert kept
    assert kept.content == {"name": "Typed anew", "born": "••••2", "note": NAME}
    assert (await tasks.task(hub, replace(ana, groups=ana.groups | {"hr"}), covered)).title == f"Call {NAME}"


async def test_the_page_keeps_what_is_covered_when_it_is_sent_again(covered: str, ana: Browser) -> None:
    sent = {"/name": "••••1", "/born": "••••2", "/age": "••••3", "/note": "", "_update": "1"}
    page = await ana.post(f"/tasks/{covered}", sent, page=f"/tasks/{covered}")
    assert page.status_code == 200
    assert '<input type="hidden" name="/age" value="••••3">' in page.text


async def test_a_file_under_a_covered_name_is_opened_by_who_may_see_it(covered: str, hub: Hub) -> None:
    ana = await _actor(hub, "ana")
    async with hub.store.transaction() as db:
        row = await tasks.visible(db, ana, covered)
        given = [NewFile(row.instance, "id.txt", "text/plain", each, covered, "luis") for each in (b"id", b"open")]
        card, plain = [files.described(await files.keep(db, each)) for each in given]
        row.data = {**(row.data or {}), "name": card, "plan": plain}
    assert (await attachments.open_file(hub, ana, covered, plain["sha256"])).content == b"open"
    with pytest.raises(NotFoundError):
        await attachments.open_file(hub, ana, covered, card["sha256"])
    hr = replace(ana, groups=ana.groups | {"hr"})
    assert (await attachments.open_file(hub, hr, covered, card["sha256"])).content == b"id"
    luis = replace(ana, name="luis", roles=frozenset({"manager"}))
    assert (await attachments.open_file(hub, luis, covered, card["sha256"])).content == b"id"


async def test_the_trail_covers_what_the_process_marks(hub: Hub) -> None:
    rosa = await _actor(hub, "rosa")
    from cauce.store import audit, definitions  # noqa: PLC0415 - only here
    from cauce.store.definitions import NewDefinition  # noqa: PLC0415 - only here

    async with hub.store.transaction() as db:
        bundle = {"forms": {"call-back": FORM}, "document": {}}
        new = NewDefinition("process", "call", "d", "", {}, "ana", namespace="sales", version="1.0.0", bundle=bundle)
        await definitions.add(db, new)
        said = {"instance": "sales.call/1", "after": {"name": NAME, "note": f"{NAME} rang"}}
        await audit.append(db, "ana", "task.complete", "t-9", said)
    (line,) = await trail.lines(hub, rosa, subject="t-9")
    assert line.data["after"] == {"name": "••••1", "note": "••••1 rang"}
    await grants.grant(hub, ROOT, "role:auditor", ["personal"], "namespace:sales")
    (line,) = await trail.lines(hub, await _actor(hub, "rosa"), subject="t-9")
    assert line.data["after"]["name"] == NAME


async def _actor(hub: Hub, name: str) -> Actor:
    async with hub.store.read() as db:
        rules = await permissions.grants(db)
    given = {"ana": {"staff", "designer"}, "rosa": {"auditor"}}[name]
    return Actor(name, frozenset(given), frozenset({"sales"}), grants=rules)
