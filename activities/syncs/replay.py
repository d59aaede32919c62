"""Applies one row that was refused once more, through a sync's mapping; the desk calls it."""

from collections.abc import Mapping
from typing import Any

from activities.connections import Connections
from activities.syncs.changes import Change, Result
from activities.syncs.outlet import Outlet, writes_of
from activities.syncs.rows import key_of, prepare
from activities.syncs.writing import delete, write
from cauce.errors import ConflictError, InputError
from cauce.store import cross_references, ledger
from cauce.store.cross_references import Pair, Reference
from cauce.store.models import LedgerEntry
from cauce.store.session import Db, Store
from cauce.sync import Sync

JSON = Any
_DELETE = "delete:"


async def apply(
    store: Store, connections: Connections, sync: Sync, identity: str, payload: JSON, instance: str
) -> Result:
    """Write a row, or take it away, and note that; nothing is sent when the target has it like that already.

    Raises what refuses it.
    """
    if is_deletion(identity):
        return await _delete(store, connections, sync, identity.removeprefix(_DELETE), instance)
    batch = prepare(sync, [payload], None)
    (row,) = batch.rows.values()
    if row.error is not None:
        raise row.error
    if row.mapped is None:
        raise ConflictError("The mapping leaves this row out.", hint="Drop the letter, or mend the mapping.")
    async with store.read() as db:
        known = (await cross_references.of(db, sync.name, [row.key])).get(row.key)
    if known is not None and known.is_live and known.digest == row.digest:
        return Result(row.key, "unchanged", row.digest, known.target_id)
    (result,) = await write(Outlet(store, connections, sync, instance), [Change(row, known)])
    return await _noted(store, sync, result)


def is_deletion(identity: str) -> bool:
    """Tell whether a letter is about a row that was to be taken away."""
    return identity.startswith(_DELETE)


def mapped(sync: Sync, payload: JSON) -> JSON:
    """Return a row as the target would be sent it; raises what is wrong with it."""
    (row,) = prepare(sync, [payload], None).rows.values()
    if row.error is not None:
        raise row.error
    return row.mapped


def check(sync: Sync, identity: str, payload: JSON) -> None:
    """Raise InputError when a person has made another row of a row."""
    if is_deletion(identity):
        raise InputError("What is deleted follows from the row.", hint="Replay or drop the letter.")
    if not isinstance(payload, Mapping) or key_of(sync, payload) != identity:
        if not identity.startswith("without-key:"):
            raise InputError("A row keeps its key.", hint=f"Its key is {identity}, by {sync.source.key}.")
        key_of(sync, payload)


async def ledger_entry(db: Db, sync: Sync, payload: JSON) -> LedgerEntry | None:
    """Return what the ledger knows of a row as it is in a letter; raises what is wrong with it."""
    (row,) = prepare(sync, [payload], None).rows.values()
    known = (await cross_references.of(db, sync.name, [row.key])).get(row.key)
    last = known._replace(version=known.version - 1) if known and known.digest == row.digest else known
    for call, key in writes_of(sync, Change(row, last)):
        entry = await ledger.find(db, call.connection, call.operation, key)
        if entry is not None:
            return entry
    return None


async def _delete(store: Store, connections: Connections, sync: Sync, key: str, instance: str) -> Result:
    async with store.read() as db:
        known = (await cross_references.of(db, sync.name, [key])).get(key)
    if sync.deletes is None:
        raise ConflictError(f"The sync {sync.name} deletes nothing any more.", hint="Drop the letter.")
    if known is None or not known.is_live:
        return Result(key, "unchanged")
    outlet = Outlet(store, connections, sync, instance)
    (result,) = await delete(outlet, sync.deletes.call, sync.deletes.arguments, [known])
    return await _noted(store, sync, result, state="deleted")


async def _noted(store: Store, sync: Sync, result: Result, state: str = "live") -> Result:
    if result.error is not None:
        raise result.error
    pair = Pair(sync.name, sync.source.call.connection, sync.target.connection)
    told = Reference(result.key, result.target, result.digest, result.version, state)
    async with store.transaction() as db:
        # It belongs to no run, so that the next full one tells whether the source has it still.
        await cross_references.save(db, pair, [told], seen=0)
    return result
