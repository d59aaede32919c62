"""Keeps a connector within its connection's limits: rate, concurrency, retries, and a circuit breaker.

The rules are pure functions (`circuit`, `pace`, `places`, `budget`), a `Gate` applies them to the calls of one process,
and a `Board` keeps what they need to know: for one process alone, or in the store for all workers (`shared`).

`purgatory` was the first choice for the breaker; it needs `pkg_resources`, which newer Pythons do not have.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from cauce.connection import Limits
from cauce.connector import JSON, BaseConnector, BaseSettings, Operation, Probe
from cauce.limits.board import Alone
from cauce.limits.gate import Gate
from cauce.limits.refusals import BusyError

__all__ = ["BusyError", "Gate", "Limited"]


class Limited(BaseConnector[BaseSettings]):
    """A connector of any kind, held to the limits of its connection; without a gate, for this object alone."""

    def __init__(self, connector: BaseConnector[Any], limits: Limits, gate: Gate | None = None) -> None:
        super().__init__(connector.name, connector.settings)
        self.connector = connector
        self.gate = gate or Gate(connector.name, limits, Alone(limits.concurrency))

    async def call(
        self, operation: Operation, params: JSON, *, again: bool = False, patience_s: float | None = None
    ) -> JSON:
        """Call through, when the limits allow it; `again` tells that the call was made before and failed.

        Raises `BusyError` when they do not within `patience_s`, or the time that the call itself may take.
        """
        patience_s = operation.timeout_s if patience_s is None else patience_s
        async with self.gate.passage(operation.timeout_s, patience_s, again=again):
            return await self.connector.call(operation, params)

    async def batches(self, operation: Operation, params: JSON, size: int) -> AsyncGenerator[list[JSON], None]:
        """Read through, batch by batch; until the end it holds one place."""
        passage = self.gate.passage(operation.timeout_s, operation.timeout_s, again=False)
        async with passage, aclosing(self.connector.batches(operation, params, size)) as batches:
            async for batch in batches:
                yield batch

    async def check(self) -> list[Probe]:
        """Test the connection itself; the breaker does not stand in the way."""
        return await self.connector.check()

    async def contract(self) -> Mapping[str, str]:
        """Return what describes the other side."""
        return await self.connector.contract()

    async def close(self) -> None:
        """Close the connector inside."""
        await self.connector.close()
