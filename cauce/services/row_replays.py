"""How the row of a sync that was refused goes once more, through the version of the sync that somebody chooses."""

from typing import Any

from activities.connections import Connections
from activities.syncs import replay as rows
from activities.syncs import replay_pairs
from activities.syncs.changes import Result
from cauce import connection as connections
from cauce.errors import NotFoundError
from cauce.expressions import compile_expression
from cauce.services.differences import Contract
from cauce.services.hub import Hub
from cauce.store import definitions
from cauce.store.models import DeadLetter, LedgerEntry
from cauce.store.session import Db
from cauce.sync import MAPPING_VARIABLES, Sync, parse
from cauce.two_way import written_to

JSON = Any


async def replay(hub: Hub, opened: Connections, letter: DeadLetter, payload: JSON, version: str | None) -> Result:
    """Write a row; raises what refuses it."""
    async with hub.store.read() as db:
        number, sync = await _sync(db, letter.name, version)
    given, instance = (letter.identity, payload), f"dead-letter/{letter.id}"
    if sync.back is not None:
        return await replay_pairs.apply(hub.store, opened, sync, *given, instance, number)
    return await rows.apply(hub.store, opened, sync, *given, instance)


async def check(db: Db, letter: DeadLetter, payload: JSON) -> None:
    """Raise InputError when a person has made another row of a row."""
    _, sync = await _sync(db, letter.name)
    (replay_pairs if sync.back is not None else rows).check(sync, letter.identity, payload)


async def ledger_entry(db: Db, letter: DeadLetter, payload: JSON) -> LedgerEntry | None:
    """Return what the ledger knows of a row; of one of two ways its own answer is in the row."""
    _, sync = await _sync(db, letter.name)
    if sync.back is not None or rows.is_deletion(letter.identity):
        return None
    return await rows.ledger_entry(db, sync, payload)


async def contract_of(db: Db, letter: DeadLetter, payload: JSON) -> Contract | None:
    """Return what the system that is written to wants of a row, which is shown as it is mapped."""
    _, sync = await _sync(db, letter.name)
    if letter.identity.startswith("delete"):
        return None
    if sync.back is not None:
        way = written_to(sync, replay_pairs.side_of(letter.identity))
        fields = replay_pairs.fields(sync, letter.identity, payload)
        mapped = compile_expression(way.mapping, variables=MAPPING_VARIABLES).first(fields, {"target": None})
    else:
        way, mapped = sync, rows.mapped(sync, payload)
    call = way.target.upsert or way.target.create or way.target.update
    row = await definitions.find(db, "connection", "", way.target.connection)
    operation = connections.parse(row.document).operations.get(call.operation) if row and call else None
    if operation is None or operation.input is None:
        return None
    return Contract(operation.input, {"rows": [mapped]} if way.target.many else mapped)


async def _sync(db: Db, name: str, version: str | None = None) -> tuple[str, Sync]:
    row = await definitions.find(db, "sync", "", name, version)
    if row is None:
        which = "sync" if version is None else f"version {version} of the sync"
        raise NotFoundError(f"There is no {which} {name}.", hint="Publish it, or drop the letter.")
    return row.version, parse(row.document, row.bundle)
