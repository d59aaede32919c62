"""The event log and its listeners, on both databases."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any

from alembic import command
from sqlalchemy import create_engine, insert, text

from cauce import bound_filters
from cauce.event_filters import Filter
from cauce.store import Store, events, subscriptions
from cauce.store.migrations import config, upgrade
from cauce.store.models import EventSubscription
from cauce.store.subscriptions import Listener

JSON = Any


def event(id_: str, type_: str = "t", **more: JSON) -> dict[str, JSON]:
    return {"specversion": "1.0", "id": id_, "source": "/s", "type": type_, **more}


def bound(**with_: JSON) -> dict[str, JSON]:
    return Filter({"with": with_}, ()).bind(None, {})


async def put(store: Store, *documents: JSON) -> list[int]:
    async with store.transaction() as db:
        return [(await events.append(db, each)).id for each in documents]


async def test_data_is_kept_whatever_characters_it_holds(store: Store) -> None:
    data = {"name": "a\x00b", "half": "\ud800", "list": ["\x1f"]}
    (number,) = await put(store, event("e1", data=data))
    async with store.read() as db:
        (row,) = await events.page(db)
    assert (row.id, row.document["data"]) == (number, data)


async def listen(store: Store, name: str, *filters: JSON) -> None:
    async with store.transaction() as db:
        await subscriptions.subscribe(db, Listener(name, f"token-{name}"), filters)


async def who_wants(store: Store, document: JSON) -> list[str]:
    async with store.read() as db:
        return [each.instance for each in await subscriptions.listeners_of(db, document)]


async def test_listeners_are_found_by_type_source_and_what_they_correlate_by(store: Store) -> None:
    correlated = Filter({"with": {"type": "t"}, "correlate": {"o": {"from": ".data.o", "expect": "7"}}}, ())
    await listen(store, "typed", bound(type="t"))
    await listen(store, "sourced", bound(type="t", source="/s"), bound(type="u", source="/s"))
    await listen(store, "other", bound(type="u"), bound(type="t", source="/elsewhere"))
    await listen(store, "all", {"with": {}})
    await listen(store, "subject", bound(type="t", subject="x"))
    await listen(store, "data", bound(data={"o": 7}))
    await listen(store, "correlated", correlated.bind(None, {}))
    await listen(store, "pattern", bound(type="^t"))
    assert await who_wants(store, event("1")) == ["typed", "sourced", "all", "pattern"]
    assert await who_wants(store, event("2", subject="x")) == ["typed", "sourced", "all", "subject", "pattern"]
    found = await who_wants(store, event("3", data={"o": 7}))
    assert found == ["typed", "sourced", "all", "data", "correlated", "pattern"]
    async with store.transaction() as db:
        await subscriptions.unsubscribe(db, "token-all")
        await subscriptions.forget_instance(db, "typed", timedelta(minutes=1))
        await subscriptions.forget_instance(db, "pattern", timedelta(minutes=-1))
    assert await who_wants(store, event("1")) == ["typed", "sourced"]


async def test_ten_thousand_listeners_are_not_looked_at(store: Store) -> None:
    await listen(store, "first", bound(type="paid", subject="order:0"))
    async with store.transaction() as db:
        await db.execute(insert(EventSubscription), [_row(number) for number in range(1, 10_000)])
    async with store.transaction() as db:
        await (await db.connection()).exec_driver_sql("ANALYZE")
    async with store.read() as db:
        query = await subscriptions.candidates(db, event("1", "paid", subject="order:4711"))
        rows = (await db.execute(query)).all()
        plan = await db.execute(text(f"EXPLAIN {_query_plan(store)} {_literal(query, store)}"))
        described = "\n".join(" ".join(str(each) for each in row) for row in plan)
    assert [row.instance for row in rows] == ["i-4711"]
    assert "ix_event_subscriptions_route" in described, described
    assert "SCAN event_subscriptions" not in described, described
    assert "Seq Scan" not in described, described


def _row(number: int) -> dict[str, JSON]:
    filter_ = bound(type="paid", subject=f"order:{number}")
    index = bound_filters.bound(filter_).index()
    where = {"type": index.type, "source": index.source, "key": index.key}
    return {"token": f"t-{number}", "number": 0, "instance": f"i-{number}", "filter": filter_, **where}


def _query_plan(store: Store) -> str:
    return "QUERY PLAN" if store.dialect == "sqlite" else ""


def _literal(query: Any, store: Store) -> str:
    engine = create_engine("sqlite://" if store.dialect == "sqlite" else "postgresql+psycopg://")
    return str(query.compile(engine, compile_kwargs={"literal_binds": True})).replace("%%", "%")


async def test_what_fits_is_read_in_its_order_from_a_position_on(store: Store) -> None:
    places = await put(store, event("1"), event("2", "u"), event("3"), event("4", data={"n": 1}))
    async with store.read() as db:
        found = await subscriptions.fitting(db, "i", [bound(type="t"), bound(data={"n": 1})], places[0], 0)
    assert [(each["event"]["id"], each["filters"]) for each in found.events] == [("3", [0]), ("4", [0, 1])]
    assert (found.position, found.more) == (places[-1], False)


async def test_what_was_used_up_is_not_read_by_listeners_that_began_later(store: Store) -> None:
    places = await put(store, event("1"), event("2"))
    async with store.transaction() as db:
        await subscriptions.consume(db, "i", [places[0]], turn=3)
        await subscriptions.consume(db, "i", [places[0]], turn=4)
    async with store.read() as db:
        for instance, turn, expected in (("i", 2, ["1", "2"]), ("i", 3, ["2"]), ("other", 9, ["1", "2"])):
            found = await subscriptions.fitting(db, instance, [bound(type="t")], 0, turn)
            assert [each["event"]["id"] for each in found.events] == expected


async def test_a_long_log_is_read_in_portions(store: Store, monkeypatch: Any) -> None:
    monkeypatch.setattr(subscriptions, "rows_at_once", 10)
    monkeypatch.setattr(subscriptions, "events_at_once", 3)
    await put(store, *(event(str(number), "t" if number % 4 == 0 else "u") for number in range(40)))
    got, position, more, looks = [], 0, True, 0
    async with store.read() as db:
        while more:
            # Two filters, so that the type alone does not narrow what is read.
            found = await subscriptions.fitting(db, "i", [bound(type="t"), bound(subject="none")], position, 0)
            got += [each["event"]["id"] for each in found.events]
            position, more, looks = found.position, found.more, looks + 1
    assert got == [str(number) for number in range(0, 40, 4)]
    assert looks >= 5


async def test_large_events_come_one_at_a_time(store: Store) -> None:
    await put(store, *(event(str(number), data="x" * 300_000) for number in range(3)))
    async with store.read() as db:
        found = await subscriptions.fitting(db, "i", [bound(type="t")], 0, 0)
    assert ([each["event"]["id"] for each in found.events], found.more) == (["0"], True)


async def test_an_event_that_is_held_is_taken_by_another_only_later(store: Store) -> None:
    async with store.transaction() as db:
        held = await events.append(db, event("1"), held=timedelta(minutes=1))
        free = await events.append(db, event("2"), instance="i")

    async def take() -> list[int]:
        async with store.transaction() as db:
            return [row.id for row in await events.take_unrouted(db, 10)]

    taken = await asyncio.gather(take(), take())
    assert sorted(taken) == [[], [free.id]]
    async with store.transaction() as db:
        await events.hold_longer(db, held.id, timedelta(seconds=-1))
        await events.settle_routing(db, free.id)
    assert await take() == [held.id]
    async with store.read() as db:
        assert await events.has_unrouted(db)
        assert not await events.has_unrouted(db, waiting=True)


async def test_parallel_appends_become_visible_in_the_order_of_their_places(store: Store) -> None:
    seen: list[list[int]] = []

    async def watch() -> None:
        while len(seen) < 200:
            async with store.read() as db:
                seen.append(sorted(row.id for row in await events.page(db, limit=1_000)))
            await asyncio.sleep(0)

    watcher = asyncio.create_task(watch())
    await asyncio.gather(*(put(store, event(f"p-{number}")) for number in range(30)))
    watcher.cancel()
    for before, after in pairwise(seen):
        # Nothing comes to light behind what could be seen before.
        assert [place for place in after if before and place <= before[-1]] == before


def test_the_log_survives_the_way_up_and_down(store_url: str) -> None:
    upgrade(store_url, "0002")
    store = Store(store_url)
    url = store.url.set(drivername="sqlite" if store.dialect == "sqlite" else "postgresql+psycopg")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO events (id, source, event_id, type, document, received_at)"
                " VALUES (1, 's', 'e', 't', '{}', '2026-01-01 00:00:00')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO event_starts (id, event, definition, instance, state, problem, lease_until, created_at)"
                " VALUES (1, 1, 'd', 'i', 'started', '', '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
            )
        )
    upgrade(store_url)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM events WHERE routed_at = received_at")).scalar() == 1
        assert connection.execute(text("SELECT count(*) FROM event_starts")).scalar() == 1
        command.downgrade(config(connection), "0002")
        assert connection.execute(text("SELECT count(*) FROM events")).scalar() == 1
    upgrade(store_url)
    engine.dispose()
