"""Permissions by REST and page: granted, taken back, explained; what is closed is not there."""

import httpx

from cauce.services import users
from cauce.services.hub import Actor, Hub
from cauce.services.permissions import grants
from tests.integration.api.conftest import Browser

ROOT = Actor("admin", frozenset({"admin"}))
TASK = "00000000-0000-5000-8000-000000000000"


async def test_grants_are_given_shown_and_taken_back(program: httpx.AsyncClient, hub: Hub) -> None:
    root = {"authorization": f"Bearer {await users.create_token(hub, await users.actor_of(hub, 'admin'))}"}
    wanted = {"who": "group:hr", "acts": ["work", "see"], "on": "namespace:sales", "only": True, "note": "Council"}
    assert (await program.post("/api/v1/permissions", json=wanted)).status_code == 403
    made = await program.post("/api/v1/permissions", json=wanted, headers=root)
    assert made.status_code == 201
    assert {**made.json(), "at": None} == {
        "id": made.json()["id"],
        "who": "group",
        "name": "hr",
        "acts": ["see", "work"],
        "place": "namespace",
        "of": "sales",
        "only": True,
        "note": "Council",
        "by": "admin",
        "at": None,
        "known": True,
    }
    # Ana is staff and designer, and of none of those whom a grant names.
    for address in (f"/tasks/{TASK}", "/instances/sales.lead-to-order/x", "/definitions/process/sales.lead-to-order"):
        assert (await program.get(f"/api/v1{address}")).status_code == 404
    assert (await program.get("/api/v1/tasks")).json()["items"] == []
    assert (await program.get("/api/v1/permissions/why?of=sales.lead-to-order")).status_code == 404
    who = (await program.get("/api/v1/permissions/who?of=sales.lead-to-order", headers=root)).json()
    assert [each["person"] for each in who if each["sees"]] == ["admin"]
    seeing = next(each for each in who if each["person"] == "ana")["rights"][0]
    assert (seeing["because"], seeing["grant"]) == ("closed", "group:hr see,work namespace:sales only")
    assert (await program.delete(f"/api/v1/permissions/{made.json()['id']}", headers=root)).status_code == 204
    assert (await program.get(f"/api/v1/tasks/{TASK}")).status_code == 200
    why = (await program.get(f"/api/v1/permissions/why?of={TASK}")).json()
    assert (why["sees"], why["concerned"]) == (True, True)
    assert (await program.get("/api/v1/permissions", headers=root)).json() == []


async def test_what_is_wrong_with_a_grant_is_said(program: httpx.AsyncClient, hub: Hub) -> None:
    root = {"authorization": f"Bearer {await users.create_token(hub, await users.actor_of(hub, 'admin'))}"}
    good = {"who": "group:hr", "acts": ["see"], "on": "*"}
    for wrong, said in (
        ({"who": "hr"}, "'hr' says nobody."),
        ({"who": "person:anna"}, "There is no person 'anna'."),
        ({"who": "role:boss"}, "There is no role 'boss'."),
        ({"acts": ["looking"]}, "There is no act 'looking'."),
        ({"acts": []}, "A grant gives at least one act."),
        ({"on": "all"}, "'all' is no place for a grant."),
        ({"on": "process:lead-to-order"}, "The process 'lead-to-order' lacks its namespace."),
        ({"note": "x" * 201}, "A note has at most 200 characters."),
    ):
        answer = await program.post("/api/v1/permissions", json=good | wrong, headers=root)
        assert (answer.status_code, answer.json()["detail"]) == (422, said)
    assert (await program.delete("/api/v1/permissions/99", headers=root)).status_code == 404


async def test_a_granted_act_is_done_without_the_role(hub: Hub, program: httpx.AsyncClient) -> None:
    change = f"/api/v1/tasks/{TASK}/priority"
    assert (await program.post(change, json={"priority": 9})).status_code == 403
    await grants.grant(hub, ROOT, "person:ana", ["supervise"], "form:qualify-lead")
    assert (await program.post(change, json={"priority": 9})).status_code == 200


async def test_the_page_grants_takes_back_and_explains(anonymous: httpx.AsyncClient, hub: Hub) -> None:
    admin = await Browser(anonymous).log_in("admin")
    given = {"who": "group", "name": "hr", "acts": "see", "place": "namespace", "of": "sales", "only": "yes"}
    wrong = await admin.post("/permissions", given | {"of": ""}, page="/permissions")
    assert (wrong.status_code, "is no place for a grant" in wrong.text) == (422, True)
    assert (await admin.post("/permissions", given, page="/permissions")).status_code == 303
    page = (await admin.get("/permissions?done=granted")).text
    assert "It is granted, from now on." in page
    assert "nobody else" in page
    found = (await admin.get(f"/permissions/why?of={TASK}")).text
    assert "kept for those whom a grant names, like Group hr" in found
    (kept,) = await grants.list_grants(hub, ROOT)
    assert (await admin.post("/permissions", {"revoke": str(kept.grant.id)}, page="/permissions")).status_code == 303
    assert await grants.list_grants(hub, ROOT) == []
    assert (await admin.get("/permissions/why?of=nothing")).status_code == 404
