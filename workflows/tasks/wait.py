"""`wait`: time passes."""

from cauce.contract import JSON
from workflows.evaluation import ends_at
from workflows.instance import Frame
from workflows.model import WaitTask


async def execute(task: WaitTask, frame: Frame, data: JSON) -> JSON:
    """Wait until the moment that was fixed when the task first began; the data stays as it is."""
    state, runtime = frame.state, frame.instance.runtime
    if "until" not in state:
        begin, common = runtime.time(), task.common
        state["until"] = ends_at(task.duration, common.calendar, begin, data, frame.names(), runtime, common.reference)
    await frame.instance.sleep_until(state["until"])
    return data
