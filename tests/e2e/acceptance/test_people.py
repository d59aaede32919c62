"""Who may do a task, which answers are taken, and what happens to the task when they are not."""

import asyncio

import httpx
import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from tests.e2e import answers
from tests.e2e.answers import By
from tests.e2e.case import Leads, received
from tests.e2e.desk import Desk, browser, read
from tests.e2e.installation import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_nobody_gets_in_without_a_password_or_token(installation: Installation) -> None:
    async with httpx.AsyncClient(base_url=f"{installation.url}/api/v1", trust_env=False) as stranger:
        assert (await stranger.get("/health")).json() == {"status": "ok", "store": True, "engine": True}
        refused = await stranger.get("/tasks")
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
        forged = await stranger.get("/tasks", headers={"authorization": "Bearer cauce_forged"})
        assert forged.status_code == 401
    with pytest.raises(AssertionError, match="401"):
        async with browser(installation.url, "ana", "wrong password"):
            pass


async def test_discount_needs_another_person_than_the_proposer(desk: Desk, leads: Leads) -> None:
    lead = leads.fresh()
    case = await received(desk, lead, {"propose": By("luis", answers.proposal(lead, 12))})
    task = await case.go("approve-discount")

    # Luis may approve discounts, but not the one he proposed himself.
    refused = await desk.complete(task["id"], "luis", answers.decision("approve"))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert refused.json()["detail"] == "'luis' did an earlier part of this case and may not decide this one."
    # Ana is none of the managers.
    assert (await desk.complete(task["id"], "ana", answers.decision("approve"))).status_code == 404
    assert (await desk["ana"].get(f"/tasks/{task['id']}")).status_code == 404
    assert (await desk.task(task["id"]))["state"] == "open"

    approved = read(await desk.complete(task["id"], "elena", answers.decision("approve")))
    assert (approved["state"], approved["closed_by"]) == ("completed", "elena")
    assert (await case.go())["output"]["outcome"] == "won"


async def test_director_cannot_give_both_signatures(desk: Desk, leads: Leads) -> None:
    lead = leads.fresh()
    approve = answers.decision("approve")
    case = await received(
        desk,
        lead,
        {
            "propose": By("ana", answers.proposal(lead, 30)),
            "approve-discount": [By("carmen", approve), By("marta", approve)],
        },
    )
    await case.go("approve-discount")
    parts = {each["group"]: each["id"] for each in await desk.open_tasks(case.id)}
    assert sorted(parts) == ["directors", "finance"]
    read(await desk.complete(parts["directors"], "carmen", approve))
    refused = await desk.complete(parts["finance"], "carmen", approve)
    assert refused.status_code in {403, 404, 409}
    assert (await desk.task(parts["finance"]))["state"] == "open"
    case.script["approve-discount"].pop(0)
    assert (await case.go())["output"]["outcome"] == "won"


async def test_answer_that_does_not_fit_the_form_leaves_the_task_open(desk: Desk, leads: Leads) -> None:
    case = await received(desk, leads.fresh())
    task = await case.task("contact")
    wrong = answers.contact() | {"result": "maybe", "at": "yesterday", "mood": "good"}
    del wrong["channel"]
    refused = await desk.complete(task["id"], "ana", wrong)
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (422, "input")
    assert sorted(each["pointer"] for each in problem["errors"]) == ["/at", "/channel", "/mood", "/result"]
    assert all(each["problem"] for each in problem["errors"])
    assert "yesterday" not in refused.text
    assert (await desk.task(task["id"]))["state"] == "open"
    assert (await case.go())["output"]["outcome"] == "won"


async def test_task_is_completed_once(desk: Desk, leads: Leads) -> None:
    case = await received(desk, leads.fresh())
    task = await case.task("contact")
    close = answers.contact("refuses", "close")
    # Two at the same moment: one of them is told that it was too late.
    tried = await asyncio.gather(*(desk.complete(task["id"], who, close) for who in ("ana", "jordi")))
    assert sorted(each.status_code for each in tried) == [200, 409]
    winner = read(next(each for each in tried if each.is_success))["closed_by"]
    again = await desk.complete(task["id"], "luis", close)
    assert (again.status_code, again.json()["detail"]) == (409, f"The task was completed by '{winner}'.")
    assert (await case.go())["output"]["reason"] == "no-answer"
    assert await case.done() == ["contact"]


async def test_task_claimed_by_another_is_theirs(desk: Desk, leads: Leads) -> None:
    case = await received(desk, leads.fresh())
    task = await case.task("contact")
    claimed = await asyncio.gather(*(desk[who].post(f"/tasks/{task['id']}/claim") for who in ("ana", "jordi")))
    assert sorted(each.status_code for each in claimed) == [200, 409]
    holder = read(next(each for each in claimed if each.is_success))["claimed_by"]
    (other,) = {"ana", "jordi"} - {holder}
    refused = await desk.complete(task["id"], other, answers.contact("refuses", "close"))
    assert (refused.status_code, refused.json()["detail"]) == (409, f"The task is claimed by '{holder}'.")
    assert (await desk[other].post(f"/tasks/{task['id']}/return", json={"reason": "Not mine."})).status_code == 409
    read(await desk[holder].post(f"/tasks/{task['id']}/return", json={"reason": "I am on leave."}))
    assert read(await desk.complete(task["id"], other, answers.contact("refuses", "close")))["closed_by"] == other


async def test_answer_is_written_down_before_it_takes_effect(
    installation: Installation, desk: Desk, leads: Leads
) -> None:
    case = await received(desk, leads.fresh(), {"confirm-needs": By("ana", answers.needs(confirmed=False))})
    await case.go()
    client = await Client.connect(installation.temporal)
    history = await client.get_workflow_handle(case.id).fetch_history()
    kinds = [EventType.Name(event.event_type).removeprefix("EVENT_TYPE_") for event in history.events]
    accepted = [place for place, kind in enumerate(kinds) if kind == "WORKFLOW_EXECUTION_UPDATE_ACCEPTED"]
    assert len(accepted) == 4
    # In the step that takes an answer nothing else happens: until it is recorded, a killed server forgets all of it.
    for place in accepted:
        assert kinds[place - 1 : place + 4] == [
            "WORKFLOW_TASK_COMPLETED", "WORKFLOW_EXECUTION_UPDATE_ACCEPTED",
            "ACTIVITY_TASK_SCHEDULED", "ACTIVITY_TASK_STARTED", "ACTIVITY_TASK_COMPLETED",
        ]  # fmt: skip


async def test_inbox_page_shows_what_waits(installation: Installation, desk: Desk, leads: Leads) -> None:
    case = await received(desk, leads.fresh())
    task = await case.task("contact")
    async with httpx.AsyncClient(base_url=installation.url, trust_env=False, follow_redirects=True) as stranger:
        assert (await stranger.get(f"/tasks/{task['id']}")).url.path == "/login"
    async with browser(installation.url, "ana", installation.password) as ana:
        assert f'"/tasks/{task["id"]}' in (await ana.get("/inbox")).text
        page = (await ana.get(f"/tasks/{task['id']}")).text
    # Beside the form in her language, what is known of the case.
    assert "Persona de contacto" in page
    assert case.lead.need in page
