"""A call that cannot be made: it is tried for a while, then a person does it and says what came of it."""

from datetime import UTC, datetime
from typing import Final

from cauce.contract import JSON, ByHand, HumanTask, OperationCall, Outcome
from workflows.durations import Duration
from workflows.evaluation import evaluate_object, seconds
from workflows.fault import fault
from workflows.instance import Frame, cancellations
from workflows.model import Fallback, OperationTask
from workflows.tasks import human

# Only these leave a person something to do: what a system refused it would refuse again.
_OUT_OF_REACH: Final = frozenset({"transient", "ambiguous"})
_CIRCUIT_OPEN: Final = "circuit-open"
_FIRST_PAUSE_S: Final = 10.0
_LONGEST_PAUSE_S: Final = 300.0
_JITTER: Final = 0.2
_TRYING: Final = ("since", "tries", "until")
_PRIORITY: Final = 50


async def call_or_ask(
    call: OperationCall, task: OperationTask, fallback: Fallback, frame: Frame, data: JSON
) -> Outcome:
    """Call the operation, or have a person do what it does; the answer is the output of the call."""
    instance, state = frame.instance, frame.state
    if "form" not in state:
        outcome = await _tried(call, task, fallback, frame, data)
        if outcome.error is None or outcome.error.get("code") not in _OUT_OF_REACH:
            return outcome
        wanted = _human_task(call, fallback, frame, data, outcome.error)
        await human.ask(frame, wanted, instead=task.common.definition["call"])
        instance.note_way(task.common.reference, "done by hand")
    answer = await human.answered(frame)
    if call.effect == "write":
        done = ByHand(call, answer["answer"], answer["by"], answer["at"])
        await instance.effect(instance.runtime.record_by_hand(done))
    return Outcome(output=answer["answer"])


async def _tried(call: OperationCall, task: OperationTask, fallback: Fallback, frame: Frame, data: JSON) -> Outcome:
    """Call again and again while the system is out of reach and there is time; the last outcome counts."""
    instance, state = frame.instance, frame.state
    state.setdefault("since", instance.runtime.time())
    end = state["since"] + _seconds(fallback.after, frame, data)
    cancelled = cancellations()
    try:
        while True:
            await _pause(frame)
            outcome = await instance.call(call, task.timeout_s)
            error = outcome.error
            if error is None or error.get("code") not in _OUT_OF_REACH or cancellations() > cancelled:
                return outcome
            left = end - instance.runtime.time()
            # Whoever shut the circuit knows already that there is no use in trying.
            if left <= 0 or error.get("remoteCode") == _CIRCUIT_OPEN:
                return outcome
            state["tries"] = state.get("tries", 0) + 1
            state["until"] = instance.runtime.time() + min(left, _pause_s(state["tries"], instance.runtime.random()))
    finally:
        # A new run that takes over has the journal as it was; whoever comes here again begins anew.
        for key in _TRYING:
            state.pop(key, None)


async def _pause(frame: Frame) -> None:
    until = frame.state.get("until")
    if until is not None:
        await frame.instance.sleep_until(until)
        if frame.instance.must_pause():
            await frame.instance.pause()
        frame.instance.lifecycle.task_retried(frame.task.common.reference)


def _pause_s(tries: int, random: float) -> float:
    pause = min(_FIRST_PAUSE_S * 2.0 ** min(tries - 1, 16), _LONGEST_PAUSE_S)
    return pause * (1 + _JITTER * (2 * random - 1))


def _human_task(
    call: OperationCall, fallback: Fallback, frame: Frame, data: JSON, problem: dict[str, JSON]
) -> HumanTask:
    instance, common = frame.instance, frame.task.common
    given = evaluate_object(fallback.arguments, data, frame.names(), common.reference, "`fallback`")
    group, user = (given.get(key) or None for key in ("group", "user"))
    if not (group or user):
        raise fault("configuration", "A fallback needs a `group` or a `user`.", instance=common.reference)
    shown = {"call": common.definition["call"], "arguments": call.params, "problem": problem.get("detail")}
    due_s = _seconds(fallback.due, frame, data)
    return HumanTask(
        at=instance.runtime.now().isoformat(),
        id=frame.token(),
        instance=instance.runtime.instance_id,
        definition=instance.process.title,
        version=instance.process.version,
        name=common.name,
        reference=common.reference,
        form=fallback.form,
        title=given.get("title") or fallback.form_document.get("title") or common.name,
        form_document=dict(fallback.form_document),
        data=given.get("data", shown),
        group=group,
        user=user,
        priority=_PRIORITY,
        due_at=datetime.fromtimestamp(instance.runtime.time() + due_s, UTC).isoformat() if due_s else None,
        business_key=instance.business_key,
    )


def _seconds(duration: Duration | None, frame: Frame, data: JSON) -> float:
    if duration is None:
        return 0.0
    return seconds(duration, data, frame.names(), frame.instance.runtime, frame.task.common.reference)
