"""`call: asyncapi`: a message is published, or messages are consumed until there are enough of them."""

import asyncio
import json
from dataclasses import replace
from typing import Final

from cauce.contract import JSON, ProtocolCall
from cauce.errors import DefinitionError
from workflows.asyncapi import channel_of
from workflows.evaluation import evaluate_object, holds, seconds
from workflows.fault import Fault, fault
from workflows.instance import Frame, WayOut
from workflows.model import ProtocolTask, SubscriptionTask
from workflows.tasks import listen

# So long one look for messages takes at most; the next one goes on where it ended.
_WINDOW_S: Final = 60.0
_MARGIN_S: Final = 30.0
_MOST: Final = 10_000
_LARGEST: Final = 1_000_000


def prepare(given: dict[str, JSON], task: ProtocolTask, frame: Frame) -> ProtocolCall:
    """Return the call that publishes a message; it is made once."""
    del frame
    message = given.get("message")
    if not isinstance(message, dict) or not isinstance(message.get("headers") or {}, dict):
        raise fault("configuration", "`with.message` must be an object.", instance=task.common.reference)
    arguments = _arguments(given, task.description, task.common.reference, receives=False)
    return ProtocolCall("asyncapi", {**arguments, "action": "publish", "message": message}, lasts=True)


async def execute(task: SubscriptionTask, frame: Frame, data: JSON) -> JSON:
    """Consume messages; the output is the array of them, or of what `foreach` made of each."""
    state, reference = frame.state, task.common.reference
    if "consuming" not in state:
        given = evaluate_object(task.arguments, data, frame.names(), reference, "`with`")
        arguments = _arguments(given, task.description, reference, receives=True)
        lasts = None
        if task.duration is not None:
            runtime = frame.instance.runtime
            lasts = runtime.time() + seconds(task.duration, data, frame.names(), runtime, reference)
        state.update(consuming=arguments, ends=lasts, queue=[], count=0, output=[], size=0, over=False)
    if not state["over"]:
        try:
            await _consume(task, frame, data)
        except (asyncio.CancelledError, WayOut, Fault):
            await _leave(task, frame)
            raise
        state["over"] = True
        await _leave(task, frame)
    return state["output"]


async def _consume(task: SubscriptionTask, frame: Frame, data: JSON) -> None:
    state, instance = frame.state, frame.instance
    while not state["over"]:
        if instance.must_pause():
            await instance.pause()
        if "current" not in state and _is_over(task, frame):
            return
        if state["queue"]:
            await _look_at(task, frame, data, state["queue"][0])
            state["queue"].pop(0)
            continue
        left = _WINDOW_S if state["ends"] is None else min(state["ends"] - instance.runtime.time(), _WINDOW_S)
        if left <= 0:
            return
        state["queue"] = await _call(task, frame, {"action": "receive", "window_s": left}, left + _MARGIN_S)


def _is_over(task: SubscriptionTask, frame: Frame) -> bool:
    """Tell whether no further message is wanted."""
    output, reference = frame.state["output"], task.common.reference
    return task.until is not None and holds(task.until, output, frame.names(), reference)


async def _look_at(task: SubscriptionTask, frame: Frame, data: JSON, message: JSON) -> None:
    """Take a message that fits, and do with it what is to be done before the next one is looked at."""
    state, reference = frame.state, task.common.reference
    if "current" not in state:
        if task.filter is not None and not holds(task.filter, message, frame.names(), reference):
            return
        state["current"] = True
    value = message if task.foreach is None else await listen.act(task.foreach, frame, data, message)
    del state["current"]
    state["count"] += 1
    state["size"] += len(json.dumps(value))
    if state["count"] > _MOST or state["size"] > _LARGEST:
        problem = f"More than {_MOST:,} messages, or {_LARGEST:,} characters of them, were consumed."
        hint = "Consume fewer at a time, or let `foreach.output.as` keep less of each."
        raise fault("runtime", problem, instance=reference, status=413, title="Too large", hint=hint)
    state["output"].append(value)
    enough = task.amount is not None and state["count"] >= task.amount
    ends = task.while_ is not None and not holds(task.while_, state["output"], frame.names(), reference)
    state["over"] = enough or ends


async def _leave(task: SubscriptionTask, frame: Frame) -> None:
    """Let the broker forget the subscription; only brokers of MQTT know of one between two looks."""
    if frame.state["consuming"]["channel"]["protocol"] not in {"http", "ws"}:
        await _call(task, frame, {"action": "leave"}, _MARGIN_S)


async def _call(task: SubscriptionTask, frame: Frame, more: dict[str, JSON], limit_s: float) -> list[JSON]:
    instance = frame.instance
    call = ProtocolCall("asyncapi", {**frame.state["consuming"], **more, "session": frame.token()}, effect="read")
    call = replace(
        call,
        reference=task.common.reference,
        lasts=True,
        timeout_s=limit_s,
        secrets=list(task.secrets),
        nonce=instance.journal.origin,
    )
    outcome = await instance.effect(instance.runtime.call_protocol(call))
    if outcome.error is not None:
        raise Fault({**outcome.error, "instance": task.common.reference})
    return list(outcome.output or ())


def _arguments(given: dict[str, JSON], document: JSON, reference: str, *, receives: bool) -> dict[str, JSON]:
    try:
        channel = channel_of(document, given, receives=receives)
    except DefinitionError as error:
        hint = {"hint": error.hint} if error.hint else {}
        raise fault("configuration", error.problem, instance=reference, **hint) from error
    return {"channel": channel.to_json(), "authentication": given.get("authentication")}
