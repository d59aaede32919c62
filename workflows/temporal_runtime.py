"""The runtime on Temporal: reads are local activities, writes activities on their connection's own queue."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    ChildWorkflowError,
    TimeoutError,  # noqa: A004 - the SDK calls it so
    TimeoutType,
)
from temporalio.workflow import ActivityCancellationType, ParentClosePolicy

from cauce import contract
from cauce.contract import (
    JSON,
    ByHand,
    ClockNews,
    CloseTask,
    Emit,
    FindDefinition,
    FindPolicy,
    Heard,
    HttpCall,
    HumanTask,
    LifecycleEvents,
    Listen,
    OperationCall,
    Outcome,
    ProtocolCall,
    RunCall,
    Start,
    StopListening,
    TaskChange,
)
from cauce.errors import TooLargeError
from workflows.fault import Fault, fault
from workflows.instance import cancellations

_HEARTBEAT: Final = timedelta(seconds=10)
# The SDK tells the server of every heartbeat after four fifths of this time only.
_RUN_HEARTBEAT: Final = timedelta(seconds=4)
_RUN_LIMIT: Final = timedelta(days=1)
_STEP_STAYS_OPEN: Final = timedelta(minutes=5)
_LOCAL_LIMIT: Final = timedelta(seconds=20)
_SETTLE_LIMIT: Final = timedelta(seconds=5)
_TOO_LARGE: Final = TooLargeError.__name__
# Only faults of the platform are tried again here (a store that is locked, a worker that died); an answer of a system
# outside, good or bad, is an outcome, and the process decides what follows.
_PLATFORM: Final = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    maximum_interval=timedelta(seconds=10),
    non_retryable_error_types=[_TOO_LARGE],
)
_MARGIN: Final = timedelta(seconds=30)
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def keyword(name: str) -> SearchAttributeKey[str]:
    """Return the key of one of our search attributes."""
    return SearchAttributeKey.for_keyword(name)


class TemporalRuntime:
    """Implements `workflows.runtime.Runtime` inside a workflow."""

    @property
    def instance_id(self) -> str:
        """The workflow id."""
        return workflow.info().workflow_id

    @property
    def run_id(self) -> str:
        """The id of this run."""
        return workflow.info().run_id

    def now(self) -> datetime:
        """Return the workflow's time, in UTC."""
        return workflow.now()

    def time(self) -> float:
        """Return the workflow's time in seconds since the epoch."""
        return workflow.time()

    def random(self) -> float:
        """Return a number in [0, 1) that a replay gives again."""
        return workflow.random().random()

    def patched(self, name: str) -> bool:
        """Tell whether this run does what `name` says, or began before there was that."""
        return workflow.patched(name)

    def wants_new_run(self) -> bool:
        """Tell whether Temporal suggests to go on in a new run."""
        return workflow.info().is_continue_as_new_suggested()

    async def call_operation(self, call: OperationCall, timeout_s: float) -> Outcome:
        """Call an operation; a write is never a local activity, because a killed worker runs those again."""
        limit = timedelta(seconds=timeout_s)
        if call.effect == "read":
            # What the local activity cannot begin at once waits in the queue of its connection, not in this step.
            outcome = await _read(contract.CALL_OPERATION, call, limit + _MARGIN)
            return await _queued(call, limit) if outcome.elsewhere else outcome
        return await _queued(call, limit)

    async def call_http(self, call: HttpCall) -> Outcome:
        """Make one HTTP exchange."""
        limit = timedelta(seconds=call.timeout_s) + _MARGIN
        if call.method in _SAFE_METHODS:
            return await _read(contract.CALL_HTTP, call, limit)
        try:
            with _explained():
                outcome: Outcome = await workflow.execute_activity(
                    contract.CALL_HTTP,
                    call,
                    result_type=Outcome,
                    start_to_close_timeout=limit,
                    # Nothing tells whether a write was carried out when its worker died, so it is never repeated here.
                    retry_policy=RetryPolicy(maximum_attempts=1),
                )
        except ActivityError as error:
            raise fault("communication", "The request was sent and its answer was lost.", status=504) from error
        return outcome

    async def call_protocol(self, call: ProtocolCall) -> Outcome:
        """Make a call in a protocol of its own."""
        name, limit = contract.protocol_activity(call.protocol), timedelta(seconds=call.timeout_s) + _MARGIN
        if call.effect == "read" and not call.lasts:
            return await _read(name, call, limit)
        try:
            with _explained():
                outcome: Outcome = await workflow.execute_activity(
                    name,
                    call,
                    result_type=Outcome,
                    start_to_close_timeout=limit,
                    heartbeat_timeout=_HEARTBEAT,
                    # As with HTTP: nothing tells whether a write was carried out when its worker died.
                    retry_policy=_PLATFORM if call.effect == "read" else RetryPolicy(maximum_attempts=1),
                )
        except ActivityError as error:
            raise fault("communication", "The call was made and its answer was lost.", status=504) from error
        return outcome

    async def run_process(self, call: RunCall) -> Outcome:
        """Run a process of the operating system, in its own queue, so that it keeps nothing else waiting."""
        try:
            with _explained():
                outcome: Outcome = await workflow.execute_activity(
                    contract.RUN_PROCESS,
                    call,
                    result_type=Outcome,
                    task_queue=contract.run_queue(workflow.info().task_queue),
                    # How long it may take is the worker's to say.
                    start_to_close_timeout=_RUN_LIMIT,
                    heartbeat_timeout=_RUN_HEARTBEAT,
                    # Nothing tells how far a process got whose worker died.
                    retry_policy=RetryPolicy(maximum_attempts=1),
                    # Over is over: when a time limit is reported, the process is gone.
                    cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                )
        except ActivityError as error:
            raise fault("runtime", "The worker that ran the process is gone, and the process with it.") from error
        return outcome

    async def open_task(self, task: HumanTask) -> None:
        """Put a human task into the inbox."""
        await self._local(contract.OPEN_TASK, task)

    async def close_task(self, task: CloseTask) -> None:
        """Take a human task out of the inbox."""
        await self._local(contract.CLOSE_TASK, task)

    async def change_task(self, change: TaskChange) -> None:
        """Change a human task that goes on waiting."""
        await self._local(contract.CHANGE_TASK, change)

    async def settle(self) -> None:
        """Return once all that happened so far is recorded.

        A regular activity begins when the step that asks for it is in the history, on this worker at once. A timer
        would do so as well, but the server lets those wait for up to a second.
        """
        with _explained():
            await workflow.execute_activity(
                contract.SETTLE, start_to_close_timeout=_SETTLE_LIMIT, retry_policy=_PLATFORM
            )

    async def record_by_hand(self, done: ByHand) -> None:
        """Note in the ledger that a person did what could not be called."""
        await self._recorded(contract.RECORD_BY_HAND, done)

    async def find_policy(self, wanted: FindPolicy) -> JSON:
        """Return what a policy says of a form today, or None."""
        return await self._local(contract.FIND_POLICY, wanted)

    async def find_definition(self, wanted: FindDefinition) -> JSON:
        """Return the bundle of a published process, or None."""
        return await self._local(contract.FIND_DEFINITION, wanted)

    async def record_lifecycle(self, events: list[JSON]) -> None:
        """Put lifecycle events into the log."""
        # A local retry keeps the step open, and no timer fires meanwhile; what is told may wait, the process may not.
        told = LifecycleEvents(self.instance_id, events)
        await self._local(contract.RECORD_LIFECYCLE, told, retried_here=timedelta(seconds=1))

    async def record_clocks(self, news: ClockNews) -> None:
        """Put what happened to clocks into the store."""
        await self._local(contract.RECORD_CLOCKS, news)

    async def emit(self, wanted: Emit) -> None:
        """Put an event into the log.

        Never as a local activity: a killed worker runs those again, and then other branches may have come first and
        given other events the same ids.
        """
        await self._recorded(contract.EMIT, wanted)

    async def listen(self, wanted: Listen) -> Heard:
        """Return the events that fit, and begin to be told of others."""
        heard: Heard = await self._local(contract.LISTEN, wanted, Heard)
        return heard

    async def stop_listening(self, over: StopListening) -> None:
        """Be told of no more events; what was used up depends on the order of things, so it is recorded first."""
        await self._recorded(contract.STOP_LISTENING, over)

    async def events_position(self) -> int:
        """Return the place of the last event in the log."""
        position: int = await self._local(contract.EVENTS_POSITION)
        return position

    async def run_child(self, bundle: JSON, start: Start, *, token: str, wait: bool) -> JSON:
        """Run another process as a child; raises `Fault` when it faults."""
        title = f"{bundle['namespace']}.{bundle['name']}"
        attributes = TypedSearchAttributes(
            [
                SearchAttributePair(keyword(contract.DEFINITION), title),
                SearchAttributePair(keyword(contract.VERSION), bundle["version"]),
            ],
        )
        cancelled = cancellations()
        try:
            child = await workflow.start_child_workflow(
                title,
                args=[bundle, start],
                id=f"{title}/{token}",
                search_attributes=attributes,
                parent_close_policy=ParentClosePolicy.REQUEST_CANCEL if wait else ParentClosePolicy.ABANDON,
            )
            return await child if wait else None
        except TooLargeError as error:
            raise too_large(error) from error
        except ChildWorkflowError as error:
            if cancellations() > cancelled:
                raise asyncio.CancelledError from error
            raise _child_fault(error, title) from error

    def record_stage(self, stage: str) -> None:
        """Make the stage visible to searches."""
        workflow.upsert_search_attributes([keyword(contract.STAGE).value_set(stage)])

    def record_status(self, status: str) -> None:
        """Make the status visible to searches."""
        workflow.upsert_search_attributes([keyword(contract.STATUS).value_set(status)])

    async def sleep(self, duration: timedelta) -> None:
        """Let workflow time pass."""
        await asyncio.sleep(duration.total_seconds())

    async def _recorded(self, activity: str, argument: object) -> None:
        with _explained():
            await workflow.execute_activity(
                activity,
                argument,
                start_to_close_timeout=_LOCAL_LIMIT,
                retry_policy=_PLATFORM,
                cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            )

    async def _local(
        self,
        activity: str,
        argument: object = None,
        result_type: type | None = None,
        retried_here: timedelta = _STEP_STAYS_OPEN,
    ) -> JSON:
        with _explained():
            return await workflow.execute_local_activity(
                activity,
                args=[] if argument is None else [argument],
                result_type=result_type,
                start_to_close_timeout=_LOCAL_LIMIT,
                local_retry_threshold=retried_here,
                retry_policy=_PLATFORM,
            )


async def _read(activity: str, call: OperationCall | HttpCall | ProtocolCall, limit: timedelta) -> Outcome:
    """Run what changes nothing outside as a local activity: no task queue, no event of its own while it runs."""
    with _explained():
        outcome: Outcome = await workflow.execute_local_activity(
            activity,
            call,
            result_type=Outcome,
            start_to_close_timeout=limit,
            local_retry_threshold=timedelta(minutes=1),
            retry_policy=_PLATFORM,
        )
    return outcome


async def _queued(call: OperationCall, limit: timedelta) -> Outcome:
    """Call an operation on the queue of its connection, where calls wait for a worker that has room."""
    try:
        with _explained():
            outcome: Outcome = await workflow.execute_activity(
                contract.CALL_OPERATION,
                call,
                result_type=Outcome,
                # As `contract.operation_queue`, and apart from others when the instance's own queue is.
                task_queue=f"{workflow.info().task_queue}-{call.connection}",
                schedule_to_start_timeout=timedelta(seconds=call.wait_s),
                # The find that follows an ambiguous outcome is part of the same activity.
                start_to_close_timeout=3 * limit + _MARGIN,
                heartbeat_timeout=_HEARTBEAT,
                retry_policy=_PLATFORM,
                cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            )
    except ActivityError as error:
        if not isinstance(error.cause, TimeoutError) or error.cause.type != TimeoutType.SCHEDULE_TO_START:
            raise
        return Outcome(error=_untaken(call, error.cause))
    return outcome


def _untaken(call: OperationCall, timeout: TimeoutError) -> JSON:
    """Return the problem of a call that no worker took in time."""
    name = f"{call.operation}@{call.connection}"
    match timeout.cause:
        case None | ApplicationError(type=contract.BUSY):
            begun = False
        case _:
            # A worker had taken it, and came to grief; the ledger knows how far it got.
            begun = call.effect == "write"
    if begun:
        detail = f"{name} was begun by a worker that is gone, and no other took it over within {call.wait_s:g} s."
        hint = "Start a worker that serves the connection, then retry the instance: the ledger is asked first."
        return {**fault("communication", detail, status=504).problem, "code": "ambiguous", "hint": hint}
    detail = f"No worker took {name} within {call.wait_s:g} s; nothing was sent."
    hint = f"Start a worker that serves {call.connection}, or raise its limits (rate, concurrency, wait)."
    problem = fault("communication", detail, status=503).problem
    return {**problem, "code": "transient", "hint": hint, "remoteCode": "no-worker"}


def too_large(error: TooLargeError) -> Fault:
    """Return the fault of a task that would pass on more than may be."""
    hint = {"hint": error.hint} if error.hint else {}
    return fault("runtime", error.problem, status=413, title="Too large", code=error.code, **hint)


@contextmanager
def _explained() -> Iterator[None]:
    """Let a cancelled activity look like any other cancelled await, so that time limits know it as theirs.

    What is too large to be passed on, there or back, is an error of the process, which it may catch.
    """
    try:
        yield
    except TooLargeError as error:
        raise too_large(error) from error
    except (ActivityError, ApplicationError) as error:
        # A local activity fails with the error itself, a regular one with it as the cause.
        match error if isinstance(error, ApplicationError) else error.cause:
            case CancelledError():
                raise asyncio.CancelledError from error
            case ApplicationError(type=kind) as cause if kind == _TOO_LARGE:
                raise too_large(TooLargeError(cause.message)) from error
            case _:
                raise


def _child_fault(error: ChildWorkflowError, title: str) -> BaseException:
    match error.cause:
        case ApplicationError(details=[dict() as problem, *_]):
            return Fault(dict(problem))
        case CancelledError() | ApplicationError(type="cancelled"):
            return fault("runtime", f"The process {title} was cancelled.")
        case _:
            return error
