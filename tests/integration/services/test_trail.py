"""Who did what: lines of the trail, its chain, and the file of one case."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select, text

from cauce.contract import HumanTask
from cauce.errors import ForbiddenError, NotFoundError
from cauce.permissions import Grant
from cauce.services import case_files, tasks, trail
from cauce.services.hub import Hub
from cauce.store import attachments, events
from cauce.store import tasks as rows
from cauce.store.models import Clock, Event, EventConsumption
from tests.integration.services.conftest import ana, auditor, luis

CLOSED = (
    Grant("group", "hr", frozenset({"see"}), "form", "qualify", only=True),
    Grant("group", "hr", frozenset({"see"}), "namespace", "ops", only=True),
)
CLOCK = {
    "id": "c-1", "instance": "ops.check/y", "definition": "ops.check", "version": "1.0.0", "name": "packing",
    "title": "Packing", "state": "running", "target": "PT4H", "pauses": [], "steps": [], "acted": [],
    "started_at": datetime(2026, 11, 2, tzinfo=UTC), "due_at": datetime(2026, 11, 3, tzinfo=UTC),
}  # fmt: skip

MAIL = {"specversion": "1.0", "id": "e-1", "source": "/mail", "type": "com.example.mail.v1", "data": {"text": "Yes."}}


async def put(hub: Hub, id_: str = "t-1", **other: object) -> None:
    given = {
        "id": id_, "instance": "sales.lead/7", "definition": "sales.lead", "version": "1.0.0", "name": "qualify",
        "reference": "/do/0", "form": "qualify", "group": "sales", "data": {"lead": {"name": "Ñandú"}},
        "business_key": "7",
    }  # fmt: skip
    async with hub.store.transaction() as db:
        await rows.add_task(db, HumanTask(**(given | other)))  # type: ignore[arg-type]  # as the tests give them


async def test_who_looked_is_kept_once(hub: Hub) -> None:
    await put(hub)
    for _ in range(3):
        await tasks.task(hub, ana, "t-1")
    await tasks.claim(hub, ana, "t-1")
    with pytest.raises(NotFoundError):
        await tasks.task(hub, luis, "t-1")
    told = [(line.actor, line.action) for line in await trail.lines(hub, auditor, subject="t-1")]
    assert told == [("ana", "task.claim"), ("ana", "task.see")]
    (newest,) = await trail.lines(hub, auditor, by="ana", limit=1)
    assert [line.action for line in await trail.lines(hub, auditor, before=newest.seq)] == ["task.see"]
    with pytest.raises(ForbiddenError):
        await trail.lines(hub, ana)


async def test_a_changed_line_is_found(hub: Hub) -> None:
    await put(hub)
    await tasks.task(hub, ana, "t-1")
    await tasks.claim(hub, ana, "t-1")
    assert (await trail.verify(hub, auditor)).sound
    async with hub.store.transaction() as db:
        # Whoever has the database may drop what protects the table; the chain tells.
        if db.get_bind().dialect.name == "sqlite":
            await db.execute(text("DROP TRIGGER audit_no_update"))
        else:
            await db.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        await db.execute(text("UPDATE audit SET actor = 'luis' WHERE action = 'task.see'"))
    found = await trail.verify(hub, auditor)
    assert (found.sound, found.broken_at) == (False, 1)


async def test_a_case_is_exported_with_its_tasks_and_trail(hub: Hub) -> None:
    await put(hub)
    await tasks.claim(hub, ana, "t-1")
    # What it ran, two deep: the one between had no task. And one of the same key that another case ran.
    below = {"instance": "ops.pack/x", "definition": "ops.pack", "form": "pack"}
    await put(hub, "t-2", **below, ancestors=["sales.lead/7", "ops.check/y"])
    await put(hub, "t-3", instance="ops.pack/z", ancestors=["other.lead/7"])
    async with hub.store.transaction() as db:
        await attachments.keep(db, attachments.NewFile("ops.pack/x", "list.txt", "text/plain", b"1 bolt", "t-2", "ana"))
        await db.execute(insert(Clock).values(CLOCK))
        await events.append(db, MAIL)
        event = (await db.scalars(select(Event.id))).one()
        await db.execute(insert(EventConsumption).values(instance="ops.pack/x", event=event, turn=1))
    found = await case_files.export(hub, auditor, "sales.lead/7")
    assert found["instances"] == ["sales.lead/7", "ops.check/y", "ops.pack/x"]
    task, part = found["tasks"]
    assert (task["data"], task["claimed_by"], part["id"]) == ({"lead": {"name": "Ñandú"}}, "ana", "t-2")
    assert [(each["name"], each["by"]) for each in found["attachments"]] == [("list.txt", "ana")]
    assert [each["name"] for each in found["clocks"]] == ["packing"]
    assert [(each["event_id"], each["by"]) for each in found["eventsHeard"]] == [("e-1", "ops.pack/x")]
    assert [(line.action, line.actor) for line in found["trail"]] == [("task.claim", "ana"), ("case.export", "eva")]
    # What is closed to who asks is in no file.
    narrow = replace(auditor, grants=CLOSED)
    found = await case_files.export(hub, narrow, "sales.lead/7")
    assert (found["instances"], found["tasks"]) == (["sales.lead/7"], [])
    assert {line.action for line in found["trail"]} == {"case.export"}
    told = {line.subject: line.data for line in await trail.lines(hub, narrow)}
    assert (told["t-1"], told["sales.lead/7"]) == (None, {"instances": 3})
    assert found["course"] is None
    with pytest.raises(NotFoundError):
        await case_files.export(hub, auditor, "sales.lead/8")
    with pytest.raises(ForbiddenError):
        await case_files.export(hub, ana, "sales.lead/7")
