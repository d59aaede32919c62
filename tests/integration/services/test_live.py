import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from cauce.errors import TransientError
from cauce.services import tasks
from cauce.services.hub import Actor, Hub
from cauce.services.teamwork import comments, live
from cauce.services.teamwork.live import Live, News, Page
from cauce.store import notifications, users
from cauce.store import tasks as rows
from tests.integration.services.conftest import ana, luis
from tests.integration.services.test_tasks import add, call, rosa


@pytest.fixture
async def hub(lonely_hub: Hub) -> Hub:
    async with lonely_hub.store.transaction() as db:
        for who in (ana, rosa, luis):
            await users.add(db, who.name, password_hash="-", roles=sorted(who.roles), groups=sorted(who.groups))  # noqa: S106 - nobody logs in
    return lonely_hub


@pytest.fixture
async def looking(hub: Hub) -> AsyncIterator[Live]:
    made = Live(hub, every_s=0.01)
    yield made
    await made.close()


async def heard(page: Page) -> News | None:
    async with asyncio.timeout(30):
        return await page.news.get()


async def opened(looking: Live, who: Actor) -> Page:
    """Open a page, and hear the counts that each begins with."""
    page = looking.join(who)
    first = await heard(page)
    assert first is not None
    assert first.kind == "counts"
    return page


async def all_of(page: Page, *kinds: str) -> dict[str, News]:
    """Hear until all these kinds have come; the last of each."""
    found: dict[str, News] = {}
    while not set(kinds) <= set(found):
        news = await heard(page)
        assert news is not None
        found[news.kind] = news
    return found


async def counted(page: Page, *, waiting: int, unread: int) -> None:
    """Hear until so many tasks wait and so much is unread."""
    while (news := await heard(page)) != News("counts", open=waiting, unread=unread):
        assert news is not None


async def test_pages_of_two_processes_hear_what_concerns_their_people_and_nobody_else_does(
    hub: Hub, looking: Live
) -> None:
    other = Live(hub, every_s=0.01)
    hers, his, elsewhere = await opened(looking, ana), await opened(looking, luis), await opened(other, rosa)
    await add(hub)
    for page in (hers, elsewhere):
        told = await all_of(page, "new", "counts")
        assert (told["new"].task, told["new"].name, told["counts"].open) == ("t1", "qualify", 1)
    await tasks.claim(hub, ana, "t1")
    assert (await all_of(elsewhere, "taken"))["taken"].by == "ana"
    await comments.add(hub, rosa, "t1", "@ana why?")
    assert (await all_of(hers, "comment"))["comment"].by == "rosa"
    await counted(hers, waiting=1, unread=1)
    await tasks.release(hub, ana, "t1")
    assert (await all_of(elsewhere, "free"))["free"].task == "t1"
    assert his.news.empty()
    await other.close()
    assert await all_until_end(elsewhere)


async def all_until_end(page: Page) -> bool:
    while await heard(page) is not None:
        pass
    return True


async def test_what_only_the_person_is_told_changes_their_count(hub: Hub, looking: Live) -> None:
    page = await opened(looking, luis)
    async with hub.store.transaction() as db:
        await notifications.add(db, notifications.Told("n1", "luis", "Late", ""), "")
    await counted(page, waiting=0, unread=1)


async def test_a_person_and_a_process_have_so_many_pages(
    hub: Hub, looking: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [looking.join(ana) for _ in range(live.most_of_person)]
    with pytest.raises(TransientError, match="No more pages"):
        looking.join(ana)
    looking.leave(pages[0])
    looking.join(ana)
    monkeypatch.setattr(live, "most_streams", live.most_of_person)
    with pytest.raises(TransientError):
        looking.join(luis)
    looking.end()
    assert await all_until_end(pages[1])
    with pytest.raises(TransientError):
        Live.join(looking, rosa)


async def test_a_page_that_does_not_listen_is_ended_and_a_flood_is_only_counted(
    hub: Hub, looking: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page(ana)
    for number in range(live.most_waiting + 1):
        page.tell(News("counts", open=number))
    assert (page.news.qsize(), await heard(page)) == (1, None)
    listening = await opened(looking, ana)
    many = [replace(call, id=f"t{number}") for number in range(30)]
    async with hub.store.transaction() as db:
        for each in many:
            await rows.add_task(db, each)
    new = 0
    while (news := await heard(listening)) and not (news.kind == "counts" and news.open == len(many)):
        new += news.kind == "new"
    assert new == 20


async def test_a_store_that_is_away_is_asked_again(hub: Hub, looking: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    page = await opened(looking, ana)
    asked = asyncio.Event()
    plain = hub.store.read

    def broken() -> None:
        asked.set()
        raise TransientError("The store is away.", hint="Wait.")

    monkeypatch.setattr(hub.store, "read", broken)
    await asked.wait()
    monkeypatch.setattr(hub.store, "read", plain)
    await add(hub)
    assert (await all_of(page, "new"))["new"].task == "t1"
