"""The workflows behind what is looked after by itself, on its own task queue, so that no instance waits for it."""

import asyncio
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy

from cauce import contract

_LIMIT: Final = timedelta(minutes=5)
# Somebody's system that is down when its connection is published is often up some minutes later.
_PATIENT: Final = RetryPolicy(
    initial_interval=timedelta(minutes=1),
    backoff_coefficient=3,
    maximum_interval=timedelta(hours=2),
    maximum_attempts=6,
)


@workflow.defn(name=contract.UPKEEP)
class UpkeepWorkflow:
    """Reads the contracts of connections: of those named, or of all."""

    @workflow.run
    async def run(self, names: list[str]) -> None:
        """Read each contract by itself: one system that is down keeps no other waiting."""
        if not names:
            names = await workflow.execute_activity(
                contract.LIST_CONTRACTS, start_to_close_timeout=_LIMIT, result_type=list[str]
            )
        read = (
            workflow.execute_activity(
                contract.READ_CONTRACT, name, start_to_close_timeout=_LIMIT, retry_policy=_PATIENT
            )
            for name in names
        )
        await asyncio.gather(*read, return_exceptions=True)


@workflow.defn(name=contract.RECONCILE)
class ReconcileWorkflow:
    """Asks systems whether they have what people did there by hand."""

    @workflow.run
    async def run(self) -> None:
        """Ask once; what could not be asked is asked the next time."""
        await workflow.execute_activity(
            contract.RECONCILE_BY_HAND, start_to_close_timeout=_LIMIT, retry_policy=RetryPolicy(maximum_attempts=1)
        )
