"""The ledger of writes to systems outside, written before the call, so that no retry is ever blind.

States: pending (nothing was sent), sent (sent, outcome not known), done (answered), absent (a find proved that it was
not carried out, so it may be sent again), failed (the system refused), by-hand (a person did it there instead).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, bindparam, select, update

from cauce.errors import ConflictError
from cauce.store.base import JSON, utc_now
from cauce.store.bulk import among, insertion
from cauce.store.models import LedgerEntry
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new

State = Literal["pending", "sent", "done", "absent", "failed", "by-hand"]
# What is done, by a call or by a person, is never sent.
DONE: frozenset[str] = frozenset({"done", "by-hand"})


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger knows of a write; `new` when this `begin` was the one that wrote it."""

    id: int
    state: State
    answer: JSON
    instance: str
    task: str
    new: bool


async def begin(
    db: Db, connection: str, operation: str, key: str, *, instance: str, task: str, request_digest: str
) -> Entry:
    """Note that a write is about to happen, or return what is known of it already.

    What was surely not carried out may be asked for again with other data, which somebody mended. Else ConflictError is
    raised when the same key was used for another request: two different orders must not share one.
    """
    identity = {"connection": connection, "operation": operation, "key": key}
    values = identity | {"instance": instance, "task": task, "request_digest": request_digest, "state": "pending"}
    new = await insert_new(db, LedgerEntry, values)
    row = (await db.scalars(select(LedgerEntry).filter_by(**identity).execution_options(populate_existing=True))).one()
    if row.request_digest != request_digest and not await _replace(db, row, request_digest):
        raise ConflictError(
            f"{operation}@{connection} was already called with this idempotency key but with other data, by {row.task} "
            f"of {row.instance}.",
            hint="Make the key tell the two requests apart, or send the same data again.",
        )
    return Entry(row.id, _state(row.state), row.answer, row.instance, row.task, new)


async def find(db: Db, connection: str, operation: str, key: str) -> LedgerEntry | None:
    """Return what is known of a write."""
    return (
        await db.scalars(select(LedgerEntry).filter_by(connection=connection, operation=operation, key=key))
    ).first()


async def mark_sent(db: Db, entry_id: int) -> bool:
    """Note that the request leaves now; False when it left before, and then it must not be sent but looked for."""
    statement = (
        update(LedgerEntry)
        .where(LedgerEntry.id == entry_id, LedgerEntry.state.in_(["pending", "absent", "failed"]))
        .values(state="sent", updated_at=utc_now())
    )
    return await changed(db, statement) == 1


async def finish(
    db: Db, entry_id: int, state: Literal["pending", "done", "absent", "failed"], answer: JSON = None
) -> None:
    """Note the outcome; `done` and `by-hand` are final, and a repeated one keeps the first answer."""
    statement = (
        update(LedgerEntry)
        .where(LedgerEntry.id == entry_id, LedgerEntry.state.not_in(DONE))
        .values(state=state, answer=answer, updated_at=utc_now())
    )
    await changed(db, statement)


async def record_by_hand(
    db: Db, connection: str, operation: str, key: str, *, instance: str, task: str, request_digest: str, answer: JSON
) -> None:
    """Note that a person did it in the system itself, so that it is never sent; what was done before stays."""
    identity = {"connection": connection, "operation": operation, "key": key}
    told = {"state": "by-hand", "answer": answer, "request_digest": request_digest}
    if not await insert_new(db, LedgerEntry, {**identity, **told, "instance": instance, "task": task}):
        statement = update(LedgerEntry).filter_by(**identity).where(LedgerEntry.state.not_in(DONE))
        await changed(db, statement.values(**told, updated_at=utc_now()))


async def find_all(db: Db, connection: str, operation: str, keys: Collection[str]) -> Mapping[str, LedgerEntry]:
    """Return what is known of writes, by their keys."""
    mine = LedgerEntry.connection == connection, LedgerEntry.operation == operation, among(db, LedgerEntry.key, keys)
    rows = await db.scalars(select(LedgerEntry).where(*mine).execution_options(populate_existing=True))
    return {row.key: row for row in rows}


async def send_all(
    db: Db, connection: str, operation: str, digests: Mapping[str, str], *, known: Collection[str], instance: str
) -> None:
    """Note that writes leave now, each under its key and with the digest of what is sent; `known` are there already."""
    whole = {"connection": connection, "operation": operation, "instance": instance, "task": "", "state": "sent"}
    now = utc_now()
    new = [pair for pair in digests.items() if pair[0] not in known]
    if new:
        statement = insertion(
            db, LedgerEntry, ("key", "request_digest"), new, {**whole, "created_at": now, "updated_at": now}
        )
        await db.execute(statement.on_conflict_do_nothing())
    again = [{"key_": key, "digest_": digest} for key, digest in digests.items() if key in known]
    if again:
        mine = _not_done(connection, operation)
        values = {"state": "sent", "request_digest": bindparam("digest_"), "updated_at": now}
        by_key = update(LedgerEntry).where(*mine, LedgerEntry.key == bindparam("key_")).values(**values)
        await (await db.connection()).execute(by_key, again)


async def finish_all(db: Db, connection: str, operation: str, outcomes: Sequence[tuple[str, State, JSON]]) -> None:
    """Note the outcomes of writes: key, state and answer."""
    mine = _not_done(connection, operation)
    alike: dict[State, list[str]] = {}
    for key, state, answer in outcomes:
        if answer is None:
            alike.setdefault(state, []).append(key)
    for state, keys in alike.items():
        statement = update(LedgerEntry).where(*mine, among(db, LedgerEntry.key, keys))
        await changed(db, statement.values(state=state, answer=None, updated_at=utc_now()))
    values = {"state": bindparam("state_"), "answer": bindparam("answer_"), "updated_at": utc_now()}
    by_key = update(LedgerEntry).where(*mine, LedgerEntry.key == bindparam("key_")).values(**values)
    rows = [{"key_": key, "state_": state, "answer_": answer} for key, state, answer in outcomes if answer is not None]
    if rows:
        await (await db.connection()).execute(by_key, rows)


def _not_done(connection: str, operation: str) -> tuple[ColumnElement[bool], ...]:
    # Not as a list, which no statement can have that is executed for many rows at once.
    undone = [LedgerEntry.state != each for each in sorted(DONE)]
    return (LedgerEntry.connection == connection, LedgerEntry.operation == operation, *undone)


async def unresolved(db: Db, limit: int = 100) -> list[LedgerEntry]:
    """Return writes whose outcome nobody knows, the oldest first."""
    query = select(LedgerEntry).where(LedgerEntry.state == "sent").order_by(LedgerEntry.updated_at).limit(limit)
    return list(await db.scalars(query))


async def _replace(db: Db, row: LedgerEntry, request_digest: str) -> bool:
    mine = LedgerEntry.id == row.id, LedgerEntry.state.in_(["absent", "failed"])
    values = {"request_digest": request_digest, "updated_at": utc_now()}
    return bool(await changed(db, update(LedgerEntry).where(*mine).values(**values)))


def _state(text: str) -> State:
    match text:
        case "pending" | "sent" | "done" | "absent" | "failed" | "by-hand":
            return text
        case _:
            message = f"the ledger holds an unknown state {text!r}"
            raise ValueError(message)
