"""The supervisor's page, and REST."""

import re

import httpx
import pytest

from api.pages import team
from cauce.services import users
from cauce.services.hub import Hub
from tests.integration.api.conftest import Browser

ids = [f"00000000-0000-5000-8000-{number:012d}" for number in range(7)]


@pytest.fixture
async def admin(anonymous: httpx.AsyncClient) -> Browser:
    return await Browser(anonymous).log_in("admin")


async def test_a_supervisor_sees_the_load_and_reassigns_with_a_result_for_each(admin: Browser) -> None:
    page = (await admin.get("/team")).text
    assert 'href="/team"' in page
    assert 'href="/team?person=luis">luis</a>' in page
    assert "Nobody yet" in page
    assert page.count('name="task"') == 4
    theirs = (await admin.get("/team?person=luis")).text
    assert (theirs.count('name="task"'), ids[5] in theirs, 'aria-current="true"' in theirs) == (1, True, True)
    given = {"person": "luis", "user": "ana", "reason": "Luis is <ill>.", "task": [ids[5], "none"]}
    moved = await admin.post("/team", given)
    assert (moved.status_code, "1 of 2 tasks are reassigned." in moved.text) == (200, True)
    assert f'href="/tasks/{ids[5]}">Approve the discount: Clínica' in moved.text
    assert ids[5] in (await admin.get("/team?person=ana")).text
    refused = await admin.post("/team", {"hours": "72", "user": "nobody", "reason": "x", "task": ids[2]})
    assert refused.status_code == 422
    assert f'value="{ids[2]}" id="pick-3" aria-label' in refused.text
    assert "checked" in refused.text
    assert (await admin.get("/team?free=1&hours=99999&group=sales")).status_code == 200
    assert "Quién tiene cuánto" in (await admin.get("/team", headers={"accept-language": "es"})).text


async def test_of_many_people_and_tasks_the_page_shows_the_first_and_leads_to_the_others(
    admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(team, "page_size", 3)
    monkeypatch.setattr(team, "most_people", 1)
    monkeypatch.setattr(team, "most_offered", 1)
    page = (await admin.get("/team")).text
    assert (page.count('name="task"'), ">luis</a>" in page) == (3, False)
    offered = re.search(r'<datalist id="people">(.*?)</datalist>', page)
    assert offered
    assert offered[1].count("<option") == 1
    assert ">luis</a>" in (await admin.get("/team?person=luis")).text
    less = re.search(r'href="(\S+)">Who has less to do', page)
    assert less
    other = (await admin.get(less[1])).text
    assert (">luis</a>" in other, ">ana</a>" in other, 'href="/team">Who has more' in other) == (True, False, True)
    sought = (await admin.get("/team?text=LÚI")).text
    assert (">luis</a>" in sought, ">ana</a>" in sought, "Who has less" in sought) == (True, False, False)
    following = re.search(r'rel="next" href="(\S+)"', page)
    assert following
    second = (await admin.get(following[1].replace("&amp;", "&"))).text
    assert (second.count('name="task"'), 'rel="prev"' in second, 'rel="next"' in second) == (1, True, False)
    place = re.search(r'name="after" value="(\S+)"', second)
    assert place
    moved = await admin.post("/team", {"after": place[1], "user": "ana", "reason": "x", "task": ids[6]})
    assert (moved.status_code, 'rel="prev"' in moved.text) == (200, True)
    assert (await admin.get("/team?after=nonsense")).status_code == 422


async def test_staff_have_no_such_page(ana: Browser) -> None:
    assert "/team" not in (await ana.get("/inbox")).text
    assert (await ana.get("/team")).status_code == 403
    assert (await ana.post("/team", {"user": "ana", "reason": "x", "task": ids[5]})).status_code == 403


async def test_rest_tells_the_load_and_reassigns(program: httpx.AsyncClient, app: object, hub: Hub) -> None:
    assert (await program.get("/api/v1/team")).status_code == 403
    token = await users.create_token(hub, await users.actor_of(hub, "admin"))
    program.headers["authorization"] = f"Bearer {token}"
    found = (await program.get("/api/v1/team")).json()
    assert [(each["name"], each["open"], each["weight"]) for each in found["people"]] == [
        ("ana", 2, 2.0),
        ("luis", 1, 1.0),
        ("admin", 0, 0.0),
    ]
    assert [(each["name"], each["open"]) for each in found["free"]] == [("sales", 2), ("sales-managers", 2)]
    soon = (await program.get("/api/v1/team/tasks?hours=8")).json()["items"]
    assert [each["business_key"] for each in soon] == ["lead:2041", "lead:2044", "lead:2052", "lead:2057"]
    body = {"tasks": [ids[0], "none"], "user": "ana", "reason": "x"}
    done = (await program.post("/api/v1/team/reassign", json=body)).json()
    assert (done["done"], [row["state"] for row in done["rows"]]) == (1, ["open", ""])
