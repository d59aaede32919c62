"""`call: clock`: a clock of the instance starts, pauses, goes on, stops, or gets another target."""

from typing import Final

from cauce.contract import JSON
from cauce.errors import ExpressionError
from workflows.clocks import ClockError
from workflows.evaluation import evaluate_object, expression_fault
from workflows.fault import fault
from workflows.instance import Frame
from workflows.model import ClockTask

_LONGEST_SEVERITY: Final = 100


async def execute(task: ClockTask, frame: Frame, data: JSON) -> JSON:
    """Do it once, and return the clock as it is when the store knows."""
    clocks, reference = frame.instance.clocks, task.common.reference
    if "noted" not in frame.state:
        given = evaluate_object(task.arguments, data, frame.names(), reference, "`with`")
        try:
            _act(task, frame, given)
        except ClockError as error:
            hint = {"hint": error.hint} if error.hint else {}
            raise fault("configuration", str(error), instance=reference, **hint) from error
        except ExpressionError as error:
            raise expression_fault(error, reference) from error
        frame.state["noted"] = True
    await clocks.told()
    return clocks.view(task.clock)


def _act(task: ClockTask, frame: Frame, given: dict[str, JSON]) -> None:
    clocks = frame.instance.clocks
    match task.action:
        case "start":
            clocks.start(task.clock, given, _severity(given))
        case "pause":
            clocks.pause(task.clock, given.get("reason"), given.get("until"))
        case "resume":
            clocks.resume(task.clock)
        case "change":
            clocks.change(task.clock, _severity(given))
        case _:
            clocks.stop(task.clock)


def _severity(given: dict[str, JSON]) -> str | None:
    severity = given.get("severity")
    if severity is not None and (not isinstance(severity, str) or len(severity) > _LONGEST_SEVERITY):
        raise ClockError(f"A severity is a text of at most {_LONGEST_SEVERITY} characters.")
    return severity
