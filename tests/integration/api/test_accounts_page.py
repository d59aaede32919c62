"""An admin makes accounts, changes them, closes and unlocks them; nobody else gets near."""

import re
from html import unescape

import pytest
from fastapi import FastAPI

from api.pages import people_query
from cauce.errors import UnauthenticatedError
from cauce.services import users
from cauce.services.hub import Actor, Hub
from tests.integration.api.conftest import Browser
from tests.integration.api.test_access import calls

PASSWORD = "quiet harbour lamp"  # noqa: S105 - of a store that lives as long as a test


def made_password(page: str) -> str:
    found = re.search(r'<code class="breaks">([\w-]{12,})</code>', page)
    assert found
    return found[1]


@pytest.fixture
async def admin(ana: Browser) -> Browser:
    await ana.post("/logout")
    return await ana.log_in("admin")


async def test_every_page_of_accounts_is_for_admins_alone(app: FastAPI, ana: Browser) -> None:
    ways = [(method, address) for method, path, address in calls(app) if path.startswith("/accounts")]
    assert len(ways) == 5
    token = await ana.token()
    for method, address in ways:
        answer = await ana.client.request(method, address, data={"csrf": token, "name": "eva", "role": "admin"})
        assert answer.status_code == 403, (method, address)
    assert 'href="/accounts"' not in (await ana.get("/inbox")).text


async def test_an_account_is_made_with_a_password_that_is_shown_once(hub: Hub, admin: Browser) -> None:
    given = {"name": "eva", "full_name": "Eva <b>", "role": ["staff", "manager"], "groups": "sales, leads"}
    made = await admin.post("/accounts", given)
    password = made_password(made.text)
    assert (await users.authenticate(hub, "eva", password)).groups == {"sales", "leads"}
    page = (await admin.get("/accounts/eva")).text
    assert "Eva &lt;b&gt;" in page
    assert password not in page
    assert re.findall(r'name="role" value="(\w+)" checked', page) == ["manager", "staff"]
    for wrong, says in (
        ({"name": "eva"}, "There is an account of that name already."),
        ({"name": "e v a"}, "A name is needed, without spaces."),
        ({"name": "eva2", "role": "boss"}, "Unknown: boss."),
        ({"name": "eva2", "password": "short"}, "The password is too short."),
        ({"name": "eva2", "groups": "x" * 201}, "a name of one is too long"),
    ):
        refused = await admin.post("/accounts", {"groups": "sales", **wrong})
        assert refused.status_code in {409, 422}
        assert says in refused.text
        assert f'value="{wrong["name"]}"' in refused.text
    typed = await admin.post("/accounts", {"name": "zoe", "password": PASSWORD, "locale": "es"})
    assert PASSWORD not in typed.text
    assert (await users.authenticate(hub, "zoe", PASSWORD)).locale == "es"


async def test_an_account_is_changed_closed_unlocked_and_gets_another_password(hub: Hub, admin: Browser) -> None:
    changed = await admin.post("/accounts/luis", {"role": ["staff", "auditor"], "groups": "audits"})
    assert changed.headers["location"] == "/accounts/luis?done=changed"
    assert (await users.actor_of(hub, "luis")).groups == {"audits"}
    await admin.post("/accounts/luis", {"act": "close"})
    with pytest.raises(UnauthenticatedError):
        await users.actor_of(hub, "luis")
    assert "Nobody can log in with it." in (await admin.get("/accounts/luis")).text
    await admin.post("/accounts/luis", {"act": "open"})
    for _ in range(hub.settings.login_attempts):
        with pytest.raises(UnauthenticatedError):
            await users.authenticate(hub, "luis", "wrong")
    assert "Unlock" in (await admin.get("/accounts/luis")).text
    await admin.post("/accounts/luis", {"act": "unlock"})
    assert "Unlock" not in (await admin.get("/accounts/luis")).text
    password = made_password((await admin.post("/accounts/luis/password")).text)
    assert (await users.authenticate(hub, "luis", password)).roles == {"staff", "auditor"}
    assert (await admin.post("/accounts/luis/password", {"password": "luis"})).status_code == 422
    assert (await admin.get("/accounts/nobody")).status_code == 404


async def test_an_admin_does_not_lock_themselves_out(hub: Hub, admin: Browser) -> None:
    for act in ({"act": "close"}, {"role": "staff"}):
        refused = await admin.post("/accounts/admin", act)
        assert (refused.status_code, "You would lock yourself out." in refused.text) == (409, True)
    assert (await users.actor_of(hub, "admin")).may()


async def test_many_accounts_come_in_pages_that_keep_what_is_looked_for(
    hub: Hub, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_query, "page_size", 1)
    boss = Actor("boss", frozenset({"admin"}))
    for name in ("marta", "mario", "óscar"):
        await users.create_user(hub, boss, name, PASSWORD, roles=["auditor"], groups=["l & q"])
    wanted = "/accounts?text=mar&role=auditor&group=l+%26+q&state=open"
    first = (await admin.get(wanted)).text
    assert ('href="/accounts/mario"' in first, 'href="/accounts/marta"' in first) == (True, False)
    following = unescape(re.findall(r'rel="next" href="([^"]+)"', first)[0])
    assert following == "/accounts?text=mar&role=auditor&group=l+%26+q&state=open&after=mario"
    second = (await admin.get(following)).text
    assert ('href="/accounts/marta"' in second, 'rel="next"' in second) == (True, False)
    back = unescape(re.findall(r'rel="prev" href="([^"]+)"', second)[0])
    assert 'href="/accounts/mario"' in (await admin.get(back)).text
    assert '<option value="l &amp; q" selected>' in second
