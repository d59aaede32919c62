"""`call: operation@connection`: something is read from, or done in, a system outside."""

from cauce.contract import JSON, OperationCall
from workflows.evaluation import evaluate
from workflows.fault import Fault
from workflows.instance import Frame
from workflows.model import OperationTask


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
        token=frame.token() if task.effect == "write" else "",
        effect=task.effect,
    )
    outcome = await frame.instance.call_operation(call, task.timeout_s)
    if outcome.error is not None:
        raise Fault({**outcome.error, "instance": reference})
    if task.compensation is not None:
        _remember(task, frame, outcome.output, data)
    return outcome.output


def _remember(task: OperationTask, frame: Frame, output: JSON, data: JSON) -> None:
    undo = task.compensation
    assert undo is not None  # noqa: S101 (the caller asked)
    names = frame.names(output=output)
    frame.instance.journal.compensations.append(
        {
            "operation": undo.operation,
            "connection": undo.connection,
            "params": evaluate(undo.arguments, data, names, task.common.reference),
            "reference": task.common.reference,
            "token": frame.instance.new_token(),
        },
    )
