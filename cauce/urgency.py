"""How urgent a task is: from which moment on somebody should work on it, which is what the inbox is sorted by.

It is when the task is due, less a head start in working time: the more weighs on it, the longer. So a task comes up
earlier the less time its calendar leaves, the more severe its case is, the more is at stake, and the higher its
priority is. Nothing in it changes while time passes: the order of two tasks stays, and an index can hold it.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

SEVERITIES: Final = ("low", "medium", "high", "critical")
# Hours of head start. Of value: so many for each power of ten above a hundred.
_BY_SEVERITY: Final = dict(zip(SEVERITIES, (0.0, 4.0, 8.0, 16.0), strict=True))
_BY_PRIORITY: Final = 16.0
_BY_VALUE: Final = 2.0
_MOST_BY_VALUE: Final = 8.0
_HIGHEST_PRIORITY: Final = 100
_LEAST_VALUE: Final = 100.0
STEP_H: Final = 4
"""Every so many hours of head start, `LEADS` says how long before it is due that is on its calendar."""
LEADS: Final = 11
# Behind everything that is due, in the order in which they came.
_WITHOUT_DUE: Final = timedelta(days=7_000 * 365)


def head_start(priority: int, severity: str | None = None, value: float | None = None) -> float:
    """Return the hours of working time before it is due from which on a task comes up: from 0 to 40."""
    by_priority = _BY_PRIORITY * max(0, min(priority, _HIGHEST_PRIORITY)) / _HIGHEST_PRIORITY
    by_severity = _BY_SEVERITY.get(severity or "medium", _BY_SEVERITY["medium"])
    return by_priority + by_severity + _by_value(value)


def _by_value(value: float | None) -> float:
    if value is None or not math.isfinite(value) or value <= _LEAST_VALUE:
        return 0.0
    return min(_BY_VALUE * math.log10(value / _LEAST_VALUE), _MOST_BY_VALUE)


def comes_up(due_at: datetime | None, created_at: datetime, hours: float, leads: Sequence[float] = ()) -> datetime:
    """Return from which moment on a task should be worked on, that has `hours` of head start.

    `leads` are the seconds before it is due at which 0, 4, 8 … hours of working time are left; without a calendar all
    hours are. What is never due comes behind all others, as if it were due in some thousand years.
    """
    if due_at is None:
        return created_at + _WITHOUT_DUE - timedelta(hours=hours)
    if len(leads) < LEADS:
        return due_at - timedelta(hours=hours)
    step, part = divmod(min(hours / STEP_H, LEADS - 1), 1)
    earlier = leads[min(int(step) + 1, LEADS - 1)]
    return due_at - timedelta(seconds=leads[int(step)] + (earlier - leads[int(step)]) * part)


def is_due(urgent_at: datetime) -> bool:
    """Tell whether a task that comes up at that moment is ever due."""
    return urgent_at < datetime(7_000, 1, 1, tzinfo=urgent_at.tzinfo)
