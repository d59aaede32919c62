"""`set`: data made from a template."""

from cauce.contract import JSON
from workflows.evaluation import evaluate
from workflows.instance import Frame
from workflows.model import SetTask


def execute(task: SetTask, frame: Frame, data: JSON) -> JSON:
    """Evaluate the template."""
    return evaluate(task.value, data, frame.names(), task.common.reference)
