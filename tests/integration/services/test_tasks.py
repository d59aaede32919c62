import asyncio
from dataclasses import replace

import pytest

from cauce.contract import HumanTask
from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError, TransientError
from cauce.services import tasks, waiting
from cauce.services.hub import Actor, Hub
from cauce.store import audit
from cauce.store import tasks as rows
from tests.integration.services.conftest import ana, auditor, boss, luis, put_process

form = {"form": "qualify", "schema": {"type": "object", "properties": {"score": {"type": "integer"}}}}
call = HumanTask(
    id="t1",
    instance="sales.lead/none",
    definition="sales.lead",
    version="1.0.0",
    name="qualify",
    reference="/do/0/qualify",
    form="qualify",
    form_document=form,
    group="sales",
)
rosa = Actor("rosa", frozenset({"staff"}), frozenset({"sales"}))
chief = Actor("chief", frozenset({"manager"}))


async def add(hub: Hub, task: HumanTask = call) -> None:
    async with hub.store.transaction() as db:
        await rows.add_task(db, task)


async def test_claim_is_for_one_and_audited(hub: Hub) -> None:
    await add(hub)
    outcomes = await asyncio.gather(*(tasks.claim(hub, who, "t1") for who in (ana, rosa)), return_exceptions=True)
    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, tasks.TaskView)]
    (loser,) = [outcome for outcome in outcomes if isinstance(outcome, ConflictError)]
    assert loser.problem == f"The task is claimed by '{winner.claimed_by}'."
    async with hub.store.read() as db:
        assert [line.actor for line in await audit.entries(db, subject="t1")] == [winner.claimed_by]


async def test_task_is_for_whom_it_is_meant(lonely_hub: Hub) -> None:
    await add(lonely_hub)
    await add(lonely_hub, replace(call, id="t2", user="rosa"))
    with pytest.raises(NotFoundError, match="There is no task"):
        await tasks.claim(lonely_hub, luis, "t1")
    with pytest.raises(NotFoundError, match="There is no task"):
        await tasks.task(lonely_hub, ana, "t2")
    with pytest.raises(ForbiddenError, match="'eva' may not do tasks"):
        await tasks.claim(lonely_hub, auditor, "t1")
    with pytest.raises(ForbiddenError, match="This task is for the group sales"):
        await tasks.claim(lonely_hub, chief, "t1")
    with pytest.raises(NotFoundError):
        await tasks.claim(lonely_hub, ana, "t3")
    seen = await tasks.inbox(lonely_hub, auditor)
    assert [(task.id, task.may_act) for task in seen.tasks] == [("t1", False), ("t2", False)]
    assert [(task.id, task.may_act) for task in (await tasks.inbox(lonely_hub, ana)).tasks] == [("t1", True)]


async def test_four_eyes_hold_for_everybody(lonely_hub: Hub) -> None:
    await add(lonely_hub, replace(call, different_from=["ana", "boss"]))
    for who in (ana, boss):
        with pytest.raises(ForbiddenError, match="did an earlier part of this case"):
            await tasks.complete(lonely_hub, who, "t1", {"score": 1})


async def test_answer_that_does_not_fit_leaves_the_task_open(lonely_hub: Hub) -> None:
    await add(lonely_hub)
    with pytest.raises(InputError) as caught:
        await tasks.complete(lonely_hub, ana, "t1", {"score": "high"})
    assert caught.value.http_status == 422
    assert [error["pointer"] for error in caught.value.errors] == ["/score"]
    assert (await tasks.task(lonely_hub, ana, "t1")).state == "open"


async def test_answer_needs_temporal(lonely_hub: Hub) -> None:
    await add(lonely_hub)
    with pytest.raises(TransientError, match="Temporal does not answer"):
        await tasks.complete(lonely_hub, ana, "t1", {"score": 1})
    assert (await tasks.task(lonely_hub, ana, "t1")).state == "open"


async def test_completing_twice_or_anothers_task_is_a_conflict(lonely_hub: Hub) -> None:
    await add(lonely_hub)
    await tasks.claim(lonely_hub, rosa, "t1")
    with pytest.raises(ConflictError, match="The task is claimed by 'rosa'"):
        await tasks.complete(lonely_hub, ana, "t1", {"score": 1})
    async with lonely_hub.store.transaction() as db:
        await rows.close(db, "t1", "completed", by="rosa")
    with pytest.raises(ConflictError, match="The task was completed by you"):
        await tasks.complete(lonely_hub, rosa, "t1", {"score": 1})
    with pytest.raises(ConflictError, match="The task was completed by 'rosa'"):
        await tasks.complete(lonely_hub, ana, "t1", {"score": 1})


async def test_task_of_an_instance_that_is_gone_is_a_conflict(hub: Hub) -> None:
    await add(hub)
    with pytest.raises(ConflictError, match=r"Instance sales\.lead/none is gone"):
        await tasks.complete(hub, ana, "t1", {"score": 1})


async def test_answer_without_a_worker_is_transient(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from cauce.services import instances  # noqa: PLC0415 - only here

    monkeypatch.setattr(tasks, "update_timeout", waiting.query_timeout / 3)
    await put_process(hub, "sales")
    started = await instances.start(hub, ana, "sales.lead", {})
    await add(hub, replace(call, instance=started.id))
    with pytest.raises(TransientError, match="did not answer in time"):
        await tasks.complete(hub, ana, "t1", {"score": 1})


async def test_task_is_given_back_with_a_reason(lonely_hub: Hub) -> None:
    await add(lonely_hub)
    await tasks.claim(lonely_hub, ana, "t1")
    with pytest.raises(InputError, match="given back with a reason"):
        await tasks.return_task(lonely_hub, ana, "t1", "  ")
    with pytest.raises(ConflictError, match="claimed by 'ana'"):
        await tasks.return_task(lonely_hub, rosa, "t1", "mine")
    assert (await tasks.return_task(lonely_hub, ana, "t1", "no phone number")).state == "open"
    with pytest.raises(ConflictError, match="Nobody has claimed this task"):
        await tasks.release(lonely_hub, ana, "t1")
    async with lonely_hub.store.read() as db:
        line = (await audit.entries(db, subject="t1"))[0]
    assert (line.action, line.data) == ("task.return", {"instance": call.instance, "reason": "no phone number"})


async def test_manager_takes_a_task_from_somebody_who_is_away(lonely_hub: Hub) -> None:
    await add(lonely_hub)
    await tasks.claim(lonely_hub, ana, "t1")
    assert (await tasks.release(lonely_hub, chief, "t1")).claimed_by is None
