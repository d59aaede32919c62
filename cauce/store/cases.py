"""The register of cases: each has a code of its own, and what belongs to one that is open joins it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import func, select

from cauce.errors import ConflictError, InputError
from cauce.store.base import JSON, utc_now
from cauce.store.models import Case
from cauce.store.session import Db
from cauce.store.upsert import insert_new

How = Literal["opened", "joined", "reopened"]
_ATTEMPTS: Final = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a case is wanted for; one without a subject joins no other."""

    kind: str
    series: str
    customer: str
    subject: str
    reference: str
    at: datetime
    reopen_within: timedelta

    @property
    def open_key(self) -> str | None:
        """Return what no two open cases have in common."""
        return _open_key(self.kind, self.customer, self.subject)


async def open_case(db: Db, wanted: Wanted) -> tuple[Case, How]:
    """Open a case, join the one that is open, or reopen the one that was closed lately.

    Whoever comes twice with the same reference gets what it opened; of several at once, one opens and the others join.
    """
    for _ in range(_ATTEMPTS):
        if row := await _one(db, reference=wanted.reference):
            return row, "opened"
        if wanted.open_key and (row := await _one(db, open_key=wanted.open_key)):
            return row, "joined"
        if row := await _closed_lately(db, wanted):
            row.open_key, row.closed_at = wanted.open_key, None
            await db.flush()
            return row, "reopened"
        if row := await _new(db, wanted):
            return row, "opened"
    raise ConflictError("The case could not be opened: too many are being opened at once.", hint="Try again.")


async def close_case(db: Db, code: str, outcome: str, data: JSON) -> Case:
    """Close a case; one that is closed already stays as it is."""
    row = await _known(db, code)
    if row.closed_at is None:
        row.open_key, row.closed_at, row.outcome, row.data = None, utc_now(), outcome, data
        await db.flush()
    return row


async def reopen_case(db: Db, code: str) -> Case:
    """Open a closed case again.

    Raises:
        ConflictError: Another case of the same customer about the same was opened meanwhile.
    """
    row = await _known(db, code)
    if row.closed_at is not None:
        key = _open_key(row.kind, row.customer, row.subject)
        if key and (other := await _one(db, open_key=key)):
            raise ConflictError(f"Case {other.code} is open about the same.", hint="Go on with that one.")
        row.open_key, row.closed_at = key, None
        await db.flush()
    return row


async def find(db: Db, *, code: str | None = None, reference: str | None = None) -> Case | None:
    """Return the case with this code, or that was opened for this reference."""
    by = {"code": code} if code else {"reference": reference}
    return (await db.scalars(select(Case).filter_by(**by))).one_or_none() if any(by.values()) else None


async def of_customer(db: Db, customer: str, kind: str | None, limit: int) -> Sequence[Case]:
    """Return the cases of a customer, the newest first."""
    query = select(Case).filter_by(customer=customer).order_by(Case.opened_at.desc(), Case.code.desc())
    return (await db.scalars((query.filter_by(kind=kind) if kind else query).limit(limit))).all()


def _open_key(kind: str, customer: str, subject: str) -> str | None:
    return f"{kind}\n{customer}\n{subject}" if subject else None


async def _one(db: Db, **by: str) -> Case | None:
    return (await db.scalars(select(Case).filter_by(**by).with_for_update())).one_or_none()


async def _known(db: Db, code: str) -> Case:
    row = await _one(db, code=code)
    if row is None:
        raise InputError(f"There is no case {code}.", hint="Codes are given by open-case.")
    return row


async def _closed_lately(db: Db, wanted: Wanted) -> Case | None:
    if not wanted.subject or not wanted.reopen_within:
        return None
    query = select(Case).filter_by(kind=wanted.kind, customer=wanted.customer, subject=wanted.subject)
    query = query.where(Case.closed_at >= wanted.at - wanted.reopen_within).order_by(Case.closed_at.desc())
    return (await db.scalars(query.limit(1).with_for_update())).one_or_none()


async def _new(db: Db, wanted: Wanted) -> Case | None:
    last = await db.scalar(select(func.max(Case.number)).filter_by(series=wanted.series))
    number = (last or 0) + 1
    code = f"{wanted.series}-{number:06d}"
    values = {
        "code": code,
        "kind": wanted.kind,
        "series": wanted.series,
        "number": number,
        "customer": wanted.customer,
        "subject": wanted.subject,
        "reference": wanted.reference,
        "open_key": wanted.open_key,
        "opened_at": wanted.at,
    }
    # Whoever was quicker has the number, or the same case: another look tells.
    return await _one(db, code=code) if await insert_new(db, Case, values) else None
