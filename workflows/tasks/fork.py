"""`fork`: branches at the same time."""

import asyncio

from cauce.contract import JSON
from workflows.instance import EndProcess, Frame
from workflows.model import ForkTask


async def execute(task: ForkTask, frame: Frame, data: JSON) -> JSON:
    """Run the branches; the output is all of theirs in order, or that of the first to end when they compete.

    The first error that a branch does not handle cancels its siblings.
    """
    done: dict[str, JSON] = frame.state.setdefault("done", {})
    running: dict[asyncio.Task[JSON], str] = {}
    for index in range(len(task.branches)):
        if str(index) not in done:
            running[asyncio.create_task(_branch(task, frame, index, data))] = str(index)
    try:
        while running and not (task.compete and done):
            finished, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            # In the order of the document, so that two branches that end together always give the same result.
            for branch in sorted(finished, key=lambda each: int(running[each])):
                done[running.pop(branch)] = branch.result()
    finally:
        await _cancel(running)
    frame.instance.journal.forget_below(frame.path, writes=True)
    if task.compete:
        return done[min(done, key=int)]
    return [done[str(index)] for index in range(len(task.branches))]


async def _branch(task: ForkTask, frame: Frame, index: int, data: JSON) -> JSON:
    instance, branch = frame.instance, task.branches[index]
    path = f"{frame.path}/fork/branches/{index}/{branch.common.name}"
    if instance.must_pause():
        await instance.pause()
    inner = Frame(instance, branch, path, data, frame.variables, instance.runtime.time())
    output = await instance.walk.run_task(inner)
    if inner.then == "end":
        raise EndProcess(output)
    return output


async def _cancel(running: dict[asyncio.Task[JSON], str]) -> None:
    for branch in running:
        branch.cancel()
    if running:
        await asyncio.gather(*running, return_exceptions=True)
