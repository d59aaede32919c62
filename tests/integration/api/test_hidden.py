"""What is closed to somebody is not there for them, whatever route they ask: the cases come from the route table."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from cauce.errors import PermanentError
from cauce.services import users
from cauce.services.hub import Actor, Hub, roles
from cauce.services.permissions import grants
from cauce.store import by_hand, dead_letters, notifications
from cauce.store.base import utc_now
from cauce.store.dead_letters import NewLetter
from cauce.store.notifications import Told
from tests.e2e.browser import seed
from tests.integration.api.conftest import Browser
from tests.integration.api.test_access import calls, is_for_programs
from tests.integration.store.roadmap_run import begun

ROOT = Actor("admin", frozenset({"admin"}))
TASK, INSTANCE, PROCESS = "00000000-0000-5000-8000-000000000000", "sales.lead-to-order/lead:2041", "sales.lead-to-order"
RUN = {"key": "1", "activity": "a", "gate": "g", "change": "1", "number": "1", "risk": "r", "period": "1", "step": "a"}
RUN["digest"] = "0" * 64
# By the beginning of the address: an id of something closed, and one of nothing.
CLOSED: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "/tasks/": ({"task_id": TASK, "digest": "0" * 64, "index": "0"}, {"task_id": "none"}),
    "/instances/": ({"instance_id": INSTANCE}, {"instance_id": f"{PROCESS}/none"}),
    "/case-files/": ({"instance_id": INSTANCE}, {"instance_id": f"{PROCESS}/none"}),
    "/definitions/": ({"kind": "process", "name": PROCESS}, {"name": "sales.none"}),
    "/start/": ({"name": PROCESS, "key": "x", "digest": "0" * 64}, {"name": "sales.none"}),
    "/schedules/": ({"definition": PROCESS}, {"definition": "sales.none"}),
    "/dead-letters/": ({"letter_id": "1"}, {"letter_id": "99"}),
    "/roadmaps/": ({**RUN, "name": "crm"}, {**RUN, "name": "none"}),
    "/by-hand/": ({"number": "1"}, {"number": "99"}),
    "/notifications/{notification_id}": ({"notification_id": "n-ana"}, {"notification_id": "none"}),
}
# These belong to no namespace: a role gives them to everybody who has it, or what they are of proves itself.
BY_ROLE = (
    # What is of oneself is tried where it is tested.
    *("/me/", "/tokens/", "/inbox/views/", "/f/", "/feeds/"),
    *("/connections/", "/syncs/", "/profiles/", "/people/", "/absences/", "/monitor/", "/permissions/"),
    *("/in/", "/notifications/mails/", "/notifications/open/", "/account/", "/accounts/", "/scim/", "/users/"),
)
BODIES: dict[str, Any] = {
    "complete": {"answer": {}},
    "return": {"reason": "x"},
    "send-back": {"to": "x", "reason": "x"},
    "delegate": {"to": "luis", "note": "x"},
    "assign": {"user": "luis"},
    "priority": {"priority": 9},
    "follow-up": {"at": None},
    "draft": {"content": {}},
    "skip": {"path": "/do/0"},
    "reset": {"path": "/do/0"},
    "context": {"context": {}},
    "payload": {"payload": {}},
    "settle": {"reason": "x"},
    "mark": {"read": True},
    "comments": {"text": "x"},
    "what-if": {"edits": {}},
    "sign": {"evidence": 1},
    "documents": {"evidence": 1, "documents": [{"name": "x.txt", "sha256": "0" * 64}]},
    "waive": {"evidence": 1, "reason": "x", "until": "2030-01-01"},
    "g/decide": {"approver": "x", "approve": True},
    "1/decide": {"decision": "approved"},
    "baselines": {"reason": "x"},
    "changes": {"what": "x", "why": "x", "edits": {}},
    "metrics": {"metrics": {}},
    "stop": {"decision": "stop", "reason": "x"},
    "cancel": {"reason": "x"},
    "costs": {"activity": "a", "reference": "x"},
    "reverse": {"reason": "x"},
    "answer": {"decision": "accepted", "note": "x"},
}
# What is no JSON, and what is in the address besides.
TEXTS = {"import": "activity,reference\n"}
QUERIES = {"attachments": "?field=/x&name=x.txt", "files": "?name=x.txt"}
PAGE_FIELDS = {
    "payload": "{}",
    "user": "luis",
    "who": "luis",
    "priority": "9",
    "do": "replay",
    "level": "9",
    "text": "x",
}


@pytest.fixture
async def eve(hub: Hub, app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Return a program with every role but the administrator's, in a hub that closes `sales` to it."""
    password = seed.password
    await users.create_user(hub, ROOT, "eve", password, roles=[each for each in roles if each != "admin"], lasting=True)
    async with hub.store.transaction() as db:
        refused = NewLetter("call", "erp", "k1", {"who": "Ibarra"}, PermanentError("No."), instance=INSTANCE)
        await dead_letters.add(db, refused)
        call = ("t1", "erp", "create-order", "k1", INSTANCE, "/do/0")
        await by_hand.add(db, call, {}, answer={"who": "Ibarra"}, by="ana", at=utc_now())
        await notifications.add(db, Told("n-ana", "ana", "Ibarra", "Ibarra", instance=INSTANCE), "")
        db.add(begun("crm", "1"))
    for namespace in ("sales", "roadmap"):
        await grants.grant(hub, ROOT, "group:insiders", ["see"], f"namespace:{namespace}", only=True)
    token = await users.create_token(hub, await users.actor_of(hub, "eve"))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://cauce.test", headers=headers) as client:
        yield client


def addresses(app: FastAPI, *, rest: bool) -> list[tuple[str, str, str]]:
    """Return the method and the address of something closed and of nothing, for every route with an id."""
    found = []
    for method, path, _ in calls(app):
        plain = path.removeprefix("/api/v1")
        if "{" not in path or is_for_programs(path) is not rest or plain.startswith(BY_ROLE):
            continue
        known = next((ids for prefix, ids in CLOSED.items() if plain.startswith(prefix)), None)
        assert known, f"{path} has an id: add what it is to CLOSED, or to BY_ROLE when a role alone decides"
        there, nothing = known[0], known[0] | known[1]
        found.append((method, put(path, there), put(path, nothing)))
    return found


def put(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)[^}]*\}", lambda match: ids[match[1]], path)


async def ask(client: httpx.AsyncClient, method: str, address: str) -> httpx.Response:
    """Ask with something that can be read, so that what is not there is not there, and no field is wrong."""
    *_, before, last = address.split("/")
    address += QUERIES.get(last, "")
    if method in {"GET", "DELETE"}:
        return await client.request(method, address)
    if last in TEXTS:
        return await client.request(method, address, content=TEXTS[last], headers={"content-type": "text/csv"})
    return await client.request(method, address, json=BODIES.get(f"{before}/{last}", BODIES.get(last, {})))


def told(answer: httpx.Response, address: str) -> str:
    """Return what an answer says, without the names that were asked for."""
    text = answer.text
    for part in (address.removeprefix("/api/v1/"), *address.split("/"), "/".join(address.split("/")[-2:])):
        text = text.replace(part, "") if len(part) > 1 else text
    return re.sub(r"\b(1|99)\b", "", text)


async def test_rest_answers_for_what_is_closed_as_for_what_is_not_there(app: FastAPI, eve: httpx.AsyncClient) -> None:
    for method, there, nothing in addresses(app, rest=True):
        answer = await ask(eve, method, there)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), (method, there, answer.text)
        assert "Ibarra" not in answer.text
        other = await ask(eve, method, nothing)
        assert (other.status_code, told(other, nothing)) == (404, told(answer, there)), (method, there)


async def test_pages_answer_for_what_is_closed_as_for_what_is_not_there(
    app: FastAPI, eve: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    browser = await Browser(anonymous).log_in("eve")
    shown = {}
    csrf = await browser.token("/account" if ("GET", "/account", "/account") in calls(app) else "/inbox")
    for method, there, _ in addresses(app, rest=False):
        address = f"{there}?do=retry" if there.startswith("/instances/") else there
        given = (
            {"data": {"csrf": csrf, "to": "x", "reason": "x", "note": "x", "at": "", **PAGE_FIELDS}}
            if method == "POST"
            else {}
        )
        answer = await browser.client.request(method, address, **given)  # type: ignore[arg-type]  # passed on
        assert "Ibarra" not in answer.text
        if answer.status_code != 404:
            shown[method, there] = answer.status_code
    assert shown == {}


async def test_what_is_for_another_group_is_not_there_for_staff(
    hub: Hub, app: FastAPI, program: httpx.AsyncClient
) -> None:
    await users.create_user(hub, ROOT, "mallory", seed.password, roles=["staff"], groups=["other"], lasting=True)
    token = await users.create_token(hub, await users.actor_of(hub, "mallory"))
    program.headers["authorization"] = f"Bearer {token}"
    for method, there, _ in addresses(app, rest=True):
        if there.startswith("/api/v1/tasks/"):
            answer = await ask(program, method, there)
            # What a role alone decides is told before what there is.
            assert answer.status_code in ({403} if there.endswith(("/assign", "/priority")) else {404}), there
            assert "Ibarra" not in answer.text


async def test_lists_and_questions_leave_out_what_is_closed(eve: httpx.AsyncClient) -> None:
    for address in (
        *("/api/v1/tasks", "/api/v1/definitions?kind=process", "/api/v1/dead-letters", "/api/v1/by-hand"),
        *("/api/v1/clocks", "/api/v1/schedules", f"/api/v1/audit?subject={TASK}", "/api/v1/dead-letters/causes"),
        f"/api/v1/dead-letters?instance={INSTANCE}",
    ):
        answer = await eve.get(address)
        found = answer.json()
        assert (answer.status_code, found["items"] if isinstance(found, dict) else found) == (200, []), address
    for address in (f"/api/v1/permissions/why?of={TASK}", f"/api/v1/permissions/who?of={PROCESS}"):
        assert (await eve.get(address)).status_code == 404
