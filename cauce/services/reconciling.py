"""Reconciliation of syncs: whether both sides hold the same, looked at now and kept with when and what differs."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from activities.connections import Connections
from activities.syncs.reconciling import Compared, Way, compare
from cauce.errors import InputError, NotFoundError, TransientError
from cauce.services.hub import Actor, Hub
from cauce.services.syncs import deciders
from cauce.services.visibility import readers
from cauce.store import audit, definitions, reconciliations
from cauce.store.models import Definition, Reconciliation
from cauce.store.session import Db
from cauce.sync import Sync, parse

JSON = Any
_LONGEST_S: Final = 300


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
    """Compare what both sides of a sync hold now, and keep what came of it.

    Raises:
        InputError: Nothing says how the target is read, or there are too many rows.
        TransientError: A side does not answer, or takes too long.
    """
    actor.require("reconcile syncs", *deciders)
    async with hub.store.read() as db:
        row = await _found(db, name)
    sync = parse(row.document, row.bundle)
    ways = ways_of(sync)
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
        kept = await reconciliations.add(db, name, row.version, _facts(found), actor.name)
        said = {"differences": found.differences, "source": found.source, "target": found.target}
        await audit.append(db, actor.name, "sync.reconcile", f"sync/{name}", said)
        return _view(kept)


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
