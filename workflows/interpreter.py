"""Walks a process: task after task, with the data flow, the conditions and the errors of the standard."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from functools import partial

from cauce.contract import JSON, CloseTask, StopListening
from workflows import extended, going_back, marks
from workflows.evaluation import check_data, ends_at, evaluate, holds, seconds, within
from workflows.fault import Fault
from workflows.instance import EndProcess, Frame, GoBack, Instance
from workflows.journal import ROOT
from workflows.model import TaskList
from workflows.names import BEFORE_PROCESS, Names
from workflows.record import begin_record
from workflows.tasks import execute


async def run_process(instance: Instance) -> JSON:
    """Run the process from where its journal is to its end; returns its output, raises `Fault`."""
    process, journal = instance.process, instance.journal
    names = Names(instance)
    state = journal.states.setdefault(ROOT, {})
    await _tidy(instance)
    instance.clocks.go_on()
    try:
        if "begun" not in state:
            if not state:
                instance.lifecycle.begins()
            check_data(process.input_schema, journal.input, "input", "/")
            before = Names(instance, hidden=BEFORE_PROCESS)
            journal.context = evaluate(process.input_from, journal.input, before, "/")
            state["begun"] = True
        if process.listens and journal.events_after is None:
            # Whoever starts an instance says where its events begin; a clock or another process did not.
            journal.events_after = await instance.effect(instance.runtime.events_position())
        # Kept, so that a retry after an output that did not fit does not run the tasks again.
        if "output" not in state:
            state["output"] = await _run_body(instance, names)
        output = evaluate(process.output_as, state["output"], names, "/")
        check_data(process.output_schema, output, "output", "/")
        await instance.clocks.end()
    except Fault as error:
        error.problem.setdefault("instance", "/")
        journal.problem = error.problem
        raise
    return output


async def _tidy(instance: Instance) -> None:
    """Take what a repair has dropped out of the inbox, and from those who are told of events."""
    while instance.journal.closing:
        await instance.effect(instance.runtime.close_task(CloseTask(instance.journal.closing[0], "cancelled")))
        instance.journal.closing.pop(0)
    while instance.journal.deaf:
        token, used = instance.journal.deaf[0]
        instance.journal.turns += 1
        over = StopListening(token, instance.runtime.instance_id, instance.journal.turns, used)
        await instance.effect(instance.runtime.stop_listening(over))
        instance.journal.deaf.pop(0)


async def _run_body(instance: Instance, names: Names) -> JSON:
    process, journal = instance.process, instance.journal
    body = run_list(instance, process.body, "/do", journal.context, {})
    try:
        if process.timeout is None:
            return await body
        started: float = journal.states[ROOT].setdefault("startedAt", instance.runtime.time())
        allowed = seconds(process.timeout, journal.input, names, instance.runtime, "/")
        return await within(started + allowed - instance.runtime.time(), body, instance, "/")
    except EndProcess as end:
        return end.output
    finally:
        body.close()


async def run_list(instance: Instance, tasks: TaskList, path: str, data: JSON, variables: Mapping[str, JSON]) -> JSON:
    """Run tasks in order, or as their `then` says; returns the output of the last."""
    return (await run_scope(instance, tasks, path, data, variables))[0]


async def run_scope(
    instance: Instance, tasks: TaskList, path: str, data: JSON, variables: Mapping[str, JSON]
) -> tuple[JSON, bool]:
    """Run tasks as `run_list` does; tells as well whether an `exit` ended the list."""
    then: str | None = None
    place = instance.journal.lists.setdefault(path, [0, data])
    index, data = place
    while index < len(tasks.tasks):
        if instance.must_pause():
            await instance.pause()
        task = tasks.tasks[index]
        if f"{path}/{index}/{task.common.name}" not in instance.journal.states:
            marks.put_mark(instance.journal.marks, path, f"{index}/{task.common.name}", data, instance.journal.context)
        frame = Frame(instance, task, f"{path}/{index}/{task.common.name}", data, variables, instance.runtime.time())
        try:
            data = await run_task(frame)
        except GoBack as back:
            if back.home != path:
                raise
            place[0], place[1] = index, data = going_back.begin_again(instance, back)
            continue
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
    instance.journal.marks.pop(path, None)
    return data, then == "exit"


async def run_task(frame: Frame) -> JSON:
    """Run one task with everything that surrounds it; sets `frame.then`."""
    instance, common = frame.instance, frame.task.common
    if frame.path in instance.journal.skips:
        return _skipped(frame)
    resumed = frame.path in instance.journal.states
    if common.condition is not None and not resumed:
        wanted = _wanted(frame)
        instance.note_way(common.reference, "holds" if wanted else "does not hold")
        if not wanted:
            return frame.raw
    frame.then = common.then
    state = frame.state
    frame.started_at = state.setdefault("startedAt", frame.started_at)
    record = begin_record(frame, resumed=resumed)
    if not resumed:
        _tell_begin(frame)
    elif frame.path in instance.again:
        instance.lifecycle.task_retried(common.reference)
    try:
        output = await _transformed(frame)
    except GeneratorExit:
        # The worker lets go of this run, which is no end of anything.
        raise
    except BaseException as error:
        _close_record(record, instance, error, common.reference)
        _tell_end(frame, error)
        raise
    if frame.recorded:
        instance.lifecycle.task_ends(common.reference, "completed", output)
    journal = instance.journal
    del journal.states[frame.path]
    journal.writes.pop(frame.path, None)
    record["status"], record["endedAt"] = "completed", instance.runtime.time()
    return output


def _skipped(frame: Frame) -> JSON:
    """Take what an operator gave for the task's output; the process goes on as if the task had given it."""
    journal, common = frame.instance.journal, frame.task.common
    frame.then = common.then
    record = begin_record(frame, resumed=False)
    record["status"], record["endedAt"] = "skipped", frame.instance.runtime.time()
    journal.writes.pop(frame.path, None)
    output = journal.skips.pop(frame.path)
    if frame.recorded:
        frame.instance.lifecycle.task_ends(common.reference, "completed", output)
    return output


async def _transformed(frame: Frame) -> JSON:
    """Run the task between the transformations of its input and of its output, and its extensions around that."""
    if not frame.task.common.extensions:
        return await _done(frame, execute)
    kept = extended.kept_output(frame)
    if kept is None:
        output = await _done(frame, partial(extended.run_before, execute=execute))
        extended.keep_output(frame, output)
    else:
        (output,) = kept
        frame.input = frame.state.get("input", frame.raw)
    await extended.run_after(frame, output)
    return output


async def _done(frame: Frame, work: Callable[[Frame, JSON], Coroutine[None, None, JSON]]) -> JSON:
    instance, common = frame.instance, frame.task.common
    reference = common.reference
    _transform_input(frame)
    if common.timeout is None:
        frame.output = await work(frame, frame.input)
    else:
        names = frame.names()
        end = ends_at(
            common.timeout, common.calendar, frame.started_at, frame.input, names, instance.runtime, reference
        )
        frame.output = await within(end - instance.runtime.time(), work(frame, frame.input), instance, reference)
    output = evaluate(common.output_as, frame.output, frame.names(), reference)
    check_data(common.output_schema, output, "output", reference)
    if common.export_as is not None:
        context = evaluate(common.export_as, output, frame.names(output=output), reference)
        check_data(common.export_schema, context, "context", reference)
        instance.journal.context = context
    return output


def _transform_input(frame: Frame) -> None:
    common, state = frame.task.common, frame.state
    if common.input_from is None:
        frame.input = frame.raw
        check_data(common.input_schema, frame.raw, "input", common.reference)
    elif "input" in state:
        frame.input = state["input"]
    else:
        check_data(common.input_schema, frame.raw, "input", common.reference)
        # Remembered, because the context that it may come from can be another one when a new run takes over.
        frame.input = state["input"] = evaluate(common.input_from, frame.raw, frame.names_before(), common.reference)


def _wanted(frame: Frame) -> bool:
    """Evaluate the task's `if`; when that fails, the task has failed."""
    common = frame.task.common
    assert common.condition is not None  # noqa: S101 (the caller asked)
    try:
        return holds(common.condition, frame.raw, frame.names_before(), common.reference)
    except Fault as error:
        record = begin_record(frame, resumed=False)
        _close_record(record, frame.instance, error, common.reference)
        _tell_begin(frame)
        _tell_end(frame, error)
        raise


def _tell_begin(frame: Frame) -> None:
    # The body of a function is the same task as its call.
    if frame.recorded:
        frame.instance.lifecycle.task_begins(frame.task.common.reference)


def _tell_end(frame: Frame, error: BaseException) -> None:
    if not frame.recorded:
        return
    lifecycle, reference = frame.instance.lifecycle, frame.task.common.reference
    match error:
        case EndProcess():
            lifecycle.task_ends(reference, "completed", error.output)
        case Fault():
            lifecycle.task_ends(reference, "faulted", error.problem)
        case asyncio.CancelledError() | GoBack():
            lifecycle.task_ends(reference, "cancelled")
        case _:
            # A bug: the step is tried again when it is mended.
            return


def _close_record(record: dict[str, JSON], instance: Instance, error: BaseException, reference: str) -> None:
    record["endedAt"] = instance.runtime.time()
    match error:
        case EndProcess():
            record["status"] = "completed"
        case Fault():
            error.problem.setdefault("instance", reference)
            record["status"], record["error"] = "faulted", error.problem
        case asyncio.CancelledError() | GoBack():
            record["status"] = "cancelled"
        case _:
            record["status"] = "faulted"
