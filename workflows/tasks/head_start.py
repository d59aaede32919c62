"""How long before a task is due its working hours are, so that the inbox can tell how much time is really left."""

from datetime import datetime, timedelta

from cauce.contract import JSON
from cauce.errors import ExpressionError
from cauce.urgency import LEADS, SEVERITIES, STEP_H
from workflows.working_time import Length, WorkingTime


def leads(due_at: datetime | None, calendar: WorkingTime | None) -> list[int]:
    """Return the seconds before it is due at which 0, 4, 8 … hours of its calendar are left; none without one."""
    if due_at is None or calendar is None:
        return []
    try:
        moments = [calendar.before(due_at, Length(time=timedelta(hours=STEP_H * each))) for each in range(LEADS)]
    except ExpressionError:
        # A calendar with hardly any hours: it has been enough to be due, but not for this.
        return []
    return [round((due_at - each).total_seconds()) for each in moments]


def severity_of(given: JSON) -> str | None:
    """Return one of the severities that the inbox knows; None for anything else."""
    return given if isinstance(given, str) and given in SEVERITIES else None


def value_of(given: JSON) -> float | None:
    """Return what is at stake; None unless it is a number."""
    return float(given) if isinstance(given, int | float) and not isinstance(given, bool) else None
