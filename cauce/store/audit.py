"""The audit trail: appended to, never changed, each line holding the hash of the one before."""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from cauce.permissions import Sight
from cauce.store.base import JSON, utc_now
from cauce.store.models import AuditEntry
from cauce.store.permissions import Rows, open_to
from cauce.store.session import Db

first_hash = "0" * 64
# Any number that nothing else in the database uses; held from the append to the commit, so that the chain cannot fork.
chain_lock = 0x43_41_55_43_45
# Databases take only so many values in one question.
_most_at_once = 500


@dataclass(frozen=True, slots=True)
class Head:
    """The last line of the trail at some moment: its number, and the hash that stands for all lines up to it."""

    line: int
    hash: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of the chain found: how many lines hold, and the first that does not.

    `hash` is that of the last line that holds. `lost` is the first of the heads kept elsewhere that is not in the
    chain: it was cut off behind some line, written anew, or comes from a backup.
    """

    entries: int
    broken_at: int | None = None
    hash: str = first_hash
    lost: Head | None = None

    @property
    def sound(self) -> bool:
        """Whether every line is as it was written, and none that was kept is missing."""
        return self.broken_at is None and self.lost is None


async def append(db: Db, actor: str, action: str, subject: str, data: JSON = None) -> None:
    """Add a line. Do it last in a transaction: until the commit nobody else can add one."""
    if db.get_bind().dialect.name == "postgresql":
        await db.execute(select(func.pg_advisory_xact_lock(chain_lock)))
    last = (await db.execute(select(AuditEntry.seq, AuditEntry.hash).order_by(AuditEntry.seq.desc()).limit(1))).first()
    seq, prev_hash = (last.seq + 1, last.hash) if last else (1, first_hash)
    at = utc_now()
    content = digest(seq, at, actor, action, subject, data, prev_hash)
    db.add(
        AuditEntry(
            seq=seq, at=at, actor=actor, action=action, subject=subject, data=data, prev_hash=prev_hash, hash=content
        )
    )
    await db.flush()


def digest(seq: int, at: datetime, actor: str, action: str, subject: str, data: JSON, prev_hash: str) -> str:
    """Return the hash of one line and, through `prev_hash`, of all before it."""
    line = json.dumps([seq, at.isoformat(), actor, action, subject, data, prev_hash], sort_keys=True)
    return hashlib.sha256(line.encode()).hexdigest()


async def verify(db: Db, kept: Iterable[Head] = ()) -> Verdict:
    """Compute the chain anew and compare, also with the heads that were `kept` elsewhere."""
    previous, count = first_hash, 0
    expected = sorted(set(kept), key=lambda each: each.line)
    hashes, lines = dict[int, str](), {each.line for each in expected}
    async for row in await db.stream_scalars(select(AuditEntry).order_by(AuditEntry.seq)):
        content = digest(row.seq, row.at, row.actor, row.action, row.subject, row.data, row.prev_hash)
        if row.seq != count + 1 or row.prev_hash != previous or row.hash != content:
            return Verdict(count, broken_at=row.seq, hash=previous)
        previous, count = row.hash, count + 1
        if count in lines:
            hashes[count] = previous
    lost = next((each for each in expected if hashes.get(each.line) != each.hash), None)
    return Verdict(count, hash=previous, lost=lost)


async def entries(
    db: Db,
    *,
    subject: str | None = None,
    actor: str | None = None,
    before: int | None = None,
    limit: int = 100,
    sight: Sight | None = None,
) -> Sequence[AuditEntry]:
    """Return lines of the trail, the newest first; without those about what is closed to who looks."""
    about = func.coalesce(AuditEntry.data["instance"].as_string(), AuditEntry.subject + "/")
    shown = open_to(sight, Rows(instance=about))
    query = select(AuditEntry).where(shown).order_by(AuditEntry.seq.desc()).limit(limit)
    if subject is not None:
        query = query.where(AuditEntry.subject == subject)
    if actor is not None:
        query = query.where(AuditEntry.actor == actor)
    if before is not None:
        query = query.where(AuditEntry.seq < before)
    return (await db.scalars(query)).all()


async def entries_of(db: Db, subjects: Collection[str]) -> Sequence[AuditEntry]:
    """Return all lines about some subjects, the oldest first."""
    found: list[AuditEntry] = []
    wanted = sorted(set(subjects))
    for start in range(0, len(wanted), _most_at_once):
        some = wanted[start : start + _most_at_once]
        found += await db.scalars(select(AuditEntry).where(AuditEntry.subject.in_(some)))
    return sorted(found, key=lambda line: line.seq)


async def has(db: Db, actor: str, action: str, subject: str) -> bool:
    """Tell whether somebody did something to a subject before."""
    same = (AuditEntry.subject == subject, AuditEntry.actor == actor, AuditEntry.action == action)
    return await db.scalar(select(AuditEntry.seq).where(*same).limit(1)) is not None
