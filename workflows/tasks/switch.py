"""`switch`: the way on is the first case that holds."""

from cauce.contract import JSON
from workflows.evaluation import holds
from workflows.instance import Frame
from workflows.model import Case, SwitchTask


def execute(task: SwitchTask, frame: Frame, data: JSON) -> JSON:
    """Choose where to go on; the data stays as it is. The default case counts only when no other holds."""
    chosen = _chosen(task, frame, data)
    frame.instance.note_way(task.common.reference, "otherwise" if chosen is None else chosen.name)
    if chosen is not None:
        frame.then = chosen.then
    return data


def _chosen(task: SwitchTask, frame: Frame, data: JSON) -> Case | None:
    default = None
    for case in task.cases:
        if case.when is None:
            default = default or case
        elif holds(case.when, data, frame.names(), task.common.reference):
            return case
    return default
