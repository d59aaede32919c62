from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from cauce.contract import ClockNews
from cauce.store import Store, clocks, tasks, users
from cauce.store.models import AuditEntry, Event, Notification
from tests.integration.store.test_tasks import call

JSON = Any
HERE = "sales.lead/1"


def note(what: str, act: Mapping[str, JSON] | None = None, *, id_: str = "c1", **shown: JSON) -> dict[str, JSON]:
    clock = {
        "clock": "first-contact",
        "title": {"en": "First contact"},
        "state": "running",
        "severity": "hot",
        "startedAt": "2026-03-02T09:00:00Z",
        "dueAt": "2026-03-02T10:00:00Z",
        "steps": [],
        **shown,
    }
    event = {
        "specversion": "1.0",
        "id": f"{id_} {what}",
        "source": "urn:t",
        "subject": HERE,
        "type": f"dev.cauce.clock.{what}.v1",
        "data": {},
    }
    acts = {"act": {"step": what, "tasks": [], **act}} if act else {}
    return {"event": event, "id": id_, "clock": clock, "target": "PT1H", "pauses": [], **acts}


async def tell(store: Store, *notes: JSON, instance: str = HERE) -> None:
    async with store.transaction() as db:
        await clocks.record(db, ClockNews(instance, "sales.lead", "1.0.0", "L-1", list(notes)))


async def test_a_clock_is_one_row_and_every_event_is_in_the_log_once(store: Store) -> None:
    for _ in range(2):
        await tell(store, note("started"), note("breached", state="breached", breachedAt="2026-03-02T10:00:00Z"))
    await tell(store, note("stopped", state="stopped", stoppedAt="2026-03-02T11:00:00Z"))
    async with store.read() as db:
        (row,) = await clocks.of_instance(db, HERE)
        types = (await db.scalars(select(Event.type).order_by(Event.id))).all()
    assert (row.name, row.state, row.due_at) == ("first-contact", "stopped", datetime(2026, 3, 2, 10, tzinfo=UTC))
    assert types == [f"dev.cauce.clock.{what}.v1" for what in ("started", "breached", "stopped")]


async def test_what_escalates_reaches_the_tasks_it_is_about_once_and_is_in_the_audit(store: Store) -> None:
    async with store.transaction() as db:
        await tasks.add_task(db, call)
        await tasks.claim(db, "t1", "ana")
        await tasks.add_task(db, replace(call, id="t2", name="other"))
        await tasks.add_task(db, replace(call, id="t3", instance="sales.lead/2"))
        for name in ("rosa", "luis"):
            locale = "es" if name == "rosa" else "en"
            await users.add(db, name, password_hash="", roles=["manager"], groups=["managers"], locale=locale)
    act = {"assign": {"group": "managers"}, "notify": {"group": "managers"}, "raise": 60, "tasks": ["qualify"]}
    for _ in range(2):
        await tell(store, note("escalated", act, percent=150))
    async with store.read() as db:
        rows = {row.id: row for row in await tasks.open_tasks(db)}
        entries = (await db.scalars(select(AuditEntry).filter_by(action="task.escalate"))).all()
        told = (await db.scalars(select(Notification).order_by(Notification.person))).all()
    first = rows["t1"]
    assert [(each.person, each.title, each.link) for each in told] == [
        ("luis", "First contact: L-1", "/instances/sales.lead/1"),
        ("rosa", "First contact: L-1", "/instances/sales.lead/1"),
    ]
    assert told[1].text.startswith("Ha pasado el 150 % del tiempo; vence el 2 mar 2026, ")
    assert (first.told[0]["group"], rows["t2"].told) == ("managers", [])
    assert (first.group, first.claimed_by, first.state, first.priority) == (
        "managers",
        None,
        "open",
        100,
    )
    assert [(rows[id_].group, rows[id_].priority) for id_ in ("t2", "t3")] == [("sales", 50)] * 2
    assert [(entry.actor, entry.subject) for entry in entries] == [("clock:first-contact", "t1")]


async def test_a_rung_for_what_nobody_claimed_leaves_claimed_tasks_alone(store: Store) -> None:
    async with store.transaction() as db:
        await users.add(db, "rosa", password_hash="", roles=["manager"], groups=["managers"])
        await tasks.add_task(db, call)
        await tasks.claim(db, "t1", "ana")
    act = {"notify": {"group": "managers"}, "raise": 10, "unclaimed": True, "tasks": []}
    await tell(store, note("one", act))
    async with store.transaction() as db:
        assert (await db.scalars(select(Notification))).all() == []
        await tasks.release(db, "t1")
    await tell(store, note("two", act))
    async with store.read() as db:
        assert [(row.priority, row.told[0]["group"]) for row in await tasks.open_tasks(db)] == [(60, "managers")]
        assert [each.person for each in await db.scalars(select(Notification))] == ["rosa"]


async def test_who_has_the_tasks_of_a_case_is_told_and_the_group_when_nobody_has(store: Store) -> None:
    async with store.transaction() as db:
        for name, group in (("ana", "sales"), ("rosa", "managers")):
            await users.add(db, name, password_hash="", roles=["staff"], groups=[group])
        await tasks.add_task(db, call)
    act = {"notify": {"holder": True, "group": "managers"}, "assign": {"group": "managers"}, "tasks": []}
    await tell(store, note("one", act))
    async with store.transaction() as db:
        await tasks.claim(db, "t1", "ana")
    await tell(store, note("two", act))
    async with store.read() as db:
        told = {each.person for each in await db.scalars(select(Notification))}
        (row,) = await tasks.open_tasks(db)
        entries = (
            await db.scalars(select(AuditEntry).filter_by(action="task.escalate").order_by(AuditEntry.seq))
        ).all()
    assert told == {"rosa", "ana"}
    assert [{key: each[key] for key in each if key != "at"} for each in row.told] == [
        {"group": "managers"},
        {"user": "ana"},
    ]
    assert [(entry.data or {})["notify"] for entry in entries] == [{"group": "managers"}, {"user": "ana"}]


async def test_what_is_due_first_comes_first_and_what_is_stopped_is_not_ahead(store: Store) -> None:
    await tell(store, note("started", id_="late", dueAt="2026-03-05T10:00:00Z"))
    await tell(store, note("started", id_="soon"), instance="sales.lead/2")
    await tell(store, note("stopped", id_="over", state="stopped", stoppedAt="2026-03-02T09:30:00Z"))
    async with store.read() as db:
        assert [row.id for row in await clocks.ahead(db)] == ["soon", "late"]
        assert [row.id for row in await clocks.ahead(db, until=datetime(2026, 3, 3, tzinfo=UTC))] == ["soon"]
        assert [row.id for row in await clocks.ahead(db, definition="sales.other")] == []
        first = (await clocks.ahead(db, limit=1))[0]
        assert [row.id for row in await clocks.ahead(db, after=(first.due_at, first.id))] == ["late"]
        assert {key: row.id for key, row in (await clocks.nearest(db, [HERE, "nowhere"])).items()} == {HERE: "late"}
