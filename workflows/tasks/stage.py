"""`call: enter-stage`: the case moves to a stage of its catalogue."""

from cauce.contract import JSON
from workflows.evaluation import evaluate_object
from workflows.fault import fault
from workflows.instance import Frame
from workflows.model import StageTask


def execute(task: StageTask, frame: Frame, data: JSON) -> JSON:
    """Enter the stage; the data stays as it is."""
    reference = task.common.reference
    stage = evaluate_object(task.arguments, data, frame.names(), reference, "`with`").get("stage")
    if not isinstance(stage, str) or stage not in task.stages:
        known = ", ".join(task.stages)
        raise fault("configuration", f"There is no stage '{stage}'; known: {known}.", instance=reference)
    if frame.instance.journal.stage != stage:
        frame.instance.journal.stage = stage
        frame.instance.runtime.record_stage(stage)
        if frame.instance.keep_trace:
            frame.instance.journal.stages.append(stage)
    return data
