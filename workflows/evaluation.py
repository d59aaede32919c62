"""Expressions, schemas and time limits at run time, with the standard's errors."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from cauce.contract import JSON
from cauce.errors import ExpressionError, InputError
from cauce.expressions import Expression
from schemas import validate_data
from workflows import durations
from workflows.durations import Duration
from workflows.fault import fault
from workflows.model import Value
from workflows.names import Names
from workflows.runtime import Runtime


def evaluate(value: Value | None, data: JSON, names: Names, reference: str) -> JSON:
    """Evaluate an expression or a template on `data`; without one the data stays as it is."""
    if value is None:
        return data
    try:
        return value.first(data, names) if isinstance(value, Expression) else value.render(data, names)
    except ExpressionError as error:
        raise fault("expression", error.problem, instance=reference, code=error.code, hint=error.hint) from error


def holds(condition: Expression, data: JSON, names: Names, reference: str) -> bool:
    """Tell whether a condition holds: anything but false and null does."""
    return evaluate(condition, data, names, reference) not in (False, None)


def check_data(schema: JSON, data: JSON, what: str, reference: str) -> None:
    """Refuse data that does not fit its schema, as the standard's validation error."""
    if schema is None:
        return
    document = schema.get("document", schema) if isinstance(schema, Mapping) else schema
    try:
        validate_data(document, data, where=what)
    except InputError as error:
        raise fault("validation", error.problem, instance=reference, errors=[dict(e) for e in error.errors]) from error


def deadline(duration: Duration, runtime: Runtime, since: float, names: Names, data: JSON) -> float:
    """Return the seconds that are left of a time limit which began at `since`."""
    now = runtime.time()
    value = duration.value if duration.expression is None else evaluate(duration.expression, data, names, "/")
    return since + durations.length(value, runtime.now()).total_seconds() - now


class Alarms(Protocol):
    """What keeps track of moments at which something will happen."""

    def alarm(self, seconds: float) -> AbstractContextManager[None]:
        """Note one such moment while the block runs."""
        ...


async def within(limit_s: float, work: Coroutine[None, None, JSON], alarms: Alarms, reference: str) -> JSON:
    """Await `work`, at most `limit_s` seconds of workflow time; then it is cancelled and a timeout is raised."""
    try:
        with alarms.alarm(limit_s):
            async with asyncio.timeout(max(limit_s, 0)):
                return await work
    except TimeoutError as error:
        raise fault("timeout", "The time limit has passed.", instance=reference, title="Timeout") from error
