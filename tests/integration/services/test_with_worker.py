import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from cauce.errors import ConflictError, InputError
from cauce.services import instances, tasks
from cauce.services.hub import Actor, Hub
from cauce.services.instances import Filters
from cauce.services.tasks import TaskView
from cauce.store import audit, definitions
from tests.integration.services.conftest import ana, boss, put_process

form = {
    "form": "qualify",
    "title": "Qualify",
    "schema": {"type": "object", "required": ["score"], "properties": {"score": {"type": "integer"}}},
}
ask = {"call": "human-task", "with": {"form": "qualify", "assign": {"group": "sales"}}}
rosa = Actor("rosa", frozenset({"staff"}), frozenset({"sales"}))


@pytest.fixture
def store_url(request: pytest.FixtureRequest, tmp_path: object) -> str:
    return f"sqlite:///{tmp_path}/worker.db"


async def start(hub: Hub, *steps: dict[str, object]) -> str:
    namespace = f"n{uuid4().hex[:8]}"
    await put_process(hub, namespace, steps=list(steps), forms={"qualify": form})
    return (await instances.start(hub, ana, f"{namespace}.lead", {}, key="1")).id


async def open_task(hub: Hub) -> TaskView:
    for _ in range(100):
        found = await tasks.inbox(hub, ana)
        if found.tasks:
            return found.tasks[0]
        await asyncio.sleep(0.1)
    pytest.fail("the inbox stayed empty")


async def until(hub: Hub, instance: str, status: str) -> instances.Detail:
    detail = await instances.instance(hub, boss, instance)
    for _ in range(100):
        detail = await instances.instance(hub, boss, instance)
        if detail.summary.status == status and (detail.live or status == "cancelled"):
            return detail
        await asyncio.sleep(0.1)
    pytest.fail(f"the instance is {detail.summary.status}, not {status}")


@pytest.mark.usefixtures("worker")
async def test_answer_goes_to_the_instance(hub: Hub) -> None:
    instance = await start(hub, {"qualify": ask})
    task = await open_task(hub)
    assert (task.instance, task.group, task.may_act) == (instance, "sales", True)
    with pytest.raises(InputError):
        await tasks.complete(hub, ana, task.id, {"score": "high"})
    assert (await instances.instance(hub, boss, instance)).state["openTasks"] == [task.id]
    outcomes = await asyncio.gather(
        *(tasks.complete(hub, who, task.id, {"score": 7}) for who in (ana, rosa)), return_exceptions=True
    )
    (refused,) = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert isinstance(refused, ConflictError)
    detail = await until(hub, instance, "completed")
    assert detail.output["answer"] == {"score": 7}
    (row,) = detail.human_tasks
    assert (row.state, row.closed_by) == ("completed", detail.output["by"])
    with pytest.raises(ConflictError, match="The task was completed by"):
        await tasks.complete(hub, ana, task.id, {"score": 7})


@pytest.mark.usefixtures("worker")
async def test_cancelled_instance_leaves_the_inbox(hub: Hub) -> None:
    instance = await start(hub, {"qualify": ask})
    task = await open_task(hub)
    await instances.cancel(hub, boss, instance)
    await until(hub, instance, "cancelled")
    assert (await tasks.task(hub, ana, task.id)).state == "cancelled"
    with pytest.raises(ConflictError, match="is cancelled already"):
        await instances.cancel(hub, boss, instance)
    with pytest.raises(ConflictError, match="was cancelled, and what it had done was undone"):
        await instances.retry(hub, boss, instance)
    with pytest.raises(ConflictError, match="has ended"):
        await instances.suspend(hub, boss, instance)


@pytest.mark.usefixtures("worker")
async def test_suspended_instance_resumes(hub: Hub) -> None:
    instance = await start(hub, {"qualify": ask}, {"again": ask})
    task = await open_task(hub)
    await instances.suspend(hub, boss, instance)
    assert (await until(hub, instance, "suspended")).state["status"] == "suspended"
    await tasks.complete(hub, ana, task.id, {"score": 1})
    await instances.resume(hub, boss, instance)
    again = await open_task(hub)
    assert again.name == "again"
    # A worker that stops with instances open leaves their coroutines to the garbage collector, which complains.
    await tasks.complete(hub, ana, again.id, {"score": 1})
    await until(hub, instance, "completed")


@pytest.mark.usefixtures("worker")
async def test_failed_instance_is_retried_where_it_stopped(hub: Hub) -> None:
    error = {"type": "https://example.com/errors/no-stock", "status": 503, "title": "No stock"}
    broken = {"raise": {"error": error}, "if": "${ .answer.score < 5 }"}
    instance = await start(hub, {"qualify": ask}, {"break": broken})
    await tasks.complete(hub, ana, (await open_task(hub)).id, {"score": 1})
    detail = await until(hub, instance, "faulted")
    assert detail.problem is not None
    assert detail.problem["title"] == "No stock"
    first = detail.summary.run_id
    assert (await instances.retry(hub, boss, instance)).id == instance
    detail = await until(hub, instance, "faulted")
    assert detail.summary.run_id != first
    assert len(detail.human_tasks) == 1  # what was done is not asked for again
    page = await instances.list_instances(hub, boss, Filters(definition=instance.partition("/")[0]))
    assert len(page.instances) <= 1
    await instances.cancel(hub, boss, instance)
    assert (await until(hub, instance, "cancelled")).summary.status == "cancelled"


@pytest.mark.usefixtures("worker")
async def test_instance_keeps_the_version_it_started_with(hub: Hub) -> None:
    instance = await start(hub, {"qualify": ask})
    task = await open_task(hub)
    async with hub.store.read() as db:
        row = await definitions.find(db, "process", instance.partition(".")[0], "lead")
    assert row is not None
    await put_process(hub, row.namespace, version="2.0.0", steps=[{"other": {"set": {"new": True}}}])
    await tasks.complete(hub, replace(ana, name="luisa"), task.id, {"score": 9})
    assert (await until(hub, instance, "completed")).summary.version == "1.0.0"


@pytest.mark.usefixtures("worker")
async def test_of_fifty_who_complete_at_once_exactly_one_does(hub: Hub) -> None:
    instance = await start(hub, {"qualify": ask})
    task = await open_task(hub)
    people = [Actor(f"p{number}", frozenset({"staff"}), frozenset({"sales"})) for number in range(50)]
    outcomes = await asyncio.gather(
        *(tasks.complete(hub, who, task.id, {"score": number}) for number, who in enumerate(people)),
        return_exceptions=True,
    )
    (done,) = [each for each in outcomes if isinstance(each, TaskView)]
    assert [each for each in outcomes if not isinstance(each, TaskView | ConflictError)] == []
    detail = await until(hub, instance, "completed")
    assert (f"p{detail.output['answer']['score']}", detail.output["by"]) == (done.closed_by, done.closed_by)
    async with hub.store.read() as db:
        assert [each.action for each in await audit.entries(db, subject=task.id)] == ["task.complete"]
        assert (await audit.verify(db)).sound
