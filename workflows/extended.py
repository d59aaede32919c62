"""What extensions do around a task: their `before`, whether one takes the task's place, and their `after`.

An extension wraps those behind it: `before` runs in the order of the document, `after` in the opposite one. What both
give is dropped, except that `then: exit` in a `before` makes its output that of the task, which does not run then.
"""

from collections.abc import Callable, Coroutine

from cauce.contract import JSON
from workflows.evaluation import holds
from workflows.fault import Fault, is_standard
from workflows.instance import Frame
from workflows.model import Extension, TaskList

_STATE = "extensions"


async def run_before(frame: Frame, data: JSON, execute: Callable[[Frame, JSON], Coroutine[None, None, JSON]]) -> JSON:
    """Run what comes before the task, and the task unless that takes its place; returns the task's raw output."""
    state = frame.state.get(_STATE)
    if state is None:
        state = frame.state[_STATE] = {"applied": _applying(frame, data), "begun": 0}
    while state["begun"] < len(state["applied"]) and "instead" not in state:
        extension = frame.task.common.extensions[state["applied"][state["begun"]]]
        if extension.before is not None:
            output, exited = await _run(frame, extension.before, f"{state['applied'][state['begun']]}/before", data)
            if exited:
                # Those around it have seen the task begin, and see it end.
                state["applied"] = state["applied"][: state["begun"]]
                state["instead"] = output
        state["begun"] += 1
    return state["instead"] if "instead" in state else await execute(frame, data)


def keep_output(frame: Frame, output: JSON) -> None:
    """Remember that only the `after` of extensions is left, so that nothing before it happens again."""
    frame.state[_STATE] |= {"raw": frame.output, "output": output}


def kept_output(frame: Frame) -> tuple[JSON] | None:
    """Return the task's transformed output when it has been done already."""
    state = frame.state.get(_STATE)
    if state is None or "output" not in state:
        return None
    frame.output = state["raw"]
    return (state["output"],)


async def run_after(frame: Frame, output: JSON) -> None:
    """Run what comes after the task, on its transformed output."""
    state = frame.state[_STATE]
    while state["applied"]:
        extension = frame.task.common.extensions[state["applied"][-1]]
        if extension.after is not None:
            await _run(frame, extension.after, f"{state['applied'][-1]}/after", output)
        state["applied"].pop()


async def _run(frame: Frame, tasks: TaskList, step: str, data: JSON) -> tuple[JSON, bool]:
    path = f"{frame.path}/extensions/{step}"
    return await frame.instance.walk.run_scope(frame.instance, tasks, path, data, {"task": _described(frame)})


def _described(frame: Frame) -> dict[str, JSON]:
    """Describe the extended task; its properties can be read as the standard's examples do, too."""
    return {**frame.task.common.definition, **frame.describe()}


def _applying(frame: Frame, data: JSON) -> list[int]:
    return [index for index, extension in enumerate(frame.task.common.extensions) if _applies(extension, frame, data)]


def _applies(extension: Extension, frame: Frame, data: JSON) -> bool:
    if extension.when is None:
        return True
    try:
        return holds(extension.when, data, frame.names(task=_described(frame)), frame.task.common.reference)
    except Fault as error:
        # Asked about every task of a kind, it asks some for what only others have; the standard's example does.
        if is_standard(error.problem, "expression") and error.problem.get("code") != "budget":
            return False
        raise
