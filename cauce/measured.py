"""Watches a connector: counts its calls, gives each a span, and says in the log what went wrong with one."""

import logging
from collections.abc import Mapping
from time import perf_counter
from typing import Final

from cauce import correlation, tracing
from cauce.connection import classify
from cauce.connector import JSON, BaseConnector, BaseSettings, Operation, Probe
from cauce.correlation import Correlation
from cauce.errors import AmbiguousError, CauceError, RemoteError, TransientError
from cauce.limits import BusyError, Limited
from cauce.metering import Meter, Result

# What our own limits answer: nothing was sent, so how long it took says nothing about the system.
_NOT_SENT: Final = frozenset({"circuit-open", "retry-budget"})
log = logging.getLogger(__name__)


class Measured(BaseConnector[BaseSettings]):
    """A connector of any kind that is held to its limits, whose calls are counted."""

    def __init__(self, limited: Limited, meter: Meter) -> None:
        super().__init__(limited.name, limited.settings)
        self.limited = limited
        self.meter = meter

    async def call(
        self, operation: Operation, params: JSON, *, again: bool = False, patience_s: float | None = None
    ) -> JSON:
        """Call through as `Limited.call`, and note how it went."""
        known = correlation.current()
        about = Correlation(known.trace, known.instance, known.task, self.name, operation.name) if known else None
        with tracing.span(f"{operation.name}@{self.name}", "client", about, {"cauce.effect": operation.effect}):
            started = perf_counter()
            try:
                answer = await self.limited.call(operation, params, again=again, patience_s=patience_s)
            except BusyError:
                # It has not begun; who called waits and makes it again.
                raise
            except CauceError as error:
                self._failed(operation, error, (perf_counter() - started) * 1_000)
                raise
            self._note(operation, "done", (perf_counter() - started) * 1_000)
        return answer

    async def check(self) -> list[Probe]:
        """Test the connection itself; a test is no traffic."""
        return await self.limited.check()

    async def contract(self) -> Mapping[str, str]:
        """Return what describes the other side."""
        return await self.limited.contract()

    async def close(self) -> None:
        """Close the connector inside."""
        await self.limited.close()

    def _failed(self, operation: Operation, error: CauceError, took_ms: float) -> None:
        if isinstance(error, RemoteError):
            error = classify(error, operation)
        result: Result = "failed" if isinstance(error, TransientError | AmbiguousError) else "rejected"
        remote_code = getattr(error, "remote_code", "")
        self._note(operation, result, None if remote_code in _NOT_SENT else took_ms)
        # The text of the error is for whoever may see the instance; here is only what kind it is.
        about = {"code": error.code, "remote_code": remote_code, "took_ms": round(took_ms)}
        log.warning("%s@%s failed", operation.name, self.name, extra=about)

    def _note(self, operation: Operation, result: Result, took_ms: float | None) -> None:
        self.meter.note("connection", self.name, operation.name, result, took_ms=took_ms)
