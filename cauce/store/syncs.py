"""Syncs: where each stands, and what its runs did."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from sqlalchemy import func, select, update

from cauce.store.base import JSON, utc_now
from cauce.store.models import SyncRun, SyncState
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new

Ended = Literal["done", "failed", "stopped"]
COUNTS: Final = ("read", "written", "unchanged", "rejected", "deleted")
longest_problem: Final = 500


async def state_of(db: Db, sync: str) -> SyncState:
    """Return where a sync stands; one that never ran stands at its beginning."""
    row = await db.get(SyncState, sync, populate_existing=True)
    if row is None:
        await insert_new(db, SyncState, {"sync": sync, "paused": False})
        row = await db.get_one(SyncState, sync)
    return row


async def states(db: Db) -> Mapping[str, SyncState]:
    """Return where those stand that ran, or were paused, at least once."""
    return {row.sync: row for row in await db.scalars(select(SyncState))}


async def begin(db: Db, sync: str, version: str, *, mode: str, by: str, progress: JSON) -> SyncRun:
    """Note that a run begins; there is one at a time, so whatever is noted as running has been cut off."""
    now = utc_now()
    older = update(SyncRun).where(SyncRun.sync == sync, SyncRun.state == "running")
    await changed(db, older.values(state="stopped", ended_at=now, updated_at=now))
    run = SyncRun(sync=sync, version=version, mode=mode, by=by, progress=progress)
    db.add(run)
    await db.flush()
    return run


async def find_run(db: Db, run: int) -> SyncRun | None:
    """Return one run."""
    return await db.get(SyncRun, run, populate_existing=True)


async def runs(db: Db, sync: str, *, limit: int, before: int | None = None) -> Sequence[SyncRun]:
    """Return runs of a sync, the newest first."""
    query = select(SyncRun).where(SyncRun.sync == sync).order_by(SyncRun.id.desc()).limit(limit)
    return (await db.scalars(query if before is None else query.where(SyncRun.id < before))).all()


async def last_runs(db: Db, state: str | None = None) -> Mapping[str, SyncRun]:
    """Return the last run of each sync, or the last of those that are in a state."""
    newest = select(func.max(SyncRun.id)).group_by(SyncRun.sync)
    newest = newest if state is None else newest.where(SyncRun.state == state)
    return {row.sync: row for row in await db.scalars(select(SyncRun).where(SyncRun.id.in_(newest)))}


async def advance(db: Db, run: SyncRun, progress: JSON, counts: Mapping[str, int]) -> bool:
    """Note a step and what it did; False when somebody else has made it, or the run is over."""
    mine = SyncRun.id == run.id, SyncRun.step == run.step, SyncRun.state == "running"
    added = {name: getattr(SyncRun, name) + counts.get(name, 0) for name in COUNTS}
    values = {"step": run.step + 1, "progress": progress, "problem": "", "updated_at": utc_now()}
    return bool(await changed(db, update(SyncRun).where(*mine).values(**values, **added)))


async def note_problem(db: Db, run: int, problem: str) -> None:
    """Note what a run waits for."""
    mine = SyncRun.id == run, SyncRun.state == "running"
    values = {"problem": problem[:longest_problem], "updated_at": utc_now()}
    await changed(db, update(SyncRun).where(*mine).values(**values))


async def end(db: Db, run: int, state: Ended, problem: str = "") -> bool:
    """Note how a run ended, once."""
    now = utc_now()
    values = {"state": state, "problem": problem[:longest_problem], "ended_at": now, "updated_at": now}
    mine = SyncRun.id == run, SyncRun.state == "running"
    return bool(await changed(db, update(SyncRun).where(*mine).values(**values)))


async def pause(db: Db, sync: str, *, paused: bool) -> None:
    """Let a sync not start by itself, or let it again."""
    await state_of(db, sync)
    await changed(db, update(SyncState).where(SyncState.sync == sync).values(paused=paused))
