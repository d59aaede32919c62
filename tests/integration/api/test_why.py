"""Why do I have this? On the page, and by REST."""

import re
from dataclasses import replace
from datetime import timedelta

import httpx

from activities.human_tasks import HumanTaskActivities
from cauce.absence import Absence, local_day
from cauce.contract import TaskChange
from cauce.services import task_acts, tasks, users
from cauce.services.hub import Hub
from cauce.services.permissions import grants
from cauce.store import absences
from cauce.store.base import utc_now
from tests.integration.api.conftest import Browser
from tests.integration.api.test_task_life import add, call


async def said(browser: Browser) -> dict[str, str]:
    page = (await browser.get("/tasks/life")).text
    return dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", page.partition("Why do I have this?")[2]))


async def moved_about(hub: Hub) -> None:
    """Have a task claimed, delegated, given back, left lying and given by a manager."""
    await add(hub, replace(call, different_from=["igor"]))
    ana, luis, admin = [await users.actor_of(hub, name) for name in ("ana", "luis", "admin")]
    await tasks.claim(hub, ana, "life")
    await task_acts.delegate(hub, ana, "life", "luis", "You know <them>.")
    await tasks.return_task(hub, luis, "life", "I do not.")
    activities = HumanTaskActivities(hub.store)
    await activities.change_task(TaskChange("life", rung=1, notify={"user": "rosa"}, raised=5))
    await activities.change_task(TaskChange("life", rung=2, group="sales"))
    await task_acts.assign(hub, admin, "life", user="luis", note="Do it today.")


async def test_everything_that_moved_a_task_is_told_in_order(anonymous: httpx.AsyncClient, hub: Hub) -> None:
    await moved_about(hub)
    told = await said(await Browser(anonymous).log_in("luis"))
    moves = [label for label in told if label.startswith(("ana", "luis", "admin", "It was left"))]
    assert moves == [
        "ana claimed it",
        "ana delegated it to luis",
        "luis gave it back",
        "It was left lying, and rosa was told",
        "It was left lying, and went to sales",
        "admin gave it to luis",
    ]
    assert told["ana delegated it to luis"].endswith(": You know &lt;them&gt;.")
    assert told["admin gave it to luis"].endswith(": Do it today.")
    assert (told["It is for"], told["It is not for (four eyes)"]) == ("luis", "igor")
    assert "You see it because" not in told


async def test_who_delegated_a_task_reads_why_it_is_still_there(ana: Browser, hub: Hub) -> None:
    await add(hub)
    who = await users.actor_of(hub, "ana")
    await tasks.claim(hub, who, "life")
    await task_acts.delegate(hub, who, "life", "luis", "Please.")
    assert (await said(ana))["You see it because"] == "You delegated it, and it stays in your sight."


async def test_who_stands_in_reads_for_whom_and_until_when(ana: Browser, program: httpx.AsyncClient, hub: Hub) -> None:
    await add(hub, replace(call, user="luis", group=None))
    today = local_day(utc_now())
    async with hub.store.transaction() as db:
        await absences.add(db, Absence("luis", today, today + timedelta(days=2), "ana"), note="", by="luis")
    assert (await said(ana))["You stand in for"].startswith("luis, who is away until ")
    found = (await program.get("/api/v1/tasks/life/why")).json()
    until = (today + timedelta(days=2)).isoformat()
    assert (found["stands_in_for"], found["away_until"], found["part"]) == ("luis", until, "")
    assert found["task"]["user"] == "luis"


async def test_rest_tells_the_moves_and_who_oversees(program: httpx.AsyncClient, hub: Hub) -> None:
    await moved_about(hub)
    admin = await users.actor_of(hub, "admin")
    token = await users.create_token(hub, await users.actor_of(hub, "rosa"))
    program.headers["authorization"] = f"Bearer {token}"
    found = (await program.get("/api/v1/tasks/life/why")).json()
    assert [(each["act"], each["by"], each["user"] or each["group"] or each["told"]) for each in found["moves"]] == [
        ("claim", "ana", ""),
        ("delegate", "ana", "luis"),
        ("return", "luis", ""),
        ("escalate", "sales.lead-to-order", "rosa"),
        ("escalate", "sales.lead-to-order", "sales"),
        ("assign", "admin", "luis"),
    ]
    assert found["part"] == "told"
    # Who has nothing to do with it, and may see it.
    await grants.grant(hub, admin, "person:igor", ["see"], "process:sales.lead-to-order")
    igor = await users.create_token(hub, await users.actor_of(hub, "igor"))
    found = (await program.get("/api/v1/tasks/life/why", headers={"authorization": f"Bearer {igor}"})).json()
    assert found["part"] == "granted"
    assert (await program.get("/api/v1/tasks/none/why")).status_code == 404
