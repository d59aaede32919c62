"""`call: operation@connection`: something is read from, or done in, a system outside."""

import asyncio

from cauce.contract import JSON, OperationCall
from workflows.evaluation import evaluate
from workflows.fault import Fault
from workflows.instance import Frame, cancellations
from workflows.model import Compensation, OperationTask
from workflows.tasks import by_hand


async def execute(task: OperationTask, frame: Frame, data: JSON) -> JSON:
    """Call the operation; a write that declares how it is undone is remembered for `compensate`."""
    reference = task.common.reference
    params = evaluate(task.arguments, data, frame.names(), reference)
    call = OperationCall(
        connection=task.connection,
        operation=task.operation,
        params=params,
        instance=frame.instance.runtime.instance_id,
        reference=reference,
        token=token_of(frame) if task.effect == "write" else "",
        effect=task.effect,
        again=_again(frame),
    )
    cancelled = cancellations()
    if task.fallback is None:
        outcome = await frame.instance.call(call, task.timeout_s)
    else:
        outcome = await by_hand.call_or_ask(call, task, task.fallback, frame, data)
    if outcome.error is None and task.compensation is not None:
        _remember(task.compensation, frame, call.token, outcome.output, data)
    if cancellations() > cancelled:
        raise asyncio.CancelledError
    if outcome.error is not None:
        raise Fault({**outcome.error, "instance": reference})
    return outcome.output


def _again(frame: Frame) -> bool:
    """Tell whether a `try` around the task has failed before and makes another attempt."""
    states = frame.instance.journal.states.items()
    return any(state.get("attempt", 1) > 1 and frame.path.startswith(f"{path}/try/") for path, state in states)


def token_of(frame: Frame) -> str:
    """Return the id of the write: that of the attempt before, so that the ledger knows what became of it."""
    writes = frame.instance.journal.writes
    if frame.path not in writes:
        writes[frame.path] = frame.instance.new_token()
    return writes[frame.path]


def _remember(undo: Compensation, frame: Frame, token: str, output: JSON, data: JSON) -> None:
    recorded = frame.instance.journal.compensations
    if token and any(entry["of"] == token for entry in recorded):
        return
    reference = frame.task.common.reference
    names = frame.names(output=output)
    recorded.append(
        {
            "operation": undo.operation,
            "connection": undo.connection,
            "params": evaluate(undo.arguments, data, names, reference),
            "reference": reference,
            "of": token,
            "token": frame.instance.new_token(),
        },
    )
