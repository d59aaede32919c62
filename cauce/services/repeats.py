"""The workflows behind `schedule.after`, one per process."""

from datetime import datetime

from temporalio.client import WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from cauce import contract
from cauce.contract import Repeat, Start
from cauce.errors import CauceError, ConflictError, NotFoundError
from cauce.services.hub import Hub
from cauce.services.temporal_errors import explained
from cauce.services.waiting import call_timeout, query_timeout


async def keep(hub: Hub, definition: str, start: Start, *, paused: bool) -> None:
    """Have a process repeated; where that is so already, tell what is new, in the same request."""
    namespace, _, name = definition.partition(".")
    await hub.temporal.start_workflow(
        contract.REPEAT,
        Repeat(namespace, name, start, paused=paused),
        id=_id(definition),
        task_queue=contract.TASK_QUEUE,
        start_signal=contract.REPEAT_NEWS,
        start_signal_args=[start, paused],
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        rpc_timeout=call_timeout,
    )


async def look_again(hub: Hub, definition: str, start: Start) -> None:
    """Let it look at the latest version, which may not ask for it any more."""
    handle = hub.temporal.get_workflow_handle(_id(definition))
    try:
        with explained():
            await handle.signal(contract.REPEAT_NEWS, args=[start, False], rpc_timeout=call_timeout)
    except (ConflictError, NotFoundError):
        return  # it has ended


async def is_there(hub: Hub, definition: str) -> bool:
    """Return whether a process is being repeated."""
    with explained():
        try:
            found = await hub.temporal.get_workflow_handle(_id(definition)).describe(rpc_timeout=call_timeout)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
    return found.status is WorkflowExecutionStatus.RUNNING


async def next_start(hub: Hub, definition: str) -> datetime | None:
    """Return when the next instance starts; None while one runs, or when no worker says it."""
    try:
        with explained():
            handle = hub.temporal.get_workflow_handle(_id(definition))
            moment = await handle.query(contract.REPEAT_NEXT, result_type=str, rpc_timeout=query_timeout)
    except CauceError:
        return None
    return datetime.fromisoformat(moment) if moment else None


def _id(definition: str) -> str:
    return f"{contract.REPEAT}/{definition}"
