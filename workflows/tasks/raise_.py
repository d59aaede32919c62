"""`raise`: an error on purpose."""

from typing import NoReturn

from cauce.contract import JSON
from workflows.evaluation import evaluate
from workflows.fault import Fault, fault
from workflows.instance import Frame
from workflows.model import RaiseTask


def execute(task: RaiseTask, frame: Frame, data: JSON) -> NoReturn:
    """Raise the error that the template makes."""
    reference = task.common.reference
    problem = evaluate(task.error, data, frame.names(), reference)
    if not isinstance(problem, dict):
        raise fault("configuration", "`raise.error` must give an object with type and status.", instance=reference)
    raise Fault({**problem, "instance": problem.get("instance") or reference})
