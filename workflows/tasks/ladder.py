"""What happens to a human task that is left lying: who is told, whom it goes to, and when nobody is asked any more.

All moments are fixed when the task is opened and kept in its state, so a new run or a repair changes none of them.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from cauce.contract import JSON, TaskChange
from cauce.errors import ExpressionError
from workflows.durations import Duration
from workflows.evaluation import deadline, expression_fault
from workflows.fault import fault
from workflows.instance import Frame
from workflows.working_time import Length, WorkingTime

_MOST: Final = 20
_MOST_PERCENT: Final = 1_000
_ACTS: Final = ("notify", "assign", "raise")


def moment_of(given: JSON, calendar: WorkingTime | None, frame: Frame, data: JSON, what: str) -> datetime | None:
    """Return the moment that {at} or {after} means, in UTC; None when there is neither."""
    if not isinstance(given, Mapping):
        return None
    if given.get("at"):
        return _parsed(given["at"], frame, what)
    after = given.get("after")
    if after is None:
        return None
    runtime, reference = frame.instance.runtime, frame.task.common.reference
    return deadline(Duration(value=after), calendar, data, frame.names(), runtime, reference)


def _parsed(text: JSON, frame: Frame, what: str) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as cause:
        detail = f"`{what}` must be a moment such as 2026-12-31T12:00:00Z."
        raise fault("configuration", detail, instance=frame.task.common.reference) from cause
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def steps(given: JSON, due_at: datetime | None, calendar: WorkingTime | None, frame: Frame, data: JSON) -> list[JSON]:
    """Return the steps of a ladder as [moment in seconds, what happens], the first one first."""
    if not isinstance(given, list):
        return []
    found: list[tuple[float, dict[str, JSON]]] = [
        (_moment_of_step(step, due_at, calendar, frame, data).timestamp(), {key: step.get(key) for key in _ACTS})
        for step in given[:_MOST]
    ]
    # By moment; steps of one moment in the order of the document.
    found.sort(key=lambda each: each[0])
    return [[at, {"rung": number, **step}] for number, (at, step) in enumerate(found, 1)]


def _moment_of_step(
    step: JSON, due_at: datetime | None, calendar: WorkingTime | None, frame: Frame, data: JSON
) -> datetime:
    reference = frame.task.common.reference
    if not isinstance(step, Mapping) or "at" not in step:
        after = moment_of(step, calendar, frame, data, "escalate")
        if after is None:
            raise fault("configuration", "A step of `escalate` needs `after` or `at`.", instance=reference)
        return after
    percent = step["at"]
    if due_at is None:
        raise fault("configuration", "`escalate.at` is a part of the time until `due`.", instance=reference)
    if not isinstance(percent, int | float) or not 0 <= percent <= _MOST_PERCENT:
        detail = f"`escalate.at` is a number of percent, from 0 to {_MOST_PERCENT}."
        raise fault("configuration", detail, instance=reference)
    return _part_of(
        percent / 100, datetime.fromtimestamp(frame.instance.runtime.time(), UTC), due_at, calendar, reference
    )


def _part_of(part: float, start: datetime, due_at: datetime, calendar: WorkingTime | None, reference: str) -> datetime:
    """Return when a part of the time from `start` until `due_at` has passed; working time, if there is a calendar."""
    if calendar is None:
        return start + (due_at - start) * part
    try:
        whole = calendar.between(start, due_at)
        return calendar.after(start, Length(time=timedelta(seconds=round(whole.total_seconds() * part, 3))))
    except ExpressionError as error:
        raise expression_fault(error, reference) from error


def changes(ids: list[str], step: Mapping[str, JSON], excluded: list[str]) -> Iterator[TaskChange]:
    """Yield what a step changes of a task that several groups have parts of: a person gets one of them, and no more."""
    for number, id_ in enumerate(ids):
        assign = step["assign"] if isinstance(step["assign"], Mapping) else {}
        yield change(id_, {**step, "assign": None} if number and assign.get("user") else step, excluded)


def change(id_: str, step: Mapping[str, JSON], excluded: list[str]) -> TaskChange:
    """Return what a step changes; a task never goes to somebody who may not do it (four eyes)."""
    assign = step["assign"] if isinstance(step["assign"], Mapping) else {}
    user = assign.get("user")
    if user in excluded:
        assign, user = {}, None
    raised = step["raise"] if isinstance(step["raise"], int | float) else 0
    return TaskChange(
        id_, rung=step["rung"], notify=step["notify"], group=assign.get("group"), user=user, raised=round(raised)
    )
