"""Looks after the alerts: raises them, says so in an event, ends them, and keeps who has taken one on.

All that is wrong with one connection is one alert, whatever rules find it and however many operations fail.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cauce.alert_rules import LONGEST_FOR, LONGEST_WINDOW, Course, Rule, Verdict, judge, rule_of
from cauce.errors import CauceError, ConflictError, InputError, NotFoundError
from cauce.figures import Figures
from cauce.services.hub import Actor, Hub, Role
from cauce.services.monitor import readers
from cauce.store import alerts, audit, definitions, events, measures
from cauce.store.base import utc_now
from cauce.store.models import Alert, Measure
from cauce.store.session import Db

JSON = Any
RAISED: Final = "dev.cauce.alert.raised.v1"
RESOLVED: Final = "dev.cauce.alert.resolved.v1"
deciders: tuple[Role, ...] = ("operator", "integrator")
longest_note: Final = 500
_EVERY: Final = timedelta(seconds=15)
_PAUSE: Final = timedelta(seconds=10)
_FORGET_EVERY: Final = timedelta(hours=6)
_SHOWN: Final = 100
log = logging.getLogger(__name__)
Thing = tuple[str, str]


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert as lists show it; `causes` say which rule found what, and since when."""

    id: int
    subject: str
    name: str
    state: str
    severity: str
    causes: tuple[JSON, ...]
    raised_at: datetime
    resolved_at: datetime | None
    acknowledged_by: str
    acknowledged_at: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class _Found:
    rule: Rule
    operation: str
    verdict: Verdict
    value: float | None

    @property
    def key(self) -> tuple[str, str]:
        return self.rule.name, self.operation

    def cause(self, since: datetime) -> JSON:
        return {
            "rule": self.rule.name,
            "title": self.rule.title,
            "operation": self.operation,
            "metric": self.rule.metric,
            "value": self.value,
            "threshold": self.rule.threshold,
            "severity": self.rule.severity,
            "since": since.isoformat(timespec="seconds"),
        }


@asynccontextmanager
async def watching(hub: Hub) -> AsyncIterator[None]:
    """Look after the alerts while the block runs; of all processes that do, one looks at a time."""
    task = asyncio.create_task(_run(hub))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def list_alerts(hub: Hub, actor: Actor) -> list[AlertView]:
    """Return the alerts that are raised, and the last of those that are over, the newest first."""
    actor.require("see alerts", *readers)
    async with hub.store.read() as db:
        return [_view(row) for row in await alerts.latest(db, _SHOWN)]


async def acknowledge(hub: Hub, actor: Actor, alert_id: int, note: str = "") -> AlertView:
    """Take an alert on: everybody sees who looks after it."""
    actor.require("take alerts on", *deciders)
    if len(note) > longest_note:
        raise InputError(f"A note has at most {longest_note} characters.", hint="Keep it shorter.")
    async with hub.store.transaction() as db:
        alert = await alerts.find(db, alert_id)
        if alert is None:
            raise NotFoundError(f"There is no alert {alert_id}.", hint="`cauce alerts list` shows them.")
        if alert.acknowledged_by:
            raise ConflictError(f"{alert.acknowledged_by} has taken on alert {alert_id} already.", hint="Ask there.")
        alert.acknowledged_by, alert.acknowledged_at, alert.note = actor.name, utc_now(), note.strip()
        await audit.append(db, actor.name, "alert.acknowledge", f"{alert.subject}/{alert.name}", {"alert": alert_id})
        return _view(alert)


async def evaluate(hub: Hub, now: datetime | None = None) -> int:
    """Raise and end what is due, and return how many alerts changed; nothing when somebody else has just done so."""
    now = now or utc_now()
    async with hub.store.transaction() as db:
        if not await alerts.my_turn(db, "alerts", now, _PAUSE):
            return 0
        if await alerts.my_turn(db, "forget-alerts", now, _FORGET_EVERY):
            await alerts.forget(db, now)
        raised = {(row.subject, row.name): row for row in await alerts.raised(db)}
        found = await _look(db, now)
        changed = 0
        for thing in sorted({*raised, *found}):
            changed += await _settle(db, thing, raised.get(thing), found.get(thing, ()), now)
    return changed


async def _look(db: Db, now: datetime) -> Mapping[Thing, Sequence[_Found]]:
    """Return what the rules say of everything that they watch."""
    rules = [rule_of(row.document) for row in await definitions.latest(db, "alert") if row.active]
    published = {row.name for row in await definitions.latest(db, "connection")}
    if not rules:
        return {}
    minutes = await measures.figures(db, "minute", now - LONGEST_WINDOW - LONGEST_FOR)
    totals = await measures.figures(db, "total")
    there = [(row, total) for row, total in totals if row.subject != "connection" or row.name in published]
    found: dict[Thing, list[_Found]] = {}
    for rule in rules:
        for (subject, name, operation), course in _courses(rule, there, minutes):
            verdict, value = judge(rule, course, now)
            found.setdefault((subject, name), []).append(_Found(rule, operation, verdict, value))
    return found


def _courses(
    rule: Rule, totals: Sequence[tuple[Measure, Figures]], minutes: Sequence[tuple[Measure, Figures]]
) -> Iterator[tuple[tuple[str, str, str], Course]]:
    """Give out what happened to each thing that a rule watches, or to each of its operations."""
    grouped: dict[tuple[str, str, str], tuple[list[tuple[datetime, Figures]], list[datetime]]] = {}
    for row, total in totals:
        if rule.watches(row.subject, row.name, row.operation):
            _, done = grouped.setdefault(_group(rule, row), ([], []))
            done += [total.done_at] if total.done_at else []
    for row, figures in minutes:
        if rule.watches(row.subject, row.name, row.operation) and _group(rule, row) in grouped:
            grouped[_group(rule, row)][0].append((row.at, figures))
    for key, (course, done) in grouped.items():
        yield key, Course(course, max(done, default=None))


def _group(rule: Rule, row: Measure) -> tuple[str, str, str]:
    return row.subject, row.name, row.operation if rule.by_operation else ""


async def _settle(db: Db, thing: Thing, alert: Alert | None, found: Sequence[_Found], now: datetime) -> int:
    """Bring the alert about one thing to what was found; returns whether it changed."""
    before = {(each["rule"], each["operation"]): each for each in alert.causes} if alert else {}
    causes = [
        before[each.key] if each.key in before else each.cause(now)
        for each in found
        if each.verdict == "raise" or (each.verdict == "keep" and each.key in before)
    ]
    severity = "critical" if any(each["severity"] == "critical" for each in causes) else "warning"
    if alert is None:
        if not causes or (alert := await alerts.raise_(db, *thing, severity, causes, now)) is None:
            return 0
        await events.append(db, _event(alert, RAISED, now))
        log.warning("alert %s is raised: %s %s", alert.id, *thing)
        return 1
    if not causes:
        alert.open_for, alert.resolved_at, alert.changed_at = None, now, now
        await events.append(db, _event(alert, RESOLVED, now))
        log.warning("alert %s is over: %s %s", alert.id, *thing)
        return 1
    if {(each["rule"], each["operation"]) for each in causes} == set(before):
        return 0
    alert.causes, alert.severity, alert.changed_at = causes, severity, now
    return 1


def _event(alert: Alert, kind: str, now: datetime) -> dict[str, JSON]:
    state = kind.split(".")[-2]
    data = {"alert": alert.id, "subject": alert.subject, "name": alert.name, "severity": alert.severity}
    return {
        "specversion": "1.0",
        "id": f"{alert.id}-{state}",
        "source": alerts.SOURCE,
        "type": kind,
        "subject": alert.name,
        "time": now.isoformat(timespec="seconds"),
        "datacontenttype": "application/json",
        "data": {**data, "causes": alert.causes, "acknowledgedBy": alert.acknowledged_by},
    }


def _view(row: Alert) -> AlertView:
    return AlertView(
        id=row.id,
        subject=row.subject,
        name=row.name,
        state="raised" if row.resolved_at is None else "resolved",
        severity=row.severity,
        causes=tuple(row.causes),
        raised_at=row.raised_at,
        resolved_at=row.resolved_at,
        acknowledged_by=row.acknowledged_by,
        acknowledged_at=row.acknowledged_at,
        note=row.note,
    )


async def _run(hub: Hub) -> None:
    while True:
        try:
            await evaluate(hub)
        except CauceError as error:
            log.warning("alerts could not be looked after: %s", error.problem)
        except Exception:
            log.exception("alerts could not be looked after")
        await asyncio.sleep(_EVERY.total_seconds())
