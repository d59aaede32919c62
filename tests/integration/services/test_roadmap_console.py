"""The console of a roadmap that runs: what its pages show is what the course says, and what one does there happens."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.pages import view
from cauce import roadmaps
from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from cauce.services import definitions, users
from cauce.services.access import tokens
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import registers, running
from cauce.services.roadmaps.standing import standing
from cauce.services.roadmaps.what_if import Edit, what_if
from cauce.store import attachments, register
from schemas import load_file, load_yaml
from tests.integration.api.conftest import Browser
from tests.integration.services.conftest import boss
from workflows.roadmap.model import Actual

DEFINITIONS = Path(__file__).parents[3] / "definitions"
FILES = ("calendars/office-madrid.yaml", "roadmaps/crm-rollout.yaml")
PAGES = ("", "/plan", "/money", "/costs", "/registers", "/people", "/changes", "/report", "/gates/G0")
PEOPLE = (("ola", "it"), ("pia", "project-managers"))
PASSWORD = "a-long-enough-password-1"  # noqa: S105 - of a store that lives as long as a test


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/console.db"


@pytest.fixture
async def browser(hub: Hub) -> AsyncIterator[Browser]:
    """Return a browser in which the boss is logged in."""
    await users.ensure_user(hub, "boss", PASSWORD, roles=["admin"])
    app = create_app(hub.settings, hub)
    site = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://cauce.test")
    async with app.router.lifespan_context(app), site as client:
        yield await Browser(client).log_in("boss", PASSWORD)


@pytest.mark.usefixtures("worker")
async def test_the_console_shows_the_course_and_moves_it(hub: Hub, browser: Browser) -> None:
    await definitions.publish(hub, boss, [load_file(DEFINITIONS / file) for file in FILES])
    first = datetime.now(UTC).date() - timedelta(days=30)
    started = await browser.post(
        "/roadmaps", {"roadmap": "crm-rollout", "key": "now", "start": first.isoformat()}, page="/roadmaps"
    )
    at = started.headers["location"]
    assert at == view.instance_url(roadmaps.roadmap_id("crm-rollout", "now")) == "/roadmaps/crm-rollout/now"
    again = await browser.post("/roadmaps", {"roadmap": "crm-rollout", "key": "now"}, page="/roadmaps")
    assert (again.status_code, "exists already" in again.text) == (409, True)
    table = {"file": ("shop.csv", b"id,phase,title,days\na,P,Think,3\n")}
    csrf = {"csrf": await browser.token("/roadmaps"), "name": ""}
    draft = await browser.client.post("/roadmaps/import", data=csrf, files=table)
    assert (draft.headers["content-disposition"], "roadmap: shop" in draft.text) == (
        'attachment; filename="shop.yaml"',
        True,
    )
    assert "There is no file" in (await browser.post("/roadmaps/import", {}, page="/roadmaps")).text
    # An activity begins, costs something and is finished, all on the board.
    step = f"{at}/steps/appoint-leads"
    await browser.post(step, {"do": "start", "day": first.isoformat()}, page=at)
    refused = await browser.post(step, {"do": "report", "percent": "half"}, page=at)
    assert (refused.status_code, "no amount" in refused.text) == (422, True)
    await browser.post(step, {"do": "finish", "management": "1750.50", "day": first.isoformat()}, page=at)
    run = roadmaps.roadmap_id("crm-rollout", "now")
    found = await standing(hub, boss, run)
    total = found.figures().rows[-1]
    assert (total.ev, total.ac) == (Decimal(1500), Decimal("1750.50"))
    for page in PAGES:
        shown = await browser.get(at + page)
        assert shown.status_code == 200, page
    money = (await browser.get(f"{at}/money")).text
    assert "€1,750.50" in money
    assert registers.issues(found) == []
    report = (await browser.get(f"{at}/report.md")).text
    assert "Nothing is late, rejected or waived." in report
    assert (await browser.get(f"{at}/report.pdf")).content.startswith(b"%PDF")
    assert (await browser.get(f"{at}/calendar.ics")).text.startswith("BEGIN:VCALENDAR")
    assert "<Alias>Process</Alias>" in (await browser.get(f"{at}/plan.xml")).text
    async with hub.store.transaction() as db:
        await register.note(
            db, register.Step("crm-rollout", "vendor", "acme", "bid", "1", datetime.now(UTC), title="Acme")
        )
    noted = (await browser.get(f"{at}/registers")).text
    assert ("Acme" in noted, "has bid" in noted, "bidding-vendors" in noted) == (True, True, True)
    # A gate says what it waits for; a change is asked for, decided, and the baselines differ by it.
    assert "Benefits, return and payback" in (await browser.get(f"{at}/gates/G0")).text
    change = {"do": "request", "step": "set-vision", "days": "30", "what": "Longer", "why": "More to see"}
    for act in (
        change,
        {"do": "approved", "change": "C-1", "reason": "yes"},
        {"do": "baseline", "reason": "as approved"},
    ):
        answer = await browser.post(f"{at}/changes", act, page=f"{at}/changes")
        assert answer.status_code == 303, answer.text
    after = await standing(hub, boss, run)
    (_, none), (changed, moved), (last, still) = registers.baselines_compared(after)
    assert (changed["reason"], last["reason"], none, still) == ("C-1: Longer", "as approved", [], [])
    assert "set-vision" in {name for name, _, _ in moved}
    assert after.course.roadmap.activities[1].days == 30
    assert (await running.running(hub, boss, run)).run.finish > found.detail.run.finish
    await what_would_be(hub, run, browser, at)
    await what_it_has_cost(browser, f"{at}/costs")
    await a_calendar_of_ones_own(hub, browser, at)
    await another_version(hub, run, browser, at)
    await what_is_done_about_it(hub, run, browser, at)


async def a_calendar_of_ones_own(hub: Hub, browser: Browser, at: str) -> None:
    """Make an address at which a program reads the calendar without a login; it opens nothing else, and is ended."""

    async def made() -> str:
        shown = (await browser.post(f"{at}/calendar", {}, page=f"{at}/calendar")).text
        return shown.partition("/feeds/")[2].partition(".ics")[0]

    first, second = await made(), await made()
    site = httpx.AsyncClient(transport=browser.client._transport, base_url="http://cauce.test")  # noqa: SLF001 - without the session
    read = await site.get(f"/feeds/{second}.ics")
    assert (read.status_code, read.text[:15], read.headers["referrer-policy"]) == (
        200,
        "BEGIN:VCALENDAR",
        "no-referrer",
    )
    # Another address makes the one before worth nothing, and one that never was is none.
    assert [(await site.get(f"/feeds/{token}.ics")).status_code for token in (first, "x")] == [404, 404]
    bearer = {"authorization": f"Bearer {second}"}
    assert (await site.get("/api/v1/roadmaps/running", headers=bearer)).status_code == 401
    (token,) = [each for each in await tokens.list_tokens(hub, boss) if each.scopes]
    assert (token.label, token.scopes) == ("crm-rollout/now", ("calendar:crm-rollout/now",))
    await tokens.end_token(hub, boss, token.id)
    assert (await site.get(f"/feeds/{second}.ics")).status_code == 404


async def another_version(hub: Hub, run: str, browser: Browser, at: str) -> None:
    """Look at another version of the definition and put it in force; a file that is no file of the roadmap is none."""
    document = load_file(DEFINITIONS / "roadmaps" / "crm-rollout.yaml").data
    (first, *phases) = document["phases"]
    longer = [each | ({"days": 60} if each["id"] == "set-vision" else {}) for each in first["activities"]]
    text = json.dumps({**document, "phases": [{**first, "activities": longer}, *phases]})
    await definitions.publish(hub, boss, [load_yaml(text, "roadmap.yaml")])
    before = (await running.running(hub, boss, run)).run
    shown = (await browser.get(f"{at}/definition?version=2")).text
    assert ("The whole would end" in shown, "hold no longer" in shown, "C-1" in shown) == (True, True, True)
    assert "There is no" in (await browser.get(f"{at}/definition?version=9")).text
    applied = await browser.post(f"{at}/definition", {"version": "2", "reason": "more"}, page=f"{at}/definition")
    assert applied.headers["location"] == f"{at}/definition?done=applied"
    after = (await running.running(hub, boss, run)).run
    assert (before.version, after.version, after.finish > before.finish) == ("1", "2", True)
    digest = await _kept(hub, run)
    files = [{"name": "vision.pdf", "sha256": digest}]
    await running.act(hub, boss, run, roadmaps.ReportActivity("set-vision", "", documents=files))
    nobodys = roadmaps.HandInEvidence("G0", 0, "", [{"name": "plan.pdf", "sha256": "0" * 64}])
    with pytest.raises(InputError, match="No file with the hash 0000"):
        await running.act(hub, boss, run, nobodys)
    assert "vision.pdf" in (await browser.get(f"{at}/registers")).text
    assert (await browser.get(f"{at}/files/{digest}")).content == b"vision"
    assert (await browser.get(f"{at}/files/{'0' * 64}")).status_code == 404


async def _kept(hub: Hub, run: str) -> str:
    file = attachments.NewFile(run, "vision.pdf", "application/pdf", b"vision", "task", "cris", ())
    async with hub.store.transaction() as db:
        return (await attachments.keep(db, file)).digest


async def what_is_done_about_it(hub: Hub, run: str, browser: Browser, at: str) -> None:
    """Answer a risk that has come, and say what is done about the last month; both are shown."""
    await running.act(hub, boss, run, roadmaps.ReportMetrics("", {"adoption": 0.5}))
    await running.act(hub, boss, run, roadmaps.AnswerRisk("R-11", "", "issue", "Nobody has time for it"))
    shown = (await browser.get(f"{at}/registers")).text
    assert ("Nobody has time for it" in shown, "a risk that has come" in shown) == (True, True)
    # One that was begun last month, and has done nothing then.
    first = (datetime.now(UTC).date().replace(day=1) - timedelta(days=15)).replace(day=1)
    done = {"appoint-leads": Actual(first, datetime.now(UTC).date())}
    run = (await running.start(hub, boss, "crm-rollout", key="old", day=first, happened=done)).id
    (month,) = [each["period"] for each in (await standing(hub, boss, run)).course.journal.periods]
    ola, pia = (Actor(name, frozenset({"staff"}), frozenset({group})) for name, group in PEOPLE)
    wanted = roadmaps.CorrectPeriod(month, "", [{"what": "More hands", "owner": "it"}], "It pays")
    with pytest.raises(ForbiddenError, match="may not do this"):
        await running.act(hub, ola, run, wanted)
    await running.act(hub, pia, run, wanted)
    with pytest.raises(NotFoundError, match="There is no action 2"):
        await running.act(hub, ola, run, roadmaps.FinishCorrection(month, 2, ""))
    await running.act(hub, ola, run, roadmaps.FinishCorrection(month, 1, "", "They are here"))
    for page in ("money", "report", "report.md"):
        assert "More hands" in (await browser.get(f"/roadmaps/crm-rollout/old/{page}")).text


async def what_it_has_cost(browser: Browser, page: str) -> None:
    hours = {"do": "enter", "activity": "set-vision", "hours": "7.5", "rate": "50", "token": "a" * 32, "note": "Start"}
    for _ in range(2):
        # Sent twice, it is there once.
        assert (await browser.post(page, hours, page=page)).status_code == 303
    shown = (await browser.get(page)).text
    assert ("7.50 h at €50.00" in shown, shown.count("€375.00")) == (True, 3)
    for wrong, says in (
        ({"do": "enter", "activity": "set-vision"}, "either hours or an amount"),
        ({"do": "enter", "activity": "set-vision", "amount": "1", "day": "soon"}, "is no day"),
        ({"do": "reverse", "number": "9", "reason": "x"}, "no entry 9"),
        ({"do": "import"}, "There is no file"),
        ({}, "Nothing is asked for"),
    ):
        assert says in (await browser.post(page, wrong, page=page)).text
    rows = "reference;activity;amount\nB-1;set-vision;12,25\nB-2;paint;1\n"
    taken = (await browser.post(page, {"do": "import", "rows": rows}, page=page)).text
    assert ("1 row is entered." in taken, "Line 3" in taken, "B-2;paint;1;" in taken) == (True, True, True)
    assert (await browser.post(page, {"do": "reverse", "number": "2", "reason": "x"}, page=page)).status_code == 303
    assert "takes 2 back" in (await browser.get(page)).text
    assert "takes 2 back" not in (await browser.get(f"{page}?before=3")).text


async def what_would_be(hub: Hub, run: str, browser: Browser, at: str) -> None:
    found = await standing(hub, boss, run)
    path = found.plan().critical_paths[0]
    later = what_if(found, [Edit(path[-2], shift=5)])
    assert later.finish_then > later.finish
    assert later.money
    assert (later.days, later.money.eac_then, later.plan.finish) == (5, later.money.eac, later.finish_then)
    dearer = what_if(found, [Edit("set-vision", cost={"data": Decimal(1000)})])
    assert dearer.money
    assert dearer.money.eac_then > dearer.money.eac
    assert (dearer.money.more["data"], dearer.money.percent > 0) == (Decimal(1000), True)
    whole = what_if(found, [Edit("set-vision", budget={"data": Decimal(1000)})])
    assert whole.money
    assert whole.money.more["data"] == Decimal(1000) - found.course.activity("set-vision").cost.get("data", Decimal())
    assert what_if(replace(found, may_see_figures=False), [Edit("set-vision", days=9)]).money is None
    shorter = what_if(found, [Edit("set-vision", drop=True)])
    assert shorter.finish_then < shorter.finish
    assert shorter.money
    assert shorter.money.eac_then < shorter.money.eac
    with pytest.raises(ConflictError, match="is a gate"):
        what_if(found, [Edit(next(each.id for each in found.detail.steps if each.kind == "gate"), days=3)])
    for edit, said in ((Edit("appoint-leads", shift=1), "is done"), (Edit("set-vision", days=9_999), "so much")):
        with pytest.raises(InputError, match=said):
            what_if(found, [edit])
    where = f"/api/v1/roadmaps/running/{at.removeprefix('/roadmaps/')}/what-if"
    edits = {path[-2]: {"shift": 5}, "set-vision": {"drop": True}}
    csrf = {"x-csrf-token": await browser.token(at)}
    told = (await browser.client.post(where, json={"edits": edits}, headers=csrf)).json()
    both = what_if(found, [Edit(path[-2], shift=5), Edit("set-vision", drop=True)])
    assert both.money
    assert (told["impact"]["days"], told["impact"]["eac_then"]) == (both.days, str(both.money.eac_then))
    assert told["plan"]["finish"] == told["impact"]["finish"] == both.finish_then.isoformat()
    shown = await browser.get(f"{at}/plan?step=set-vision&shift=3&days=2&cost=100&factor=data")
    assert "The whole would end" in shown.text
    assert "no amount" in (await browser.get(f"{at}/plan?step=set-vision&cost=much")).text
