"""The ledger of writes to systems outside, written before the call, so that no retry is ever blind.

States: pending (nothing was sent), sent (sent, outcome not known), done (answered), absent (a find proved that it was
not carried out, so it may be sent again), failed (the system refused), by-hand (a person did it there instead).
"""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select, update

from cauce.errors import ConflictError
from cauce.store.base import JSON, utc_now
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
