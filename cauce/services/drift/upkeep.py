"""Has contracts read by themselves: when a connection was published, and then again on a schedule of Temporal."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from temporalio import activity
from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import PollerBehaviorAutoscaling, UnsandboxedWorkflowRunner, Worker, WorkerDeploymentConfig

from cauce.contract import LIST_CONTRACTS, READ_CONTRACT, UPKEEP, upkeep_queue
from cauce.services.drift import cases, reading
from cauce.services.hub import Hub
from cauce.services.temporal_errors import explained
from cauce.services.waiting import call_timeout
from cauce.store import definitions, drift
from workflows.upkeep_workflow import UpkeepWorkflow

SCHEDULE: Final = "cauce-drift"
_AT_ONCE: Final = 2
_LET_FINISH: Final = timedelta(seconds=5)


class UpkeepActivities:
    """What the upkeep does in the world."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    @activity.defn(name=LIST_CONTRACTS)
    async def list_contracts(self) -> list[str]:
        """Return the connections whose contracts can be read."""
        async with self.hub.store.read() as db:
            rows = await definitions.latest(db, "connection")
        return [row.name for row in rows if await asyncio.to_thread(reading.is_watched, row.document["kind"])]

    @activity.defn(name=READ_CONTRACT)
    async def read_contract(self, name: str) -> None:
        """Look for drift; a contract that was never read and cannot be reached now is tried again."""
        async with self.hub.store.read() as db:
            row = await definitions.find(db, "connection", "", name)
        if row is None:
            return
        error = await cases.examine(self.hub, row)
        async with self.hub.store.read() as db:
            known = await drift.contract(db, name)
        if error is not None and (known is None or known.read_at is None):
            raise ApplicationError(error.problem, type=error.code, non_retryable=error.code != "transient")


def upkeep_worker(hub: Hub, build: WorkerDeploymentConfig) -> Worker:
    """Return the worker of the upkeep, which has little to do and does it slowly."""
    activities = UpkeepActivities(hub)
    return Worker(
        hub.temporal,
        task_queue=upkeep_queue(hub.task_queue),
        workflows=[UpkeepWorkflow],
        activities=[activities.list_contracts, activities.read_contract],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_concurrent_activities=_AT_ONCE,
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(minimum=1, maximum=2, initial=1),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(minimum=1, maximum=2, initial=1),
        graceful_shutdown_timeout=_LET_FINISH,
        deployment_config=build,
    )


@dataclass(slots=True)
class Upkeep:
    """Asks Temporal for what is to be looked after; whoever dies in between, another worker asks again."""

    hub: Hub
    asked: set[tuple[str, str]] = field(default_factory=set)

    async def look(self, *, thorough: bool) -> None:
        """Have the contracts of connections read that are new since the last look; if `thorough`, see to the schedule.

        Raises:
            TransientError: Temporal or the store does not answer.
        """
        async with self.hub.store.read() as db:
            rows = await definitions.latest(db, "connection")
            known = await drift.contracts(db)
        for row in rows:
            here = known.get(row.name)
            is_new = here is None or here.version != row.version
            if not is_new or (row.name, row.version) in self.asked:
                continue
            if await asyncio.to_thread(reading.is_watched, row.document["kind"]):
                await self._ask(row.name)
            self.asked.add((row.name, row.version))
        if thorough:
            await self._schedule()

    async def _ask(self, name: str) -> None:
        with explained():
            await self.hub.temporal.start_workflow(
                UPKEEP,
                [name],
                id=f"{UPKEEP}/{name}",
                task_queue=upkeep_queue(self.hub.task_queue),
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                rpc_timeout=call_timeout,
            )

    async def _schedule(self) -> None:
        """Bring the schedule to what the setting says."""
        hours = self.hub.settings.drift_hours
        handle = self.hub.temporal.get_schedule_handle(SCHEDULE)
        with explained():
            if not hours:
                try:
                    await handle.delete(rpc_timeout=call_timeout)
                except RPCError as error:
                    if error.status is not RPCStatusCode.NOT_FOUND:
                        raise
                return
            wanted = self._wanted(timedelta(hours=hours))
            try:
                await self.hub.temporal.create_schedule(SCHEDULE, wanted, rpc_timeout=call_timeout)
            except ScheduleAlreadyRunningError:
                if (await handle.describe(rpc_timeout=call_timeout)).schedule.spec.intervals != wanted.spec.intervals:
                    await handle.update(lambda _: ScheduleUpdate(schedule=wanted), rpc_timeout=call_timeout)

    def _wanted(self, every: timedelta) -> Schedule:
        return Schedule(
            action=ScheduleActionStartWorkflow(
                UPKEEP, args=[[]], id=f"{UPKEEP}/drift", task_queue=upkeep_queue(self.hub.task_queue)
            ),
            spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
            policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP),
        )
