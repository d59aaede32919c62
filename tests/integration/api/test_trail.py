"""The audit trail on its page and over REST: for auditors only."""

import json

import httpx

from cauce.services import users
from cauce.services.hub import Actor, Hub
from tests.integration.api.conftest import Browser

boss = Actor("boss", frozenset({"admin"}))


async def test_an_auditor_reads_checks_and_exports(hub: Hub, program: httpx.AsyncClient, ana: Browser) -> None:
    (task, *_) = (await program.get("/api/v1/tasks")).json()["items"]
    await program.post(f"/api/v1/tasks/{task['id']}/claim")
    case = task["instance"]
    for address in ("/api/v1/audit", "/api/v1/audit/verification", f"/api/v1/case-files/{case}", "/audit"):
        answer = await (program if address.startswith("/api") else ana.client).get(address)
        assert answer.status_code == 403, address
    await users.change_user(hub, boss, "ana", roles=["auditor"])
    first = (await program.get("/api/v1/audit", params={"subject": task["id"], "limit": 1})).json()
    assert (first["items"][0]["action"], first["items"][0]["actor"]) == ("task.claim", "ana")
    assert (await program.get("/api/v1/audit/verification")).json()["sound"]
    shown = (await ana.get(f"/audit?subject={task['id']}")).text
    assert "task.claim" in shown
    assert "lines hold." in (await ana.post("/audit")).text
    # The engine does not answer here, so a case cannot be told from one that never was: nobody gets half of it.
    assert (await program.get(f"/api/v1/case-files/{case}")).status_code == 503
    assert (await ana.get(f"/case-file?instance={case}")).status_code == 503
    assert json.loads((await program.get("/api/v1/audit")).text)["items"]
