"""The operations on cases: `open-case`, `close-case`, `reopen-case`, `find-case` and `find-cases`."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from cauce.connector import JSON
from cauce.errors import PermanentError
from cauce.store import Db, cases
from cauce.store.models import Case
from connectors.hub.arguments import instant, text
from schemas import durations

most_cases: Final = 200
_WHOSE: Final = "A case"


async def open_case(db: Db, params: Mapping[str, Any]) -> JSON:
    """Open a case for a `reference`, or join or reopen the one of the same kind, customer and subject."""
    within = params.get("reopenWithin")
    seconds = durations.seconds(within) if isinstance(within, str) else 0.0
    if seconds is None:
        raise PermanentError(f"{within!r} is no length of time.", hint="Write `reopenWithin` like P30D.")
    at = instant(params.get("at"))
    wanted = cases.Wanted(
        kind=text(params, "kind", _WHOSE),
        series=f"{text(params, 'prefix', _WHOSE)}-{at.year}",
        customer=text(params, "customer", _WHOSE),
        subject=str(params.get("subject") or ""),
        reference=text(params, "reference", _WHOSE),
        at=at,
        reopen_within=timedelta(seconds=seconds),
    )
    row, how = await cases.open_case(db, wanted)
    return {**_case(row), "how": how}


async def close_case(db: Db, params: Mapping[str, Any]) -> JSON:
    """Close the case with this `code`, with an `outcome` and what is worth remembering of it as `data`."""
    return _case(
        await cases.close_case(db, text(params, "code", _WHOSE), text(params, "outcome", _WHOSE), params.get("data"))
    )


async def reopen_case(db: Db, params: Mapping[str, Any]) -> JSON:
    """Open the case with this `code` again."""
    return _case(await cases.reopen_case(db, text(params, "code", _WHOSE)))


async def find_case(db: Db, params: Mapping[str, Any]) -> JSON:
    """Return the case with this `code`, or that was opened for this `reference`, or null."""
    row = await cases.find(db, code=params.get("code"), reference=params.get("reference"))
    return None if row is None else _case(row)


async def find_cases(db: Db, params: Mapping[str, Any]) -> JSON:
    """Return the cases of a `customer`, perhaps only those of a `kind`, the newest first."""
    limit = params.get("limit")
    wanted = limit if isinstance(limit, int) and 0 < limit <= most_cases else 50
    return [
        _case(row) for row in await cases.of_customer(db, text(params, "customer", _WHOSE), params.get("kind"), wanted)
    ]


def _case(row: Case) -> dict[str, JSON]:
    return {
        "code": row.code,
        "kind": row.kind,
        "customer": row.customer,
        "subject": row.subject or None,
        "openedAt": row.opened_at.isoformat(),
        "closedAt": row.closed_at.isoformat() if row.closed_at else None,
        "outcome": row.outcome,
        "data": row.data,
    }
