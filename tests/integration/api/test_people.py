"""Profiles, absences and who holds what: over REST and on pages without JavaScript."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import update

from cauce.absence import local_day
from cauce.errors import ConflictError, NotFoundError
from cauce.services import absences, tasks, users
from cauce.services.hub import Actor, Hub
from cauce.store.base import utc_now
from cauce.store.models import Task
from tests.integration.api.conftest import Browser

TASK = "00000000-0000-5000-8000-000000000002"
boss = Actor("boss", frozenset({"admin"}))


@pytest.fixture
async def manager(hub: Hub) -> None:
    await users.change_user(hub, boss, "ana", roles=["staff", "manager"])


@pytest.mark.usefixtures("manager")
async def test_managers_say_what_people_can_do(program: httpx.AsyncClient) -> None:
    changed = await program.patch("/api/v1/people/luis", json={"skills": ["rail", "fleet"], "capacity": 0.5})
    assert changed.status_code == 200
    assert (changed.json()["skills"], changed.json()["capacity"]) == (["fleet", "rail"], 0.5)
    again = await program.patch("/api/v1/people/luis", json={"languages": ["es"]})
    assert (again.json()["skills"], again.json()["languages"]) == (["fleet", "rail"], ["es"])
    first = (await program.get("/api/v1/people", params={"text": "lui", "group": "sales", "limit": 1})).json()
    assert ([each["name"] for each in first["items"]], first["next"]) == (["luis"], None)
    listed: list[str] = []
    page = "/api/v1/people?limit=2&state=open"
    while page:
        found = (await program.get(page)).json()
        listed, page = [*listed, *(each["name"] for each in found["items"])], found["next"]
    assert listed == sorted(listed)
    assert {"ana", "luis"} <= set(listed)
    assert (await program.get("/api/v1/people", params={"state": "asleep"})).status_code == 422
    for wrong in ({"capacity": 11}, {"skills": [""]}, {"territories": ["x" * 61]}, {"languages": ["es"] * 101}):
        assert (await program.patch("/api/v1/people/luis", json=wrong)).status_code == 422
    assert (await program.patch("/api/v1/people/luis", json={"groups": ["x"]})).status_code == 403
    assert (await program.patch("/api/v1/people/nobody", json={})).status_code == 404


async def test_staff_see_their_own_profile_only(program: httpx.AsyncClient) -> None:
    assert (await program.get("/api/v1/people/ana")).json()["groups"] == ["sales", "sales-managers"]
    assert (await program.get("/api/v1/people/luis")).status_code == 403
    assert (await program.get("/api/v1/people")).status_code == 403
    assert (await program.patch("/api/v1/people/ana", json={"capacity": 0})).status_code == 403


async def test_everybody_enters_their_own_absence(program: httpx.AsyncClient) -> None:
    days = {"begins": "2030-12-21", "ends": "2030-12-27"}
    entered = await program.post("/api/v1/absences", json={**days, "substitute": "luis"})
    assert (entered.status_code, entered.json()["person"]) == (201, "ana")
    answer = (await program.get("/api/v1/absences/who", params={"person": "ana", "day": "2030-12-24"})).json()
    assert (answer["holder"], answer["away"][0]["until"]) == ("luis", "2030-12-27")
    after = (await program.get("/api/v1/absences/who", params={"person": "ana", "day": "2030-12-28"})).json()
    assert (after["holder"], after["away"]) == ("ana", [])
    assert (await program.post("/api/v1/absences", json={**days, "person": "luis"})).status_code == 403
    wrong = (
        {"begins": "2030-12-27", "ends": "2030-12-21"},
        {"begins": "2030-12-27", "ends": "2033-12-21"},
        {**days, "substitute": "ana"},
        {**days, "substitute": "nobody"},
        {**days, "note": "x" * 301},
        {**days, "begins": "soon"},
    )
    for each in wrong:
        assert (await program.post("/api/v1/absences", json=each)).status_code == 422
    id_ = entered.json()["id"]
    assert [each["id"] for each in (await program.get("/api/v1/absences")).json()] == [id_]
    assert (await program.delete(f"/api/v1/absences/{id_}")).status_code == 204
    assert (await program.delete(f"/api/v1/absences/{id_}")).status_code == 404


@pytest.mark.usefixtures("manager")
async def test_a_manager_enters_anybodys_on_the_page_and_asks_who_holds_it(ana: Browser) -> None:
    page = "/absences"
    given = {"person": "luis", "begins": "2030-12-24", "substitute": "ana", "note": "<b>leave</b>"}
    assert (await ana.post(page, given, page=page)).headers["location"] == "/absences?done=entered"
    shown = (await ana.get(f"{page}?person=luis&day=2030-12-24")).text
    assert "&lt;b&gt;leave&lt;/b&gt;" in shown
    assert "ana holds them on" in shown
    wrong = await ana.post(page, {**given, "begins": "soon"}, page=page)
    assert (wrong.status_code, "That is no day." in wrong.text) == (422, True)
    assert (await ana.get(f"{page}?person=nobody&day=2030-12-24")).status_code == 404
    assert (await ana.post("/absences/1/remove", page=page)).headers["location"] == "/absences?done=removed"
    assert (await ana.post("/absences/none/remove", page=page)).status_code == 404


@pytest.mark.usefixtures("manager")
async def test_a_manager_changes_a_profile_on_the_page(ana: Browser) -> None:
    page = "/people/luis"
    given = {"skills": "rail, fleet", "languages": "", "territories": "28", "capacity": "1,5"}
    assert (await ana.post(page, given, page=page)).headers["location"] == "/people/luis?done=1"
    shown = (await ana.get(page)).text
    assert 'value="fleet, rail"' in shown
    assert "only-shown" not in shown
    assert 'href="/people/luis"' in (await ana.get("/people?text=LUI&role=staff&state=open")).text
    assert "Nobody is like that" in (await ana.get("/people?group=nobodys&state=none")).text
    assert (await ana.get(f"/people?text={'x' * 201}")).status_code == 422
    wrong = await ana.post(page, {**given, "capacity": "much"}, page=page)
    assert (wrong.status_code, 'value="rail, fleet"' in wrong.text) == (422, True)


async def test_who_stands_in_sees_and_takes_what_is_open(ana: Browser, hub: Hub) -> None:
    assert (await ana.post(f"/tasks/{TASK}/claim")).status_code == 303
    luis = await users.actor_of(hub, "luis")
    with pytest.raises(ConflictError):
        await tasks.claim(hub, luis, TASK)
    today = local_day(utc_now())
    entry = absences.Entry("ana", today, today + timedelta(days=1), "luis")
    await absences.enter(hub, await users.actor_of(hub, "ana"), entry)
    luis = await users.actor_of(hub, "luis")
    assert (await tasks.task(hub, luis, TASK)).may_act
    assert (await tasks.claim(hub, luis, TASK)).claimed_by == "luis"
    assert (await absences.who_has(hub, luis, TASK, today)).holder == "luis"
    # The same of one that was given to ana by name, also when she is back.
    async with hub.store.transaction() as db:
        await db.execute(update(Task).where(Task.id == TASK).values(user="ana", claimed_by=None, state="open"))
    assert (await tasks.claim(hub, luis, TASK)).may_act
    (row,) = await absences.list_absences(hub, await users.actor_of(hub, "ana"))
    await absences.remove(hub, await users.actor_of(hub, "ana"), row.id)
    assert (await tasks.task(hub, await users.actor_of(hub, "luis"), TASK)).may_act
    with pytest.raises(NotFoundError):
        await absences.who_has(hub, luis, "none", today)


async def test_absences_that_would_be_about_nothing_are_refused_and_those_of_some_tasks_are_asked_for(
    ana: Browser, hub: Hub
) -> None:
    today = local_day(utc_now())
    for wrong, problem in (
        ({"begins": "2020-01-01", "ends": "2020-01-02"}, "El último día ya ha pasado."),
        ({"begins": str(today), "group": "slaes"}, "No hay nadie en el grupo «slaes»."),
        ({"begins": str(today), "form": "qualify"}, "No existe el formulario «qualify»."),
    ):
        refused = await ana.client.post(
            "/absences", data={"csrf": await ana.token("/absences"), **wrong}, headers={"accept-language": "es"}
        )
        assert (refused.status_code, problem in refused.text) == (422, True)
    some = {"begins": str(today), "substitute": "luis", "group": "sales", "form": "qualify-lead"}
    assert (await ana.post("/absences", some, page="/absences")).status_code == 303
    asked = f"/absences?person=ana&day={today}"
    assert "ana holds them on" in (await ana.get(asked)).text
    assert "luis holds them on" in (await ana.get(f"{asked}&group=sales&form=qualify-lead")).text


async def test_what_somebody_stood_in_for_who_has_left_is_the_groups(hub: Hub) -> None:
    today = local_day(utc_now())
    await users.change_user(hub, boss, "rosa", roles=["staff"], groups=["sales"])
    await absences.enter(hub, boss, absences.Entry("ana", today, today, "luis"))
    assert not (await users.actor_of(hub, "rosa")).holds("ana", "sales", "f")
    await users.change_user(hub, boss, "luis", active=False)
    assert (await users.actor_of(hub, "rosa")).holds("ana", "sales", "f")
    assert (await absences.who(hub, boss, "ana", today)).why == "barred"
