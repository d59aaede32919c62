"""`run: workflow`: another process as a child of this one."""

from cauce.contract import JSON, FindDefinition, Start
from workflows.evaluation import evaluate
from workflows.fault import fault
from workflows.instance import Frame
from workflows.model import RunProcessTask


async def execute(task: RunProcessTask, frame: Frame, data: JSON) -> JSON:
    """Run the process; its output is the output, or the data as it is when nobody waits for it."""
    instance, reference = frame.instance, task.common.reference
    given = evaluate(task.input, data, frame.names(), reference)
    token = frame.token()
    instance.in_flight += 1
    try:
        wanted = FindDefinition(task.namespace, task.name, task.version)
        bundle = await instance.runtime.find_definition(wanted)
        if bundle is None:
            name = f"{task.namespace}.{task.name} {task.version}"
            raise fault("configuration", f"The process {name} is not published.", instance=reference)
        start = Start(input=data if given is None else given)
        output = await instance.runtime.run_child(bundle, start, token=token, wait=task.wait)
    finally:
        instance.in_flight -= 1
    return output if task.wait else data
