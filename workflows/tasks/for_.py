"""`for`: tasks once per item."""

from cauce.contract import JSON
from workflows import parts
from workflows.evaluation import evaluate, holds
from workflows.fault import fault
from workflows.instance import Frame
from workflows.model import ForTask


async def execute(task: ForTask, frame: Frame, data: JSON) -> JSON:
    """Run the tasks for each item, each iteration starting from the output of the one before."""
    reference = task.common.reference
    state = frame.state
    if "items" not in state:
        items = evaluate(task.items, data, frame.names(), reference)
        if not isinstance(items, list):
            raise fault("expression", f"`for.in` must give an array, not {_kind(items)}.", instance=reference)
        state.update(items=items, index=0, output=data)
        parts.begin(frame.instance.journal.parts, frame.path)
    while state["index"] < len(state["items"]):
        index: int = state["index"]
        variables = {**frame.variables, task.each: state["items"][index], task.at: index}
        if task.condition is not None:
            names = frame.names(**{task.each: variables[task.each], task.at: index})
            if not holds(task.condition, state["output"], names, reference):
                break
        frame.instance.note_way(reference, "entered")
        iteration = f"{frame.path}[{index}]"
        output = await frame.instance.walk.run_list(
            frame.instance, task.body, f"{iteration}/do", state["output"], variables
        )
        parts.end(frame.instance.journal.parts, frame.path, iteration)
        state.update(index=index + 1, output=output)
    if state["index"] == 0:
        frame.instance.note_way(reference, "not entered")
    return state["output"]


def _kind(value: JSON) -> str:
    return "null" if value is None else type(value).__name__
