"""The steps of a two-way sync's run: read one side, then the other, see what is gone, and bring the rows together.

What is read is kept with the row (`cauce.store.pairs`); what a write of ours left there is what is read back, and so no
change. As in a one-way sync the place of the next step and all that was found out are one transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from activities.connections import Connections
from activities.syncs.agreeing import Agreement, note
from activities.syncs.jobs import Job, ended, letter
from activities.syncs.reading import Page, read_page
from activities.syncs.rows import Batch, Row, prepare
from cauce.contract import SyncStep
from cauce.errors import CauceError, ConflictError, InputError
from cauce.expressions import Expression, compile_expression
from cauce.store import dead_letters, pairs, syncs
from cauce.store.pairs import Reading
from cauce.store.session import Db, Store
from cauce.sync import SIDES, Side, Sync
from cauce.two_way import OTHER, connection_of, deletes_at, read_from

JSON = Any
_NO_MORE: Final = SyncStep(over=True)
_MORE: Final = SyncStep(over=False)
_AFTER: Final[Mapping[str, str]] = {"source": "target", "target": "gone", "gone": "merge"}


@dataclass(frozen=True, slots=True)
class TwoWay:
    """Makes the steps of one run; `attempt` counts how often this step was tried."""

    store: Store
    connections: Connections
    job: Job
    attempt: int

    async def step(self) -> SyncStep:
        """Make the next step."""
        phase = self.job.run.progress["phase"]
        if phase in SIDES:
            return await self._read(phase)
        return await (self._look_for_gone() if phase == "gone" else self._merge())

    async def _read(self, side: Side) -> SyncStep:
        sync = read_from(self.job.sync, side)
        opened = await self.connections.open(sync.source.call.connection)
        page = await read_page(opened, sync.source, self.job.run.progress["after"], sync.batch)
        batch = prepare(sync, page.rows, columns_of(self.job.columns, side))
        run = self.job.run
        async with self.store.transaction() as db:
            refused = await stage(db, self.job.sync, side, batch, seen=run.id)
            changed = len(batch.rows) - len(refused.rows) - refused.unchanged
            counts = {"read": batch.read, "rejected": len(refused.rows)}
            counts["unchanged"] = batch.read - len(refused.rows) - changed
            if not await syncs.advance(db, run, self._place_after(side, page), counts):
                return _NO_MORE
            for key, error in refused.rows.items():
                kept = letter(self.job.sync, run, f"read-{side}:{key}", batch.rows[key].source, error)
                await dead_letters.add(db, kept)
            await self._keep_place(db, side, page, batch)
        return _MORE

    def _place_after(self, side: Side, page: Page) -> JSON:
        progress = self.job.run.progress
        if not page.last:
            return {**progress, "after": page.after}
        following = _AFTER[side]
        return {**progress, "phase": following, "after": progress["starts"].get(following)}

    async def _keep_place(self, db: Db, side: Side, page: Page, batch: Batch) -> None:
        state = await syncs.state_of(db, self.job.sync.name)
        known = state.columns or {}
        others = {name: kind for name, kind in known.items() if not name.startswith(f"{side}.")}
        state.columns = {**others, **{f"{side}.{name}": kind for name, kind in batch.columns.items()}}
        if page.last or side not in self.job.run.progress["whole"]:
            cursors = state.cursor if isinstance(state.cursor, Mapping) else {}
            state.cursor = {**{each: cursors.get(each) for each in SIDES}, side: page.after}

    async def _look_for_gone(self) -> SyncStep:
        run, sync = self.job.run, self.job.sync
        async with self.store.transaction() as db:
            for side in run.progress["whole"]:
                await _check_share(db, sync, side, run.id)
                await pairs.mark_gone(db, sync.name, side, run.id)
            place = {**run.progress, "phase": "merge", "after": 0}
            return _MORE if await syncs.advance(db, run, place, {}) else _NO_MORE

    async def _merge(self) -> SyncStep:
        job, after = self.job, self.job.run.progress["after"]
        async with self.store.read() as db:
            lines = await pairs.changed_lines(db, job.sync.name, after=after, limit=job.sync.batch)
        agreement = Agreement(self.store, self.connections, job.sync, job.writes_as, self.attempt)
        outcomes = await agreement.reach(lines)
        noted = {each.line.id for each in outcomes if not each.is_open}
        left = [line.id for line in lines if line.id not in noted]
        last = len(lines) < job.sync.batch and not left
        place = {**job.run.progress, "after": left[0] - 1 if left else lines[-1].id if lines else after}
        counts = {name: sum(each.count(name) for each in outcomes) for name in ("written", "deleted", "rejected")}
        async with self.store.transaction() as db:
            if not await syncs.advance(db, job.run, place, counts):
                return _NO_MORE
            for each in await note(db, job.sync, outcomes, version=job.run.version, seen=job.run.id):
                await dead_letters.add(db, letter(job.sync, job.run, each.identity, each.payload, each.error))
            step = await ended(db, job) if last else _MORE
        if agreement.unavailable:
            # What is done is noted, so that only the others are tried again.
            raise agreement.unavailable[0]
        return step


@dataclass(frozen=True, slots=True)
class Refused:
    """The rows that cannot be taken, and how many others are as they were."""

    rows: Mapping[str, CauceError]
    unchanged: int


async def stage(db: Db, sync: Sync, side: Side, batch: Batch, *, seen: int) -> Refused:
    """Keep what was read from a side, and close the letters of rows that can be read now."""
    match = compile_expression(sync.match) if sync.match else None
    changed_at = compile_expression(read_from(sync, side).source.changed or "null")
    refused = {key: row.error for key, row in batch.rows.items() if row.error}
    readings = []
    for key, row in batch.rows.items():
        if row.error is None and row.mapped is not None:
            try:
                readings.append(_reading(row, match, changed_at))
            except InputError as error:
                refused[key] = error
    number, twice = await pairs.stage(db, sync.name, side, readings, seen=seen)
    refused |= {key: _twice(sync, side) for key in twice}
    await pairs.note_seen(db, sync.name, side, list(refused), seen=seen)
    taken = [f"read-{side}:{each.key}" for each in readings if each.key not in refused]
    await dead_letters.close_rows(db, sync.name, taken)
    return Refused(refused, len(batch.rows) - len(refused) - number)


def columns_of(known: JSON, side: Side) -> Mapping[str, str] | None:
    """Return the shape of a side's rows, as far as it is known."""
    own = {name.removeprefix(f"{side}."): kind for name, kind in (known or {}).items() if name.startswith(f"{side}.")}
    return own or None


def _reading(row: Row, match: Expression | None, changed_at: Expression) -> Reading:
    if not isinstance(row.mapped, Mapping):
        raise InputError("The mapping of a two-way sync gives the fields that both sides share, as an object.")
    key = match.first(row.mapped, {}) if match else None
    text = None if key in (None, "") else key if isinstance(key, str) else str(key)
    return Reading(row.key, row.mapped, changed_at.first(row.source, {}), text)


def _twice(sync: Sync, side: Side) -> InputError:
    return InputError(
        f"Another row of {connection_of(sync, side)} has the same {sync.match}.",
        hint="Mend one of the two, or let the mapping leave it out.",
    )


async def _check_share(db: Db, sync: Sync, side: Side, run: int) -> None:
    """Stop when so many rows are gone from a side that something else must be wrong.

    Raises:
        ConflictError: More rows are gone than the sync allows.
    """
    deletes = deletes_at(sync, OTHER[side])
    if deletes is None:
        return
    gone, there = await pairs.count_gone(db, sync.name, side, run)
    if gone > 1 and gone * 100 > there * deletes.most:
        raise ConflictError(
            f"{gone:,} of {there:,} rows are gone from {connection_of(sync, side)}, "
            f"more than {deletes.most} per cent; none was deleted.",
            hint="Look into it. If it is right, raise `deletes.most` and run it again.",
        )
