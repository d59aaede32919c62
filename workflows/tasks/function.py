"""`call` of a function from `use.functions`."""

from cauce.contract import JSON
from workflows.evaluation import evaluate
from workflows.instance import Frame
from workflows.model import FunctionTask


async def execute(task: FunctionTask, frame: Frame, data: JSON) -> JSON:
    """Run the function's task; the call's arguments are its input, or the call's own input when there are none."""
    arguments = evaluate(task.arguments, data, frame.names(), task.common.reference)
    started = frame.instance.runtime.time()
    given = data if arguments is None else arguments
    inner = Frame(frame.instance, task.body, frame.path + "/function", given, frame.variables, started)
    return await frame.instance.walk.run_task(inner)
