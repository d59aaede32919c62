"""What a process says about time, in Temporal's words."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
)
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from cauce import contract
from cauce.contract import Start, SyncRequest
from schemas import cron
from workflows.durations import length

JSON = Any
memo_mark: Final = "schedule"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_CATCH_UP: Final = timedelta(days=1)
_SHORTEST_CATCH_UP: Final = timedelta(seconds=10)  # Temporal's own minimum
_EVERY_DAY: Final = (ScheduleRange(1, 31),)
_EVERY_WEEKDAY: Final = (ScheduleRange(0, 6),)


def zone(document: JSON) -> str:
    """Return the time zone of a process or sync."""
    if "sync" in document:
        return str(document["schedule"].get("timezone") or "UTC")
    metadata = document["document"].get("metadata") or {}
    return str((metadata.get("cauce") or {}).get("timezone") or "UTC")


def delay(document: JSON, kind: str) -> timedelta:
    """Return how long `every` or `after` is."""
    return length(document["schedule"][kind], _EPOCH)


def spec(document: JSON, kind: str) -> ScheduleSpec:
    """Return when instances start."""
    if kind == "every":
        return ScheduleSpec(intervals=[ScheduleIntervalSpec(every=delay(document, kind))])
    return ScheduleSpec(calendars=_calendars(document["schedule"]["cron"]), time_zone_name=zone(document))


def of_sync(document: JSON, kind: str, mark: str, *, paused: bool) -> Schedule:
    """Return the Temporal Schedule of a sync; `mark` says which version of all this it is."""
    name = str(document["sync"])
    return Schedule(
        action=ScheduleActionStartWorkflow(
            contract.SYNC_DUE,
            args=[SyncRequest(name, "schedule")],
            id=f"{contract.SYNC_DUE}/{name}",
            task_queue=contract.TASK_QUEUE,
            memo={memo_mark: mark},
        ),
        spec=spec(document, kind),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_catch_up(document, kind)),
        state=ScheduleState(paused=paused),
    )


def of(bundle: JSON, kind: str, mark: str, begin: Start, *, paused: bool) -> Schedule:
    """Return the Temporal Schedule of a process; `mark` says which version of all this it is."""
    title, document = f"{bundle['namespace']}.{bundle['name']}", bundle["document"]
    attributes = {contract.DEFINITION: title, contract.VERSION: bundle["version"], contract.STATUS: "running"}
    return Schedule(
        action=ScheduleActionStartWorkflow(
            title,
            args=[bundle, begin],
            # Temporal adds the moment that it was due.
            id=f"{title}/{kind}",
            task_queue=contract.TASK_QUEUE,
            memo={memo_mark: mark},
            typed_search_attributes=TypedSearchAttributes(
                [SearchAttributePair(SearchAttributeKey.for_keyword(name), value) for name, value in attributes.items()]
            ),
        ),
        spec=spec(document, kind),
        # The standard says of `every` that it does not care whether the one before is still running.
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.ALLOW_ALL, catchup_window=_catch_up(document, kind)),
        state=ScheduleState(paused=paused),
    )


def _catch_up(document: JSON, kind: str) -> timedelta:
    """Return how late something may start after Temporal was down: a night's work yes, a hundred missed minutes no."""
    if kind == "cron":
        return _LONGEST_CATCH_UP
    return min(_LONGEST_CATCH_UP, max(_SHORTEST_CATCH_UP, delay(document, kind)))


def _calendars(text: str) -> Sequence[ScheduleCalendarSpec]:
    due = cron.parse(text)
    days, weekdays = _ranges(due.day), _ranges(due.weekday)
    # Of a day and a weekday, cron takes either, Temporal both; so they become two calendars.
    pairs = [(days, _EVERY_WEEKDAY), (_EVERY_DAY, weekdays)] if due.by_any_day else [(days, weekdays)]
    return [
        ScheduleCalendarSpec(
            minute=_ranges(due.minute), hour=_ranges(due.hour), month=_ranges(due.month), day_of_month=d, day_of_week=w
        )
        for d, w in pairs
    ]


def _ranges(spans: Sequence[cron.Span]) -> Sequence[ScheduleRange]:
    return [ScheduleRange(each.first, each.last, each.step) for each in spans]
