"""`call: compensate`: what was done is undone, newest first."""

from cauce.contract import JSON, OperationCall
from workflows.fault import Fault
from workflows.instance import Frame, Instance


async def execute(frame: Frame, data: JSON) -> JSON:
    """Undo what was recorded; the data stays as it is."""
    await undo_all(frame.instance, frame.task.common.reference)
    return data


async def undo_all(instance: Instance, reference: str) -> None:
    """Call every recorded compensation, newest first; each is dropped once done, so a retry goes on from there."""
    recorded = instance.journal.compensations
    while recorded:
        entry = recorded[-1]
        name = f"{entry['operation']}@{entry['connection']}"
        call = OperationCall(
            connection=entry["connection"],
            operation=entry["operation"],
            params=entry["params"],
            instance=instance.runtime.instance_id,
            reference=reference,
            token=entry["token"],
            effect=instance.process.effects.get(name, "write"),
        )
        outcome = await instance.call_operation(call, instance.process.timeouts_s.get(name, 30.0))
        if outcome.error is not None:
            raise Fault({**outcome.error, "instance": reference})
        recorded.pop()
