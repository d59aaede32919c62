"""The operations on what roadmaps that run have cost: `save-cost` and `find-cost`, for syncs with accounting."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from cauce import roadmaps as names
from cauce.connector import JSON
from cauce.cost_entries import Given, money
from cauce.errors import BusinessError, NotFoundError, PermanentError
from cauce.store import Db, roadmap_costs, roadmaps
from cauce.store.models import RoadmapCost
from connectors.hub.arguments import text

_WHOSE: Final = "An entry"
_BY: Final = "accounting"


async def save_cost(db: Db, params: Mapping[str, Any]) -> JSON:
    """Enter time or money for an activity of a roadmap that runs, once for each `reference`."""
    given = _given(params)
    run = await _run(db, params)
    by = str(params.get("by") or _BY)
    try:
        book = await roadmap_costs.open_book(db, run, references=[given.reference], source="hub", by=by)
        number, new = book.add(given)
    except NotFoundError as error:
        raise BusinessError(error.problem, hint=error.hint, remote_code="NOT_FOUND") from error
    await roadmap_costs.close_book(db, book)
    return {"number": number, "new": new}


async def find_cost(db: Db, params: Mapping[str, Any]) -> JSON:
    """Return the entry with this `reference`, or null."""
    row = await roadmap_costs.by_reference(db, await _run(db, params), text(params, "reference", _WHOSE))
    return None if row is None else _entry(row)


async def _run(db: Db, params: Mapping[str, Any]) -> str:
    """Return the roadmap that is meant: by its `key`, or else the only one of that name that runs."""
    name = text(params, "roadmap", _WHOSE)
    if params.get("key"):
        run = names.roadmap_id(name, str(params["key"]))
        found = [run] if await roadmaps.find(db, run) else []
    else:
        found = [row.id for row in await roadmaps.listed(db, state="running", roadmap=name, limit=2)]
    if not found:
        problem = f"No roadmap runs as {name}{'/' if params.get('key') else ''}{params.get('key') or ''}."
        raise BusinessError(problem, hint="`cauce roadmap list` shows those that do.", remote_code="NOT_FOUND")
    if len(found) > 1:
        hint = "Give its `key`, too."
        raise BusinessError(f"More than one roadmap {name} runs.", hint=hint, remote_code="AMBIGUOUS")
    return found[0]


def _given(params: Mapping[str, Any]) -> Given:
    said = {name: str(params[name]) for name in _TEXTS if params.get(name) is not None}
    day = params.get("day")
    try:
        on = date.fromisoformat(str(day)[:10]) if day else None
    except ValueError:
        raise PermanentError(f"{day!r} is no day.", hint="Write `day` like 2027-03-02.") from None
    for name in ("activity", "reference"):
        text(params, name, _WHOSE)
    return Given(day=on, **said)


_TEXTS: Final = ("activity", "reference", "hours", "amount", "factor", "owner", "rate", "person", "note")


def _entry(row: RoadmapCost) -> dict[str, JSON]:
    shown = ("number", "activity", "kind", "factor", "hours", "owner", "rate", "person", "note", "reference", "by")
    amounts = {"day": row.day.isoformat(), "amount": money(row.cents), "at": row.at.isoformat()}
    return {**{name: getattr(row, name) for name in shown}, **amounts}
