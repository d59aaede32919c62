"""Keeps what an instance holds when it ends, so that nobody has to replay its history to see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from temporalio import workflow
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from workflows.record import state_of

if TYPE_CHECKING:
    from workflows.process_workflow import ProcessWorkflow

JSON = Any


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an instance held at its end; `took_s` is how much workflow time passed."""

    state: Mapping[str, JSON]
    journal: Mapping[str, JSON]
    took_s: float


@dataclass(slots=True)
class Snapshots(Interceptor):
    """An interceptor of the worker; `ended` holds a snapshot by the id of each workflow that ended."""

    ended: dict[str, Snapshot] = field(default_factory=dict)

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 (the SDK's name)
    ) -> type[WorkflowInboundInterceptor]:
        """Return what wraps every workflow."""
        del input
        ended = self.ended

        class Keeping(WorkflowInboundInterceptor):
            async def execute_workflow(self, input: ExecuteWorkflowInput) -> JSON:  # noqa: A002 (the SDK's name)
                try:
                    return await super().execute_workflow(input)
                finally:
                    if workflow.in_workflow():
                        process: ProcessWorkflow = workflow.instance()
                        instance = process.instance
                        took = instance.runtime.time() - instance.journal.started_at
                        info = workflow.info()
                        ended[info.workflow_id] = Snapshot(state_of(instance), instance.journal.to_json(), took)

        return Keeping
