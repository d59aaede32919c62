"""`do`: tasks in sequence."""

from cauce.contract import JSON
from workflows.instance import Frame
from workflows.model import DoTask


async def execute(task: DoTask, frame: Frame, data: JSON) -> JSON:
    """Run the tasks; the last one's output is the output."""
    return await frame.instance.walk.run_list(frame.instance, task.body, frame.path + "/do", data, frame.variables)
