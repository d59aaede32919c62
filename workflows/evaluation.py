"""Expressions, schemas and time limits at run time, with the standard's errors."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Protocol

from cauce.contract import JSON
from cauce.errors import CauceError, ExpressionError, InputError
from cauce.expressions import Expression
from schemas import validate_data
from workflows import durations
from workflows.durations import Duration
from workflows.fault import Fault, fault
from workflows.model import Value
from workflows.names import Names
from workflows.runtime import Runtime
from workflows.working_time import WorkingTime, working_length


def evaluate(value: Value | None, data: JSON, names: Names, reference: str) -> JSON:
    """Evaluate an expression or a template on `data`; without one the data stays as it is."""
    if value is None:
        return data
    try:
        return value.first(data, names) if isinstance(value, Expression) else value.render(data, names)
    except ExpressionError as error:
        raise expression_fault(error, reference) from error


def evaluate_object(value: Value, data: JSON, names: Names, reference: str, what: str) -> dict[str, JSON]:
    """Evaluate what has to give an object; `what` names it in the error."""
    result = evaluate(value, data, names, reference)
    if not isinstance(result, dict):
        raise fault("configuration", f"{what} must be an object.", instance=reference)
    return result


def holds(condition: Expression, data: JSON, names: Names, reference: str) -> bool:
    """Tell whether a condition holds: anything but false and null does."""
    result = evaluate(condition, data, names, reference)
    return result is not False and result is not None


def check_data(schema: JSON, data: JSON, what: str, reference: str) -> None:
    """Refuse data that does not fit its schema, as the standard's validation error."""
    if schema is None:
        return
    document = schema.get("document", schema) if isinstance(schema, Mapping) else schema
    try:
        validate_data(document, data, where=what)
    except InputError as error:
        problems = [dict(each) for each in error.errors]
        raise fault("validation", error.problem, instance=reference, errors=problems) from error
    except CauceError as error:
        raise fault("configuration", error.problem, instance=reference, hint=error.hint) from error


def seconds(duration: Duration, data: JSON, names: Names, runtime: Runtime, reference: str) -> float:
    """Return how many seconds a duration lasts that begins now."""
    value = _value(duration, data, names, reference)
    try:
        return durations.length(value, runtime.now()).total_seconds()
    except ExpressionError as error:
        raise expression_fault(error, reference) from error


def ends_at(
    duration: Duration,
    calendar: WorkingTime | None,
    start: float,
    data: JSON,
    names: Names,
    runtime: Runtime,
    reference: str,
) -> float:
    """Return the moment, in seconds, at which a time that began at `start` is over; working time, with a calendar."""
    if calendar is None:
        return start + seconds(duration, data, names, runtime, reference)
    try:
        length = working_length(_value(duration, data, names, reference))
        return calendar.after(datetime.fromtimestamp(start, UTC), length).timestamp()
    except ExpressionError as error:
        raise expression_fault(error, reference) from error


def deadline(
    duration: Duration, calendar: WorkingTime | None, data: JSON, names: Names, runtime: Runtime, reference: str
) -> datetime:
    """Return when a duration is over that begins now, in the working time of a calendar if there is one."""
    return datetime.fromtimestamp(ends_at(duration, calendar, runtime.time(), data, names, runtime, reference), UTC)


def _value(duration: Duration, data: JSON, names: Names, reference: str) -> JSON:
    if duration.expression is None:
        return duration.value
    return evaluate(duration.expression, data, names, reference)


class Clock(Protocol):
    """What knows the time, and keeps track of moments at which something will happen."""

    @property
    def runtime(self) -> Runtime:
        """Where time passes."""
        ...

    def alarm(self, seconds: float) -> AbstractContextManager[None]:
        """Note one such moment while the block runs."""
        ...


async def within(limit_s: float, work: Coroutine[None, None, JSON], clock: Clock, reference: str) -> JSON:
    """Await `work`, at most `limit_s` seconds of workflow time; then it is cancelled and a timeout is raised.

    What could not be interrupted (a write on its way, a read of which Temporal learns when it is done) ends late.
    """
    end = clock.runtime.time() + limit_s
    try:
        with clock.alarm(limit_s):
            async with asyncio.timeout(max(limit_s, 0)) as limit:
                output = await work
    except TimeoutError as error:
        raise _late(reference) from error
    except Fault as error:
        if clock.runtime.time() > end:
            raise _late(reference) from error
        raise
    if limit.expired() or clock.runtime.time() > end:
        raise _late(reference)
    return output


def _late(reference: str) -> Fault:
    return fault("timeout", "The time limit has passed.", instance=reference, title="Timeout")


def expression_fault(error: ExpressionError, reference: str) -> Fault:
    """Return the standard's error for an expression that cannot be evaluated."""
    hint = {"hint": error.hint} if error.hint else {}
    return fault("expression", error.problem, instance=reference, code=error.code, **hint)
