"""The operations on the register of a roll-out, and on what gates and checks ask of the hub itself."""

from collections.abc import Mapping
from typing import Any, Final

from cauce.connector import JSON
from cauce.store import (
    Db,
    certificates,
    dead_letters,
    definitions,
    reconciliations,
    register,
    register_figures,
    test_runs,
)
from cauce.store.models import RegisterEntry
from connectors.hub.arguments import instant, text

most_entries: Final = 1_000
_WHOSE: Final = "The register"


async def save_entry(db: Db, params: Mapping[str, Any]) -> JSON:
    """Bring the entry of this `roadmap`, `kind` and `code` into a `state`, once for each `reference`."""
    data = params.get("data")
    step = register.Step(
        roadmap=text(params, "roadmap", _WHOSE),
        kind=text(params, "kind", _WHOSE),
        code=text(params, "code", _WHOSE),
        state=text(params, "state", _WHOSE),
        reference=text(params, "reference", _WHOSE),
        at=instant(params.get("at")),
        title=str(params.get("title") or ""),
        by=str(params.get("by") or ""),
        data=data if isinstance(data, Mapping) else {},
        before=[str(each) for each in params.get("from") or ()],
    )
    return _entry(await register.note(db, step))


async def find_entry(db: Db, params: Mapping[str, Any]) -> JSON:
    """Return the entry of which something was noted for this `reference`, or with this `kind` and `code`, or null."""
    if params.get("reference"):
        row = await register.find_noted(db, str(params["reference"]))
    else:
        row = await register.find(db, *(text(params, each, _WHOSE) for each in ("roadmap", "kind", "code")))
    return None if row is None else _entry(row)


async def list_entries(db: Db, params: Mapping[str, Any]) -> JSON:
    """Return entries of a `roadmap`, perhaps only of a `kind` or in some `states`, those changed last first."""
    states = [str(each) for each in params.get("states") or ()]
    limit = params.get("limit")
    rows = await register.entries(
        db,
        text(params, "roadmap", _WHOSE),
        params.get("kind"),
        states=states,
        limit=limit if isinstance(limit, int) and 0 < limit <= most_entries else most_entries,
    )
    return [_entry(row) for row in rows]


async def list_figures(db: Db, params: Mapping[str, Any]) -> JSON:
    """Return the figures of a `roadmap` by name, as of now or of `at`."""
    at = params.get("at")
    return await register_figures.figures(db, text(params, "roadmap", _WHOSE), None if at is None else instant(at))


async def list_certificates(db: Db, params: Mapping[str, Any]) -> JSON:
    """Return what certification found out last about each of these `connections`, and their open dead letters."""
    names = [str(each) for each in params.get("connections") or ()]
    found = await certificates.latest(db, names)
    return [
        {
            "connection": name,
            "deadLetters": await dead_letters.count(db, dead_letters.Filters(state="open", name=name)),
            "certificates": [
                {"capability": row.capability, "version": row.version, "passed": row.passed, "at": row.at.isoformat()}
                for (connection, _), row in sorted(found.items())
                if connection == name
            ],
        }
        for name in names
    ]


async def list_test_runs(db: Db, params: Mapping[str, Any]) -> JSON:
    """Return what tests of each of these `definitions` came to, run on exactly what is published now."""
    found = []
    for name in [str(each) for each in params.get("definitions") or ()]:
        tested = await test_runs.tested(db, name)
        runs = [each.run for each in tested if each.run is not None]
        found.append(
            {
                "definition": name,
                "tested": bool(tested) and len(runs) == len(tested),
                "green": bool(tested) and all(each.green for each in tested),
                "cases": sum(run.cases for run in runs),
                "failed": sum(run.failed for run in runs),
                "at": min(run.at for run in runs).isoformat() if runs else None,
            }
        )
    return found


async def list_reconciliations(db: Db, params: Mapping[str, Any]) -> JSON:
    """Return what comparing both sides of each of these `syncs` came to last, where that still counts."""
    at, found = instant(params.get("at")), []
    for name in [str(each) for each in params.get("syncs") or ()]:
        published = await definitions.find(db, "sync", "", name) is not None
        row = await reconciliations.current(db, name, at)
        counts = {each: getattr(row, each, None) for each in ("source", "target", "differences")}
        when = row.at.isoformat() if row else None
        found.append({"sync": name, "published": published, "compared": row is not None, **counts, "at": when})
    return found


def _entry(row: RegisterEntry) -> dict[str, JSON]:
    return {
        "roadmap": row.roadmap,
        "kind": row.kind,
        "code": row.code,
        "title": row.title,
        "state": row.state,
        "data": row.data,
        "openedAt": row.opened_at.isoformat(),
        "changedAt": row.changed_at.isoformat(),
    }
