"""The dead letters of a store, on both databases."""

import asyncio

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from cauce.errors import BusinessError, InputError, TooLargeError
from cauce.store import Store, dead_letters
from cauce.store.dead_letters import Filters, NewLetter
from cauce.store.migrations import config, upgrade

NOW = "'2026-01-01 00:00:00'"


def call(number: int, error: str = "Customer '{}' is blocked.") -> NewLetter:
    refusal = BusinessError(error.format(number), remote_code="BLOCKED")
    return NewLetter("call", "erp", str(number), {"order": "same"}, refusal, "create-order", f"n.p/{number}")


async def test_letters_of_one_cause_are_one_group_and_taken_once(store: Store) -> None:
    async with store.transaction() as db:
        for number in range(3):
            await dead_letters.add(db, call(number))
        await dead_letters.add(db, call(9, "No stock of {}."))
        first, second = await dead_letters.causes(db, Filters(state="open"))
        assert (first.count, first.title, second.count) == (3, "Customer … is blocked.", 1)
        with pytest.raises(TooLargeError):
            await dead_letters.keep(db, "x" * 100, longest=50)
        id_ = (await dead_letters.ids_of(db, Filters(instance="n.p/1"), 10))[0]

    async def take() -> bool:
        async with store.transaction() as db:
            return await dead_letters.take(db, id_)

    assert (await asyncio.gather(*(take() for _ in range(5)))).count(True) == 1


async def test_a_call_that_is_refused_again_opens_its_letter_and_an_event_never(store: Store) -> None:
    event = NewLetter("event-sink", "erp", "1", {}, InputError("No.", errors=[{"pointer": "/a", "problem": "No."}]))
    async with store.transaction() as db:
        for new in (call(1), event):
            await dead_letters.add(db, new)
        for id_ in await dead_letters.ids_of(db, Filters(), 10):
            await dead_letters.close(db, id_, "dropped", "olga", reason="no")
        for new in (call(1), event):
            await dead_letters.add(db, new)
        newest, oldest = await dead_letters.page(db, Filters())
        assert (oldest.state, oldest.attempts) == ("open", 2)
        assert (newest.state, newest.attempts, newest.decided_by) == ("dropped", 1, "olga")
        assert newest.wanted["errors"] == [{"pointer": "/a", "problem": "No."}]


async def test_what_was_refused_before_there_was_a_desk_is_on_it(store_url: str) -> None:
    await asyncio.to_thread(upgrade, store_url, "0005")
    engine = create_engine(
        Store(store_url).url.set(drivername="sqlite" if "sqlite" in store_url else "postgresql+psycopg")
    )
    with engine.begin() as connection:
        for number in (1, 2, 3):
            values = f"{number}, 's', 'e{number}', 't', '{{\"id\": \"e{number}\"}}', {NOW}, {NOW}, 0"
            columns = "id, source, event_id, type, document, received_at, lease_until, attempts"
            connection.execute(text(f"INSERT INTO events ({columns}) VALUES ({values})".replace(":", "\\:")))  # noqa: S608 - ours
        for event, instance in ((1, "n.p/1"), (2, "n.p/2"), (3, "n.p/2")):
            columns = "event, definition, instance, state, problem, lease_until, created_at"
            values = f"{event}, 'n.p', '{instance}', 'refused', 'No.', {NOW}, {NOW}"
            connection.execute(text(f"INSERT INTO event_starts ({columns}) VALUES ({values})".replace(":", "\\:")))  # noqa: S608 - ours
        values = f"'erp', 1, 'erp said 400.', {NOW}"
        connection.execute(
            text(f"INSERT INTO refused_events (connection, event, problem, at) VALUES ({values})".replace(":", "\\:"))  # noqa: S608 - ours
        )
    await asyncio.to_thread(upgrade, store_url)
    async with Store(store_url) as store, store.read() as db:
        rows = sorted(await dead_letters.page(db, Filters(state="open")), key=lambda row: row.id)
        found = [(row.origin, row.name, row.identity, await dead_letters.payload_of(db, row.request)) for row in rows]
        assert [row.about for row in rows[1:]] == [
            {"events": [1], "collected": False},
            {"events": [2, 3], "collected": True},
        ]
    assert found == [
        ("event-sink", "erp", "1", {"id": "e1"}),
        ("event-start", "n.p", "1", [{"id": "e1"}]),
        ("event-start", "n.p", "2", [{"id": "e2"}, {"id": "e3"}]),
    ]
    with engine.begin() as connection:
        command.downgrade(config(connection), "0005")
        assert connection.execute(text("SELECT connection, event FROM refused_events")).all() == [("erp", 1)]
    engine.dispose()
