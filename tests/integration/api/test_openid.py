"""People log in at a certified OpenID provider, and are logged out by it."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from cauce.http import close_sessions
from cauce.services import directory, trail, users
from cauce.services.hub import Actor, Hub
from cauce.settings import Settings, load
from cauce.store import users as accounts
from tests.integration.api.conftest import Browser, nobody_listens
from tests.servers.openid import OpenIdProvider

boss = Actor("boss", frozenset({"admin"}))


@pytest.fixture
def settings(tmp_path: Path, filled: Path, openid_provider: OpenIdProvider) -> Settings:
    for file in filled.glob("cauce.db*"):
        shutil.copy(file, tmp_path)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "openid-client-secret").write_text(openid_provider.secret)
    return load(
        data_dir=tmp_path,
        temporal_address=nobody_listens,
        public_url="http://cauce.test",
        openid_issuer=openid_provider.origin,
        openid_scopes="groups",
        openid_roles={"sales": "staff"},
    )


@pytest.fixture(autouse=True)
async def _closed() -> AsyncIterator[None]:
    yield
    await close_sessions()


async def at_provider(address: str, person: str) -> str:
    """Return where the provider sends somebody back to who logs in there."""
    async with httpx.AsyncClient(follow_redirects=True) as browser:
        try:
            answer = await browser.get(f"{address}&{urlencode({'login_hint': person})}")
        except httpx.ConnectError as error:
            return str(error.request.url)  # nobody listens at cauce.test: the way ends there
    raise AssertionError(answer.text)


async def log_in(browser: Browser, person: str, target: str = "/instances") -> httpx.Response:
    begun = await browser.get(f"/login/openid?next={target}")
    assert begun.status_code == 303
    back = urlsplit(await at_provider(begun.headers["location"], person))
    return await browser.get(f"{back.path}?{back.query}")


async def test_groups_become_roles_and_the_provider_ends_the_session(
    hub: Hub, anonymous: httpx.AsyncClient, openid_provider: OpenIdProvider
) -> None:
    carla = Browser(anonymous)
    assert "/login/openid?next=" in (await carla.get("/login")).text
    answer = await log_in(carla, "carla")
    assert (answer.status_code, answer.headers["location"]) == (303, "/instances")
    assert (await carla.get("/inbox")).status_code == 200
    actor = await users.actor_of(hub, "carla")
    assert (actor.roles, actor.groups) == (frozenset({"staff"}), frozenset({"sales", "people"}))
    # There is no password to guess.
    refused = await carla.post("/login", {"name": "carla", "password": ""}, page="/inbox")
    assert refused.status_code == 401

    async with httpx.AsyncClient() as provider:
        address = f"{openid_provider.origin}/test/logout-token?sub=carla"
        token = (await provider.get(address)).json()["token"]
    forged = await anonymous.post("/login/openid/logout", data={"logout_token": token[:-3] + "AAA"})
    assert forged.status_code == 400
    assert (await carla.get("/inbox")).status_code == 200
    assert (await anonymous.post("/login/openid/logout", data={"logout_token": token})).status_code == 200
    assert (await carla.get("/inbox")).status_code == 303


async def test_who_has_no_role_here_is_told(hub: Hub, anonymous: httpx.AsyncClient) -> None:
    answer = await log_in(Browser(anonymous), "bruno")
    assert answer.status_code == 401
    assert "None of your groups has a role here." in answer.text
    assert "bruno" not in [each.name for each in await users.list_users(hub, boss)]


async def test_who_has_no_role_any_more_is_out_everywhere(hub: Hub, anonymous: httpx.AsyncClient) -> None:
    async with hub.store.transaction() as db:
        await accounts.add(db, "bruno", password_hash="", roles=["admin"], groups=["sales"])
        await accounts.bind(db, "bruno", "bruno")
    token = await users.create_token(hub, await users.actor_of(hub, "bruno"))
    assert (await log_in(Browser(anonymous), "bruno")).status_code == 401
    assert (await users.actor_of_token(hub, token)).roles == frozenset()
    (line,) = await trail.lines(hub, boss, subject="bruno", limit=1)
    before = {"roles": ["admin"], "groups": ["sales"]}
    assert (line.action, line.data) == (
        "user.change",
        {"by": "provider", "roles": [], "groups": ["garden"], "before": before},
    )
    # Who is closed is not let in, and the trail does not say that they were.
    await users.change_user(hub, boss, "bruno", active=False)
    assert (await log_in(Browser(anonymous), "bruno")).status_code == 401
    assert (await trail.lines(hub, boss, subject="bruno", limit=1))[0].data == {
        "active": False,
        "before": {"active": True},
    }


async def test_who_is_kept_over_scim_may_what_it_says_there(hub: Hub, anonymous: httpx.AsyncClient) -> None:
    for name in ("bruno", "carla"):
        await directory.add_person(hub, boss, directory.Person(name))
    for name in ("bruno", "carla"):
        answer = await log_in(Browser(anonymous), name)
        assert (answer.status_code, answer.headers["location"]) == (303, "/instances")
        assert (await users.actor_of(hub, name)).roles == frozenset()
    person = (await directory.list_people(hub, boss, user_name="carla"))[0]
    await directory.change_person(hub, boss, person.id, directory.Person("carla", active=False))
    assert (await log_in(Browser(anonymous), "carla")).status_code == 401


async def test_a_local_account_is_not_taken_over(hub: Hub, anonymous: httpx.AsyncClient) -> None:
    await users.create_user(hub, boss, "carla", "a-long-password", roles=["admin"])
    answer = await log_in(Browser(anonymous), "carla")
    assert answer.status_code == 409
    assert (await users.actor_of(hub, "carla")).roles == frozenset({"admin"})


async def test_an_answer_to_no_question_of_this_browser_is_refused(anonymous: httpx.AsyncClient) -> None:
    begun = await anonymous.get("/login/openid")
    back = urlsplit(await at_provider(begun.headers["location"], "carla"))
    state = parse_qs(back.query)["state"][0]
    for query in (back.query.replace(state, "x"), f"state={state}", f"state={state}&code=guessed"):
        answer = await anonymous.get(f"{back.path}?{query}")
        assert answer.status_code == 401, query
    anonymous.cookies.clear()
    assert (await anonymous.get(f"{back.path}?{back.query}")).status_code == 401


async def test_a_new_password_ends_sessions(hub: Hub, ana: Browser) -> None:
    assert (await ana.get("/inbox")).status_code == 200
    await users.set_password(hub, boss, "ana", "another-password")
    assert (await ana.get("/inbox")).status_code == 303
