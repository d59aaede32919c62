"""A run of a sync as its steps see it, and what they do alike."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cauce.contract import SyncStep
from cauce.errors import CauceError
from cauce.store import definitions, reconciliations, syncs
from cauce.store.base import utc_now
from cauce.store.cross_references import Pair
from cauce.store.dead_letters import NewLetter
from cauce.store.models import SyncRun
from cauce.store.session import Db
from cauce.sync import Sync

JSON = Any


@dataclass(frozen=True, slots=True)
class Job:
    """A run as it stands: its sync, its row, and the shape of the source that is known."""

    sync: Sync
    run: SyncRun
    columns: JSON

    @property
    def pair(self) -> Pair:
        """The systems whose rows are kept the same."""
        return Pair(self.sync.name, self.sync.source.call.connection, self.sync.target.connection)

    @property
    def is_full(self) -> bool:
        """Whether the run reads everything."""
        return self.run.mode == "full"

    @property
    def writes_as(self) -> str:
        """As whom the run's writes are in the ledger."""
        return f"sync:{self.sync.name}/{self.run.id}"


async def ended(db: Db, job: Job) -> SyncStep:
    """Note that a run is at its end."""
    await syncs.end(db, job.run.id, "done")
    if job.is_full:
        state = await syncs.state_of(db, job.sync.name)
        state.full_at = job.run.started_at
    return SyncStep(over=True, following=await following(db, job.sync.name), compare=await _is_to_be_compared(db, job))


async def _is_to_be_compared(db: Db, job: Job) -> bool:
    """Tell whether the last comparison of both sides is too old, or is of another version."""
    if job.sync.compare_s is None:
        return False
    last = await reconciliations.last(db, job.sync.name)
    if last is None or last.version != job.run.version:
        return True
    return utc_now() - last.at >= timedelta(seconds=job.sync.compare_s)


async def following(db: Db, ended: str) -> list[str]:
    """Return the syncs that come after one that has just ended, and for which all the others have ended, too."""
    done, last, states = await syncs.last_runs(db, "done"), await syncs.last_runs(db), await syncs.states(db)
    names = []
    for row in await definitions.latest(db, "sync"):
        after = row.document.get("after") or ()
        begun = last[row.name].id if row.name in last else 0
        paused = row.name in states and states[row.name].paused
        if ended in after and not paused and all(each in done and done[each].id > begun for each in after):
            names.append(row.name)
    return names


def letter(sync: Sync, run: SyncRun, key: str, source: JSON, error: CauceError) -> NewLetter:
    """Return the dead letter of a row that was refused."""
    return NewLetter("sync", sync.name, key, source, error, about={"version": run.version, "run": run.id})
