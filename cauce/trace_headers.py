"""Traces on their way through Temporal: a header of the start, of every activity, of children and of the next run.

Headers are no part of what a workflow decides, so histories that were recorded without them replay. The SDK's own
`temporalio.contrib.opentelemetry` was not taken: it does nothing without OpenTelemetry, and makes spans in workflows.
"""

from typing import Any, Final, NoReturn

from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.client import OutboundInterceptor, StartWorkflowInput, WorkflowHandle
from temporalio.converter import PayloadConverter
from temporalio.worker import (
    ActivityInboundInterceptor,
    ContinueAsNewInput,
    ExecuteActivityInput,
    StartActivityInput,
    StartChildWorkflowInput,
    StartLocalActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.worker import Interceptor as WorkerInterceptor

from cauce import correlation, tracing
from cauce.contract import REPEAT
from cauce.correlation import Correlation, Trace

HEADER: Final = "cauce-trace"


class TraceHeaders(ClientInterceptor, WorkerInterceptor):
    """Puts traces into headers and takes them out; given to a client, it serves the client's workers as well."""

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's name
        """Serve what a client starts."""
        return _Starts(next)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - as above
        """Serve activities."""
        return _Activities(next)

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:  # noqa: A002 - as above
        """Serve workflows."""
        del input
        return _Workflows


class _Starts(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002 - the SDK's name
        known = correlation.current()
        if known is None and not tracing.exporting():
            return await super().start_workflow(input)
        about = Correlation(known.trace, instance=input.id) if known else None
        with tracing.span(f"start {input.workflow}", "producer", about, {"cauce.instance": input.id}) as span:
            input.headers = {**input.headers, HEADER: _payload(str(span.trace))}
            return await super().start_workflow(input)


class _Workflows(WorkflowInboundInterceptor):
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_Outbound(outbound))


class _Outbound(WorkflowOutboundInterceptor):
    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002 - the SDK's name
        input.headers = {**input.headers, HEADER: _of_workflow()}
        return super().start_activity(input)

    def start_local_activity(self, input: StartLocalActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002 - as above
        input.headers = {**input.headers, HEADER: _of_workflow()}
        return super().start_local_activity(input)

    async def start_child_workflow(self, input: StartChildWorkflowInput) -> workflow.ChildWorkflowHandle[Any, Any]:  # noqa: A002 - as above
        # What is repeated for ever is not one story: each instance has a trace of its own.
        if workflow.info().workflow_type != REPEAT:
            input.headers = {**input.headers, HEADER: _of_workflow()}
        return await super().start_child_workflow(input)

    def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:  # noqa: A002 - as above
        input.headers = {**input.headers, HEADER: _of_workflow()}
        super().continue_as_new(input)


class _Activities(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401 - the SDK's name
        info = activity.info()
        call = input.args[0] if input.args else None
        about = Correlation(
            _trace(input.headers.get(HEADER), info.workflow_run_id or ""),
            instance=info.workflow_id or "",
            task=str(getattr(call, "reference", "")),
            connection=str(getattr(call, "connection", "")),
            operation=str(getattr(call, "operation", "")),
        )
        with tracing.span(info.activity_type, "internal", about):
            return await super().execute_activity(input)


def _of_workflow() -> Payload:
    """Return what the workflow was started with; without any, the id of its first run, of which a trace is made."""
    info = workflow.info()
    return info.headers.get(HEADER) or _payload(info.first_execution_run_id)


def _trace(header: Payload | None, run_id: str) -> Trace:
    text = run_id if header is None else PayloadConverter.default.from_payload(header, str)
    return correlation.read(text) or correlation.of_run(text, sampled=tracing.exporting())


def _payload(text: str) -> Payload:
    return PayloadConverter.default.to_payload(text)
