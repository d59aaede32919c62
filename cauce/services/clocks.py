"""Clocks of instances: how much of their time has passed, and which of them will be missed next."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cauce.services import instances
from cauce.services.hub import Actor, Hub, Role
from cauce.services.visibility import require_sight
from cauce.store import clocks, cursor, definitions
from cauce.store.base import utc_now
from cauce.store.models import Clock
from cauce.store.session import Db
from workflows.clock_time import Reckoning
from workflows.compile_clocks import clocks_of
from workflows.model.clocks import ClockRules

JSON = Any
overseers: Final[tuple[Role, ...]] = ("manager", "operator", "auditor")
most_rows: Final = 200
_Rules = Mapping[str, ClockRules]


@dataclass(frozen=True, slots=True)
class ClockView:
    """A clock as it is shown.

    `percent` of its target has passed and `left_s` seconds of the time that counts are left, less than none once it is
    over; both are unknown where its process is not published here. `met` is None as long as nobody knows.
    """

    id: str
    instance: str
    definition: str
    version: str
    business_key: str
    clock: str
    title: JSON
    state: str
    severity: str | None
    started_at: datetime
    due_at: datetime
    percent: int | None
    left_s: int | None
    paused_until: datetime | None
    reason: str
    reason_title: JSON
    breached_at: datetime | None
    stopped_at: datetime | None
    met: bool | None
    steps: list[str]


@dataclass(frozen=True, slots=True)
class Page:
    """Some clocks and, when there are more, where to go on."""

    clocks: tuple[ClockView, ...]
    after: str | None


async def of_instance(hub: Hub, actor: Actor, instance_id: str) -> list[ClockView]:
    """Return the clocks of an instance, the first started first; raises `NotFoundError` when there is no instance."""
    require_sight(actor, instance_id)
    async with hub.store.read() as db:
        found = await _views(db, await clocks.of_instance(db, instance_id))
    if not found:
        await instances.describe(hub, instance_id)
    return found


async def beside(hub: Hub, instance_id: str) -> list[ClockView]:
    """Return the clocks of an instance for somebody who may see it, or one of its tasks."""
    async with hub.store.read() as db:
        return await _views(db, await clocks.of_instance(db, instance_id))


async def nearest(db: Db, instance_ids: Collection[str]) -> dict[str, ClockView]:
    """Return of each instance the clock that is due first; how much of it has passed is not looked up."""
    found = await clocks.nearest(db, instance_ids) if instance_ids else {}
    return {instance: _view(row, {}, utc_now()) for instance, row in found.items()}


async def ahead(
    hub: Hub,
    actor: Actor,
    *,
    within: timedelta | None = None,
    definition: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Return the clocks that run, missed ones first, then those that are due first."""
    actor.require("see which deadlines are missed", *overseers)
    sight = actor.sight
    limit = max(1, min(limit, most_rows))
    place = cursor.read(after) if after else None
    until = utc_now() + within if within is not None else None
    async with hub.store.read() as db:
        rows = await clocks.ahead(db, until=until, definition=definition, after=place, limit=limit + 1, sight=sight)
        found = await _views(db, rows[:limit])
    return Page(tuple(found), cursor.written(rows[limit - 1].due_at, rows[limit - 1].id) if len(rows) > limit else None)


async def missed_count(hub: Hub, actor: Actor) -> int:
    """Return how many clocks are open and past their end, of those that are not closed to the actor."""
    async with hub.store.read() as db:
        return await clocks.missed(db, actor.sight)


async def _views(db: Db, rows: Sequence[Clock]) -> list[ClockView]:
    now, rules = utc_now(), {}
    for key in {(row.definition, row.version) for row in rows}:
        rules[key] = await _rules(db, *key)
    return [_view(row, rules[(row.definition, row.version)], now) for row in rows]


async def _rules(db: Db, definition: str, version: str) -> _Rules:
    namespace, _, name = definition.rpartition(".")
    row = await definitions.find(db, "process", namespace, name, version)
    return clocks_of(row.bundle) if row is not None and row.bundle else {}


def _view(row: Clock, rules: _Rules, now: datetime) -> ClockView:
    late = row.stopped_at is None and row.due_at < now
    missed = late or row.breached_at is not None
    percent, left_s = _reckoned(row, rules.get(row.name), row.stopped_at or now)
    return ClockView(
        id=row.id,
        instance=row.instance,
        definition=row.definition,
        version=row.version,
        business_key=row.business_key,
        clock=row.name,
        title=row.title,
        state="breached" if late else row.state,
        severity=row.severity,
        started_at=row.started_at,
        due_at=row.due_at,
        percent=percent,
        left_s=left_s,
        paused_until=row.paused_until,
        reason=row.reason,
        reason_title=_title(rules.get(row.name), row.reason),
        breached_at=row.breached_at,
        stopped_at=row.stopped_at,
        met=False if missed else True if row.stopped_at else None,
        steps=list(row.steps),
    )


def _title(rules: ClockRules | None, reason: str) -> JSON:
    """Return what people call the reason of a pause."""
    return (rules.pauses.get(reason) or {}).get("title") if rules is not None else None


def _reckoned(row: Clock, rules: ClockRules | None, at: datetime) -> tuple[int | None, int | None]:
    if rules is None:
        return None, None
    pauses = [(datetime.fromisoformat(begin), datetime.fromisoformat(end)) for begin, end, _ in row.pauses]
    reckoning = Reckoning(rules.calendar, row.started_at, row.target, pauses)
    return int(reckoning.percent(at)), round(reckoning.left(at).total_seconds())
