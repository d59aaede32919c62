"""Rate, concurrency and the circuit breaker."""

import asyncio
import time
from typing import Any

import pytest

from cauce.connection import Limits
from cauce.connector import Operation
from cauce.errors import BusinessError, RemoteError, TransientError
from cauce.limits import BusyError, Limited
from connectors import echo

CALL = Operation("say", "say", "read", timeout_s=2)


def limited(**limits: Any) -> Limited:
    return Limited(echo.Connector("mirror", echo.Settings()), Limits(**limits))


async def fail(connector: Limited, kind: str = "transient") -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        await connector.call(CALL, {"fail": kind})
    return caught.value


async def test_the_circuit_opens_after_failures_in_a_row_and_closes_after_a_good_try() -> None:
    connector = limited(breaker_failures=3, breaker_reset_s=0.3)
    for _ in range(3):
        await fail(connector)
    error = await fail(connector)
    assert error.remote_code == "circuit-open"
    assert "mirror failed 3 times in a row; its circuit is open until " in str(error)
    await asyncio.sleep(0.35)
    assert await connector.call(CALL, {"a": 1}) == {"a": 1}
    assert await connector.call(CALL, {"a": 2}) == {"a": 2}


async def test_a_failed_try_opens_the_circuit_again() -> None:
    connector = limited(breaker_failures=2, breaker_reset_s=0.2)
    await fail(connector)
    await fail(connector)
    await asyncio.sleep(0.25)
    assert (await fail(connector)).remote_code == ""
    assert (await fail(connector)).remote_code == "circuit-open"


async def test_a_refusal_is_no_failure() -> None:
    connector = limited(breaker_failures=2)
    for _ in range(5):
        with pytest.raises(BusinessError):
            await connector.call(CALL, {"fail": "business"})
    assert connector.gate.state == "closed"


async def test_no_more_calls_at_once_than_allowed() -> None:
    connector = limited(concurrency=2)
    started = time.monotonic()
    await asyncio.gather(*(connector.call(CALL, {"delay": 0.1}) for _ in range(6)))
    assert time.monotonic() - started >= 0.28


async def test_who_waits_too_long_for_a_place_is_told() -> None:
    connector = limited(concurrency=1)
    slow = asyncio.create_task(connector.call(CALL, {"delay": 1.0}))
    await asyncio.sleep(0.05)
    with pytest.raises(TransientError, match="too busy: all its places were taken"):
        await connector.call(Operation("say", "say", "read", timeout_s=0.2), {})
    await slow


async def test_calls_keep_to_the_rate() -> None:
    connector = limited(rate_per_s=20.0, concurrency=50)
    started = time.monotonic()
    await asyncio.gather(*(connector.call(CALL, {}) for _ in range(30)))
    assert time.monotonic() - started >= 0.4


async def test_a_turn_that_comes_too_late_is_not_taken() -> None:
    connector = limited(rate_per_s=0.1)
    with pytest.raises(TransientError, match="its rate limit left no turn"):
        await asyncio.gather(*(connector.call(CALL, {}) for _ in range(3)))


async def test_who_has_no_patience_waits_for_nothing() -> None:
    connector = limited(concurrency=1)
    slow = asyncio.create_task(connector.call(CALL, {"delay": 0.2}))
    await asyncio.sleep(0.05)
    with pytest.raises(BusyError):
        await connector.call(CALL, {}, patience_s=0.0)
    await slow


async def test_the_first_call_of_a_slow_rate_goes_at_once() -> None:
    assert await limited(rate_per_s=0.01).call(CALL, {"a": 1}, patience_s=0.0) == {"a": 1}


async def test_repetitions_beyond_the_budget_are_not_sent() -> None:
    connector = limited(retries_percent=50.0, retries_least=1)
    for _ in range(2):
        await connector.call(CALL, {}, again=False)
    for _ in range(3):
        await connector.call(CALL, {}, again=True)
    with pytest.raises(TransientError, match="more than 50 percent of its calls") as caught:
        await connector.call(CALL, {}, again=True)
    assert caught.value.remote_code == "retry-budget"
    assert await connector.call(CALL, {"a": 1}) == {"a": 1}
