"""Durations of the process language: an object, ISO 8601 text, or an expression that gives either."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

import isodate

from cauce.contract import JSON
from cauce.errors import ExpressionError
from cauce.expressions import Expression

_PARTS: Final = ("days", "hours", "minutes", "seconds", "milliseconds")
# Temporal's timers have a limit, too; nobody waits longer than this on purpose.
_LONGEST: Final = timedelta(days=36_525)


@lru_cache(maxsize=1024)
def parse_iso(text: str) -> timedelta | isodate.Duration:
    """Parse an ISO 8601 duration; raises `ExpressionError` for anything else."""
    try:
        return isodate.parse_duration(text)
    except (isodate.ISO8601Error, ValueError, TypeError, OverflowError) as cause:
        raise ExpressionError(
            f"'{text[:40]}' is not a duration.", hint="Write for example PT15M, P2D or P1Y6M."
        ) from cause


def length(value: JSON, start: datetime) -> timedelta:
    """Return how long `value` (object or ISO 8601 text) lasts when it begins at `start`; months differ in length."""
    try:
        lasts = _length(value, start)
    except OverflowError:
        lasts = timedelta.max
    if abs(lasts) > _LONGEST:
        raise ExpressionError("A duration may not be longer than 100 years.")
    return lasts


def _length(value: JSON, start: datetime) -> timedelta:
    if isinstance(value, str):
        parsed = parse_iso(value)
        if isinstance(parsed, timedelta):
            return parsed
        try:
            end: datetime = start + parsed
        except ValueError:  # a year that the calendar does not have
            return timedelta.max
        return end - start
    if isinstance(value, Mapping) and value and set(value) <= set(_PARTS):
        try:
            return timedelta(**{part: float(value[part]) for part in value})
        except (TypeError, ValueError) as cause:
            raise ExpressionError(
                "A duration's parts must be numbers.", hint=f"Its parts are {', '.join(_PARTS)}."
            ) from cause
    raise ExpressionError("That is not a duration.", hint="Write PT15M, or an object such as {minutes: 15}.")


@dataclass(frozen=True, slots=True)
class Duration:
    """A duration as the document writes it; `expression` when it is only known at run time."""

    value: JSON = None
    expression: Expression | None = None


def calendar_of(task: JSON) -> str | None:
    """Return the name of the calendar that a task's own time counts in: its `timeout`, and how long it waits."""
    metadata = task.get("metadata") if isinstance(task, Mapping) else None
    ours = metadata.get("cauce") if isinstance(metadata, Mapping) else None
    found = ours.get("calendar") if isinstance(ours, Mapping) else None
    return found if isinstance(found, str) else None
