"""Reconciliation of syncs: whether both sides hold the same, looked at now and kept with when and what differs."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from temporalio import activity
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from activities.connections import Connections
from activities.heartbeats import heartbeats
from activities.syncs.reconciling import Compared, Way, compare
from cauce.contract import COMPARE, COMPARE_SIDES, CompareSides, compare_id, upkeep_queue
from cauce.errors import (
    BusinessError,
    CauceError,
    InputError,
    NotFoundError,
    PermanentError,
    SettingsError,
    TransientError,
)
from cauce.services.hub import Actor, Hub
from cauce.services.syncs import deciders
from cauce.services.temporal_errors import explained
from cauce.services.visibility import readers
from cauce.services.waiting import call_timeout
from cauce.store import audit, definitions, reconciliations
from cauce.store.models import Definition, Reconciliation
from cauce.store.session import Db
from cauce.sync import Sync, parse

JSON = Any
_LONGEST_S: Final = 300
_BEAT_S: Final = 3.0
# A worker that has nothing else to do begins at once; until then there are two events.
_SOON_S: Final = 15.0
_UNTOUCHED: Final = 2
_PATIENCE_S: Final = 330.0
_KINDS: Final[Mapping[str, type[CauceError]]] = {
    kind.code: kind
    for kind in (InputError, NotFoundError, SettingsError, TransientError, PermanentError, BusinessError)
}


@dataclass(frozen=True, slots=True)
class ReconciliationView:
    """What comparing both sides of a sync came to; `sums` are [source, target] by field, `keys` some that differ."""

    sync: str
    version: str
    source: int
    target: int
    differences: int
    sums: JSON
    keys: list[JSON]
    by: str
    at: datetime


async def reconcile(hub: Hub, actor: Actor, name: str) -> ReconciliationView:
    """Have a worker compare what both sides of a sync hold now, and return what came of it.

    While it is compared already, that is waited for.

    Raises:
        InputError: Nothing says how the target is read, or there are too many rows.
        TransientError: A side does not answer, it takes too long, or no worker runs.
    """
    actor.require("reconcile syncs", *deciders)
    async with hub.store.read() as db:
        row = await _found(db, name)
    ways_of(parse(row.document, row.bundle))
    with explained():
        handle: WorkflowHandle[Any, int] = await hub.temporal.start_workflow(
            COMPARE,
            CompareSides(name, actor.name),
            id=compare_id(name),
            task_queue=upkeep_queue(hub.task_queue),
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            result_type=int,
            rpc_timeout=call_timeout,
        )
        number = await _awaited(handle, name)
    async with hub.store.read() as db:
        return _view(await reconciliations.kept(db, number))


async def _awaited(handle: WorkflowHandle[Any, int], name: str) -> int:
    """Return what a comparison is kept as; a worker that died meanwhile is as one that does not answer."""
    try:
        for patience in (_SOON_S, _PATIENCE_S):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    return await handle.result()
            if (await handle.describe(rpc_timeout=call_timeout)).history_length <= _UNTOUCHED:
                hint = "A worker has to be running (`cauce status`); what it finds is kept all the same."
                raise TransientError(f"No worker has begun to compare {name}.", hint=hint)
    except WorkflowFailureError as error:
        cause = error.cause.cause if isinstance(error.cause, ActivityError) else error.cause
        if isinstance(cause, ApplicationError) and (kind := _KINDS.get(cause.type or "")):
            raise kind(cause.message, hint=str(next(iter(cause.details), ""))) from error
        raise TransientError(f"{name} was not compared to its end.", hint="Try it again.") from error
    raise TransientError(f"{name} is still being compared.", hint="What comes of it is kept, and on its page.")


class ReconcilingActivities:
    """The activity behind comparisons; a second one compares once more, and changes nothing else."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    @activity.defn(name=COMPARE_SIDES)
    async def compare_sides(self, wanted: CompareSides) -> int:
        """Compare both sides of a sync; only a side that is not there is worth another try."""
        try:
            async with heartbeats(_BEAT_S):
                return await compared(self.hub, wanted.sync, wanted.by)
        except CauceError as error:
            lasting = not isinstance(error, TransientError)
            raise ApplicationError(error.problem, error.hint, type=error.code, non_retryable=lasting) from error


async def compared(hub: Hub, name: str, by: str) -> int:
    """Compare what both sides of a sync hold now, and return the number under which it is kept; raises as above."""
    async with hub.store.read() as db:
        row = await _found(db, name)
    ways = ways_of(parse(row.document, row.bundle))
    opened = Connections(hub.store, hub.resolver)
    try:
        async with asyncio.timeout(_LONGEST_S):
            sides = [await opened.open(each.feed.call.connection) for each in ways]
            found = await compare(sides[0], sides[1], ways)
    except TimeoutError:
        raise TransientError(f"{name} could not be compared within {_LONGEST_S} s.", hint="Try it later.") from None
    finally:
        await opened.close()
    async with hub.store.transaction() as db:
        kept = await reconciliations.add(db, name, row.version, _facts(found), by)
        said = {"differences": found.differences, "source": found.source, "target": found.target}
        await audit.append(db, by, "sync.reconcile", f"sync/{name}", said)
        return kept.id


async def last(hub: Hub, actor: Actor, name: str) -> ReconciliationView | None:
    """Return what the last comparison came to, if there was any; raises `NotFoundError`."""
    actor.require("see syncs", *readers)
    async with hub.store.read() as db:
        await _found(db, name)
        row = await reconciliations.last(db, name)
    return None if row is None else _view(row)


def ways_of(sync: Sync) -> tuple[Way, Way]:
    """Return how both sides of a sync are read.

    Raises:
        InputError: Nothing says it of the target, or which rows are the same.
    """
    given = sync.reconcile
    if given is not None:
        feed, mapping, match = given.source, given.mapping, given.match
    elif sync.back is not None and sync.match:
        feed, mapping, match = sync.back.source, sync.back.mapping, sync.match
    else:
        hint = "Write `reconcile: {source: …, mapping: …, match: …}`; in a two-way sync `match` does."
        raise InputError(f"Nothing says how the sides of {sync.name} are compared.", hint=hint)
    return Way(sync.source, sync.mapping, match, sync.batch), Way(feed, mapping, match, sync.batch)


async def _found(db: Db, name: str) -> Definition:
    row = await definitions.find(db, "sync", "", name)
    if row is None:
        raise NotFoundError(f"There is no sync '{name[:100]}'.", hint="`cauce syncs list` shows them.")
    return row


def _facts(found: Compared) -> dict[str, JSON]:
    return {name: getattr(found, name) for name in ("source", "target", "differences", "sums", "keys")}


def _view(row: Reconciliation) -> ReconciliationView:
    return ReconciliationView(**{name: getattr(row, name) for name in ReconciliationView.__dataclass_fields__})
