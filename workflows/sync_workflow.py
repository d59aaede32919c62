"""The workflows behind a sync: one makes a run, step by step; one starts it when its time has come.

A sync has one run at a time, because its workflow has one id. What asks for a run while there is one lets it run once
more afterwards; what is due by time is left out then.
"""

from contextlib import suppress
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ChildWorkflowCancellationType, ParentClosePolicy

from cauce import contract
from cauce.contract import CompareSides, SyncRequest, SyncStep, SyncTurn

_STEP_LIMIT: Final = timedelta(minutes=15)
_BEGIN_LIMIT: Final = timedelta(seconds=30)
# A killed worker is noticed after this; the activity beats every two seconds.
_HEARTBEAT: Final = timedelta(seconds=7)
# Most of what fails is there again at once; from the third time on waits are as long as they always were.
_PATIENTLY: Final = RetryPolicy(
    initial_interval=timedelta(seconds=0.25), backoff_coefficient=4, maximum_interval=timedelta(minutes=1)
)


@workflow.defn(name=contract.SYNC)
class SyncWorkflow:
    """Makes one run of a sync."""

    @workflow.init
    def __init__(self, request: SyncRequest, turn: SyncTurn | None = None, again: SyncRequest | None = None) -> None:
        self.request = request
        self.turn = turn
        self.asked = again

    @workflow.run
    async def run(self, request: SyncRequest, turn: SyncTurn | None = None, again: SyncRequest | None = None) -> None:
        """Make the run, then say to the syncs that come after this one that it is their turn, and have it compared."""
        del request, turn, again  # `__init__` has them, and a signal may have changed the last one since
        if self.turn is None:
            self.turn = await workflow.execute_activity(
                contract.SYNC_BEGIN,
                args=[self.request, workflow.info().run_id],
                result_type=SyncTurn,
                start_to_close_timeout=_BEGIN_LIMIT,
                retry_policy=_PATIENTLY,
            )
        step = SyncStep(over=self.turn is None)
        while not step.over:
            step = await workflow.execute_activity(
                contract.SYNC_BATCH,
                self.turn,
                result_type=SyncStep,
                task_queue=self.turn.queue or None,
                start_to_close_timeout=_STEP_LIMIT,
                heartbeat_timeout=_HEARTBEAT,
                retry_policy=_PATIENTLY,
            )
            if not step.over and workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(args=[self.request, self.turn, self.asked])
        for each in step.following:
            await _start(SyncRequest(each, f"after {self.request.sync}"), again=True)
        if step.compare:
            await _compare(self.request.sync)
        if self.asked is not None:
            workflow.continue_as_new(args=[self.asked, None, None])

    @workflow.signal(name=contract.SYNC_AGAIN)
    def again(self, request: SyncRequest) -> None:
        """Run once more when this run has ended."""
        self.asked = request


@workflow.defn(name=contract.SYNC_DUE)
class SyncDueWorkflow:
    """Starts a sync when its time has come."""

    @workflow.run
    async def run(self, request: SyncRequest) -> None:
        """Start it, unless its last run is still under way."""
        await _start(request, again=False)


async def _compare(sync: str) -> None:
    # When somebody has it compared this moment, that is enough.
    with suppress(WorkflowAlreadyStartedError):
        await workflow.start_child_workflow(
            contract.COMPARE,
            CompareSides(sync, "cauce", patient=True),
            id=contract.compare_id(sync),
            task_queue=contract.upkeep_queue(workflow.info().task_queue),
            parent_close_policy=ParentClosePolicy.ABANDON,
            cancellation_type=ChildWorkflowCancellationType.ABANDON,
        )


async def _start(request: SyncRequest, *, again: bool) -> None:
    name = contract.sync_id(request.sync)
    try:
        await workflow.start_child_workflow(
            contract.SYNC,
            args=[request, None, None],
            id=name,
            # Whatever becomes of this workflow, that one goes on.
            parent_close_policy=ParentClosePolicy.ABANDON,
            cancellation_type=ChildWorkflowCancellationType.ABANDON,
        )
    except WorkflowAlreadyStartedError:
        if again:
            await workflow.get_external_workflow_handle(name).signal(contract.SYNC_AGAIN, request)
