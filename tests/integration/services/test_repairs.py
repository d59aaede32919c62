import asyncio

import pytest

from cauce.errors import ConflictError, ForbiddenError, InputError
from cauce.services import instances, repairs, tasks
from cauce.services.hub import Hub
from cauce.services.tasks import TaskView
from cauce.store import audit
from tests.integration.services.conftest import ana, boss
from tests.integration.services.test_with_worker import ask, open_task, start, until

ERROR = {"type": "https://example.com/errors/no-stock", "status": 503, "title": "No stock"}


@pytest.fixture
def store_url(request: pytest.FixtureRequest, tmp_path: object) -> str:
    return f"sqlite:///{tmp_path}/worker.db"


async def task_named(hub: Hub, name: str) -> TaskView:
    for _ in range(100):
        if (found := await open_task(hub)).name == name:
            return found
        await asyncio.sleep(0.05)
    pytest.fail(f"nobody is asked to {name}")


def nested(*tasks: dict[str, object]) -> dict[str, object]:
    inside = {"try": [{"both": {"fork": {"branches": [{"one": {"do": list(tasks)}}]}}}], "catch": {"when": "false"}}
    return {"loop": {"for": {"in": "[7]"}, "do": [{"careful": inside}]}}


@pytest.mark.usefixtures("worker")
async def test_failed_task_is_skipped_and_the_instance_goes_on(hub: Hub) -> None:
    fail: dict[str, object] = {"fail": {"raise": {"error": ERROR}}}
    last: dict[str, object] = {"last": {"set": {"got": "${ . }", "context": "${ $context }"}}}
    instance = await start(hub, nested(fail), last)
    detail = await until(hub, instance, "faulted")
    path = "/do/0/loop[0]/do/0/careful/try/0/both/fork/branches/0/one/do/0/fail"
    assert path in detail.state["open"]
    with pytest.raises(ForbiddenError):
        await repairs.skip(hub, ana, instance)
    with pytest.raises(InputError) as caught:
        await repairs.skip(hub, boss, instance, "/do/0/lop")
    assert path in caught.value.hint
    assert await repairs.skip(hub, boss, instance, output={"n": 1}, context={"c": 2}) == repairs.Repaired(
        instance, path
    )
    detail = await until(hub, instance, "completed")
    assert detail.output == {"got": [{"n": 1}], "context": {"c": 2}}
    async with hub.store.read() as db:
        (line, *_) = await audit.entries(db, subject=instance)
    assert (line.actor, line.action, line.data) == ("boss", "instance.skip", {"path": path, "context": True})
    with pytest.raises(ConflictError, match="is completed"):
        await repairs.skip(hub, boss, instance)


@pytest.mark.usefixtures("worker")
async def test_open_human_task_is_skipped_and_leaves_the_inbox(hub: Hub) -> None:
    last: dict[str, object] = {"last": {"set": {"got": "${ . }"}}}
    instance = await start(hub, nested({"qualify": ask}), last)
    task = await open_task(hub)
    await repairs.skip(hub, boss, instance, output="by hand")
    assert (await until(hub, instance, "completed")).output == {"got": ["by hand"]}
    assert (await tasks.task(hub, ana, task.id)).state == "cancelled"


@pytest.mark.usefixtures("worker")
async def test_open_instance_begins_again_at_an_earlier_task(hub: Hub) -> None:
    first: dict[str, object] = {"first": {"set": {"n": "${ .n // 0 + 1 }"}}}
    last: dict[str, object] = {"last": {"set": {"seen": "${ $context }"}}}
    asking = {**ask, "export": {"as": "$context + {score: .answer.score}"}}
    instance = await start(hub, first, {"qualify": asking}, {"again": ask}, last)
    one = await open_task(hub)
    await tasks.complete(hub, ana, one.id, {"score": 1})
    two = await task_named(hub, "again")
    await repairs.reset(hub, boss, instance, "/do/1/qualify")
    three = await task_named(hub, "qualify")
    assert three.id not in {one.id, two.id}
    assert (await instances.instance(hub, boss, instance)).state["context"] == {}
    await repairs.edit_context(hub, boss, instance, {"kept": True})
    await tasks.complete(hub, ana, three.id, {"score": 2})
    four = await task_named(hub, "again")
    await tasks.complete(hub, ana, four.id, {"score": 3})
    assert (await until(hub, instance, "completed")).output == {"seen": {"kept": True, "score": 2}}


@pytest.mark.usefixtures("worker")
async def test_failed_instance_goes_on_with_another_context(hub: Hub) -> None:
    failing = await start(hub, {"a": {"set": {"n": "${ 1 + ($context.n | tonumber) }"}}})
    await until(hub, failing, "faulted")
    await repairs.edit_context(hub, boss, failing, {"n": "4"})
    assert (await until(hub, failing, "completed")).output == {"n": 5}
