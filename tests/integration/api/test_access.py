"""Nobody gets in without a login: the cases come from the route table, so a new route is tested by being there."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from tests.integration.api.conftest import Browser

# Whoever sends something to a connection proves to the connection who it is.
for_other_systems = "/in/{name}"
# These are for people who are not logged in yet, and for the provider, which proves itself by a signature.
openid = {"/login/openid", "/login/openid/return", "/login/openid/logout"}
# Whoever was sent the address may answer there; what it says is signed.
for_customers = "/f/{token}"
# Programs for calendars cannot log in: the address itself is what lets them read one.
for_calendars = "/feeds/{token}.ics"
open_to_all = {
    *("/", "/login", "/login/code", "/language", "/api/v1/health", for_other_systems, for_customers, for_calendars),
    *openid,
}


# A directory's door, whose errors are SCIM's own: tests/integration/api/test_scim.py.
scim = "/scim/v2{path:path}"


def calls(app: FastAPI) -> list[tuple[str, str, str]]:
    """Return method, path and a concrete address for every route."""
    return [
        (method, context.path, re.sub(r"\{[^}]+\}", "x", context.path))
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute) and context.path and context.path != scim
        for method in sorted(context.methods or ())
    ]


def is_for_programs(path: str) -> bool:
    return path.startswith("/api/") or path == "/metrics"


def test_the_table_holds_what_the_application_serves(app: FastAPI) -> None:
    assert {("GET", "/inbox", "/inbox"), ("POST", "/api/v1/tasks/{task_id}/claim", "/api/v1/tasks/x/claim")} <= set(
        calls(app)
    )
    assert len(calls(app)) > 35


async def test_every_rest_call_needs_a_login(app: FastAPI, anonymous: httpx.AsyncClient) -> None:
    for method, path, address in calls(app):
        if is_for_programs(path) and path not in open_to_all:
            answer = await anonymous.request(method, address)
            assert (answer.status_code, answer.json().get("code")) == (401, "unauthenticated"), (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_every_page_needs_a_login(app: FastAPI, anonymous: httpx.AsyncClient) -> None:
    for method, path, address in calls(app):
        if not is_for_programs(path) and path not in open_to_all:
            answer = await anonymous.request(method, address)
            assert answer.status_code == 303, (method, path)
            assert answer.headers["location"].startswith("/login?next="), (method, path)


async def test_every_form_needs_the_token_of_its_session(app: FastAPI, ana: Browser) -> None:
    for method, path, address in calls(app):
        if method == "POST" and not is_for_programs(path) and path not in {for_other_systems, "/login/openid/logout"}:
            answer = await ana.client.post(address, data={"csrf": "0" * 64})
            assert answer.status_code == 403, path


async def test_a_form_from_another_site_is_refused(ana: Browser) -> None:
    answer = await ana.client.post(
        "/logout", data={"csrf": await ana.token()}, headers={"sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 403


async def test_a_browser_may_read_the_api_but_not_change_anything_without_the_token(ana: Browser) -> None:
    claim = "/api/v1/tasks/00000000-0000-5000-8000-000000000002/claim"
    assert (await ana.get("/api/v1/me")).json() == {
        "name": "ana",
        "roles": ["designer", "staff"],
        "groups": ["sales", "sales-managers"],
        "locale": "en",
    }
    assert (await ana.client.post(claim)).status_code == 403
    assert (await ana.client.post(claim, headers={"x-csrf-token": await ana.token()})).status_code == 200


@pytest.mark.parametrize("cookie", ["", "nonsense", "eyJ1c2VyIjoiYWRtaW4iLCJub25jZSI6IngifQ.aaaa.bbbb"])
async def test_a_forged_session_is_none(anonymous: httpx.AsyncClient, cookie: str) -> None:
    answer = await anonymous.get("/inbox", headers={"cookie": f"cauce-session={cookie}"})
    assert answer.status_code == 303


async def test_a_session_ends_with_logging_out(ana: Browser) -> None:
    assert (await ana.post("/logout")).headers["location"] == "/login"
    assert (await ana.get("/inbox")).status_code == 303


async def test_a_wrong_password_says_so_and_nothing_else(anonymous: httpx.AsyncClient) -> None:
    person = Browser(anonymous)
    for name in ("ana", "nobody"):
        answer = await person.post("/login", {"name": name, "password": "wrong"}, page="/login")
        assert answer.status_code == 401
        assert "Name or password is wrong." in answer.text


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
async def test_logging_in_never_leads_to_another_site(anonymous: httpx.AsyncClient, target: str) -> None:
    person = Browser(anonymous)
    answer = await person.post("/login", {"name": "ana", "password": "demo-password", "next": target}, page="/login")
    assert answer.headers["location"] == "/inbox"


async def test_an_unknown_token_is_refused(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/api/v1/me", headers={"authorization": "Bearer cauce_x"})
    assert answer.status_code == 401
    assert answer.json()["detail"] == "The token is not known, or has expired."


async def test_every_answer_carries_the_security_headers(anonymous: httpx.AsyncClient) -> None:
    for address in ("/login", "/api/v1/health", "/static/app.css", "/nothing"):
        answer = await anonymous.get(address)
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "script-src 'self';" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_what_is_too_large_is_refused_before_it_is_read(program: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 10_000

    for body in (b"x" * 200_000, chunks()):
        answer = await program.post("/api/v1/definitions/check", content=body)
        assert answer.status_code == 413
        assert answer.json()["detail"] == "The request is larger than 100,000 bytes."
