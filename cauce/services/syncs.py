"""Syncs: which there are and how they are, what their runs did, and running, stopping and pausing them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from temporalio.service import RPCError, RPCStatusCode

from cauce import contract
from cauce.contract import SyncRequest
from cauce.errors import ConflictError, InputError, NotFoundError
from cauce.services import schedules
from cauce.services.hub import Actor, Hub, Role
from cauce.services.temporal_errors import explained, unavailable
from cauce.services.visibility import readers
from cauce.services.waiting import call_timeout
from cauce.store import audit, cross_references, dead_letters, definitions, pairs, syncs
from cauce.store import schedules as timed
from cauce.store.models import CrossReference, Definition, SyncRun, SyncState
from cauce.store.session import Db
from cauce.sync import parse
from schemas import guess

JSON = Any
deciders: tuple[Role, ...] = ("operator", "integrator")
most_rows: Final = 200
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a sync; `problem` is why it failed, or what it waits for."""

    id: int
    version: str
    mode: str
    by: str
    state: str
    problem: str
    read: int
    written: int
    unchanged: int
    rejected: int
    deleted: int
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class SyncView:
    """A sync as lists show it; `starts` says in words of its definition when it runs, `problem` why it does not.

    One that is `two_way` brings what is changed in its target back.
    """

    name: str
    title: JSON
    version: str
    source: str
    target: str
    starts: str
    paused: bool
    next_at: datetime | None
    problem: str
    last: Run | None
    two_way: bool


@dataclass(frozen=True, slots=True)
class SyncDetail:
    """A sync with its last runs, and how many rows are in both systems, wait at the desk, or for a decision."""

    view: SyncView
    rows: int
    waiting: int
    undecided: int
    cursor: JSON
    columns: Mapping[str, str]
    runs: tuple[Run, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Counterpart:
    """Which row of one system is which row of another."""

    sync: str
    source_system: str
    source_id: str
    target_system: str
    target_id: str
    state: str
    updated_at: datetime


async def list_syncs(hub: Hub, actor: Actor) -> list[SyncView]:
    """Return all syncs, with the last run of each."""
    actor.require("see syncs", *readers)
    async with hub.store.read() as db:
        rows, last, states = await definitions.latest(db, "sync"), await syncs.last_runs(db), await syncs.states(db)
    times = {each.definition: each for each in await schedules.list_schedules(hub, actor)}
    return [_view(row, last.get(row.name), states.get(row.name), times) for row in rows]


async def sync(hub: Hub, actor: Actor, name: str, *, after: str | None = None, limit: int = 20) -> SyncDetail:
    """Return one sync with its last runs."""
    actor.require("see syncs", *readers)
    if after is not None and not (after.isascii() and after.isdigit()):
        raise InputError("The page token is not one that Cauce gave out.", hint="Start at the first page.")
    size, before = max(1, min(limit, most_rows)), min(int(after), 2**31 - 1) if after else None
    async with hub.store.read() as db:
        row = await _found(db, name)
        state = (await syncs.states(db)).get(name)
        last = (await syncs.last_runs(db)).get(name)
        runs = await syncs.runs(db, name, limit=size + 1, before=before)
        rows = await cross_references.count(db, name)
        undecided = await pairs.count(db, name, "asked")
        waiting = await dead_letters.count(db, dead_letters.Filters(state="open", origin="sync", name=name))
    times = {each.definition: each for each in await schedules.list_schedules(hub, actor, _timed(name))}
    return SyncDetail(
        _view(row, last, state, times),
        rows,
        waiting,
        undecided,
        state.cursor if state else None,
        (state.columns if state else None) or {},
        tuple(_run(each) for each in runs[:size]),
        str(runs[size - 1].id) if len(runs) > size else None,
    )


async def run(hub: Hub, actor: Actor, name: str, *, full: bool = False, accept_columns: bool = False) -> None:
    """Run a sync now; raises ConflictError when it is running."""
    actor.require("run syncs", *deciders)
    async with hub.store.read() as db:
        await _found(db, name)
    if not await _start(hub, SyncRequest(name, actor.name, full, accept_columns)):
        raise ConflictError(f"The sync {name} is running.", hint=f"Wait for it, or `cauce syncs stop {name}`.")
    async with hub.store.transaction() as db:
        said = {"full": full, "acceptColumns": accept_columns}
        await audit.append(db, actor.name, "sync.run", _timed(name), said)


async def ask(hub: Hub, name: str, by: str) -> None:
    """Have a sync run as soon as it can, for something happened; not one that is paused."""
    async with hub.store.read() as db:
        state = (await syncs.states(db)).get(name)
    if state is not None and state.paused:
        return
    request = SyncRequest(name, by)
    for _ in range(_TRIES):
        if await _start(hub, request):
            return
        try:
            with explained():
                handle = hub.temporal.get_workflow_handle(contract.sync_id(name))
                await handle.signal(contract.SYNC_AGAIN, request, rpc_timeout=call_timeout)
        except (ConflictError, NotFoundError):
            continue  # it has ended this moment
        return
    raise unavailable()


async def stop(hub: Hub, actor: Actor, name: str) -> SyncDetail:
    """End the run of a sync; what it wrote stays, and the next one goes on from there."""
    actor.require("stop syncs", *deciders)
    async with hub.store.transaction() as db:
        await _found(db, name)
        last = (await syncs.last_runs(db, "running")).get(name)
        if last is None or not await syncs.end(db, last.id, "stopped", f"Stopped by {actor.name}."):
            raise ConflictError(f"The sync {name} is not running.", hint="There is nothing to stop.")
        await audit.append(db, actor.name, "sync.stop", _timed(name), {"run": last.id})
    with explained():
        try:
            await hub.temporal.get_workflow_handle(contract.sync_id(name)).cancel(rpc_timeout=call_timeout)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
    return await sync(hub, actor, name)


async def pause(hub: Hub, actor: Actor, name: str, *, paused: bool) -> SyncDetail:
    """Let a sync not start by itself any more, or let it again; a run that is under way goes on."""
    actor.require("pause and resume syncs", *deciders)
    async with hub.store.transaction() as db:
        await _found(db, name)
        await syncs.pause(db, name, paused=paused)
        await timed.pause(db, _timed(name), paused=paused)
        await audit.append(db, actor.name, "sync.pause" if paused else "sync.resume", _timed(name))
    await schedules.reconcile(hub)
    return await sync(hub, actor, name)


async def counterparts(hub: Hub, actor: Actor, system: str, id_: str) -> list[Counterpart]:
    """Return what a row of a system is in others."""
    actor.require("see syncs", *readers)
    async with hub.store.read() as db:
        return [_counterpart(row) for row in await cross_references.counterparts(db, system, id_)]


async def _start(hub: Hub, request: SyncRequest) -> bool:
    try:
        with explained():
            await hub.temporal.start_workflow(
                contract.SYNC,
                args=[request, None, None],
                id=contract.sync_id(request.sync),
                task_queue=hub.task_queue,
                rpc_timeout=call_timeout,
            )
    except ConflictError:
        return False
    return True


async def _found(db: Db, name: str) -> Definition:
    row = await definitions.find(db, "sync", "", name)
    if row is None:
        names = [each.name for each in await definitions.latest(db, "sync")]
        raise NotFoundError(f"There is no sync `{name}`{guess(name, names)}", hint="`cauce syncs list` shows them.")
    return row


def _timed(name: str) -> str:
    return f"{definitions.SYNC_PREFIX}{name}"


def _view(
    row: Definition, last: SyncRun | None, state: SyncState | None, times: Mapping[str, schedules.ScheduleView]
) -> SyncView:
    declared, time = parse(row.document, row.bundle), times.get(_timed(row.name))
    return SyncView(
        name=row.name,
        title=declared.title or row.name,
        version=row.version,
        source=declared.source.call.connection,
        target=declared.target.connection,
        starts=_starts(row.document),
        paused=bool(state and state.paused) or bool(time and time.paused),
        next_at=time.next_at if time else None,
        problem=time.problem if time else "",
        last=_run(last) if last else None,
        two_way=declared.back is not None,
    )


def _starts(document: Mapping[str, JSON]) -> str:
    """Return when a sync runs, in the words of its definition."""
    schedule = document.get("schedule") or {}
    kind = next((each for each in ("every", "cron", "on") if each in schedule), "")
    if kind:
        when = schedule[kind]["type"] if kind == "on" else schedule[kind]
        return f"{kind} {when if isinstance(when, str) else json.dumps(when)}"
    return f"after {', '.join(document['after'])}" if document.get("after") else ""


def _run(row: SyncRun) -> Run:
    return Run(**{name: getattr(row, name) for name in Run.__slots__})


def _counterpart(row: CrossReference) -> Counterpart:
    return Counterpart(**{name: getattr(row, name) for name in Counterpart.__slots__})
