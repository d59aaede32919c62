"""`listen`: the process waits for events, and takes those that fit in the order in which they came.

What fits at all is decided where the event log is; the filters that go there are bound to the variables as they were
when the task began. Here is decided what only the task knows: what it has taken already, and when it has enough.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Final

from cauce import cloud_events
from cauce.bound_filters import bound
from cauce.contract import JSON, Listen, StopListening
from cauce.errors import ExpressionError
from workflows import parts
from workflows.evaluation import check_data, evaluate, expression_fault, holds
from workflows.fault import Fault, fault
from workflows.instance import Frame, WayOut
from workflows.model import Foreach, ListenTask, Strategy

_LARGEST_FILTERS: Final = 100_000
# So many events that were used up are kept in the journal, before the store is told.
_MOST_USED: Final = 100


async def execute(task: ListenTask, frame: Frame, data: JSON) -> JSON:
    """Wait until enough events came; the output is what was read of each, in their order."""
    state = frame.state
    if "listening" not in state:
        _begin(task, frame, data)
    if state["listening"]:
        inbox, token = frame.instance.inbox, frame.token()
        inbox.listeners[token] = {"reference": task.common.reference, "token": token, "to": _shown(task)}
        try:
            await _listen(task, frame, data)
            await _use_up(frame, state["taken"] + state["used"])
        except (asyncio.CancelledError, WayOut, Fault):
            # Nobody must be told for nothing. What was only collected can be taken again; what was acted on cannot.
            await _use_up(frame, state["used"])
            raise
        finally:
            inbox.close(token)
        # If anything fails from here on, another attempt must not listen again.
        state["listening"] = False
        frame.instance.lifecycle.correlation_ends(state["known"])
    return state["output"]


def _begin(task: ListenTask, frame: Frame, data: JSON) -> None:
    """Bind the filters, and note that nothing was taken yet."""
    until = task.until_events.filters if task.until_events else ()
    try:
        filters = [each.bind(data, frame.names()) for each in (*task.to.filters, *until)]
    except ExpressionError as error:
        raise expression_fault(error, task.common.reference) from error
    if len(json.dumps(filters)) > _LARGEST_FILTERS:
        problem = f"The filters hold more than {_LARGEST_FILTERS:,} characters of data."
        hint = "Let their expressions read less: a variable that an expression uses is kept as a whole."
        raise fault("configuration", problem, instance=task.common.reference, hint=hint)
    frame.state.update(
        listening=True,
        filters=filters,
        position=frame.instance.journal.events_after or 0,
        queue=[],  # events that fit and were not looked at yet
        count=0,  # how many events became output
        output=[],
        taken=[],  # places of the events that were taken, and are used up when the task is done
        used=[],  # places of those that are used up already, because their `foreach` is done, until the store knows
        without=_in_use(frame),  # places of events that other listeners have used up or are busy with
        turn=frame.instance.journal.turns,
        known={},  # values that events correlate by
        slots={},  # number of a filter -> place of the event that it got, where each gets one
        over=False,
    )
    frame.instance.lifecycle.correlation_begins()


async def _listen(task: ListenTask, frame: Frame, data: JSON) -> None:
    """Take events until there are enough."""
    state, instance = frame.state, frame.instance
    begin = True
    while not _enough(task, state):
        while state["queue"]:
            await _look_at(task, frame, data, state["queue"][0])
            state["queue"].pop(0)
            if _enough(task, state):
                return
        if len(state["used"]) > _MOST_USED:
            await _use_up(frame, state["used"], goes_on=True)
            state["used"] = []
        here, after, turn = instance.runtime.instance_id, state["position"], state["turn"]
        wanted = Listen(frame.token(), here, state["filters"], after, turn, begin=begin)
        heard = await instance.effect(instance.runtime.listen(wanted))
        begin = False
        state["queue"], state["position"] = list(heard.events), heard.position
        if not heard.events and not heard.more:
            await instance.inbox.something_behind(frame.token(), state["position"])


async def _use_up(frame: Frame, consumed: list[int], *, goes_on: bool = False) -> None:
    """Keep what was used from the listeners that begin after this; be told of nothing more unless it goes on."""
    instance = frame.instance
    instance.journal.turns += 1
    here, turn = instance.runtime.instance_id, instance.journal.turns
    over = StopListening(frame.token(), here, turn, list(consumed), goes_on)
    await instance.effect(instance.runtime.stop_listening(over))


def _enough(task: ListenTask, state: Mapping[str, JSON]) -> bool:
    if state["over"] or "current" in state:
        return bool(state["over"])
    number_of_filters = len(task.to.filters)
    if task.until_events is not None:
        ends = [int(each) for each in state["slots"] if int(each) >= number_of_filters]
        return _complete(task.until_events, len(ends))
    if task.until is not None:
        return False
    return _complete(task.to, len(state["slots"]) if task.to.kind == "all" else state["count"])


def _complete(strategy: Strategy, got: int) -> bool:
    return got >= (len(strategy.filters) if strategy.kind == "all" else 1)


async def _look_at(task: ListenTask, frame: Frame, data: JSON, entry: Mapping[str, JSON]) -> None:
    """Take an event if somebody still wants it, and do with it what is to be done."""
    state, sequence = frame.state, entry["sequence"]
    if state.get("current") != sequence:
        if sequence in state["without"]:
            return
        number = _who_wants(task, state, entry)
        if number is None:
            return
        if task.foreach is None or number >= len(task.to.filters):
            state["taken"].append(sequence)
        if number >= len(task.to.filters):
            return
        state["current"] = sequence
    value = _READ[task.read](entry["event"])
    if task.foreach is not None:
        value = await act(task.foreach, frame, data, value)
        state["used"].append(sequence)
    del state["current"]
    state["count"] += 1
    if not _never_ends(task):
        state["output"].append(value)
    if task.until is not None:
        state["over"] = holds(task.until, state["output"], frame.names(), task.common.reference)


def _who_wants(task: ListenTask, state: dict[str, JSON], entry: Mapping[str, JSON]) -> int | None:
    """Return the number of the filter that an event is for: those of `until` come first, and each gets one."""
    number_of_filters = len(task.to.filters)
    numbers: list[int] = entry["filters"]
    for number in sorted(numbers, key=lambda each: (each < number_of_filters, each)):
        alone = number >= number_of_filters or task.to.kind == "all"
        if alone and str(number) in state["slots"]:
            continue
        known = bound(state["filters"][number]).correlated(entry["event"], state["known"])
        if known is None:
            continue
        state["known"] = known
        if alone:
            state["slots"][str(number)] = entry["sequence"]
        return number
    return None


def _in_use(frame: Frame) -> list[int]:
    """Return the places of events that a listener which begins now does not get, and of which the store knows nothing.

    They are used up by listeners that are open still, or are those with which the listeners around it are busy.
    """
    found: set[int] = set()
    for path, state in frame.instance.journal.states.items():
        found.update(state.get("used", ()))
        if "current" in state and frame.path.startswith(f"{path}["):
            found.add(state["current"])
    return sorted(found)


async def act(foreach: Foreach, frame: Frame, data: JSON, value: JSON) -> JSON:
    """Run the tasks for one event; what they do is over before the next one is looked at."""
    instance, reference, index = frame.instance, frame.task.common.reference, frame.state["count"]
    variables = {foreach.item: value, foreach.at: index}
    output = value
    if foreach.body is not None:
        iteration = f"{frame.path}[{index}]"
        within = {**frame.variables, **variables}
        output = await instance.walk.run_list(instance, foreach.body, f"{iteration}/foreach/do", data, within)
        parts.end(instance.journal.parts, frame.path, iteration)
    output = evaluate(foreach.output_as, output, frame.names(**variables), reference)
    check_data(foreach.output_schema, output, "output", reference)
    if foreach.export_as is not None:
        context = evaluate(foreach.export_as, output, frame.names(**variables, output=output), reference)
        check_data(foreach.export_schema, context, "context", reference)
        instance.journal.context = context
    return output


def _never_ends(task: ListenTask) -> bool:
    """Tell whether the task only ends with the process, so that nobody will ever see its output."""
    return task.until is not None and task.until.text == "false"


def _shown(task: ListenTask) -> JSON:
    return task.common.definition["listen"]["to"]


_READ: Final[Mapping[str, Callable[[Mapping[str, JSON]], JSON]]] = {
    "data": cloud_events.data_of,
    "envelope": dict,
    "raw": cloud_events.raw_data_of,
}
