"""`call: compensate`: what was done is undone, newest first."""

import asyncio

from cauce.contract import JSON, OperationCall
from workflows.fault import Fault
from workflows.instance import Frame, Instance, cancellations


async def execute(frame: Frame, data: JSON) -> JSON:
    """Undo what was recorded; the data stays as it is."""
    await undo_all(frame.instance, frame.task.common.reference)
    return data


async def undo_all(instance: Instance, reference: str) -> None:
    """Call every recorded compensation, newest first; each is dropped once done, so a retry goes on from there."""
    recorded = instance.journal.compensations
    cancelled = cancellations()
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
        outcome = await instance.call(call, instance.process.timeouts_s.get(name, 30.0))
        if outcome.error is not None:
            raise Fault({**outcome.error, "instance": reference})
        recorded.remove(entry)
        if cancellations() > cancelled:
            raise asyncio.CancelledError
