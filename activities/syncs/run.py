"""The activities of a sync's run: one begins it, one makes steps, each of which is a batch of rows or of deletions.

The place of the next step, what was counted and the cross references are written in one transaction. Whatever dies in
between is done again from there, and the ledger tells what the target has taken already.
"""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from temporalio import activity

from activities.connections import Connections
from activities.heartbeats import heartbeats
from activities.syncs.ahead import Ahead
from activities.syncs.changes import Change, Result
from activities.syncs.jobs import Job, ended, letter
from activities.syncs.outlet import Outlet
from activities.syncs.reading import Page, read_page
from activities.syncs.rows import Batch, Row, prepare
from activities.syncs.starts import start_of
from activities.syncs.two_way import TwoWay
from activities.syncs.writing import delete, write
from cauce.contract import SYNC_BATCH, SYNC_BEGIN, SyncRequest, SyncStep, SyncTurn, sync_queue
from cauce.errors import CauceError, ConflictError, NotFoundError, TransientError
from cauce.store import cross_references, dead_letters, definitions, syncs
from cauce.store.cross_references import Reference
from cauce.store.session import Db, Store
from cauce.sync import Deletes, Sync, parse

JSON = Any
_HEARTBEAT_S: Final = 2.0
# So long one activity goes on with further steps, each of which would cost Temporal more than the store.
LASTING_S: Final = 10.0
_NO_MORE: Final = SyncStep(over=True)
_MORE: Final = SyncStep(over=False)


class SyncActivities:
    """The activities behind a sync."""

    def __init__(
        self,
        store: Store,
        connections: Connections,
        *,
        lasting_s: float = LASTING_S,
        begun: Callable[[], None] = lambda: None,
    ) -> None:
        self.store = store
        self.connections = connections
        self.lasting_s = lasting_s
        self.begun = begun

    @activity.defn(name=SYNC_BEGIN)
    async def begin(self, request: SyncRequest, token: str) -> SyncTurn | None:
        """Begin a run and return it, the same for the same token; None when the sync is not published any more."""
        self.begun()
        async with self.store.transaction() as db:
            row = await definitions.find(db, "sync", "", request.sync)
            if row is None:
                return None
            sync, state = parse(row.document, row.bundle), await syncs.state_of(db, request.sync)
            last = (await syncs.last_runs(db, "running")).get(request.sync)
            if last is not None and last.progress["token"] == token:
                return SyncTurn(sync.name, last.id, last.version, sync_queue(sync.target.connection))
            if request.accept_columns:
                state.columns = None
            mode, place = start_of(sync, state, full=request.full)
            progress = {**place, "token": token}
            run = await syncs.begin(db, sync.name, row.version, mode=mode, by=request.by, progress=progress)
            return SyncTurn(sync.name, run.id, row.version, sync_queue(sync.target.connection))

    @activity.defn(name=SYNC_BATCH)
    async def batch(self, turn: SyncTurn) -> SyncStep:
        """Make the next steps of a run.

        A system that is not there now is an error of the activity, which Temporal tries again; anything else that
        keeps the run from going on ends it.
        """
        try:
            async with heartbeats(_HEARTBEAT_S):
                step = await self._steps(turn)
        except TransientError as error:
            with contextlib.suppress(CauceError):
                async with self.store.transaction() as db:
                    await syncs.note_problem(db, turn.run, str(error))
            raise
        except CauceError as error:
            async with self.store.transaction() as db:
                await syncs.end(db, turn.run, "failed", str(error))
            step = _NO_MORE
        if step.over:
            await self._measure(turn)
        return step

    async def _steps(self, turn: SyncTurn) -> SyncStep:
        """Make steps for some time; one that is tried again is made alone, so that attempts are those at one step."""
        until = time.monotonic() + (self.lasting_s if activity.info().attempt == 1 else 0.0)
        async with Ahead() as ahead:
            while True:
                job = await self._job(turn)
                if job is None:
                    return _NO_MORE
                ahead.allowed = time.monotonic() < until and not activity.is_worker_shutdown()
                step = await self._step(job, ahead)
                if step.over or not ahead.allowed:
                    return step

    async def _step(self, job: Job, ahead: Ahead) -> SyncStep:
        if job.sync.back is not None:
            return await TwoWay(self.store, self.connections, job, activity.info().attempt).step()
        return await (self._rows(job, ahead) if job.run.progress["phase"] == "rows" else self._deletions(job))

    async def _measure(self, turn: SyncTurn) -> None:
        """Count a run that has ended, for the monitor."""
        async with self.store.read() as db:
            run = await syncs.find_run(db, turn.run)
        if run is None or run.ended_at is None or run.state == "stopped":
            return
        took_ms = (run.ended_at - run.started_at).total_seconds() * 1000
        self.connections.meter.note(
            "sync",
            run.sync,
            run.mode,
            "done" if run.state == "done" else "failed",
            took_ms=took_ms,
            items=run.read,
            rejected=run.rejected,
        )

    async def _job(self, turn: SyncTurn) -> Job | None:
        async with self.store.read() as db:
            run = await syncs.find_run(db, turn.run)
            row = await definitions.find(db, "sync", "", turn.sync, turn.version)
            state = (await syncs.states(db)).get(turn.sync)
        if row is None:
            raise NotFoundError(f"There is no version {turn.version} of the sync {turn.sync}.")
        if run is None or run.state != "running":
            return None
        return Job(parse(row.document, row.bundle), run, state.columns if state else None)

    async def _rows(self, job: Job, ahead: Ahead) -> SyncStep:
        after = job.run.progress["after"]
        page, batch = await ahead.take(after, partial(self._read, job.sync, after, job.columns))
        if not page.last and not job.sync.within_one_connection:
            ahead.begin(page.after, partial(self._read, job.sync, page.after, batch.columns))
        async with self.store.read() as db:
            known = await cross_references.of(db, job.sync.name, list(batch.rows))
        changes = [Change(row, known.get(key)) for key, row in batch.rows.items() if _is_new(row, known.get(key))]
        results = await write(self._outlet(job), changes)
        failed = [Result(each.key, "rejected", error=each.error) for each in batch.rows.values() if each.error]
        return await self._settle_rows(job, page, batch, [*failed, *results])

    async def _read(self, sync: Sync, after: JSON, columns: JSON) -> tuple[Page, Batch]:
        opened = await self.connections.open(sync.source.call.connection)
        page = await read_page(opened, sync.source, after, sync.batch)
        return page, prepare(sync, page.rows, columns)

    async def _settle_rows(self, job: Job, page: Page, batch: Batch, results: Sequence[Result]) -> SyncStep:
        written = sum(each.state == "written" for each in results)
        rejected = sum(each.state == "rejected" for each in results)
        counts = {"read": batch.read, "written": written, "rejected": rejected}
        counts["unchanged"] = batch.read - written - rejected
        place = {**job.run.progress, "after": page.after}
        deletes = page.last and job.is_full and job.sync.deletes is not None
        if deletes:
            place = {**place, "phase": "deletions", "after": ""}
        async with self.store.transaction() as db:
            if not await syncs.advance(db, job.run, place, counts):
                return _NO_MORE
            await self._note(db, job, batch, results)
            state = await syncs.state_of(db, job.sync.name)
            state.columns = dict(batch.columns)
            if page.last or not job.is_full:
                state.cursor = page.after
            return await ended(db, job) if page.last and not deletes else _MORE

    async def _note(self, db: Db, job: Job, batch: Batch, results: Sequence[Result]) -> None:
        """Write down what is where now, and keep what was refused."""
        seen = job.run.id if job.is_full else 0
        told = [Reference(each.key, each.target, each.digest, each.version) for each in results if not each.error]
        await cross_references.save(db, job.pair, told, seen=job.run.id)
        if seen:
            met = {key for key, row in batch.rows.items() if row.error or row.mapped is not None}
            await cross_references.note_seen(db, job.sync.name, met - {each.source_id for each in told}, seen=seen)
        for each in results:
            if each.error is not None:
                row = batch.rows[each.key]
                await dead_letters.add(db, letter(job.sync, job.run, each.key, row.source, each.error))
        await dead_letters.close_rows(db, job.sync.name, [each.source_id for each in told])

    async def _deletions(self, job: Job) -> SyncStep:
        deletes = job.sync.deletes
        assert deletes is not None  # noqa: S101 - the phase is entered only with it
        after = job.run.progress["after"]
        async with self.store.read() as db:
            if not after:
                await _check_share(db, job, deletes)
            gone = await cross_references.gone(db, job.sync.name, job.run.id, after=after, limit=job.sync.batch)
        results = await delete(self._outlet(job), deletes.call, deletes.arguments, list(gone.values()))
        return await self._settle_deletions(job, gone, results)

    async def _settle_deletions(self, job: Job, gone: Mapping[str, Reference], results: Sequence[Result]) -> SyncStep:
        deleted = [each for each in results if not each.error]
        refused = [each for each in results if each.error]
        last = len(gone) < job.sync.batch
        place = {**job.run.progress, "after": max(gone, default="")}
        async with self.store.transaction() as db:
            if not await syncs.advance(db, job.run, place, {"deleted": len(deleted), "rejected": len(refused)}):
                return _NO_MORE
            told = [
                Reference(each.key, gone[each.key].target_id, gone[each.key].digest, each.version, "deleted")
                for each in deleted
            ]
            await cross_references.save(db, job.pair, told, seen=job.run.id)
            for each in refused:
                ids = {"source": each.key, "target": gone[each.key].target_id}
                assert each.error is not None  # noqa: S101 - chosen by it
                kept = letter(job.sync, job.run, f"delete:{each.key}", ids, each.error)
                await dead_letters.add(db, kept)
            await dead_letters.close_rows(db, job.sync.name, [f"delete:{each.key}" for each in deleted])
            return await ended(db, job) if last else _MORE

    def _outlet(self, job: Job) -> Outlet:
        return Outlet(self.store, self.connections, job.sync, job.writes_as, activity.info().attempt)


def _is_new(row: Row, known: Reference | None) -> bool:
    """Return whether a row is to be written."""
    if row.error is not None or row.mapped is None:
        return False
    return known is None or not known.is_live or known.digest != row.digest


async def _check_share(db: Db, job: Job, deletes: Deletes) -> None:
    """Stop when so many rows are gone that something else must be wrong.

    Raises:
        ConflictError: More rows are gone than the sync allows.
    """
    gone, all_ = await cross_references.count_gone(db, job.sync.name, job.run.id), 0
    if gone:
        all_ = await cross_references.count(db, job.sync.name)
    if gone > 1 and gone * 100 > all_ * deletes.most:
        raise ConflictError(
            f"{gone:,} of {all_:,} rows are gone from the source, more than {deletes.most} per cent; none was deleted.",
            hint="Look into the source. If it is right, raise `deletes.most` and run it again.",
        )
