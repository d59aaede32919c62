"""Who did what: lines of the trail, its chain, and the file of one case."""

import pytest
from sqlalchemy import text

from cauce.contract import HumanTask
from cauce.errors import ForbiddenError, NotFoundError
from cauce.services import tasks, trail
from cauce.services.hub import Hub
from cauce.store import tasks as rows
from tests.integration.services.conftest import ana, auditor, luis


async def put(hub: Hub) -> None:
    task = HumanTask(
        id="t-1", instance="sales.lead/7", definition="sales.lead", version="1.0.0", name="qualify", reference="/do/0",
        form="qualify", group="sales", data={"lead": {"name": "Ñandú"}},
    )  # fmt: skip
    async with hub.store.transaction() as db:
        await rows.add_task(db, task)


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
    found = await trail.case_file(hub, auditor, "sales.lead/7")
    (task,) = found["tasks"]
    assert (task["data"], task["claimed_by"]) == ({"lead": {"name": "Ñandú"}}, "ana")
    assert [(line.action, line.actor) for line in found["trail"]] == [("task.claim", "ana"), ("case.export", "eva")]
    assert found["course"] is None
    with pytest.raises(NotFoundError):
        await trail.case_file(hub, auditor, "sales.lead/8")
    with pytest.raises(ForbiddenError):
        await trail.case_file(hub, ana, "sales.lead/7")
