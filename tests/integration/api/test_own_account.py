"""People see where they are logged in, end it, change their password, and make tokens for their programs."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from cauce.services import users
from cauce.services.hub import Actor, Hub
from cauce.store import audit
from cauce.store.base import utc_now
from cauce.store.models import LoginSession
from tests.integration.api.conftest import Browser

boss = Actor("boss", frozenset({"admin"}))
firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


Elsewhere = Callable[..., Awaitable[Browser]]


@pytest.fixture
def elsewhere(app: FastAPI) -> Elsewhere:
    async def opened(agent: str = firefox) -> Browser:
        """Return another browser in which the same person is logged in."""
        transport, headers = httpx.ASGITransport(app), {"user-agent": agent}
        other = httpx.AsyncClient(transport=transport, base_url="http://cauce.test", headers=headers)
        return await Browser(other).log_in("ana")

    return opened


async def test_a_person_sees_and_ends_sessions(ana: Browser, elsewhere: Elsewhere) -> None:
    phone = await elsewhere()
    page = (await ana.get("/account")).text
    assert "Firefox · Linux" in page
    listed = (await ana.get("/api/v1/me/sessions")).json()
    assert sorted(each["current"] for each in listed) == [False, True]
    [other] = [each["id"] for each in listed if not each["current"]]
    assert (await ana.post("/account/sessions/end", {"session": other})).headers["location"] == "/account?done=ended"
    assert (await phone.get("/inbox")).status_code == 303
    assert (await ana.get("/inbox")).status_code == 200
    assert (await ana.post("/account/sessions/end", {"session": other})).status_code == 404
    tablet = await elsewhere("curl/8.5")
    await ana.post("/account/sessions/end", {})
    assert (await tablet.get("/inbox")).status_code == 303


async def test_a_session_that_is_left_alone_ends_where_that_is_wanted(hub: Hub, ana: Browser) -> None:
    async with hub.store.transaction() as db:
        await db.execute(update(LoginSession).values(last_used=utc_now() - timedelta(minutes=17)))
    assert (await ana.get("/inbox")).status_code == 200
    async with hub.store.transaction() as db:
        await db.execute(update(LoginSession).values(last_used=utc_now() - timedelta(minutes=17)))
    # Settings are what they are while the hub runs: here they are other ones.
    object.__setattr__(hub, "settings", hub.settings.model_copy(update={"session_idle_minutes": 15}))
    assert (await ana.get("/inbox")).headers["location"] == "/login?next=%2Finbox"


async def test_logging_out_makes_the_cookie_worthless(ana: Browser) -> None:
    kept = dict(ana.client.cookies)
    await ana.post("/logout")
    ana.client.cookies.update(kept)
    assert (await ana.get("/inbox")).status_code == 303


async def test_guesses_of_a_stranger_lock_no_browser_that_is_known(ana: Browser, app: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://cauce.test") as client:
        stranger = Browser(client)
        wrong, given = {"name": "ana", "password": "wrong"}, {"name": "ana", "password": "demo-password"}
        for _ in range(5):
            assert (await stranger.post("/login", wrong, page="/login")).status_code == 401
        assert "The account is locked" in (await stranger.post("/login", given, page="/login")).text
        # What the browser remembers is a mark of this hub, not a name that anybody can write there.
        for forged in ("ana", '["ana"]', ana.client.cookies["cauce-session"]):
            client.cookies.set("cauce-known", forged, domain="cauce.test", path="/login")
            assert (await stranger.post("/login", given, page="/login")).status_code == 401
    await ana.post("/logout")
    assert (await ana.post("/login", given, page="/login")).status_code == 303


async def test_a_person_changes_their_password(hub: Hub, ana: Browser, elsewhere: Elsewhere) -> None:
    other = await elsewhere()
    assert "At least 10 characters, and at most 200." in (await ana.get("/account")).text

    async def change(password: str, new: str, again: str) -> httpx.Response:
        return await ana.post("/account/password", {"password": password, "new": new, "again": again})

    for given, says in (
        (("demo-password", "quiet harbour lamp", "quiet harbour"), "The two new passwords differ."),
        (("demo-password", "password123!", "password123!"), "one of those that are tried first"),
        (("demo-password", "ana-ana-ana-x", "ana-ana-ana-x"), "The password contains the name."),
        (("wrong", "quiet harbour lamp", "quiet harbour lamp"), "Name or password is wrong."),
        (("demo-password", "demo-password", "demo-password"), "The new password is the old one."),
    ):
        answer = await change(*given)
        assert answer.status_code in {401, 422}
        assert says in answer.text
    assert (await change("demo-password", *["quiet harbour lamp"] * 2)).status_code == 303
    assert (await ana.get("/inbox")).status_code == 200
    assert (await other.get("/inbox")).status_code == 303
    assert (await users.authenticate(hub, "ana", "quiet harbour lamp")).name == "ana"


async def test_a_password_of_somebody_else_is_good_for_one_login(hub: Hub, anonymous: httpx.AsyncClient) -> None:
    """Made by an admin, twice: chosen anew on the page, and by REST; a token goes on meanwhile."""
    account = await users.create_user(hub, boss, "nora", "given by a boss", roles=["staff"])
    assert account.password_to_change
    token = {"authorization": f"Bearer {await users.create_token(hub, Actor('nora', frozenset({'staff'})))}"}
    nora = await Browser(anonymous).log_in("nora", "given by a boss")
    asked = (await nora.get("/inbox?list=mine")).headers["location"]
    assert asked == "/account/first-password?next=%2Finbox%3Flist%3Dmine"
    for closed in ("/account", "/account/second-factor", "/account/sessions/end"):
        assert (await nora.get(closed)).status_code in {303, 405}, closed
    refused = await nora.get("/api/v1/me")
    assert (refused.status_code, refused.json()["code"]) == (403, "password-to-change")
    assert (await nora.client.get("/api/v1/me", headers=token)).status_code == 200

    async def choose(old: str, new: str) -> httpx.Response:
        form = {"password": old, "new": new, "again": new, "next": "/inbox?list=mine"}
        return await nora.post("/account/first-password", form, page=asked)

    for old, new in (("wrong", "quiet harbour lamp"), ("given by a boss", "given by a boss")):
        assert (await choose(old, new)).status_code in {401, 422}
    assert (await choose("given by a boss", "quiet harbour lamp")).headers["location"] == "/inbox?list=mine"
    assert (await nora.get("/inbox")).status_code == 200

    await users.set_password(hub, boss, "nora", "given once more")
    await nora.log_in("nora", "given once more")
    csrf = {"x-csrf-token": await nora.token("/account/first-password")}
    body = {"password": "given once more", "new": "second harbour lamp"}
    assert (await nora.client.put("/api/v1/me/password", json=body, headers=csrf)).status_code == 204
    await nora.log_in("nora", "second harbour lamp")
    assert (await nora.get("/inbox")).status_code == 200
    async with hub.store.read() as db:
        trail = [each for each in await audit.entries_of(db, ["nora"]) if each.action == "user.password"]
    assert [(each.actor, each.data) for each in trail] == [
        ("nora", None),
        ("boss", {"to_change": True}),
        ("nora", None),
    ]


async def test_a_token_is_shown_once_and_ended(ana: Browser) -> None:
    for given in (
        {"label": "", "days": "30"},
        {"label": "x", "days": "31"},
        {"label": "x", "days": "30", "scope": "admin"},
    ):
        assert (await ana.post("/account/tokens", given)).status_code == 422
    made = await ana.post("/account/tokens", {"label": "nightly import", "days": "30", "scope": "staff"})
    found = re.search(r"cauce_[\w-]+", made.text)
    assert found
    program = {"authorization": f"Bearer {found[0]}"}
    assert (await ana.client.get("/api/v1/me", headers=program)).json()["roles"] == ["staff"]
    page = (await ana.get("/account")).text
    assert "nightly import" in page
    assert found[0] not in page
    [token] = (await ana.get("/api/v1/tokens")).json()
    assert (token["scopes"], token["expired"], bool(token["last_used"])) == (["staff"], False, True)
    # A limited token makes none that may do more.
    more = (await ana.client.post("/api/v1/tokens", json={"label": "more"}, headers=program)).json()["token"]
    roles = (await ana.client.get("/api/v1/me", headers={"authorization": f"Bearer {more}"})).json()["roles"]
    assert roles == ["staff"]
    for address in (f"/api/v1/tokens/{token['id']}", "/api/v1/me/sessions"):
        assert (await ana.client.delete(address, headers=program)).status_code == 403
    await ana.post("/account/tokens/end", {"token": token["id"]})
    assert (await ana.client.get("/api/v1/me", headers=program)).status_code == 401


async def test_admins_keep_accounts_over_rest(hub: Hub, program: httpx.AsyncClient) -> None:
    eva = {"name": "eva", "password": "quiet harbour lamp", "groups": ["sales"]}
    assert (await program.post("/api/v1/people", json=eva)).status_code == 403
    await users.change_user(hub, boss, "ana", roles=["admin"])
    weak = await program.post("/api/v1/people", json={**eva, "password": "eva-is-here"})
    assert (weak.status_code, weak.json()["errors"][0]["pointer"]) == (422, "/password")
    assert (await program.post("/api/v1/people", json=eva)).json()["roles"] == ["staff"]
    changed = await program.patch("/api/v1/people/eva/account", json={"active": False})
    assert changed.json()["active"] is False
    put = await program.put("/api/v1/people/eva/password", json={"password": "1234567890"})
    assert put.status_code == 422
    assert (await program.get("/api/v1/me/password-rules")).json()["least"] == 10


async def test_who_leaves_gives_their_tasks_back(hub: Hub, ana: Browser) -> None:
    claimed = "/api/v1/tasks/00000000-0000-5000-8000-000000000002"
    token = {"x-csrf-token": await ana.token()}
    assert (await ana.client.post(f"{claimed}/claim", headers=token)).status_code == 200
    await users.change_user(hub, boss, "ana", active=False)
    assert (await ana.get("/inbox")).status_code == 303
    await users.change_user(hub, boss, "ana", active=True)
    assert (await ana.get("/inbox")).status_code == 303
    again = await ana.log_in("ana")
    assert (await again.get(claimed)).json()["claimed_by"] is None
