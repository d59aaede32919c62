"""The second step of the login: set up, asked for, never twice with one code, and lost."""

import re
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pyotp
import pytest
from fastapi import FastAPI

from api.app import create_app
from cauce.errors import ConflictError
from cauce.services import users
from cauce.services.access import second_factors
from cauce.services.hub import Actor, Hub
from cauce.settings import Settings, load
from cauce.store import second_factors as kept_factors
from tests.integration.api.conftest import Browser, nobody_listens

boss = Actor("boss", frozenset({"admin"}))


@pytest.fixture
def settings(tmp_path: Path, filled: Path) -> Settings:
    for file in filled.glob("cauce.db*"):
        shutil.copy(file, tmp_path)
    return load(data_dir=tmp_path, temporal_address=nobody_listens, login_attempts=3)


async def set_up(browser: Browser) -> tuple[pyotp.TOTP, list[str]]:
    """Set the second step up as a person would; return what the telephone knows, and the recovery codes."""
    page = (await browser.get("/account/second-factor")).text
    found = re.search(r'<code class="breaks">(\w+)</code>', page)
    assert found
    assert "data:image/svg+xml;base64," in page
    codes = pyotp.TOTP(found[1])
    wrong = await browser.post("/account/second-factor", {"code": "000000"}, page="/account")
    assert "The code is wrong." in wrong.text or codes.now() == "000000"
    done = await browser.post("/account/second-factor", {"code": codes.at(time.time() - 30)}, page="/account")
    return codes, re.findall(r"<li><code>([\w-]+)</code>", done.text)


async def enter(browser: Browser, code: str) -> httpx.Response:
    """Log ana in as far as the second step, and enter a code there."""
    first = await browser.post("/login", {"name": "ana", "password": "demo-password"}, page="/login")
    if first.status_code != 303:
        return first
    assert first.headers["location"] == "/login/code"
    assert (await browser.get("/inbox")).status_code == 303
    return await browser.post("/login/code", {"code": code}, page="/login/code")


async def test_the_login_takes_a_code_and_takes_it_once(hub: Hub, ana: Browser) -> None:
    codes, recovery = await set_up(ana)
    assert len(set(recovery)) == 10
    async with hub.store.read() as db:
        kept = await kept_factors.confirmed(db, "ana")
    assert kept is not None
    assert codes.secret not in kept.secret
    assert not set(recovery) & set(kept.recovery)
    await ana.post("/logout", page="/account")
    now = codes.now()
    assert (await enter(ana, f" {now[:3]} {now[3:]}")).headers["location"] == "/inbox"
    assert (await ana.get("/inbox")).status_code == 200
    await ana.post("/logout")
    again = await enter(ana, now)
    assert again.status_code == 401
    assert "The code is wrong, or was used before." in again.text
    assert (await enter(ana, recovery[3].upper().replace("-", " "))).status_code == 303
    assert "9 recovery codes are left." in (await ana.get("/account")).text
    await ana.post("/logout")
    assert (await enter(ana, recovery[3])).status_code == 401


async def test_wrong_codes_lock_the_account_even_with_the_right_password_between(ana: Browser) -> None:
    codes, _ = await set_up(ana)
    await ana.post("/logout", page="/account")
    for _ in range(3):
        assert (await enter(ana, "x")).status_code == 401
    locked = await enter(ana, codes.now())
    assert locked.status_code == 401
    assert "The account is locked" in locked.text


async def test_a_code_alone_lets_nobody_in(anonymous: httpx.AsyncClient) -> None:
    stranger = Browser(anonymous)
    assert (await stranger.get("/login/code")).headers["location"] == "/login"
    answer = await stranger.post("/login/code", {"code": "123456"}, page="/login")
    assert answer.headers["location"] == "/login"


async def test_removing_it_takes_the_password_and_an_admin_can_reset_it(hub: Hub, ana: Browser) -> None:
    _, recovery = await set_up(ana)
    address = "/account/second-factor"
    assert (await ana.post(f"{address}/remove", {"password": "x"}, page="/account")).status_code == 401
    fresh = await ana.post(f"{address}/codes", {"password": "demo-password"}, page="/account")
    assert not set(recovery) & set(re.findall(r"<li><code>([\w-]+)</code>", fresh.text))
    assert (await ana.post(address, {"code": "1"}, page="/account")).status_code == 409
    gone = await ana.post(f"{address}/remove", {"password": "demo-password"}, page="/account")
    assert gone.headers["location"] == "/account?done=factor"
    await set_up(ana)
    assert (await ana.post("/people/ana/second-factor/reset", page="/account")).status_code == 403
    await users.change_user(hub, boss, "ana", roles=["admin"])
    assert "Reset the second step" in (await ana.get("/people/ana")).text
    assert (await ana.post("/people/ana/second-factor/reset", page="/account")).headers["location"] == "/people/ana"
    assert (await ana.get("/inbox")).status_code == 303
    await ana.log_in("ana")
    with pytest.raises(ConflictError, match="'ana' has no second step"):
        await second_factors.reset(hub, boss, "ana")


@pytest.fixture
async def strict(settings: Settings, hub: Hub) -> AsyncIterator[FastAPI]:
    demanding = settings.model_copy(update={"second_factor_roles": ("staff",)})
    made = create_app(demanding, Hub(demanding, hub.store, hub.temporal))
    async with made.router.lifespan_context(made):
        yield made


async def test_a_role_can_need_it(hub: Hub, strict: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(strict), base_url="http://cauce.test") as client:
        ana = await Browser(client).log_in("ana")
        assert (await ana.get("/inbox")).headers["location"] == "/account/second-factor"
        refused = await ana.get("/api/v1/me")
        assert (refused.status_code, refused.json()["code"]) == (403, "second-factor")
        codes, _ = await set_up_strictly(ana)
        assert (await ana.get("/inbox")).status_code == 200
        assert codes.secret
    assert (await users.actor_of(hub, "ana")).name == "ana"


async def set_up_strictly(browser: Browser) -> tuple[pyotp.TOTP, httpx.Response]:
    page = (await browser.get("/account/second-factor")).text
    assert "Your role needs it." in page
    found = re.search(r'<code class="breaks">(\w+)</code>', page)
    assert found
    codes = pyotp.TOTP(found[1])
    return codes, await browser.post("/account/second-factor", {"code": codes.now()}, page="/account/second-factor")
