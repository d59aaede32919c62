"""`call` of a function from `use.functions`."""

from cauce.contract import JSON
from workflows.evaluation import evaluate
from workflows.instance import Frame
from workflows.model import FunctionTask


async def execute(task: FunctionTask, frame: Frame, data: JSON) -> JSON:
    """Run the function's task; the call's arguments are its input, or the call's own input when there are none."""
    arguments = evaluate(task.arguments, data, frame.names(), task.common.reference)
    given = data if arguments is None else arguments
    path = frame.path + "/function"
    # The call is in the record already; the function is not another task.
    # What a function without secrets calls has none either.
    variables: dict[str, JSON] = {} if task.secrets and "secrets" not in frame.variables else {"secrets": {}}
    inner = Frame(frame.instance, task.body, path, given, variables, frame.instance.runtime.time(), recorded=False)
    return await frame.instance.walk.run_task(inner)
