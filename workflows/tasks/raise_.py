"""`raise`: an error on purpose."""

from typing import NoReturn

from cauce.contract import JSON
from workflows.evaluation import evaluate_object
from workflows.fault import Fault, fault
from workflows.instance import Frame
from workflows.model import RaiseTask


def execute(task: RaiseTask, frame: Frame, data: JSON) -> NoReturn:
    """Raise the error that the template makes."""
    reference = task.common.reference
    problem = evaluate_object(task.error, data, frame.names(), reference, "`raise.error`")
    if not isinstance(problem.get("type"), str) or not isinstance(problem.get("status"), int):
        raise fault("configuration", "`raise.error` needs a type and a status.", instance=reference)
    raise Fault({**problem, "instance": problem.get("instance") or reference})
