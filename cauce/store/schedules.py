"""What starts by time: what the latest versions ask for, and what Temporal was told."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, select, update

from cauce.store.base import JSON, utc_now
from cauce.store.models.schedules import Schedule
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new

KINDS: Final = ("every", "cron", "after")
_LONGEST_PROBLEM: Final = 500


async def follow(db: Db, definition: str, version: str, digest: str, document: JSON) -> None:
    """Note what the latest version of a process asks for; without a `version` it asks for nothing any more."""
    asked = document.get("schedule") if version and isinstance(document, dict) else None
    for kind in KINDS:
        wanted = isinstance(asked, dict) and kind in asked
        values = {"version": version if wanted else "", "digest": digest if wanted else ""}
        identity = {"definition": definition, "kind": kind}
        if wanted:
            fresh = {"paused": False, "applied": "", "problem": "", "changed_at": utc_now()}
            await insert_new(db, Schedule, identity | values | fresh)
        await changed(db, update(Schedule).filter_by(**identity).values(**values, changed_at=utc_now()))


async def rows(db: Db) -> Sequence[Schedule]:
    """Return all rows, also those of processes that are to be forgotten."""
    return (await db.scalars(select(Schedule).order_by(Schedule.definition, Schedule.kind))).all()


async def find(db: Db, definition: str, kind: str) -> Schedule | None:
    """Return one row."""
    return await db.get(Schedule, (definition, kind))


async def of(db: Db, definition: str) -> Sequence[Schedule]:
    """Return what one process asks for."""
    query = select(Schedule).where(Schedule.definition == definition, Schedule.version != "")
    return (await db.scalars(query.order_by(Schedule.kind))).all()


async def pause(db: Db, definition: str, *, paused: bool) -> int:
    """Let nothing new start by time, or let it again; returns how many rows that concerned."""
    mine = Schedule.definition == definition, Schedule.version != ""
    return await changed(db, update(Schedule).where(*mine).values(paused=paused, changed_at=utc_now()))


async def settle(db: Db, row: Schedule, applied: str) -> bool:
    """Note what Temporal was told; returns whether that is still what is asked for."""
    same = (
        *(Schedule.definition == row.definition, Schedule.kind == row.kind),
        *(Schedule.version == row.version, Schedule.digest == row.digest, Schedule.paused == row.paused),
        Schedule.waits_for == row.waits_for,
    )
    if not row.version:
        return bool(await changed(db, delete(Schedule).where(*same)))
    return bool(await changed(db, update(Schedule).where(*same).values(applied=applied, problem="")))


async def note_wait(db: Db, row: Schedule, missing: str) -> None:
    """Note what is missing before anything starts by time; nothing lets it start."""
    mine = Schedule.definition == row.definition, Schedule.kind == row.kind, Schedule.version == row.version
    values = {"waits_for": missing[:_LONGEST_PROBLEM], "changed_at": utc_now()}
    await changed(db, update(Schedule).where(*mine).values(**values))


async def note_problem(db: Db, row: Schedule, problem: str) -> None:
    """Note why Temporal could not be told."""
    mine = Schedule.definition == row.definition, Schedule.kind == row.kind
    await changed(db, update(Schedule).where(*mine).values(problem=problem[:_LONGEST_PROBLEM]))
