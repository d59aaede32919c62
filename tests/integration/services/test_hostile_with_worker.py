"""A hostile expression fails its own instance within the budget and holds up nobody else on the same worker."""

import asyncio
import time
from uuid import uuid4

import pytest

from cauce.services import instances
from cauce.services.hub import Hub
from tests.integration.services.conftest import ana, boss, put_process

HOSTILE = [
    "last(range(1e12))",
    "[limit(1e9; repeat(1))]",
    "def f: [f]; f",
    'reduce range(1e9) as $i ("x"; . + .)',
    '("[" * 100000) | fromjson',
    '"a" * 100000 | [match("(a|b){100}"; "g")]',
]
TIMERS = 3
waited_seconds = 3


@pytest.fixture
def store_url(request: pytest.FixtureRequest, tmp_path: object) -> str:
    return f"sqlite:///{tmp_path}/worker.db"


async def begin(hub: Hub, *steps: dict[str, object]) -> str:
    namespace = f"n{uuid4().hex[:8]}"
    await put_process(hub, namespace, steps=list(steps))
    return (await instances.start(hub, ana, f"{namespace}.lead", {}, key="1")).id


async def ended(hub: Hub, instance: str) -> instances.Detail:
    detail = await instances.instance(hub, boss, instance)
    for _ in range(300):
        if detail.summary.closed_at:
            return detail
        await asyncio.sleep(0.1)
        detail = await instances.instance(hub, boss, instance)
    pytest.fail(f"the instance is {detail.summary.status}")


@pytest.mark.usefixtures("worker")
async def test_hostile_expressions_leave_the_other_instances_of_the_worker_alone(hub: Hub) -> None:
    await ended(hub, await begin(hub, {"warm": {"set": {"x": "${ 1 }"}}}))
    timers = [await begin(hub, {"pause": {"wait": {"seconds": waited_seconds}}}) for _ in range(TIMERS)]
    spent = time.process_time()
    hostile = [await begin(hub, {"burn": {"set": {"x": f"${{ {text} }}"}}}) for text in HOSTILE]
    for text, instance in zip(HOSTILE, hostile, strict=True):
        detail = await ended(hub, instance)
        assert detail.summary.status == "faulted", text
        assert detail.problem is not None
        assert str(detail.problem["type"]).endswith("/expression"), detail.problem
    for instance in timers:
        detail = await ended(hub, instance)
        assert detail.summary.status == "completed"
        assert detail.summary.closed_at is not None
        took = (detail.summary.closed_at - detail.summary.started_at).total_seconds()
        # On time, but for what a shared test machine and the expressions, each less than a second, take.
        assert waited_seconds <= took < waited_seconds + len(HOSTILE)
    assert time.process_time() - spent < 2 * len(HOSTILE) + TIMERS
