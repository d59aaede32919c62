"""What a roll-out's register says in numbers, under the names that roadmaps ask for in gates and risks."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from cauce.store import register
from cauce.store.base import utc_now
from cauce.store.models import RegisterEntry, RegisterStep
from cauce.store.session import Db

Steps = Sequence[tuple[RegisterEntry, RegisterStep]]
_MONTH: Final = timedelta(days=30)
_DROPPED: Final = ("dropped",)
_SIGNED: Final = ("signed", "verified")
_OUT: Final = ("withdrawn", "excluded")


async def figures(db: Db, roadmap: str, at: datetime | None = None, *, now: datetime | None = None) -> dict[str, float]:
    """Return the figures of a roadmap as of a moment; what cannot be said yet is left out.

    Without a moment everything counts that was noted, also what the clock of a process puts ahead of ours; `now` is
    what time it is for who asks.
    """
    steps = await register.steps(db, roadmap)
    return figures_of(steps, at or max([now or utc_now(), *(step.at for _, step in steps)]))


def figures_of(steps: Steps, at: datetime) -> dict[str, float]:
    """Return the figures that follow from the steps noted until a moment."""
    known = [(entry, step) for entry, step in steps if step.at <= at]
    kinds: dict[str, list[tuple[RegisterEntry, RegisterStep]]] = {}
    for entry, step in known:
        kinds.setdefault(entry.kind, []).append((entry, step))
    found = {
        **_requirements(kinds.get("requirement", []), at),
        **_vendors(kinds.get("vendor", [])),
        **_quality(kinds.get("audit", []), kinds.get("inspection", []), at),
        **_changes(kinds.get("change", [])),
    }
    if cycles := _last(kinds.get("control-cycle", [])):
        found["red-cycles"] = _in_a_row(step.state == "red" for step in cycles.values())
    if pilots := kinds.get("pilot"):
        found["failed-pilots"] = sum(step.state == "failed" for _, step in pilots)
    if regressions := _last(kinds.get("regression", [])):
        found["red-regressions"] = sum(step.state == "red" for step in regressions.values())
    if shares := [each for step in _last(kinds.get("training", [])).values() if (each := step.data)]:
        for name in ("attendance", "test"):
            found[f"training-{name}"] = min(float(each.get(name, 0)) for each in shares)
    for name, field in (("adoption", "adoption"), ("backlog-ratio", "backlog")):
        if seen := [each for _, step in kinds.get("hypercare", []) if (each := step.data.get(field)) is not None]:
            found[name] = float(seen[-1])
    planned, measured = _sums(_last(kinds.get("benefit", [])).values(), "planned", "measured")
    if planned:
        found["benefits-share"] = measured / planned
    return found


def _requirements(steps: Steps, at: datetime) -> dict[str, float]:
    wanted = [step for step in _last(steps).values() if step.state not in _DROPPED]
    if not wanted:
        return {}
    found: dict[str, float] = {"requirements-signed": sum(step.state in _SIGNED for step in wanted) / len(wanted)}
    moves = [step.at for _, step in steps if step.state != "verified"]
    found["days-without-change"] = (at - max(moves)).days
    baseline = {entry.id for entry, step in steps if step.state == "signed"}
    if baseline:
        lately = sum(step.state == "changed" and step.at > at - _MONTH for _, step in steps)
        found["requirement-volatility"] = lately / len(baseline)
    return found


def _vendors(steps: Steps) -> dict[str, float]:
    if not steps:
        return {}
    out = {id_ for id_, step in _last(steps).items() if step.state in _OUT}
    bids = {entry.id for entry, step in steps if step.state == "bid"} - out
    claims = [entry.data.get("unproven", 0) for entry, _ in steps if entry.id not in out]
    return {"bidding-vendors": len(bids), "unproven-claims": max(claims, default=0)}


def _quality(audits: Steps, inspections: Steps, at: datetime) -> dict[str, float]:
    found: dict[str, float] = {}
    if audits:
        due = [step.data.get("due") for step in _last(audits).values() if step.state == "planned"]
        found["overdue-audits"] = sum(isinstance(each, str) and each < at.date().isoformat() for each in due)
    verdicts: dict[int, str] = {}
    for entry, step in inspections:
        if step.state in ("accepted", "conditions", "rejected"):
            verdicts.setdefault(entry.id, step.state)
    if verdicts:
        found["deliverables-first-time"] = sum(each == "accepted" for each in verdicts.values()) / len(verdicts)
    return found


def _changes(steps: Steps) -> dict[str, float]:
    agreed = {entry.id: step for entry, step in steps if step.state in ("approved", "ratified")}
    if not steps:
        return {}
    cost, days = _sums(agreed.values(), "cost", "days")
    return {"changes-approved": len(agreed), "changes-cost": cost, "changes-days": days}


def _last(steps: Steps) -> Mapping[int, RegisterStep]:
    """Return the last step of each entry, those that began first in front."""
    found: dict[int, RegisterStep] = {}
    for entry, step in steps:
        found[entry.id] = step
    return found


def _in_a_row(held: Iterable[bool]) -> int:
    count = 0
    for each in held:
        count = count + 1 if each else 0
    return count


def _sums(steps: Iterable[RegisterStep], *names: str) -> tuple[float, ...]:
    rows: list[Mapping[str, Any]] = [step.data for step in steps]
    return tuple(sum(float(row.get(name) or 0) for row in rows) for name in names)
