"""`switch`: the way on is the first case that holds."""

from cauce.contract import JSON
from workflows.evaluation import holds
from workflows.instance import Frame
from workflows.model import SwitchTask


def execute(task: SwitchTask, frame: Frame, data: JSON) -> JSON:
    """Choose where to go on; the data stays as it is. The default case counts only when no other holds."""
    default = None
    for case in task.cases:
        if case.when is None:
            default = default or case
        elif holds(case.when, data, frame.names(), task.common.reference):
            frame.then = case.then
            return data
    if default is not None:
        frame.then = default.then
    return data
