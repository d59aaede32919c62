"""`emit`: an event goes into the log, from where it is delivered."""

import asyncio

from cauce import cloud_events
from cauce.contract import JSON, Emit
from cauce.errors import InputError
from workflows.evaluation import evaluate_object
from workflows.fault import fault
from workflows.instance import Frame, cancellations
from workflows.model import EmitTask
from workflows.names import moment


async def execute(task: EmitTask, frame: Frame, data: JSON) -> JSON:
    """Send the event; it is the output, with the attributes that were filled in."""
    instance, state = frame.instance, frame.state
    if "event" not in state:
        state["event"] = _event(task, frame, data)
    if "sent" not in state:
        cancelled = cancellations()
        await instance.effect(instance.runtime.emit(Emit(state["event"], instance.runtime.instance_id)))
        state["sent"] = True
        if cancellations() > cancelled:
            raise asyncio.CancelledError
    return state["event"]


def _event(task: EmitTask, frame: Frame, data: JSON) -> dict[str, JSON]:
    instance, reference = frame.instance, task.common.reference
    given = evaluate_object(task.event, data, frame.names(), reference, "`with`")
    event = {
        "specversion": "1.0",
        "id": frame.token(),
        "source": f"urn:cauce:{instance.process.title}",
        "time": moment(instance.runtime.time())["iso8601"],
        **given,
    }
    try:
        return cloud_events.check(event)
    except InputError as error:
        problems = [dict(each) for each in error.errors]
        raise fault("validation", "What is emitted is no event.", instance=reference, errors=problems) from error
