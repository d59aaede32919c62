"""`try`: errors taken, tried again, or handled."""

from cauce.contract import JSON
from workflows import durations
from workflows.durations import Duration
from workflows.evaluation import evaluate, holds, within
from workflows.fault import Fault, matches
from workflows.instance import Frame
from workflows.model import Retry, TryTask

_CAP_S = 300.0
_JITTER = 0.2


async def execute(task: TryTask, frame: Frame, data: JSON) -> JSON:
    """Run the tasks; an error that the catch takes is retried as its policy says, then handled by its `do`."""
    state = frame.state
    state.setdefault("attempt", 1)
    state.setdefault("since", frame.instance.runtime.time())
    while "error" not in state:
        try:
            await _pause_before_retry(frame)
            return await _attempt(task, frame, data)
        except Fault as error:
            problem = {"instance": task.common.reference, **error.problem}
            if not _catches(task, frame, data, problem):
                raise
            frame.instance.journal.forget_below(frame.path)
            retry = task.catch.retry
            if retry is not None:
                if _may_retry(retry, task, frame, data, problem):
                    _schedule(retry, task, frame, data)
                    continue
                if task.catch.body is None:
                    raise
            state["error"] = problem
    return await _handle(task, frame, data, state["error"])


async def _attempt(task: TryTask, frame: Frame, data: JSON) -> JSON:
    body = frame.instance.walk.run_list(frame.instance, task.body, frame.path + "/try", data, frame.variables)
    limit = task.catch.retry.attempt_duration if task.catch.retry else None
    if limit is None:
        return await body
    return await within(_seconds(limit, frame, data), body, frame.instance, task.common.reference)


async def _handle(task: TryTask, frame: Frame, data: JSON, problem: JSON) -> JSON:
    if task.catch.body is None:
        return data
    variables = {**frame.variables, task.catch.variable: problem}
    path = frame.path + "/catch/do"
    return await frame.instance.walk.run_list(frame.instance, task.catch.body, path, data, variables)


def _catches(task: TryTask, frame: Frame, data: JSON, problem: dict[str, JSON]) -> bool:
    catch, reference = task.catch, task.common.reference
    names = frame.names(**{catch.variable: problem})
    if catch.filter is not None and not matches(problem, dict(catch.filter)):
        return False
    if catch.when is not None and not holds(catch.when, data, names, reference):
        return False
    return catch.except_when is None or not holds(catch.except_when, data, names, reference)


def _may_retry(retry: Retry, task: TryTask, frame: Frame, data: JSON, problem: dict[str, JSON]) -> bool:
    state, reference = frame.state, task.common.reference
    names = frame.names(**{task.catch.variable: problem})
    if retry.when is not None and not holds(retry.when, data, names, reference):
        return False
    if retry.except_when is not None and holds(retry.except_when, data, names, reference):
        return False
    if retry.count is not None and state["attempt"] > retry.count:
        return False
    if retry.duration is None:
        return True
    spent = frame.instance.runtime.time() - state["since"]
    return bool(spent < _seconds(retry.duration, frame, data))


def _schedule(retry: Retry, task: TryTask, frame: Frame, data: JSON) -> None:
    """Fix the moment of the next attempt; it is in the journal, so a new run does not wait again from the start."""
    state, runtime = frame.state, frame.instance.runtime
    state["until"] = runtime.time() + delay_s(retry, state["attempt"], frame, data)
    state["attempt"] += 1


def delay_s(retry: Retry, attempt: int, frame: Frame, data: JSON) -> float:
    """Return how long to wait before the attempt that follows number `attempt`."""
    base = _seconds(retry.delay, frame, data) if retry.delay else 0.0
    match retry.backoff:
        case "exponential":
            base *= retry.factor ** (attempt - 1)
        case "linear":
            step = _seconds(retry.increment, frame, data) if retry.increment else base
            base += step * (attempt - 1)
    if retry.backoff != "constant":
        base = min(base, _seconds(retry.cap, frame, data) if retry.cap else _CAP_S)
    random = frame.instance.runtime.random
    if retry.jitter is not None:
        low, high = (_seconds(each, frame, data) for each in retry.jitter)
        return base + low + (high - low) * random()
    if retry.default_jitter:
        return base * (1 + _JITTER * (2 * random() - 1))
    return base


async def _pause_before_retry(frame: Frame) -> None:
    state = frame.state
    if "until" in state:
        await frame.instance.sleep_until(state["until"])
        del state["until"]
        if frame.instance.must_pause:
            await frame.instance.pause()


def _seconds(duration: Duration, frame: Frame, data: JSON) -> float:
    value = duration.value
    if duration.expression is not None:
        value = evaluate(duration.expression, data, frame.names(), frame.task.common.reference)
    return durations.length(value, frame.instance.runtime.now()).total_seconds()
