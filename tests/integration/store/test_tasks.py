import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from cauce.contract import HumanTask
from cauce.store import Store, inbox, tasks
from cauce.store.inbox import Filters
from cauce.store.tasks import Viewer
from tests.integration.store.human_task import TASK

ana = Viewer("ana", frozenset({"sales"}))
noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
call = replace(
    TASK,
    title={"es": "Cualificar", "en": "Qualify"},
    form_document={"form": "qualify-lead", "schema": {"z": 1, "a": 2}},
    data={"lead": {"name": "Íñigo Muñoz"}},
    due_at=noon.isoformat(),
)


async def ids(store: Store, viewer: Viewer = ana, filters: Filters | None = None) -> list[str]:
    async with store.read() as db:
        return [row.id for row in (await inbox.page(db, viewer, filters)).rows]


async def add(store: Store, *new: HumanTask) -> list[bool]:
    async with store.transaction() as db:
        return [await tasks.add_task(db, task) for task in new]


async def test_task_is_added_once(store: Store) -> None:
    assert await add(store, call, call) == [True, False]
    async with store.read() as db:
        row = await tasks.find_task(db, "t1")
    assert row is not None
    assert (row.title, row.due_at, row.state) == (call.title, noon, "open")
    assert list(row.form_document["schema"]) == ["z", "a"]


async def test_task_that_nobody_claimed_gets_what_is_asked_for_now(store: Store) -> None:
    assert await add(store, call, replace(call, title="Newer", priority=90)) == [True, False]
    async with store.transaction() as db:
        assert await tasks.claim(db, "t1", "ana")
    assert await add(store, replace(call, title="Newest")) == [False]
    async with store.read() as db:
        row = await tasks.find_task(db, "t1")
    assert row is not None
    assert (row.title, row.priority, row.claimed_by) == ("Newer", 90, "ana")


async def test_many_claims_have_one_winner(store: Store) -> None:
    await add(store, call)

    async def claim(user: str) -> bool:
        async with store.transaction() as db:
            return await tasks.claim(db, "t1", user)

    winners = await asyncio.gather(*(claim(f"user{n}") for n in range(20)))
    assert winners.count(True) == 1
    async with store.read() as db:
        row = await tasks.find_task(db, "t1")
    assert row is not None
    assert row.claimed_by == f"user{winners.index(True)}"


async def test_many_adds_of_one_id_add_it_once(store: Store) -> None:
    assert (await asyncio.gather(*(add(store, call) for _ in range(20)))).count([True]) == 1


async def test_claiming_again_is_no_error(store: Store) -> None:
    await add(store, call)
    async with store.transaction() as db:
        assert [await tasks.claim(db, "t1", user) for user in ("ana", "ana", "luis")] == [True, True, False]


async def test_released_task_is_open_again(store: Store) -> None:
    await add(store, call)
    async with store.transaction() as db:
        await tasks.claim(db, "t1", "ana")
        assert [await tasks.release(db, "t1", user) for user in ("luis", "ana", "ana")] == [False, True, False]
        assert await tasks.claim(db, "t1", "luis")


async def test_first_closing_stands(store: Store) -> None:
    await add(store, call)
    async with store.transaction() as db:
        assert await tasks.close(db, "t1", "completed", by="ana", answer={"score": 80})
        assert not await tasks.close(db, "t1", "expired")
        assert not await tasks.claim(db, "t1", "luis")
        row = await tasks.find_task(db, "t1")
    assert row is not None
    assert (row.state, row.closed_by, row.answer) == ("completed", "ana", {"score": 80})
    assert await ids(store) == []
    assert await ids(store, filters=Filters(state="completed")) == ["t1"]


async def test_inbox_shows_what_concerns_the_viewer(store: Store) -> None:
    await add(
        store,
        call,
        replace(call, id="t2", group="finance"),
        replace(call, id="t3", group="sales", user="luis"),
        replace(call, id="t4", group=None, user="ana", due_at=None),
        replace(call, id="t5", group="finance", due_at=None),
    )
    async with store.transaction() as db:
        await tasks.claim(db, "t5", "ana")
    assert await ids(store) == ["t1", "t4", "t5"]
    assert await ids(store, Viewer("luis")) == ["t3"]
    assert await ids(store, Viewer("eva", sees_all=True)) == ["t1", "t2", "t3", "t4", "t5"]
    assert await ids(store, filters=Filters(mine=True)) == ["t4", "t5"]
    assert await ids(store, filters=Filters(state="claimed")) == ["t5"]
    assert await ids(store, filters=Filters(group="sales")) == ["t1"]


async def test_tasks_of_an_ended_instance_are_closed(store: Store) -> None:
    await add(store, call, replace(call, id="t2"), replace(call, id="t3", instance="sales.lead/2"))
    async with store.transaction() as db:
        assert await tasks.close_of_instance(db, "sales.lead/1") == 2
    assert await ids(store) == ["t3"]
