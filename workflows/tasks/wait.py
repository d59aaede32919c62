"""`wait`: time passes."""

from cauce.contract import JSON
from workflows.evaluation import seconds
from workflows.instance import Frame
from workflows.model import WaitTask


async def execute(task: WaitTask, frame: Frame, data: JSON) -> JSON:
    """Wait until the moment that was fixed when the task first began; the data stays as it is."""
    state, runtime = frame.state, frame.instance.runtime
    if "until" not in state:
        wanted = seconds(task.duration, data, frame.names(), runtime, task.common.reference)
        state["until"] = runtime.time() + wanted
    await frame.instance.sleep_until(state["until"])
    return data
