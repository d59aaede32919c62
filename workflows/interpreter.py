"""Walks a process: task after task, with the data flow, the conditions and the errors of the standard."""

import asyncio
from collections.abc import Mapping

from cauce.contract import JSON
from workflows.evaluation import check_data, deadline, evaluate, holds, within
from workflows.fault import Fault
from workflows.instance import EndProcess, Frame, Instance
from workflows.model import TaskList
from workflows.names import Names
from workflows.tasks import execute


async def run_process(instance: Instance) -> JSON:
    """Run the process from where its journal is to its end; returns its output, raises `Fault`."""
    process, journal = instance.process, instance.journal
    names = Names(instance)
    try:
        if not journal.lists and not journal.trace:
            check_data(process.input_schema, journal.input, "input", "/")
            journal.context = evaluate(process.input_from, journal.input, names, "/")
        started = journal.context
        try:
            if process.timeout is None:
                output = await run_list(instance, process.body, "/do", started, {})
            else:
                limit = deadline(process.timeout, instance.runtime, journal.started_at, names, journal.context)
                output = await within(limit, run_list(instance, process.body, "/do", started, {}), instance, "/")
        except EndProcess as end:
            output = end.output
        output = evaluate(process.output_as, output, names, "/")
        check_data(process.output_schema, output, "output", "/")
    except Fault as error:
        error.problem.setdefault("instance", "/")
        raise
    return output


async def run_list(
    instance: Instance, tasks: TaskList, path: str, data: JSON, variables: Mapping[str, JSON]
) -> JSON:
    """Run tasks in order, or as their `then` says; returns the output of the last."""
    place = instance.journal.lists.setdefault(path, [0, data])
    index, data = place
    while index < len(tasks.tasks):
        if instance.must_pause:
            await instance.pause()
        task = tasks.tasks[index]
        frame = Frame(instance, task, f"{path}/{index}/{task.common.name}", data, variables, instance.runtime.time())
        data = await run_task(frame)
        then = frame.then
        if then is None or then == "continue":
            index += 1
        elif then == "end":
            raise EndProcess(data)
        elif then == "exit":
            break
        else:
            index = tasks.index[then]
        place[0], place[1] = index, data
    instance.journal.lists.pop(path, None)
    return data


async def run_task(frame: Frame) -> JSON:
    """Run one task with everything that surrounds it; sets `frame.then`."""
    instance, common = frame.instance, frame.task.common
    reference = common.reference
    resumed = frame.path in instance.journal.states
    if common.condition is not None and not resumed:
        if not holds(common.condition, frame.raw, frame.names(), reference):
            return frame.raw
    frame.then = common.then
    record = instance.trace_start(frame)
    try:
        check_data(common.input_schema, frame.raw, "input", reference)
        frame.input = evaluate(common.input_from, frame.raw, frame.names(), reference)
        if common.timeout is None:
            frame.output = await execute(frame, frame.input)
        else:
            limit = deadline(common.timeout, instance.runtime, _start(frame), frame.names(), frame.input)
            frame.output = await within(limit, execute(frame, frame.input), instance, reference)
        output = evaluate(common.output_as, frame.output, frame.names(), reference)
        check_data(common.output_schema, output, "output", reference)
        if common.export_as is not None:
            context = evaluate(common.export_as, output, frame.names(output=output), reference)
            check_data(common.export_schema, context, "context", reference)
            instance.journal.context = context
    except BaseException as error:
        _close_record(record, instance, error, reference)
        raise
    instance.journal.states.pop(frame.path, None)
    record["status"], record["endedAt"] = "completed", instance.runtime.time()
    return output


def _start(frame: Frame) -> float:
    """When the task first began: a new run must not give it a new time limit."""
    started: float = frame.state.setdefault("startedAt", frame.started_at)
    return started


def _close_record(record: dict[str, JSON], instance: Instance, error: BaseException, reference: str) -> None:
    record["endedAt"] = instance.runtime.time()
    match error:
        case EndProcess():
            record["status"] = "completed"
        case Fault():
            error.problem.setdefault("instance", reference)
            record["status"], record["error"] = "faulted", error.problem
        case asyncio.CancelledError() | GeneratorExit():
            record["status"] = "cancelled"
        case _:
            record["status"] = "faulted"
