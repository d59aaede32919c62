import asyncio
from uuid import uuid4

import pytest

from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError, TransientError
from cauce.services import instances
from cauce.services.hub import Hub
from cauce.services.instances import Filters
from cauce.store import audit
from tests.integration.services.conftest import ana, auditor, boss, put_process

# No worker runs here: this is about what the services themselves promise.


@pytest.fixture
def namespace() -> str:
    return f"n{uuid4().hex[:8]}"


async def found(hub: Hub, filters: Filters, expected: int) -> list[str]:
    """Return the keys that a list shows; visibility is a moment behind."""
    page = instances.Page()
    for _ in range(50):
        page = await instances.list_instances(hub, ana, filters)
        if len(page.instances) == expected:
            break
        await asyncio.sleep(0.1)
    return sorted(row.key for row in page.instances)


async def test_instance_starts_under_its_names(hub: Hub, namespace: str) -> None:
    await put_process(hub, namespace)
    started = await instances.start(hub, ana, f"{namespace}.lead", {"a": 1}, key="L-1")
    assert (started.id, started.version, started.key) == (f"{namespace}.lead/L-1", "1.0.0", "L-1")
    description = await hub.temporal.get_workflow_handle(started.id).describe()
    assert description.workflow_type == f"{namespace}.lead"
    assert description.task_queue == "cauce"
    assert description.search_attributes["CauceVersion"] == ["1.0.0"]
    async with hub.store.read() as db:
        (line,) = await audit.entries(db, subject=started.id)
    assert (line.actor, line.action) == ("ana", "instance.start")


async def test_same_key_twice_is_a_conflict_while_the_first_runs(hub: Hub, namespace: str) -> None:
    await put_process(hub, namespace)
    outcomes = await asyncio.gather(
        *(instances.start(hub, ana, f"{namespace}.lead", {}, key="L-1") for _ in range(5)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, ConflictError)]
    assert len(refused) == 4
    assert refused[0].problem == f"Instance {namespace}.lead/L-1 exists already."


async def test_input_that_does_not_fit_is_refused(hub: Hub, namespace: str) -> None:
    schema = {"type": "object", "required": ["lead"]}
    await put_process(hub, namespace, input={"schema": {"format": "json", "document": schema}})
    with pytest.raises(InputError) as caught:
        await instances.start(hub, ana, f"{namespace}.lead", {})
    assert caught.value.where == "input"
    await instances.start(hub, ana, f"{namespace}.lead", {"lead": 1})


async def test_old_version_can_be_started_and_unknown_ones_are_named(hub: Hub, namespace: str) -> None:
    await put_process(hub, namespace)
    await put_process(hub, namespace, version="1.10.0")
    await put_process(hub, namespace, version="1.9.0")
    assert (await instances.start(hub, ana, f"{namespace}.lead", {})).version == "1.10.0"
    assert (await instances.start(hub, ana, "lead", {}, version="1.0.0")).version == "1.0.0"
    with pytest.raises(NotFoundError, match=f"There is no version 2.0.0 of {namespace}.lead"):
        await instances.start(hub, ana, f"{namespace}.lead", {}, version="2.0.0")
    with pytest.raises(NotFoundError, match=f"Did you mean {namespace}.lead"):
        await instances.start(hub, ana, f"{namespace}.laed", {})


async def test_list_filters_and_pages(hub: Hub, namespace: str) -> None:
    await put_process(hub, namespace)
    keys = ["O'Brien", "Núñez 7/2026", "plain"]
    for key in keys:
        await instances.start(hub, ana, f"{namespace}.lead", {}, key=key)
    mine = Filters(definition=f"{namespace}.lead")
    assert await found(hub, mine, 3) == sorted(keys)
    for key in keys:
        assert await found(hub, Filters(definition=f"{namespace}.lead", key=key), 1) == [key]
    first = await instances.list_instances(hub, ana, mine, limit=2)
    second = await instances.list_instances(hub, ana, mine, page_token=first.next, limit=2)
    assert sorted(row.key for page in (first, second) for row in page.instances) == sorted(keys)
    for status, expected in {"running": 3, "open": 3, "waiting": 0, "faulted": 0, "completed": 0}.items():
        page = await instances.list_instances(hub, ana, Filters(status=status, definition=f"{namespace}.lead"))
        assert len(page.instances) == expected, status
    with pytest.raises(InputError, match="A filter cannot hold"):
        await instances.list_instances(hub, ana, Filters(key="\\' OR 1 = 1 --"))
    with pytest.raises(InputError, match="There is no status 'done'"):
        await instances.list_instances(hub, ana, Filters(status="done"))


async def test_ended_instances_are_told_apart(hub: Hub, namespace: str) -> None:
    await put_process(hub, namespace)
    for key in ("a", "b"):
        await instances.start(hub, ana, f"{namespace}.lead", {}, key=key)
    await hub.temporal.get_workflow_handle(f"{namespace}.lead/a").terminate()
    assert await found(hub, Filters(status="cancelled", definition=f"{namespace}.lead"), 1) == ["a"]
    again = await instances.start(hub, ana, f"{namespace}.lead", {}, key="a")
    assert await found(hub, Filters(status="cancelled", definition=f"{namespace}.lead"), 0) == []
    assert again.id == f"{namespace}.lead/a"


async def test_instance_without_a_worker_shows_what_is_known(hub: Hub, namespace: str) -> None:
    await put_process(hub, namespace)
    started = await instances.start(hub, ana, "lead", {}, key="x")
    detail = await instances.instance(hub, auditor, started.id)
    assert not detail.live
    assert (detail.summary.status, detail.summary.key, detail.state["status"]) == ("running", "x", "running")


async def test_unknown_instance_is_not_found(hub: Hub) -> None:
    for action in (instances.instance, instances.cancel, instances.suspend, instances.resume, instances.retry):
        with pytest.raises(NotFoundError, match="There is no instance nothing/1"):
            await action(hub, boss, "nothing/1")


async def test_retry_of_a_running_instance_is_a_conflict(hub: Hub, namespace: str) -> None:
    await put_process(hub, namespace)
    started = await instances.start(hub, ana, "lead", {})
    with pytest.raises(ConflictError, match="is running"):
        await instances.retry(hub, boss, started.id)


async def test_roles_are_asked_for(hub: Hub) -> None:
    with pytest.raises(ForbiddenError, match="'eva' may not start instances"):
        await instances.start(hub, auditor, "lead", {})
    for action in (instances.cancel, instances.suspend, instances.resume, instances.retry):
        with pytest.raises(ForbiddenError, match="It takes one of the roles operator, admin"):
            await action(hub, ana, "lead/1")


async def test_absent_temporal_is_transient(lonely_hub: Hub) -> None:
    await put_process(lonely_hub, "sales")
    with pytest.raises(TransientError, match=r"Temporal does not answer\. Start it"):
        await instances.start(lonely_hub, ana, "lead", {})
    with pytest.raises(TransientError, match="Temporal does not answer"):
        await instances.list_instances(lonely_hub, ana)


async def test_key_that_is_no_key_is_refused(hub: Hub, namespace: str) -> None:
    await put_process(hub, namespace)
    for key in ("x" * 201, "a\nb", 'a"b', "a\\b"):
        with pytest.raises(InputError, match="A business key has at most 200 characters"):
            await instances.start(hub, ana, "lead", {}, key=key)
