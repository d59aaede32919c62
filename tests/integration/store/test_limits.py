"""Limits that hold across workers, each with boards of its own on one store."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cauce.connection import Limits
from cauce.connector import Operation
from cauce.errors import TransientError
from cauce.limits import BusyError, Limited
from cauce.limits.shared import CIRCUIT_CLOSED, CIRCUIT_OPENED, LEASE_S, Boards
from cauce.store import Store, events
from cauce.store import limits as store_limits
from connectors import echo

CALL = Operation("say", "say", "read", timeout_s=5)


@pytest.fixture
async def workers(store: Store) -> AsyncIterator[list[Boards]]:
    both = [Boards(store), Boards(store)]
    yield both
    for each in both:
        await each.close()


def limited(boards: Boards, **limits: Any) -> Limited:
    gate = boards.gate("mirror", Limits(**limits))
    return Limited(echo.Connector("mirror", echo.Settings()), gate.limits, gate)


async def test_a_circuit_that_one_worker_opens_is_open_for_all_and_one_of_them_tries(
    store: Store, workers: list[Boards]
) -> None:
    ana, bea = (limited(each, breaker_failures=2, breaker_reset_s=60.0) for each in workers)
    for each in (ana, bea):
        with pytest.raises(TransientError, match="as it was asked to"):
            await each.call(CALL, {"fail": "transient"})
    for each in (ana, bea):
        await each.gate.beat()
        with pytest.raises(TransientError) as caught:
            await each.call(CALL, {})
        assert caught.value.remote_code == "circuit-open"
    for each in (ana, bea):
        each.gate.clock = later
    trying = asyncio.create_task(ana.call(CALL, {"delay": 0.3}))
    await until_it_tries(store)
    with pytest.raises(TransientError, match="its circuit is open"):
        await bea.call(CALL, {})
    await trying
    await bea.gate.beat()
    assert await bea.call(CALL, {"a": 1}) == {"a": 1}
    async with store.read() as db:
        told = [(event.type, event.subject) for event in await events.page(db)]
    assert told == [(CIRCUIT_CLOSED, "mirror"), (CIRCUIT_OPENED, "mirror")]


def later() -> float:
    return time.time() + 100


async def until_it_tries(store: Store) -> None:
    for _ in range(500):
        async with store.read() as db:
            if (await store_limits.states(db))["mirror"].trying_until is not None:
                return
        await asyncio.sleep(0.01)
    pytest.fail("nobody tries")


async def until_in_use(connector: Limited, number: int) -> None:
    for _ in range(500):
        if connector.gate.in_use == number:
            return
        await asyncio.sleep(0.01)
    pytest.fail("the calls do not begin")


async def test_no_more_calls_at_once_than_allowed_by_all_workers_together(workers: list[Boards]) -> None:
    ana, bea = (limited(each, concurrency=2) for each in workers)
    one, two = (asyncio.create_task(ana.call(CALL, {"delay": 0.3})) for _ in range(2))
    await until_in_use(ana, 2)
    with pytest.raises(BusyError):
        await bea.call(CALL, {}, patience_s=0.0)
    await asyncio.gather(one, two)
    await ana.gate.beat()
    assert await bea.call(CALL, {"a": 1}) == {"a": 1}
    assert (ana.gate.places, bea.gate.places) == (1, 1)


async def test_places_of_a_worker_that_is_gone_are_free_when_its_lease_has_passed(
    store: Store, workers: list[Boards], monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, bea = (limited(each, concurrency=1) for each in workers)
    await ana.call(CALL, {})
    with pytest.raises(BusyError):
        await bea.call(CALL, {}, patience_s=0.0)
    real = store_limits.now

    async def passed(db: Any) -> float:
        return await real(db) + LEASE_S

    monkeypatch.setattr(store_limits, "now", passed)
    bea.gate.denied = False
    assert await bea.call(CALL, {"a": 1}) == {"a": 1}


async def test_all_workers_together_keep_to_the_rate(workers: list[Boards]) -> None:
    both = [limited(each, rate_per_s=10.0, concurrency=50) for each in workers]

    async def call(connector: Limited) -> bool:
        try:
            await connector.call(CALL, {}, patience_s=0.0)
        except BusyError:
            return False
        return True

    done = await asyncio.gather(*(call(each) for _ in range(30) for each in both))
    # A second's worth that has come already, and what comes while the test runs.
    assert 10 <= sum(done) < 40


async def test_repetitions_are_counted_for_all_workers(workers: list[Boards]) -> None:
    ana, bea = (limited(each, retries_percent=0.0, retries_least=2) for each in workers)
    for _ in range(2):
        await ana.call(CALL, {}, again=True)
    await ana.gate.beat()
    await bea.gate.beat()
    with pytest.raises(TransientError, match="tried again"):
        await bea.call(CALL, {}, again=True)


async def test_a_worker_far_from_the_limits_asks_the_store_rarely(
    workers: list[Boards], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    real = store_limits.hold

    async def hold(*given: Any) -> Any:
        nonlocal asked
        asked += 1
        return await real(*given)

    monkeypatch.setattr(store_limits, "hold", hold)
    connector = limited(workers[0], rate_per_s=1000.0, concurrency=10)
    for _ in range(400):
        await connector.call(CALL, {})
    assert asked <= 5
