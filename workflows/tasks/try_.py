"""`try`: errors taken, tried again, or handled."""

from typing import assert_never

from cauce.contract import JSON
from workflows.durations import Duration
from workflows.evaluation import evaluate, holds, seconds, within
from workflows.fault import Fault, matches
from workflows.instance import Frame
from workflows.model import Retry, TryTask
from workflows.names import Names

_CAP_S = 300.0
_JITTER = 0.2


async def execute(task: TryTask, frame: Frame, data: JSON) -> JSON:
    """Run the tasks; an error that the catch takes is retried as its policy says, then handled by its `do`."""
    state, journal = frame.state, frame.instance.journal
    note, reference = frame.instance.note_way, task.common.reference
    state.setdefault("attempt", 1)
    state.setdefault("since", frame.instance.runtime.time())
    while "error" not in state:
        try:
            await _pause_before_retry(frame)
            output = await _attempt(task, frame, data)
        except Fault as error:
            problem = {"instance": reference, **error.problem}
            if not _catches(task, frame, data, problem):
                raise
            retry = task.catch.retry
            if retry is not None:
                if _schedule(retry, task, frame, data, problem):
                    note(reference, "tried again")
                    journal.forget_below(frame.path, writes=False)
                    continue
                if task.catch.body is None:
                    raise
            journal.forget_below(frame.path, writes=True)
            state["error"] = problem
            note(reference, "error taken")
        else:
            note(reference, "no error")
            return output
    output = await _handle(task, frame, data, state["error"])
    frame.then = task.catch.then or frame.then
    return output


async def _attempt(task: TryTask, frame: Frame, data: JSON) -> JSON:
    limit = task.catch.retry.attempt_duration if task.catch.retry else None
    # There is no error before the first attempt, so its limit does not depend on one.
    limit_s = None if limit is None else _seconds(limit, frame, data, frame.names(**{task.catch.variable: None}))
    body = frame.instance.walk.run_list(frame.instance, task.body, frame.path + "/try", data, frame.variables)
    if limit_s is None:
        return await body
    return await within(limit_s, body, frame.instance, task.common.reference)


async def _handle(task: TryTask, frame: Frame, data: JSON, problem: JSON) -> JSON:
    if task.catch.body is None:
        return data
    variables = {**frame.variables, task.catch.variable: problem}
    path = frame.path + "/catch/do"
    return await frame.instance.walk.run_list(frame.instance, task.catch.body, path, data, variables)


def _catches(task: TryTask, frame: Frame, data: JSON, problem: dict[str, JSON]) -> bool:
    catch, reference = task.catch, task.common.reference
    names = frame.names(**{catch.variable: problem})
    if catch.filter is not None:
        pattern = evaluate(catch.filter, data, names, reference)
        if not isinstance(pattern, dict) or not matches(problem, pattern):
            return False
    if catch.when is not None and not holds(catch.when, data, names, reference):
        return False
    return catch.except_when is None or not holds(catch.except_when, data, names, reference)


def _schedule(retry: Retry, task: TryTask, frame: Frame, data: JSON, problem: dict[str, JSON]) -> bool:
    """Tell whether to try again, and fix the moment; it is in the journal, so a new run waits no longer."""
    state, reference, runtime = frame.state, task.common.reference, frame.instance.runtime
    names = frame.names(**{task.catch.variable: problem})
    if retry.when is not None and not holds(retry.when, data, names, reference):
        return False
    if retry.except_when is not None and holds(retry.except_when, data, names, reference):
        return False
    if retry.count is not None and state["attempt"] > retry.count:
        return False
    until = runtime.time() + delay_s(retry, state["attempt"], frame, data, names)
    if retry.duration is not None and until - state["since"] > _seconds(retry.duration, frame, data, names):
        return False
    state["until"] = until
    state["attempt"] += 1
    return True


def delay_s(retry: Retry, attempt: int, frame: Frame, data: JSON, names: Names) -> float:
    """Return how long to wait before the attempt that follows number `attempt`."""
    base = _seconds(retry.delay, frame, data, names) if retry.delay else 0.0
    random = frame.instance.runtime.random
    match retry.backoff:
        case "exponential":
            # Beyond 64 doublings the cap has long decided.
            base = _capped(retry, base * retry.factor ** min(attempt - 1, 64), frame, data, names)
        case "linear":
            step = _seconds(retry.increment, frame, data, names) if retry.increment else base
            base = _capped(retry, base + step * (attempt - 1), frame, data, names)
        case "constant":
            pass
        case _:
            assert_never(retry.backoff)
    if retry.jitter is not None:
        low, high = (_seconds(each, frame, data, names) for each in retry.jitter)
        return base + low + (high - low) * random()
    if retry.default_jitter:
        return base * (1 + _JITTER * (2 * random() - 1))
    return base


def _capped(retry: Retry, delay: float, frame: Frame, data: JSON, names: Names) -> float:
    return min(delay, _seconds(retry.cap, frame, data, names) if retry.cap else _CAP_S)


async def _pause_before_retry(frame: Frame) -> None:
    state = frame.state
    if "until" in state:
        await frame.instance.sleep_until(state["until"])
        del state["until"]
        if frame.instance.must_pause():
            await frame.instance.pause()
        frame.instance.lifecycle.task_retried(frame.task.common.reference)


def _seconds(duration: Duration, frame: Frame, data: JSON, names: Names) -> float:
    return seconds(duration, data, names, frame.instance.runtime, frame.task.common.reference)
