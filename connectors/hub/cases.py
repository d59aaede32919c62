"""The operations on cases: `open-case`, `close-case`, `reopen-case`, `find-case` and `find-cases`."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cauce.connector import JSON
from cauce.errors import PermanentError
from cauce.store import Db, cases
from cauce.store.models import Case
from schemas import durations

most_cases: Final = 200


async def open_case(db: Db, params: Mapping[str, Any]) -> JSON:
    """Open a case for a `reference`, or join or reopen the one of the same kind, customer and subject."""
    within = params.get("reopenWithin")
    seconds = durations.seconds(within) if isinstance(within, str) else 0.0
    if seconds is None:
        raise PermanentError(f"{within!r} is no length of time.", hint="Write `reopenWithin` like P30D.")
    at = _instant(params.get("at"))
    wanted = cases.Wanted(
        kind=_text(params, "kind"),
        series=f"{_text(params, 'prefix')}-{at.year}",
        customer=_text(params, "customer"),
        subject=str(params.get("subject") or ""),
        reference=_text(params, "reference"),
        at=at,
        reopen_within=timedelta(seconds=seconds),
    )
    row, how = await cases.open_case(db, wanted)
    return {**_case(row), "how": how}


async def close_case(db: Db, params: Mapping[str, Any]) -> JSON:
    """Close the case with this `code`, with an `outcome` and what is worth remembering of it as `data`."""
    return _case(await cases.close_case(db, _text(params, "code"), _text(params, "outcome"), params.get("data")))


async def reopen_case(db: Db, params: Mapping[str, Any]) -> JSON:
    """Open the case with this `code` again."""
    return _case(await cases.reopen_case(db, _text(params, "code")))


async def find_case(db: Db, params: Mapping[str, Any]) -> JSON:
    """Return the case with this `code`, or that was opened for this `reference`, or null."""
    row = await cases.find(db, code=params.get("code"), reference=params.get("reference"))
    return None if row is None else _case(row)


async def find_cases(db: Db, params: Mapping[str, Any]) -> JSON:
    """Return the cases of a `customer`, perhaps only those of a `kind`, the newest first."""
    limit = params.get("limit")
    wanted = limit if isinstance(limit, int) and 0 < limit <= most_cases else 50
    return [_case(row) for row in await cases.of_customer(db, _text(params, "customer"), params.get("kind"), wanted)]


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


def _text(params: Mapping[str, Any], name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise PermanentError(f"A case needs `{name}`.", hint="Mend the task's `with`.")
    return value


def _instant(value: JSON) -> datetime:
    if value is None:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        raise PermanentError(f"{value!r} is no time.", hint="Write `at` like 2026-05-04T10:00:00Z.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
