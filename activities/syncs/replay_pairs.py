"""Takes a row of a two-way sync that was refused once more; the desk calls it."""

from typing import Any

from activities.connections import Connections
from activities.syncs.agreeing import Agreement, note
from activities.syncs.changes import Result
from activities.syncs.rows import key_of, prepare
from activities.syncs.two_way import stage
from cauce.errors import ConflictError, InputError
from cauce.store import pairs
from cauce.store.session import Store
from cauce.sync import SIDES, Side, Sync
from cauce.two_way import OTHER, read_from

JSON = Any
_READ = "read"


async def apply(
    store: Store, connections: Connections, sync: Sync, identity: str, payload: JSON, instance: str, version: str
) -> Result:
    """Read a row again as it is in the letter, or write again what both sides have now, unless they agree.

    Raises what refuses it.
    """
    kind, side, key = _parts(identity)
    if kind == _READ:
        key = await _stage(store, sync, side, payload)
    async with store.read() as db:
        line = await pairs.find(db, sync.name, side if kind == _READ else OTHER[side], key)
    if line is None or line.state != "changed":
        return Result(key, "unchanged", target=(getattr(line, f"{side_of(identity)}_id") or "") if line else "")
    agreement = Agreement(store, connections, sync, instance)
    outcomes = await agreement.reach([line])
    async with store.transaction() as db:
        refused = await note(db, sync, outcomes, version=version, seen=0)
    for each in refused:
        raise each.error
    for error in agreement.unavailable:
        raise error
    return next((result for each in outcomes for result in each.results.values()), Result(key, "unchanged"))


def check(sync: Sync, identity: str, payload: JSON) -> None:
    """Raise InputError when a person has made something else of a letter than what it may hold."""
    kind, side, key = _parts(identity)
    if kind != _READ:
        raise InputError("What is written follows from both sides.", hint="Change the row in one of them, and replay.")
    if not key.startswith("without-key:") and key_of(read_from(sync, side), payload) != key:
        raise InputError("A row keeps its key.", hint=f"Its key is {key}, by {read_from(sync, side).source.key}.")


def fields(sync: Sync, identity: str, payload: JSON) -> JSON:
    """Return the fields of a row that a letter holds; raises what is wrong with it."""
    kind, side, _ = _parts(identity)
    if kind != _READ:
        return payload
    (row,) = prepare(read_from(sync, side), [payload], None).rows.values()
    if row.error is not None:
        raise row.error
    return row.mapped


def side_of(identity: str) -> Side:
    """Return the side to which a row of a letter goes."""
    kind, side, _ = _parts(identity)
    return OTHER[side] if kind == _READ else side


async def _stage(store: Store, sync: Sync, side: Side, payload: JSON) -> str:
    """Keep a row as one that was read, and return its key."""
    batch = prepare(read_from(sync, side), [payload], None)
    async with store.transaction() as db:
        refused = await stage(db, sync, side, batch, seen=0)
    for error in refused.rows.values():
        raise error
    ((key, row),) = batch.rows.items()
    if row.mapped is None:
        raise ConflictError("The mapping leaves this row out.", hint="Drop the letter, or mend the mapping.")
    return key


def _parts(identity: str) -> tuple[str, Side, str]:
    head, _, key = identity.partition(":")
    kind, _, name = head.partition("-")
    for side in SIDES:
        if side == name:
            return kind, side, key
    raise ConflictError(
        "The letter is of a time when the sync went one way.", hint="Drop it; its next run has the row."
    )
