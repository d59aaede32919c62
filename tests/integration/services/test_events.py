import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio.client import WorkflowExecutionStatus

from cauce.errors import InputError, TransientError
from cauce.services import events
from cauce.services.hub import Hub
from cauce.store import audit
from cauce.store import events as log
from tests.integration.services.conftest import ana, put_process

kind = "com.example.lead.received.v1"
on = {"on": {"one": {"with": {"type": kind}}}}


def event(**more: object) -> dict[str, object]:
    return {"specversion": "1.0", "id": str(uuid4()), "source": "/crm", "type": kind, "data": {"lead": 1}, **more}


@pytest.fixture
def namespace() -> str:
    return f"n{uuid4().hex[:8]}"


async def test_event_starts_a_process_once_however_often_it_comes(hub: Hub, namespace: str) -> None:
    await put_process(hub, namespace, schedule=on)
    sent = event(subject=f"L-{uuid4()}")
    receipts = await asyncio.gather(*(events.receive(hub, ana, sent) for _ in range(8)))
    assert [receipt.new for receipt in receipts].count(True) == 1
    final = await events.receive(hub, ana, sent)
    assert [(each.instance, each.state) for each in final.caused] == [
        (f"{namespace}.lead/{sent['subject']}", "started")
    ]
    async with hub.store.read() as db:
        assert len(await audit.entries(db, subject=f"/crm {sent['id']}")) == 1


async def test_event_received_again_after_its_instance_ended_starts_nothing(hub: Hub, namespace: str) -> None:
    await put_process(hub, namespace, schedule=on)
    for sent in (event(), event(subject="L-1")):
        (caused,) = (await events.receive(hub, ana, sent)).caused
        handle = hub.temporal.get_workflow_handle(caused.instance)
        await handle.terminate()
        await events.receive(hub, ana, sent)
        assert (await handle.describe()).status is WorkflowExecutionStatus.TERMINATED


async def test_start_whose_answer_was_lost_is_found(hub: Hub, namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await put_process(hub, namespace, schedule=on)
    monkeypatch.setattr(log, "lease", timedelta(seconds=-1))  # whoever started it is long gone
    sent = event(subject="L-2")
    (caused,) = (await events.receive(hub, ana, sent)).caused
    async with hub.store.transaction() as db:
        await (await db.connection()).exec_driver_sql("UPDATE event_starts SET state = 'pending'")
    handle = hub.temporal.get_workflow_handle(caused.instance)
    await handle.terminate()
    assert [each.state for each in (await events.receive(hub, ana, sent)).caused] == ["started"]
    assert (await handle.describe()).status is WorkflowExecutionStatus.TERMINATED


async def test_second_event_of_a_running_subject_is_refused_with_the_reason(hub: Hub, namespace: str) -> None:
    await put_process(hub, namespace, schedule=on)
    await events.receive(hub, ana, event(subject="L-3"))
    (caused,) = (await events.receive(hub, ana, event(subject="L-3"))).caused
    assert (caused.state, caused.problem) == ("refused", f"Instance {namespace}.lead/L-3 exists already.")


async def test_event_that_fails_the_input_schema_is_logged_and_refused(hub: Hub, namespace: str) -> None:
    schema = {"document": {"type": "array", "items": {"required": ["name"]}}}
    await put_process(hub, namespace, schedule=on, input={"schema": schema})
    (caused,) = (await events.receive(hub, ana, event())).caused
    assert caused.state == "refused"
    assert caused.problem


async def test_event_that_nobody_waits_for_is_only_logged(hub: Hub, namespace: str) -> None:
    await put_process(hub, namespace, schedule=on)
    receipt = await events.receive(hub, ana, event(type="com.example.other"))
    assert (receipt.new, receipt.caused) == (True, ())


async def test_event_is_kept_while_temporal_is_down_and_starts_when_it_comes_again(
    hub: Hub, lonely_hub: Hub, namespace: str
) -> None:
    await put_process(lonely_hub, namespace, schedule=on)
    sent = event()
    with pytest.raises(TransientError):
        await events.receive(lonely_hub, ana, sent)
    mended = Hub(lonely_hub.settings, lonely_hub.store, hub.temporal)
    receipt = await events.receive(mended, ana, sent)
    assert (receipt.new, [each.state for each in receipt.caused]) == (False, ["started"])


async def test_what_is_no_event_is_refused(lonely_hub: Hub) -> None:
    with pytest.raises(InputError) as caught:
        await events.receive(lonely_hub, ana, {"id": "", "source": 3, "type": "a", "specversion": "0.3"})
    assert [error["pointer"] for error in caught.value.errors] == ["/id", "/source", "/specversion"]


async def test_nobody_may_speak_for_the_alerts(hub: Hub) -> None:
    with pytest.raises(InputError, match="own alerts"):
        await events.receive(hub, ana, event(source="/cauce/alerts"))
