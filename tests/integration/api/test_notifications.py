import httpx

from cauce.services.hub import Hub
from cauce.services.mails import links
from cauce.store import notifications
from cauce.store.notifications import Told
from tests.integration.api.conftest import Browser


async def tell(hub: Hub, *people: str) -> None:
    async with hub.store.transaction() as db:
        for number, person in enumerate(people):
            await notifications.add(db, Told(f"n{number}", person, f"Late {number}", "<b>\nx", "/inbox", "s.o/7"), "")


async def test_what_somebody_is_told_is_theirs_to_read(program: httpx.AsyncClient, hub: Hub) -> None:
    await tell(hub, "ana", "ana", "luis", "ana")
    first = (await program.get("/api/v1/notifications?limit=2&unread=true")).json()
    assert ([each["id"] for each in first["items"]], first["unread"]) == (["n3", "n1"], 3)
    rest = (await program.get(first["next"])).json()
    assert ([each["title"] for each in rest["items"]], rest["next"]) == (["Late 0"], None)
    marked = await program.post("/api/v1/notifications/n1/mark", json={"read": True})
    assert marked.json()["read_at"] is not None
    assert (await program.get("/api/v1/notifications?unread=true")).json()["unread"] == 2
    assert (await program.post("/api/v1/notifications/n1/mark", json={"read": False})).json()["read_at"] is None
    assert (await program.post("/api/v1/notifications/n2/mark", json={})).status_code == 404
    assert (await program.post("/api/v1/notifications/read")).json() == {"changed": 3}
    assert (await program.get("/api/v1/notifications")).json()["unread"] == 0


async def test_a_mail_address_is_kept_if_it_is_one(program: httpx.AsyncClient, hub: Hub) -> None:
    for email in ("ana@example.org", "eva@example.org", ""):
        assert (await program.put("/api/v1/notifications/address", json={"email": email})).json() == {"email": email}
        assert (await program.get("/api/v1/notifications/address")).json() == {"email": email}
        async with hub.store.read() as db:
            (reader,) = await notifications.readers(db, person="ana")
        assert reader.email == email
    refused = await program.put("/api/v1/notifications/address", json={"email": "a@b@c"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/email")


async def test_the_bell_counts_and_a_page_shows_what_it_counts(ana: Browser, hub: Hub) -> None:
    assert "Nothing yet" in (await ana.get("/notifications")).text
    await tell(hub, "ana", "ana", "luis")
    assert 'have not read">2<' in (await ana.get("/inbox")).text
    page = (await ana.get("/notifications")).text
    assert "Late 1" in page
    assert "Late 2" not in page
    assert "&lt;b&gt;\nx" in page
    opened = await ana.post("/notifications/n1/open")
    assert (opened.status_code, opened.headers["location"]) == (303, "/inbox")
    assert (await ana.post("/notifications/n2/open")).status_code == 404
    assert 'have not read">1<' in (await ana.get("/notifications")).text
    await ana.post("/notifications/read")
    assert 'have not read">' not in (await ana.get("/notifications")).text
    wrong = await ana.post("/notifications/address", {"email": "nobody"})
    assert (wrong.status_code, "This is no mail address." in wrong.text) == (422, True)
    await ana.post("/notifications/address", {"email": "ana@example.org"})
    assert 'value="ana@example.org"' in (await ana.get("/notifications?done=address")).text


async def test_a_link_in_a_mail_asks_for_a_login_and_opens_what_it_is_about(
    anonymous: httpx.AsyncClient, hub: Hub
) -> None:
    await tell(hub, "ana", "luis")
    for_ana, for_luis = (links.link(hub.settings, each).removeprefix(hub.settings.public_url) for each in ("n0", "n1"))
    for address in (for_ana, f"{for_ana}x", links.path + "nonsense"):
        asked = await anonymous.get(address)
        assert (asked.status_code, asked.headers["location"].startswith("/login?next=")) == (303, True)
        assert "Late" not in asked.text
    ana = await Browser(anonymous).log_in("ana")
    opened = await ana.get(for_ana)
    assert (opened.status_code, opened.headers["location"]) == (303, "/inbox")
    assert (await ana.get(for_luis)).status_code == 404
    assert (await ana.get(f"{for_ana}x")).status_code == 404


async def test_what_comes_by_mail_is_chosen_by_kind(ana: Browser, program: httpx.AsyncClient, hub: Hub) -> None:
    await ana.post("/notifications/address", {"email": "ana@example.org", "told": "daily", "late": "at-once"})
    page = (await ana.get("/notifications")).text
    assert '<option value="daily" selected>' in page
    assert "no connection that sends mail" in page
    before = (await program.get("/api/v1/notifications/kinds")).json()
    assert before["kinds"] == {"told": "daily", "task": "none", "late": "at-once", "mention": "none"}
    after = (await program.put("/api/v1/notifications/kinds", json={"kinds": {"task": "at-once"}})).json()
    assert after["kinds"] == {**before["kinds"], "task": "at-once"}
    assert (await program.put("/api/v1/notifications/kinds", json={"kinds": {"task": "x"}})).status_code == 422
    wrong = await ana.post("/notifications/address", {"email": "ana@example.org", "told": "never"})
    assert (wrong.status_code, "This cannot be chosen." in wrong.text) == (422, True)
    async with hub.store.read() as db:
        (reader,) = await notifications.readers(db, person="ana")
    assert [reader.by_mail(kind) for kind in ("told", "task", "late", "mention")] == ["daily", "due", "due", ""]
