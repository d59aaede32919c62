"""Instances that start by time: Temporal is told what the store asks for, and people see and pause it.

Publishing writes only to the store; every worker then looks for what Temporal was not told yet. So it does not matter
who dies in between, nor how many do it at once: whoever told Temporal something that is no longer asked for notices
when it notes that down, and goes again.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from temporalio.api.common.v1 import Payload
from temporalio.client import (
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleDescription,
    ScheduleUpdate,
)
from temporalio.service import RPCError, RPCStatusCode

from cauce.contract import Start
from cauce.errors import CauceError, NotFoundError, SettingsError
from cauce.permissions import Thing
from cauce.services import repeats, timetable
from cauce.services.hub import Actor, Hub
from cauce.services.temporal_errors import explained
from cauce.services.visibility import readers
from cauce.services.waiting import call_timeout
from cauce.store import audit, definitions, schedules
from cauce.store.models import Definition, Schedule
from cauce.store.session import Db

JSON = Any
log = logging.getLogger(__name__)
# Raised when the same definition gives Temporal something else than before.
_SHAPE: Final = 1
_AT_ONCE: Final = 10


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """One way in which a process starts by time.

    `problem` says why Temporal does not know of it as it should, or what is missing before anything starts.
    """

    definition: str
    version: str
    kind: str
    when: JSON
    timezone: str
    paused: bool
    next_at: datetime | None = None
    problem: str = ""


async def reconcile(hub: Hub, *, thorough: bool = False, serves: Callable[[str], bool] | None = None) -> int:
    """Tell Temporal what it was not told yet, and return how much that was; `thorough` asks what it knows as well.

    A worker says which connections it `serves`: only who makes their calls knows whether something is missing there.
    """
    if serves is not None:
        await _look_for_missing(hub, serves)
    async with hub.store.read() as db:
        rows = await schedules.rows(db)
    told = 0
    for row in rows:
        try:
            if row.applied == _mark(hub, row) and not (thorough and await _is_lost(hub, row)):
                continue
            await _tell(hub, row.definition, row.kind)
            told += 1
        except CauceError as error:
            async with hub.store.transaction() as db:
                await schedules.note_problem(db, row, error.problem)
    return told


async def list_schedules(hub: Hub, actor: Actor, definition: str | None = None) -> list[ScheduleView]:
    """Return what starts by time, with when it does so next."""
    actor.require("see schedules", *readers)
    async with hub.store.read() as db:
        rows = [row for row in await schedules.rows(db) if row.version and definition in {None, row.definition}]
        seen = [row for row in rows if not actor.decide("see", Thing.of(row.definition)).closed]
        found = [(row, await _process(db, row)) for row in seen]
    limit = asyncio.Semaphore(_AT_ONCE)

    async def shown(row: Schedule, process: Definition) -> ScheduleView:
        async with limit:
            return await _view(hub, row, process.document)

    return list(await asyncio.gather(*(shown(*each) for each in found)))


async def pause(hub: Hub, actor: Actor, definition: str, *, paused: bool) -> list[ScheduleView]:
    """Let a process not start by time any more, or let it again; what was due in a pause is not made up for."""
    thing = Thing.of(definition)
    hidden = actor.decide("see", thing).closed
    if not hidden:
        actor.require_on("pause and resume schedules", "operate", thing, "operator", "designer")
    async with hub.store.transaction() as db:
        if hidden or not await schedules.pause(db, definition, paused=paused):
            raise NotFoundError(
                f"No process {definition} starts by time.", hint="`cauce schedules list` shows those that do."
            )
        action = "schedule.pause" if paused else "schedule.resume"
        await audit.append(db, actor.name, action, definition)
    await reconcile(hub)
    return await list_schedules(hub, actor, definition)


async def _look_for_missing(hub: Hub, serves: Callable[[str], bool]) -> None:
    """Let the schedules rest of what needs a connection that lacks a setting or a secret, and let the others go on."""
    async with hub.store.read() as db:
        found = []
        for row in await schedules.rows(db):
            needed = _needed((await _process(db, row)).document) if row.version else []
            if all(map(serves, needed)):
                found.append((row, await _missing(hub, db, needed)))
    for row, missing in found:
        if missing != row.waits_for:
            log.info("%s %s", row.definition, f"rests: {missing}" if missing else "starts by time again")
            async with hub.store.transaction() as db:
                await schedules.note_wait(db, row, missing)


def _needed(document: JSON) -> list[str]:
    metadata = (document.get("document") or {}).get("metadata") or {}
    return list((metadata.get("cauce") or {}).get("scheduleNeeds") or ())


async def _missing(hub: Hub, db: Db, needed: Sequence[str]) -> str:
    """Return the first thing that is missing of some connections; nothing when all are set up."""
    for name in needed:
        row = await definitions.find(db, "connection", "", name)
        if row is None:
            return f"There is no connection '{name}'."
        try:
            await asyncio.to_thread(hub.resolver.resolve, row.document.get("settings") or {})
        except SettingsError as error:
            return f"The connection '{name}' is not set up: {error.problem}"
    return ""


async def _tell(hub: Hub, definition: str, kind: str) -> None:
    """Bring Temporal to what the store asks for, also when that changes meanwhile."""
    while True:
        async with hub.store.read() as db:
            row = await schedules.find(db, definition, kind)
            process = await _process(db, row) if row and row.version else None
        if row is None:
            return
        mark = _mark(hub, row)
        with explained():
            if process is None:
                await _forget(hub, row)
            else:
                await _keep(hub, row, process, mark)
        async with hub.store.transaction() as db:
            if await schedules.settle(db, row, mark):
                return


async def _keep(hub: Hub, row: Schedule, definition: Definition, mark: str) -> None:
    begin, rests = _begin(hub), row.paused or bool(row.waits_for)
    if row.kind == "after":
        await repeats.keep(hub, row.definition, begin, paused=rests)
        return
    if definition.kind == "sync":
        wanted = timetable.of_sync(definition.document, row.kind, mark, paused=rests)
    else:
        wanted = timetable.of(definition.bundle, row.kind, mark, begin, paused=rests)
    try:
        await hub.temporal.create_schedule(_id(row), wanted, rpc_timeout=call_timeout)
    except ScheduleAlreadyRunningError:
        handle = hub.temporal.get_schedule_handle(_id(row))
        await handle.update(lambda _: ScheduleUpdate(schedule=wanted), rpc_timeout=call_timeout)


async def _forget(hub: Hub, row: Schedule) -> None:
    if row.kind == "after":
        await repeats.look_again(hub, row.definition, _begin(hub))
        return
    try:
        await hub.temporal.get_schedule_handle(_id(row)).delete(rpc_timeout=call_timeout)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


async def _is_lost(hub: Hub, row: Schedule) -> bool:
    """Return whether Temporal knows something else than it was told, as after a restored backup."""
    if row.kind == "after":
        return not await repeats.is_there(hub, row.definition)
    found = await _described(hub, row)
    if found is None or not isinstance(found.schedule.action, ScheduleActionStartWorkflow):
        return True
    known = (found.schedule.action.memo or {}).get(timetable.memo_mark)
    return not isinstance(known, Payload) or json.loads(known.data) != _mark(hub, row)


async def _view(hub: Hub, row: Schedule, document: JSON) -> ScheduleView:
    next_at, problem = None, row.waits_for or row.problem
    try:
        next_at = None if row.waits_for else await _next(hub, row)
    except CauceError as error:
        problem = problem or error.problem
    return ScheduleView(
        definition=row.definition,
        version=row.version,
        kind=row.kind,
        when=document["schedule"][row.kind],
        timezone=timetable.zone(document),
        paused=row.paused,
        next_at=next_at,
        problem=problem,
    )


async def _next(hub: Hub, row: Schedule) -> datetime | None:
    if row.kind == "after":
        return await repeats.next_start(hub, row.definition)
    found = None if row.paused else await _described(hub, row)
    return found.info.next_action_times[0] if found and found.info.next_action_times else None


async def _described(hub: Hub, row: Schedule) -> ScheduleDescription | None:
    with explained():
        try:
            return await hub.temporal.get_schedule_handle(_id(row)).describe(rpc_timeout=call_timeout)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise


async def _process(db: Db, row: Schedule) -> Definition:
    namespace, _, name = row.definition.partition(".")
    sync = row.definition.removeprefix(definitions.SYNC_PREFIX)
    if sync != row.definition:
        process = await definitions.find(db, "sync", "", sync, row.version)
    else:
        process = await definitions.find(db, "process", namespace, name, row.version)
    assert process is not None  # noqa: S101 (versions are never deleted)
    return process


def _id(row: Schedule) -> str:
    """Return the id of the schedule in Temporal."""
    return f"{row.definition}/{row.kind}"


def _mark(hub: Hub, row: Schedule) -> str:
    """Return what tells this version of what is asked for from any other."""
    paused = "paused" if row.paused else "waits" if row.waits_for else "on"
    level = hub.settings.lifecycle_events
    return f"{_SHAPE} {row.version} {row.digest[:16]} {level} {paused}" if row.version else ""


def _begin(hub: Hub) -> Start:
    return Start(scheduled=True, lifecycle=hub.settings.lifecycle_events, shows_status=True)
