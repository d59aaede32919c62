import asyncio

import pytest

from cauce.errors import ConflictError
from cauce.store import Store, ledger
from cauce.store.ledger import Entry


async def begin(store: Store, digest: str = "d1") -> Entry:
    async with store.transaction() as db:
        return await ledger.begin(
            db, "erp", "create-order", "opp:1", instance="sales.lead/1", task="/do/3", request_digest=digest
        )


async def test_many_begins_have_one_first(store: Store) -> None:
    entries = await asyncio.gather(*(begin(store) for _ in range(20)))
    assert [entry.new for entry in entries].count(True) == 1
    assert len({entry.id for entry in entries}) == 1
    assert entries[0].state == "pending"


async def test_request_leaves_once(store: Store) -> None:
    entry = await begin(store)

    async def send() -> bool:
        async with store.transaction() as db:
            return await ledger.mark_sent(db, entry.id)

    assert (await asyncio.gather(*(send() for _ in range(10)))).count(True) == 1


async def test_absent_may_be_sent_again_and_done_is_final(store: Store) -> None:
    entry = await begin(store)
    async with store.transaction() as db:
        await ledger.mark_sent(db, entry.id)
        assert [row.id for row in await ledger.unresolved(db)] == [entry.id]
        await ledger.finish(db, entry.id, "absent")
        assert await ledger.mark_sent(db, entry.id)
        await ledger.finish(db, entry.id, "done", {"number": "P-1"})
        await ledger.finish(db, entry.id, "failed")
        assert not await ledger.mark_sent(db, entry.id)
    again = await begin(store)
    assert (again.new, again.state, again.answer) == (False, "done", {"number": "P-1"})


async def test_same_key_for_other_data_is_a_conflict(store: Store) -> None:
    await begin(store)
    with pytest.raises(ConflictError, match="create-order@erp was already called with this idempotency key"):
        await begin(store, "d2")


async def test_what_was_refused_may_be_asked_for_again_with_mended_data(store: Store) -> None:
    entry = await begin(store)
    async with store.transaction() as db:
        await ledger.mark_sent(db, entry.id)
    with pytest.raises(ConflictError):
        await begin(store, "d2")
    async with store.transaction() as db:
        await ledger.finish(db, entry.id, "failed")
    assert (await begin(store, "d2")).id == entry.id
    async with store.transaction() as db:
        assert await ledger.mark_sent(db, entry.id)
