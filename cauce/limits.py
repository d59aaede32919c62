"""Keeps a connector within its connection's limits: rate, concurrency, and a circuit breaker.

`purgatory` was the first choice for the breaker; it needs `pkg_resources`, which newer Pythons do not have.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cauce.connection import Limits
from cauce.connector import JSON, BaseConnector, BaseSettings, Operation, Probe
from cauce.errors import AmbiguousError, TransientError

Clock = Callable[[], float]


@dataclass(slots=True)
class Breaker:
    """Lets nothing through for a while after several failures in a row, then one call to try."""

    name: str
    failures: int
    reset_s: float
    clock: Clock = time.monotonic
    failed: int = 0
    open_until: float | None = None
    trying: bool = False

    @property
    def is_open(self) -> bool:
        """Say whether a call would be refused now."""
        return self.open_until is not None and (self.trying or self.clock() < self.open_until)

    def enter(self) -> None:
        """Let one call through, or raise."""
        if self.open_until is None:
            return
        left_s = self.open_until - self.clock()
        if left_s > 0 or self.trying:
            until = datetime.now(UTC) + timedelta(seconds=max(left_s, 0.0))
            raise TransientError(
                f"{self.name} failed {self.failed} times in a row; its circuit is open until {until:%H:%M:%S} UTC.",
                hint=f"Nothing was sent. Test it with `cauce connections test {self.name}`.",
                remote_code="circuit-open",
                detail={"retryAfter_s": round(max(left_s, 1.0), 1)},
            )
        self.trying = True

    def leave(self, *, failed: bool | None) -> None:
        """Count the outcome of a call that was let through; None is a call that tells nothing about the system."""
        self.trying = False
        if failed is None:
            return
        if not failed:
            self.failed, self.open_until = 0, None
            return
        self.failed += 1
        if self.failed >= self.failures:
            self.open_until = self.clock() + self.reset_s


@dataclass(slots=True)
class Pace:
    """Spaces calls evenly; up to a second's worth may go at once after a pause."""

    per_s: float
    clock: Clock = time.monotonic
    next_at: float = 0.0

    def delay_s(self) -> float:
        """Take the next place in the queue and return how long to wait for it."""
        now = self.clock()
        self.next_at = max(self.next_at, now - 1.0) + 1.0 / self.per_s
        return max(0.0, self.next_at - now)

    def give_back(self) -> None:
        """Give the last place back; its call will not be made."""
        self.next_at -= 1.0 / self.per_s


@dataclass(slots=True)
class _Gate:
    """The limits of one connection in one process."""

    breaker: Breaker
    places: asyncio.Semaphore
    pace: Pace | None = field(default=None)

    @asynccontextmanager
    async def passage(self, name: str, timeout_s: float) -> AsyncIterator[None]:
        """Hold a place for one call, having waited for it no longer than the call itself may take."""
        until = time.monotonic() + timeout_s
        try:
            await asyncio.wait_for(self.places.acquire(), timeout_s)
        except TimeoutError:
            raise _too_busy(name, "all its places were taken") from None
        try:
            if self.pace and (wait_s := self.pace.delay_s()) > 0:
                if wait_s > until - time.monotonic():
                    self.pace.give_back()
                    raise _too_busy(name, "its rate limit left no turn")
                await asyncio.sleep(wait_s)
            yield
        finally:
            self.places.release()


class Limited(BaseConnector[BaseSettings]):
    """A connector of any kind, held to the limits of its connection."""

    def __init__(self, connector: BaseConnector[Any], limits: Limits) -> None:
        super().__init__(connector.name, connector.settings)
        self.connector = connector
        self.breaker = Breaker(connector.name, limits.breaker_failures, limits.breaker_reset_s)
        pace = Pace(limits.rate_per_s) if limits.rate_per_s else None
        self._gate = _Gate(self.breaker, asyncio.Semaphore(limits.concurrency), pace)

    async def call(self, operation: Operation, params: JSON) -> JSON:
        """Call through, when the limits allow it."""
        async with self._admitted(operation):
            return await self.connector.call(operation, params)

    async def batches(self, operation: Operation, params: JSON, size: int) -> AsyncGenerator[list[JSON], None]:
        """Read through, batch by batch; until the end it holds one place."""
        async with self._admitted(operation), aclosing(self.connector.batches(operation, params, size)) as batches:
            async for batch in batches:
                yield batch

    @asynccontextmanager
    async def _admitted(self, operation: Operation) -> AsyncIterator[None]:
        """Hold a place for a call, and count what becomes of it."""
        async with self._gate.passage(self.name, operation.timeout_s):
            self.breaker.enter()
            failed: bool | None = None
            try:
                yield
                failed = False
            except (TransientError, AmbiguousError):
                failed = True
                raise
            finally:
                # A refusal (business, permanent) is an answer, but often made before anything was sent.
                self.breaker.leave(failed=failed)

    async def check(self) -> list[Probe]:
        """Test the connection itself; the breaker does not stand in the way."""
        return await self.connector.check()

    async def contract(self) -> Mapping[str, str]:
        """Return what describes the other side."""
        return await self.connector.contract()

    async def close(self) -> None:
        """Close the connector inside."""
        await self.connector.close()


def _too_busy(name: str, why: str) -> TransientError:
    return TransientError(
        f"{name} was too busy: {why} before the call's time was up; nothing was sent.",
        hint="Raise limits.concurrency or limits.rate of the connection, or the operation's timeout.",
        remote_code="busy",
    )
