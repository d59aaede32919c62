"""Whoever has no role may nothing but what is their own: every route of the table is tried, also one that is new."""

import re
from typing import Any

import httpx
from fastapi import FastAPI

from cauce.services import users
from cauce.services.hub import Actor, Hub
from tests.e2e.browser import seed
from tests.integration.api.conftest import Browser
from tests.integration.api.test_access import calls, is_for_programs, open_to_all
from tests.integration.api.test_hidden import BODIES, CLOSED, INSTANCE, PAGE_FIELDS, QUERIES, TASK, TEXTS, put

ROOT = Actor("admin", frozenset({"admin"}))
EVENT = {"specversion": "1.0", "id": "1", "source": "/x", "type": "com.example.x.v1"}
# What everybody with an account has or may ask. A new route belongs here only when it is about nothing of others.
OWN = re.compile(
    r"/(logout|events|account(/.*)?|notifications(/.*)?|inbox(/.*)?|absences(/.*)?)|"
    r"/api/v1/(me(/.*)?|tokens(/.*)?|notifications(/(read|address|kinds))?|inbox/(counts|views(/.*)?)|absences(/.*)?|tasks)|"
    # What is written is checked, and what there is to be called or asked is described, for whoever writes.
    r"/api/v1/(definitions/check|openapi.json)|"
    # Everybody may ask why they see something themselves.
    r"/permissions/why"
)
# Of several tasks at once: each is answered by itself.
SEVERAL: dict[str, Any] = {
    "tasks/assign": {"tasks": [TASK], "user": "luis"},
    "tasks/priority": {"tasks": [TASK], "priority": 9},
    "tasks/complete": {"tasks": [TASK], "answer": {}},
    "1/accept": {"reason": "x"},
}
PAGE_QUERIES = {"/instances/{instance_id:path}": "?do=retry", "/case-file": f"?instance={INSTANCE}"}
DONE = {"/syncs/{name}": {"do": "run"}}


def example(schema: Any, document: Any) -> Any:
    """Return something that a schema of OpenAPI allows, as its examples have it."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if schema.get("examples"):
        return schema["examples"][0]
    if "anyOf" in schema:
        return example(schema["anyOf"][0], document)
    if schema.get("type") == "object":
        return {name: example(schema["properties"][name], document) for name in schema.get("required", ())}
    return {"array": [], "string": "x", "integer": 1, "number": 1, "boolean": True}.get(schema.get("type"), {})


def asked(method: str, path: str, address: str, document: Any) -> tuple[str, dict[str, Any]]:
    """Return what a program sends so that nothing of it is wrong before it is looked at who asks."""
    *_, before, last = address.split("/")
    operation = document["paths"].get(path, {}).get(method.lower(), {})
    wanted = [each for each in operation.get("parameters", ()) if each["in"] == "query" and each.get("required")]
    query = {each["name"]: str(example(each["schema"], document)) for each in wanted}
    if path == "/api/v1/events" and method == "POST":
        return address, {"json": EVENT, "headers": {"content-type": "application/cloudevents+json"}}
    if last in TEXTS:
        return address, {"content": TEXTS[last], "headers": {"content-type": "text/csv"}}
    kept = SEVERAL.get(f"{before}/{last}", BODIES.get(f"{before}/{last}", BODIES.get(last)))
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = {} if method in {"GET", "DELETE"} else {"json": kept or example(content.get("schema", {}), document)}
    return address + QUERIES.get(last, ""), {**body, **({"params": query} if query else {})}


async def test_who_has_no_role_is_refused_wherever_it_is_not_their_own(
    hub: Hub, app: FastAPI, anonymous: httpx.AsyncClient
) -> None:
    await users.create_user(hub, ROOT, "nora", seed.password, roles=[], lasting=True)
    browser = await Browser(anonymous).log_in("nora")
    csrf, document = await browser.token("/account"), app.openapi()
    shown = {}
    for method, path, _ in calls(app):
        if path in open_to_all or OWN.fullmatch(path):
            continue
        known = next((ids for start, (ids, _) in CLOSED.items() if path.removeprefix("/api/v1").startswith(start)), {})
        address = put(path, known) if known else re.sub(r"\{[^}]+\}", "1", path)
        address += PAGE_QUERIES.get(path, "")
        fields = {"csrf": csrf, "to": "x", "reason": "x", "note": "x", **PAGE_FIELDS, **DONE.get(path, {})}
        given: dict[str, Any] = {} if method == "GET" else {"data": fields}
        if is_for_programs(path):
            address, given = asked(method, path, address, document)
            given["headers"] = {"x-csrf-token": csrf, **given.get("headers", {})}
        answer = await browser.client.request(method, address, **given)
        # What is not for somebody is not there for them either.
        if answer.status_code not in {403, 404}:
            shown[method, path] = (answer.status_code, answer.text[:200])
    assert shown == {}, "a route lets everybody in: ask for a role in its service, or add it to OWN"
