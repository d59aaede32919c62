import asyncio
import sqlite3

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from cauce.store import Store, audit


async def append(store: Store, subject: str) -> None:
    async with store.transaction() as db:
        await audit.append(db, "ana", "task.claim", subject, {"señal": [1, 2.5, None]})


async def test_chain_does_not_fork_when_many_write(store: Store) -> None:
    await asyncio.gather(*(append(store, f"t{n}") for n in range(25)))
    async with store.read() as db:
        verdict = await audit.verify(db)
        newest = await audit.entries(db, limit=3)
    assert verdict == audit.Verdict(25, hash=newest[0].hash)
    assert verdict.sound
    assert [line.seq for line in newest] == [25, 24, 23]


@pytest.mark.parametrize("change", ["UPDATE audit SET actor = 'eva'", "DELETE FROM audit"])
async def test_trail_cannot_be_changed(store: Store, change: str) -> None:
    await append(store, "t1")

    async def tamper() -> None:
        async with store.transaction() as db:
            await db.execute(text(change))

    with pytest.raises(DatabaseError, match="audit is append-only"):
        await tamper()


@pytest.mark.parametrize("change", ["UPDATE audit SET actor = 'eva' WHERE seq = 3", "DELETE FROM audit WHERE seq = 3"])
async def test_change_past_the_guard_is_found(store: Store, change: str) -> None:
    if store.dialect != "sqlite":
        pytest.skip("the file is at hand only with SQLite")
    for n in range(5):
        await append(store, f"t{n}")
    with sqlite3.connect(store.place) as connection:
        connection.execute("DROP TRIGGER audit_no_update")
        connection.execute("DROP TRIGGER audit_no_delete")
        connection.execute(change)
    connection.close()
    async with store.read() as db:
        verdict = await audit.verify(db)
    assert not verdict.sound
    assert verdict.broken_at == (4 if change.startswith("DELETE") else 3)


async def test_trail_is_found_by_subject_and_actor(store: Store) -> None:
    await append(store, "t1")
    await append(store, "t2")
    async with store.read() as db:
        assert [line.subject for line in await audit.entries(db, subject="t2")] == ["t2"]
        assert [line.subject for line in await audit.entries(db, actor="ana", before=2)] == ["t1"]
        assert await audit.entries(db, actor="eva") == []
