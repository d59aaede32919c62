"""`run: workflow`: another process as a child of this one; what the operating system runs is in `command`."""

from cauce.contract import JSON, FindDefinition, Start
from workflows.evaluation import evaluate
from workflows.fault import Fault, fault
from workflows.instance import Frame
from workflows.model import RunProcessTask, RunTask
from workflows.tasks import command


async def execute(task: RunProcessTask | RunTask, frame: Frame, data: JSON) -> JSON:
    """Run the process; its output is the output, or the data as it is when nobody waits for it."""
    if isinstance(task, RunTask):
        return await command.execute(task, frame, data)
    state = frame.state
    # Kept, so that a retry after an output that did not fit does not run the child again.
    if "output" not in state:
        state["output"] = await frame.instance.child(_run(task, frame, data))
    return state["output"] if task.wait else data


async def _run(task: RunProcessTask, frame: Frame, data: JSON) -> JSON:
    runtime, reference = frame.instance.runtime, task.common.reference
    given = evaluate(task.input, data, frame.names(), reference)
    wanted = FindDefinition(task.namespace, task.name, task.version)
    bundle = await runtime.find_definition(wanted)
    if bundle is None:
        name = f"{task.namespace}.{task.name} {task.version}"
        raise fault("configuration", f"The process {name} is not published.", instance=reference)
    start = Start(
        input=data if given is None else given,
        lifecycle=frame.instance.lifecycle.level,
        shows_status=frame.instance.shows_status,
        ancestors=[*frame.instance.journal.ancestors, runtime.instance_id],
    )
    try:
        return await runtime.run_child(bundle, start, token=frame.token(), wait=task.wait)
    except Fault as error:
        # Its own pointer means something in the child's document only.
        raise Fault({**error.problem, "instance": reference, "childInstance": error.problem.get("instance")}) from error
