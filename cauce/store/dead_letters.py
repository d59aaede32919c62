"""What could not be applied: kept, grouped by cause, and closed only in the name of a person.

States: held (a call was refused, and its process may still deal with that), open, replayed (it was applied in the end,
or a person let its instance go on), already-applied (it had been all along), dropped (a person said so, and why).
"""

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import ColumnElement, case, delete, exists, func, select, update
from sqlalchemy.orm import aliased

from cauce.errors import CauceError, InputError, RemoteError, TooLargeError
from cauce.logging import redact
from cauce.permissions import Sight
from cauce.store import blobs
from cauce.store.base import JSON, utc_now
from cauce.store.models.dead_letters import DeadLetter
from cauce.store.permissions import Rows, open_to
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new

Origin = Literal["event-sink", "event-start", "call", "delivery", "sync"]
Closed = Literal["replayed", "already-applied", "dropped"]
states: tuple[str, ...] = ("open", "replayed", "already-applied", "dropped")
lease = timedelta(minutes=3)
longest_problem: Final = 500
most_errors: Final = 100
# What our own sentences say of places and names is kept; else what is quoted, an address or holds a digit is not.
_PARTICULAR: Final = re.compile(
    r"""(`[^`]*`|https?://[\w.:-]+|HTTP \d{3})|'[^']*'|"[^"]*"|«[^»]*»|\S+@\S+\.\S+|[\w./:-]*\d[\w./:-]*"""
)


@dataclass(frozen=True, slots=True)
class NewLetter:
    """Something that was refused: where, what was sent, and what a replay needs to know."""

    origin: Origin
    name: str
    identity: str
    request: JSON
    error: CauceError
    operation: str = ""
    instance: str = ""
    about: Mapping[str, JSON] = field(default_factory=dict)
    held: bool = False


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of dead letters is narrowed to; `sight` leaves out what is closed to who looks."""

    state: str | None = None
    cause: str | None = None
    origin: str | None = None
    name: str | None = None
    instance: str | None = None
    sight: Sight | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """All that was refused for one reason."""

    cause: str
    origin: str
    name: str
    operation: str
    title: str
    count: int
    oldest: datetime
    newest: datetime


async def add(db: Db, new: NewLetter) -> None:
    """Keep what was refused. A call or row that is refused again opens its letter again; an event is refused once."""
    refusal = refusal_of(new.error)
    told = {"wanted": refusal, "cause": cause_of(new.origin, new.name, new.operation, refusal)}
    told["title"] = without_particulars(refusal["problem"])
    told["state"] = "held" if new.held else "open"
    identity = {"origin": new.origin, "name": new.name, "identity": new.identity}
    request = await keep(db, new.request)
    values = {"operation": new.operation, "instance": new.instance, "request": request, "about": dict(new.about)}
    if await insert_new(db, DeadLetter, {**identity, **values, **told}) or new.origin not in {"call", "sync"}:
        return
    again = {"attempts": DeadLetter.attempts + 1, "edited": None, "updated_at": utc_now()}
    await changed(db, update(DeadLetter).filter_by(**identity).values(**values, **told, **again))


async def open_held(db: Db, instance: str, reference: str | None) -> None:
    """Open what was held of a task in which an instance has failed; of any task when it is not known in which."""
    rows = await db.scalars(select(DeadLetter).filter_by(instance=instance, state="held"))
    for row in rows.all():
        if reference in {None, row.about.get("reference")}:
            row.state, row.updated_at = "open", utc_now()
    await db.flush()


async def forget_held(db: Db, instances: Sequence[str]) -> None:
    """Forget what was held of instances that dealt with it and came to their end."""
    held = DeadLetter.instance.in_(instances), DeadLetter.state == "held"
    await changed(db, delete(DeadLetter).where(*held))


async def close_calls(db: Db, instance: str, state: Closed, by: str, *, before: datetime, reason: str = "") -> None:
    """Close the calls of an instance that somebody lets go on, or ends, but not what was refused since then."""
    now = utc_now()
    mine = DeadLetter.instance == instance, DeadLetter.origin == "call", DeadLetter.state == "open"
    values = {"state": state, "decided_by": by, "decided_at": now, "reason": reason, "updated_at": now}
    await changed(db, update(DeadLetter).where(*mine, DeadLetter.updated_at < before).values(**values))


async def close_rows(db: Db, sync: str, identities: Collection[str]) -> None:
    """Close the letters of rows of which a later state was taken."""
    mine = DeadLetter.origin == "sync", DeadLetter.name == sync, DeadLetter.state == "open"
    if not await db.scalar(select(exists().where(*mine))):
        return
    now, by, reason = utc_now(), f"sync {sync}", "The row was taken in a later state."
    values = {"state": "already-applied", "decided_by": by, "decided_at": now, "reason": reason, "updated_at": now}
    await changed(db, update(DeadLetter).where(*mine, DeadLetter.identity.in_(identities)).values(**values))


async def keep(db: Db, payload: JSON, *, longest: int | None = None) -> str:
    """Keep a payload, once however often it was refused, and return its digest."""
    content = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")
    if longest is not None and len(content) > longest:
        raise TooLargeError(f"The payload is larger than {longest:,} bytes.", hint="Send less.", where="payload")
    return await blobs.put(db, content)


async def payload_of(db: Db, digest: str) -> JSON:
    """Return the payload of a digest."""
    return json.loads((await blobs.get(db, digest)).decode(errors="surrogatepass"))


async def find(db: Db, id_: int) -> DeadLetter | None:
    """Return one letter."""
    return await db.get(DeadLetter, id_, populate_existing=True)


async def page(db: Db, wanted: Filters, *, before: int | None = None, limit: int = 50) -> Sequence[DeadLetter]:
    """Return letters, the newest first."""
    query = select(DeadLetter).where(*_fits(wanted)).order_by(DeadLetter.id.desc()).limit(limit)
    if before is not None:
        query = query.where(DeadLetter.id < before)
    return (await db.scalars(query)).all()


async def ids_of(db: Db, wanted: Filters, limit: int) -> Sequence[int]:
    """Return the numbers of letters, the oldest first."""
    return (await db.scalars(select(DeadLetter.id).where(*_fits(wanted)).order_by(DeadLetter.id).limit(limit))).all()


async def count(db: Db, wanted: Filters) -> int:
    """Return how many letters there are."""
    return await db.scalar(select(func.count(DeadLetter.id)).where(*_fits(wanted))) or 0


async def causes(db: Db, wanted: Filters, limit: int = 200) -> list[Cause]:
    """Return letters grouped by what caused them, the most frequent cause first."""
    # An index has all that is grouped; of what letters of a cause have in common, one of them is asked.
    number = func.count(DeadLetter.id).label("number")
    ends = (func.min(DeadLetter.id).label("first"), func.max(DeadLetter.id).label("last"))
    found = select(DeadLetter.cause, number, *ends).where(*_fits(wanted)).group_by(DeadLetter.cause)
    most = found.order_by(number.desc(), DeadLetter.cause).limit(limit).subquery()
    first, last = aliased(DeadLetter), aliased(DeadLetter)
    told = (last.cause, last.origin, last.name, last.operation, last.title)
    query = select(*told, most.c.number, first.created_at, last.created_at).select_from(most)
    query = query.join(first, first.id == most.c.first).join(last, last.id == most.c.last)
    rows = (await db.execute(query.order_by(most.c.number.desc(), most.c.cause))).all()
    return [Cause(*row) for row in rows]


async def take(db: Db, id_: int) -> bool:
    """Ask to be the one who replays, edits or drops an open letter."""
    now = utc_now()
    free = DeadLetter.id == id_, DeadLetter.state == "open", DeadLetter.lease_until <= now
    return bool(await changed(db, update(DeadLetter).where(*free).values(lease_until=now + lease)))


async def give_back(db: Db, id_: int) -> None:
    """Let others take a letter again, for nothing was tried."""
    await changed(db, update(DeadLetter).filter_by(id=id_).values(lease_until=utc_now()))


async def edit(db: Db, id_: int, digest: str) -> None:
    """Put something else in the place of what was sent, which stays to be seen."""
    now = utc_now()
    await changed(db, update(DeadLetter).filter_by(id=id_).values(edited=digest, updated_at=now, lease_until=now))


async def refuse_again(db: Db, letter: DeadLetter, error: CauceError) -> None:
    """Note that a replay was refused too, and why."""
    refusal, now = refusal_of(error), utc_now()
    values = {
        "wanted": refusal,
        "cause": cause_of(letter.origin, letter.name, letter.operation, refusal),
        "title": without_particulars(refusal["problem"]),
        "attempts": DeadLetter.attempts + 1,
        "updated_at": now,
        "lease_until": now,
    }
    await changed(db, update(DeadLetter).filter_by(id=letter.id).values(**values))


async def close(db: Db, id_: int, state: Closed, by: str, *, reason: str = "", answer: JSON = None) -> None:
    """Note how it ended and who decided so; nothing is ever deleted."""
    now = utc_now()
    values = {"state": state, "decided_by": by, "decided_at": now, "reason": reason, "answer": answer}
    await changed(db, update(DeadLetter).filter_by(id=id_).values(**values, updated_at=now, lease_until=now))


def refusal_of(error: CauceError) -> dict[str, JSON]:
    """Return what an error says was wanted: its class, its sentence, the system's own code, and each field."""
    told: dict[str, JSON] = {"code": error.code, "problem": redact(error.problem)[:longest_problem]}
    if error.hint:
        told["hint"] = redact(error.hint)[:longest_problem]
    if isinstance(error, RemoteError) and error.remote_code:
        told["remoteCode"] = error.remote_code[:longest_problem]
    if isinstance(error, InputError) and error.errors:
        told["errors"] = [dict(each) for each in error.errors[:most_errors]]
    return told


def cause_of(origin: str, name: str, operation: str, refusal: Mapping[str, JSON]) -> str:
    """Return what two letters share that were refused for the same reason."""
    fields = [
        [without_particulars(each.get("pointer", "")), without_particulars(each.get("problem", ""))]
        for each in refusal.get("errors") or ()
    ]
    reason = [refusal["code"], refusal.get("remoteCode", ""), without_particulars(refusal["problem"]), fields]
    text = json.dumps([origin, name, operation, reason])
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


def without_particulars(sentence: str) -> str:
    """Return a sentence without numbers, addresses and what stands in quotes, which differ and may be of somebody."""
    return _PARTICULAR.sub(lambda found: found[1] or "…", sentence)


def _fits(wanted: Filters) -> list[ColumnElement[bool]]:
    given = {name: getattr(wanted, name) for name in Filters.__slots__ if name != "sight"}
    asked = [getattr(DeadLetter, name) == value for name, value in given.items() if value is not None]
    # An event that started nothing has the name of the process that did not take it.
    of = case((DeadLetter.instance != "", DeadLetter.instance), else_=DeadLetter.name + "/")
    asked.append(open_to(wanted.sight, Rows(instance=of)))
    return asked if wanted.state else [*asked, DeadLetter.state != "held"]
