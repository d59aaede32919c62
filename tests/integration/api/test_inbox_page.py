import re
from dataclasses import replace

import httpx
import pytest

from api.i18n import Language
from api.pages import inbox as page
from api.pages.inbox_query import Wanted
from cauce.services.hub import Hub
from cauce.store import tasks, users
from cauce.store.inbox_counts import Counts
from tests.e2e.browser.seed import inbox
from tests.integration.api.conftest import Browser

ids = [task.id for task in inbox()]
answer = {"/need": "Bearings", "/horizon": "month", "/score": "80", "/decider": "true"}
Program = httpx.AsyncClient
LARGEST_PAGE = 150_000


def cases(page: httpx.Response) -> list[str]:
    return re.findall(r'"Case">(lead:\d+)</td>', page.text)


def outcomes(page: httpx.Response) -> list[tuple[str, bool]]:
    rows = re.findall(r'data-open href="/tasks/([^"]+)".*?tone-(\w+)', page.text)
    return [(task, tone == "success") for task, tone in rows]


@pytest.fixture
async def many(hub: Hub) -> None:
    """Put two pages of tasks into the inbox."""
    async with hub.store.transaction() as db:
        for number in range(80):
            await tasks.add_task(db, replace(inbox()[0], id=f"many-{number:02}", data=None, form_document={}))


async def test_tasks_are_found_by_words_and_narrowed_down(ana: Browser) -> None:
    assert cases(await ana.get("/inbox?text=AGRICOLA+lead")) == ["lead:2052"]
    assert cases(await ana.get("/inbox?which=mine&text=segura")) == []
    assert "No task is like that" in (await ana.get("/inbox?text=nowhere")).text
    assert len(cases(await ana.get("/inbox?form=qualify-lead"))) == 7
    assert cases(await ana.get("/inbox?severity=high")) == []
    for wrong in ("which=everything", "severity=huge"):
        refused = await ana.get(f"/inbox?{wrong}")
        assert (refused.status_code, wrong in refused.text) == (422, True)
    assert cases(await ana.get("/inbox?which=late")) == ["lead:2041", "lead:2044"]


@pytest.mark.usefixtures("many")
async def test_pages_go_both_ways_and_are_light(ana: Browser) -> None:
    first = await ana.get("/inbox?which=all&group=sales-managers")
    assert len(first.content) < LARGEST_PAGE
    after = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert after
    assert 'rel="prev"' not in first.text
    second = await ana.get(after[1].replace("&amp;", "&"))
    before = re.search(r'rel="prev" href="([^"]+)"', second.text)
    assert before
    assert len(cases(second)) == 83 - 50
    assert cases(await ana.get(before[1].replace("&amp;", "&"))) == cases(first)


@pytest.mark.parametrize(
    ("counts", "language", "said"),
    [
        (
            Counts(1_001, overdue=1_001, most=1_000),
            "en",
            "More than 1000 tasks wait for you, more than 1000 are overdue.",
        ),
        (Counts(1_001, overdue=3, most=1_000), "es", "Le esperan más de 1000 tareas, 3 vencidas."),
        (Counts(1_200, overdue=1), "en", "1200 tasks wait for you, 1 is overdue."),
        (Counts(), "es", "No le espera nada."),
    ],
)
def test_what_is_counted_up_to_a_thousand_is_said_to_be_more(counts: Counts, language: str, said: str) -> None:
    words = Language(language)
    assert page.summary(words, counts) == said
    tabs = page.tabs(words, Wanted(), counts)
    assert tabs[0]["count"] == (f"{counts.most}+" if counts.most else str(counts.open))


async def test_a_row_says_what_scripts_need(ana: Browser) -> None:
    shown = (await ana.get("/inbox")).text
    assert shown.count("<tr data-row>") == shown.count('name="task"') == shown.count(" data-open ") == 7


async def test_views_are_kept_for_one_person(ana: Browser, program: Program) -> None:
    shown = {"name": "Late <b>", "which": "late", "columns": ["due", "customer"], "standard": "1"}
    kept = await ana.post("/inbox/views", shown)
    assert kept.status_code == 303
    page = (await ana.get(kept.headers["location"])).text
    assert "The view is kept" in page
    assert "Late &lt;b&gt;" in page
    # It is what the inbox opens with; asking for anything else shows that.
    opened = (await ana.get("/inbox")).text
    assert re.findall(r'<th scope="col">([^<]+)', opened) == ["Task", "Customer", "Due"]
    assert opened.count("<tr data-row>") == 2
    assert len(cases(await ana.get("/inbox?which=all"))) == 7
    (view,) = (await program.get("/api/v1/inbox/views")).json()
    assert (view["filters"], view["columns"], view["standard"]) == ({"which": "late"}, ["due", "customer"], True)
    dropped = await ana.post(f"/inbox/views/{view['id']}/drop")
    assert dropped.headers["location"] == "/inbox?which=all&done=view-dropped"
    assert (await program.get("/api/v1/inbox/views")).json() == []


async def test_views_are_changed_and_checked_by_programs(program: Program, hub: Hub) -> None:
    views = "/api/v1/inbox/views"
    made = (await program.post(views, json={"name": "A", "filters": {"group": "sales"}})).json()
    again = (await program.post(views, json={"name": "A", "columns": ["due"]})).json()
    assert (again["id"], again["filters"]) == (made["id"], {})
    other = (await program.post(views, json={"name": "B", "standard": True})).json()
    assert (await program.put(f"{views}/{made['id']}", json={"name": "B"})).status_code == 409
    changed = (await program.put(f"{views}/{made['id']}", json={"name": "C", "standard": True})).json()
    assert (changed["name"], changed["standard"]) == ("C", True)
    assert [each["standard"] for each in (await program.get(views)).json()] == [False, True]
    for wrong in (
        {"filters": {"owner": "x"}},
        {"filters": {"which": "x"}},
        {"filters": {"text": "x" * 201}},
        {"name": " "},
    ):
        assert (await program.post(views, json={"name": "D", **wrong})).status_code == 422
    # What another person keeps is as if it were not there.
    await users_view(hub, "luis", "luis-view")
    for method in ("PUT", "DELETE"):
        answer = await program.request(method, f"{views}/luis-view", json={"name": "Mine"})
        assert answer.status_code == 404
    assert (await program.delete(f"{views}/{other['id']}")).status_code == 204


async def users_view(hub: Hub, person: str, view_id: str) -> None:
    from cauce.store.models import InboxView  # noqa: PLC0415 - only here

    async with hub.store.transaction() as db:
        assert await users.find(db, person)
        db.add(InboxView(id=view_id, person=person, name="Mine", filters={}, columns=[], standard=False))


async def test_chosen_tasks_are_claimed_with_a_result_for_each(ana: Browser) -> None:
    page = await ana.post(
        "/inbox/acts", {"act": "claim", "task": [ids[0], ids[5], "unknown"], "back": "/inbox?which=all"}
    )
    assert outcomes(page) == [(ids[0], True), (ids[5], False)]
    assert "unknown" not in page.text
    assert page.text.count("is not in your inbox any more") == 1
    assert 'href="/inbox?which=all"' in page.text
    assert "lead:2041" in cases(await ana.get("/inbox?which=mine"))
    for wrong in (
        {"act": "claim"},
        {"task": ids[0]},
        {"act": "claim", "task": ["x"] * 1 + [str(n) for n in range(201)]},
    ):
        assert (await ana.post("/inbox/acts", wrong)).status_code == 422
    assert (await ana.post("/inbox/acts", {"act": "priority", "task": ids[0], "priority": "9"})).status_code == 403


async def test_tasks_of_a_kind_get_one_answer(ana: Browser) -> None:
    chosen = [ids[0], ids[2]]
    assert (await ana.post("/inbox/acts", {"act": "complete", "task": ["gone"]})).status_code == 404
    gone = await ana.post("/inbox/acts", {"act": "complete", "task": ["gone", *chosen]})
    assert (gone.status_code, "3 tasks get this answer." in gone.text) == (200, True)
    assert re.findall(r"<li>(.*?): ", gone.text) == ["Qualify the lead", "Prepare the proposal"]
    page = await ana.post("/inbox/acts", {"act": "complete", "task": chosen, "back": "https://elsewhere.example"})
    assert "2 tasks get this answer." in page.text
    assert "elsewhere" not in page.text
    wrong = await ana.post("/inbox/complete", {"task": chosen, **answer, "/score": "900"})
    assert (wrong.status_code, wrong.text.count("thing to mend")) == (422, 1)
    wrong = await ana.post("/inbox/complete", {"task": ["gone", *chosen], **answer, "/score": "900"})
    assert (wrong.status_code, wrong.text.count("thing to mend")) == (422, 1)
    assert "Bearings" in wrong.text
    # Without the engine nothing is completed, and each task says so.
    assert outcomes(await ana.post("/inbox/complete", {"task": chosen, **answer})) == [(each, False) for each in chosen]


async def test_managers_reassign_and_set_priorities_together(anonymous: httpx.AsyncClient, hub: Hub) -> None:
    boss = await Browser(anonymous).log_in("admin")
    page = await boss.post("/inbox/acts", {"act": "priority", "task": ids[:2], "priority": "90"})
    assert outcomes(page) == [(each, True) for each in ids[:2]]
    page = await boss.post("/inbox/acts", {"act": "assign", "task": ids[:3], "user": "luis", "note": "Please"})
    assert outcomes(page) == [(each, True) for each in ids[:3]]
    page = await boss.post("/inbox/acts", {"act": "assign", "task": ids[:1], "user": "rosa"})
    assert "may not do tasks" in page.text
    # Who presses Enter in a field means what the field is for.
    page = await boss.post("/inbox/acts", {"act": "", "task": ids[:1], "to_group": "nowhere"})
    assert "Nobody is in the group" in page.text
    page = await boss.post("/inbox/acts", {"act": "", "task": ids[3:4], "priority": "7"})
    assert outcomes(page) == [(ids[3], True)]
    async with hub.store.read() as db:
        first = await tasks.find_task(db, ids[0])
    assert first is not None
    assert (first.user, first.priority) == ("luis", 90)


async def test_programs_count_page_and_act_on_many(program: Program) -> None:
    counts = (await program.get("/api/v1/inbox/counts")).json()
    assert (counts["open"], counts["mine"], counts["overdue"]) == (7, 2, 2)
    assert counts["by_form"] == [{"form": "qualify-lead", "open": 7}]
    first = (await program.get("/api/v1/tasks?limit=3&text=lead")).json()
    second = (await program.get(first["next"])).json()
    back = (await program.get(second["previous"])).json()
    assert (back["items"], first["previous"]) == (first["items"], None)
    claimed = (await program.post("/api/v1/tasks/claim", json={"tasks": [ids[0], ids[5]]})).json()
    assert (claimed["done"], [row["state"] for row in claimed["rows"]]) == (1, ["claimed", ""])
    for act, body in (("assign", {"user": "luis"}), ("priority", {"priority": 9})):
        assert (await program.post(f"/api/v1/tasks/{act}", json={"tasks": ids[:1], **body})).status_code == 403
