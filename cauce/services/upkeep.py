"""What is looked after by itself, on schedules: contracts are read, what was done by hand is asked for, files go."""

import asyncio
import logging
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

from cauce.contract import (
    JSON,
    LIST_CONTRACTS,
    READ_CONTRACT,
    RECONCILE,
    RECONCILE_BY_HAND,
    SWEEP,
    SWEEP_FILES,
    UPKEEP,
    upkeep_queue,
)
from cauce.services import by_hand
from cauce.services.certifying.trials import TrialActivities
from cauce.services.drift import cases, reading
from cauce.services.hub import Hub
from cauce.services.mails.outbox import MailActivities
from cauce.services.reconciling import ReconcilingActivities
from cauce.services.temporal_errors import explained
from cauce.services.waiting import call_timeout
from cauce.store import definitions, drift, unused_files
from cauce.store.base import utc_now
from workflows.upkeep_workflow import (
    CertifyWorkflow,
    CompareWorkflow,
    LetterWorkflow,
    ReconcileWorkflow,
    SweepWorkflow,
    UpkeepWorkflow,
)

log = logging.getLogger(__name__)
DRIFT: Final = "cauce-drift"
BY_HAND: Final = "cauce-by-hand"
UNUSED_FILES: Final = "cauce-unused-files"
_DAILY_H: Final = 24
_FILES: Final = 200
# Two of them may be long certifications, and the rest still goes on.
_AT_ONCE: Final = 4
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

    @activity.defn(name=RECONCILE_BY_HAND)
    async def reconcile_by_hand(self) -> None:
        """Ask systems whether they have what was done by hand."""
        await by_hand.ask(self.hub)

    @activity.defn(name=SWEEP_FILES)
    async def sweep_files(self, after: int) -> int:
        """Remove some files that were attached and never sent; return where to go on, 0 at the end."""
        days = self.hub.settings.unused_files_days
        if not days:
            return 0
        async with self.hub.store.transaction() as db:
            before = utc_now() - timedelta(days=days)
            removed, more = await unused_files.sweep(db, before, after, _FILES)
        if removed:
            log.info("%d files that were attached to tasks and never sent were removed", removed)
        return more or 0


def upkeep_worker(hub: Hub, build: WorkerDeploymentConfig) -> Worker:
    """Return the worker of the upkeep, which has little to do and does it slowly."""
    activities, mails = UpkeepActivities(hub), MailActivities(hub)
    return Worker(
        hub.temporal,
        task_queue=upkeep_queue(hub.task_queue),
        workflows=[
            *(UpkeepWorkflow, ReconcileWorkflow, SweepWorkflow),
            *(CertifyWorkflow, CompareWorkflow, LetterWorkflow),
        ],
        activities=[
            *(activities.list_contracts, activities.read_contract, activities.reconcile_by_hand),
            activities.sweep_files,
            *(mails.write_letter, mails.end_letter),
            TrialActivities(hub).certify_capability,
            ReconcilingActivities(hub).compare_sides,
        ],
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
        """Have the contracts of connections read that are new since the last look; if `thorough`, see to the schedules.

        Raises:
            TransientError: Temporal or the store does not answer.
        """
        async with self.hub.store.read() as db:
            rows = await definitions.latest(db, "connection")
            known = await drift.versions(db)
        for row in rows:
            if known.get(row.name) == row.version or (row.name, row.version) in self.asked:
                continue
            if await asyncio.to_thread(reading.is_watched, row.document["kind"]):
                await self._ask(row.name)
            self.asked.add((row.name, row.version))
        if thorough:
            settings = self.hub.settings
            await self._schedule(DRIFT, settings.drift_hours, UPKEEP, [[]])
            await self._schedule(BY_HAND, settings.by_hand_hours, RECONCILE, [])
            await self._schedule(UNUSED_FILES, _DAILY_H if settings.unused_files_days else 0, SWEEP, [])

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

    async def _schedule(self, name: str, hours: float, workflow: str, arguments: list[JSON]) -> None:
        """Bring a schedule to what the setting says; 0 hours are none."""
        handle = self.hub.temporal.get_schedule_handle(name)
        with explained():
            if not hours:
                try:
                    await handle.delete(rpc_timeout=call_timeout)
                except RPCError as error:
                    if error.status is not RPCStatusCode.NOT_FOUND:
                        raise
                return
            queue = upkeep_queue(self.hub.task_queue)
            wanted = Schedule(
                action=ScheduleActionStartWorkflow(workflow, args=arguments, id=f"{name}/upkeep", task_queue=queue),
                spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(hours=hours))]),
                policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP),
            )
            try:
                await self.hub.temporal.create_schedule(name, wanted, rpc_timeout=call_timeout)
            except ScheduleAlreadyRunningError:
                if (await handle.describe(rpc_timeout=call_timeout)).schedule.spec.intervals != wanted.spec.intervals:
                    await handle.update(lambda _: ScheduleUpdate(schedule=wanted), rpc_timeout=call_timeout)
