"""How a roadmap that runs looks from outside: a row for the whole, and one for each activity and gate."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from workflows.roadmap.baseline import Span
from workflows.roadmap.plan import Planned
from workflows.roadmap.running.course import Course
from workflows.roadmap.running.roles import planner, sponsor, whose

JSON = Any


def run_row(course: Course, today: date) -> dict[str, JSON]:
    """Return what lists show of the whole."""
    journal, plan = course.journal, course.plan(today)
    states = [course.state(each.activity.id) for each in plan.activities]
    light = next((each["light"] for each in reversed(journal.periods) if each["light"]), "")
    owners = {name: whose(course.document, name) for name in course.document["owners"]}
    return {
        "roadmap": journal.roadmap,
        "key": journal.key,
        "version": journal.version,
        "title": course.roadmap.title,
        "state": journal.state,
        "start": journal.start,
        "finish": plan.finish.isoformat(),
        "baselineFinish": journal.baselines[-1]["finish"] if journal.baselines else plan.finish.isoformat(),
        "light": light,
        "done": states.count("done"),
        "steps": len(states),
        "phase": next((each.activity.phase for each in plan.activities if each.state != "done"), ""),
        "owners": owners,
        "planner": planner(course.document),
        "sponsor": sponsor(course.document),
        "risks": sorted(journal.risks),
    }


def step_rows(course: Course, today: date) -> dict[str, dict[str, JSON]]:
    """Return what lists show of each activity and gate, by id, with those that were left behind."""
    spans = course.baseline()
    found = {
        each.activity.id: {"place": place, **_step(course, each, spans.get(each.activity.id))}
        for place, each in enumerate(course.plan(today).activities)
    }
    for number, (name, kept) in enumerate(course.journal.kept.items()):
        found.setdefault(name, {"place": len(found) + number, **_kept(course, name, kept)})
    return found


def changed_rows(
    told: Mapping[str, Mapping[str, JSON]], now: Mapping[str, dict[str, JSON]]
) -> tuple[list[dict[str, JSON]], list[str]]:
    """Return the rows that differ from what was told, and the ids that are no longer there."""
    return [row for name, row in now.items() if told.get(name) != row], [name for name in told if name not in now]


def _step(course: Course, each: Planned, span: Span | None) -> dict[str, JSON]:
    activity, said = each.activity, course.journal.activities.get(each.activity.id, {})
    return {
        "id": activity.id,
        "kind": "gate" if activity.gate else "activity",
        "phase": activity.phase,
        "wave": activity.wave,
        "title": activity.title,
        "pillar": activity.pillar,
        "owner": activity.owner,
        "state": course.state(activity.id),
        "start": each.start.isoformat(),
        "finish": each.finish.isoformat(),
        "started": said.get("started"),
        "finished": said.get("finished"),
        "baselineStart": span.start.isoformat() if span else None,
        "baselineFinish": span.finish.isoformat() if span else None,
        "totalFloat": each.total_float,
        "critical": each.critical,
        "percent": said.get("percent"),
        "budget": str(activity.budget),
        "spent": str(sum(course.spent(activity.id).values(), Decimal())),
        "approvers": list(course.gate(activity.id)["approvers"]) if activity.gate else [],
        "process": _process(course, activity.id),
    }


def _kept(course: Course, name: str, kept: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the row of one that had begun and is not in the definition any more: it is cancelled, and kept."""
    said = kept.get("actual") or {}
    spent = sum(course.spent(name).values(), Decimal())
    budget = sum((Decimal(amount) for amount in kept["budget"].values()), Decimal())
    about = {key: kept[key] for key in ("kind", "phase", "wave", "title", "pillar", "owner")}
    days = {"started": said.get("started"), "finished": said.get("finished")}
    empty: dict[str, JSON] = {
        "start": None,
        "finish": None,
        "baselineStart": None,
        "baselineFinish": None,
        "approvers": [],
        "process": _process(course, name),
    }
    figures = {"totalFloat": 0, "critical": False, "percent": said.get("percent")}
    money = {"budget": str(budget), "spent": str(spent), "approvers": []}
    return {"id": name, **about, "state": "cancelled", **days, **empty, **figures, **money}


def _process(course: Course, name: str) -> JSON:
    # A copy: what was told is compared with what becomes of it.
    known = course.journal.processes.get(name)
    return None if known is None else dict(known)
