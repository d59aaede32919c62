"""Changes of what was planned: baselines, requests with their impact, and another version of the definition."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from cauce.errors import ConflictError, InputError, NotFoundError
from cauce.roadmaps import ApplyDefinition, DecideChange, RequestChange, RoadmapStart, SetBaseline
from workflows.roadmap import budget
from workflows.roadmap.baseline import Shift, baseline_of, compare
from workflows.roadmap.plan import Plan
from workflows.roadmap.running import acts, gate_folds
from workflows.roadmap.running.course import Course, Moment, actual, changed
from workflows.roadmap.running.journal import Event, Journal
from workflows.roadmap.running.roles import planner

JSON = Any
_MOST_DAYS: Final = 5_000
_MOST_EDITS: Final = 500


def set_baseline(course: Course, given: SetBaseline, moment: Moment) -> list[Event]:
    """Keep the plan as it is now, to be measured by."""
    return [baseline(course.plan(moment.today), given.by, acts.text(given.reason, "reason", needed=True))]


def baseline(plan: Plan, by: str, reason: str) -> Event:
    """Return the event by which a plan is kept."""
    spans = {name: [span.start.isoformat(), span.finish.isoformat()] for name, span in baseline_of(plan).items()}
    said = {"kind": "baseline-set", "by": by, "reason": reason, "plan": spans}
    return {**said, "finish": plan.finish.isoformat(), "budget": str(budget.total(plan))}


def request_change(course: Course, given: RequestChange, moment: Moment) -> list[Event]:
    """Ask for a change; says what it would do, and who decides on that."""
    edits = _edits(course, given.edits)
    impact = _impact(course, edits, moment)
    said: Event = {"kind": "change-requested", "change": f"C-{len(course.journal.changes) + 1}", "by": given.by}
    said |= {"what": acts.text(given.what, "what", needed=True), "why": acts.text(given.why, "why", needed=True)}
    said |= {"edits": edits, "impact": impact, "decides": _decides(course, impact), "emergency": given.emergency}
    return [said]


def decide_change(course: Course, given: DecideChange, moment: Moment) -> list[Event]:
    """Decide on a change; an approved one is in force, and the plan with it is the new baseline."""
    known = course.journal.changes.get(given.change)
    if known is None:
        raise NotFoundError(f"There is no change `{given.change[:40]}`.", hint="Look at the changes of the roadmap.")
    if known["state"] not in ("requested", "deferred"):
        raise ConflictError(f"The change `{given.change}` is {known['state']}.", hint="Ask for another one.")
    needs_reason = given.decision != "approved"
    said: Event = {"kind": "change-decided", "change": given.change, "by": given.by, "decision": given.decision}
    said["reason"] = acts.text(given.reason, "reason", needed=needs_reason)
    if given.decision != "approved":
        return [said]
    # What has happened meanwhile may have taken the ground from it.
    roadmap = changed(course.roadmap, _edits(course, known["edits"]))
    plan = course.would(moment.today, roadmap=roadmap)
    return [said, baseline(plan, given.by, f"{given.change}: {known['what']}")]


@dataclass(frozen=True, slots=True)
class Preview:
    """What another definition would do: how the plan moves, and what has begun and is no longer in it.

    `restored` is what an earlier definition had left out and this one has again, `evidence` where pieces of a gate's
    evidence are that were elsewhere in its list; None is one that is not asked for any more.
    """

    plan: Plan
    shifts: list[Shift]
    kept: dict[str, JSON]
    restored: list[str]
    evidence: dict[str, dict[str, str | None]]


def apply_definition(course: Course, given: ApplyDefinition, moment: Moment) -> list[Event]:
    """Put another version of the definition in force; what has happened stays."""
    found = preview(course, given.document, given.calendar, moment)
    said: Event = {"kind": "definition-applied", "by": given.by, "version": given.version, "kept": found.kept}
    said |= {"document": given.document, "calendar": given.calendar, "reason": acts.text(given.reason, "reason")}
    moved = {each.id: [each.what, each.start_days, each.finish_days] for each in found.shifts}
    said |= {"restored": found.restored} if found.restored else {}
    said |= {"evidence": found.evidence} if found.evidence else {}
    return [{**said, "from": course.journal.version, "moved": moved}]


def preview(course: Course, document: JSON, calendar: JSON, moment: Moment) -> Preview:
    """Return what another definition would do; raises when it cannot be applied."""
    journal = course.journal
    if document["roadmap"] != journal.roadmap:
        raise ConflictError(f"This is the roadmap `{document['roadmap']}`.", hint=f"It has to be `{journal.roadmap}`.")
    start = RoadmapStart(journal.roadmap, journal.key, "", document, calendar, journal.start, "")
    other = Course(Journal.begun(start), identity=course.identity)
    gone = [name for name in journal.activities if name not in other.activities]
    happened = {name: each for name, each in course.actuals().items() if name not in gone}
    restored = [name for name, each in journal.kept.items() if each["actual"] and name in other.activities]
    happened |= {name: actual(journal.kept[name]["actual"]) for name in restored}
    plan = other.would(max(moment.today, date.fromisoformat(journal.today)), actuals=happened)
    shifts = compare(baseline_of(course.plan(moment.today)), plan, other.days)
    kept = {name: _described(course, name) for name in gone}
    return Preview(plan, shifts, kept, restored, dict(_moved_evidence(course, other)))


def _moved_evidence(course: Course, other: Course) -> Iterator[tuple[str, dict[str, str | None]]]:
    """Yield the gates of whose evidence something is recorded, and that have it in another order."""
    for name, known in course.journal.gates.items():
        marked = {number for part in gate_folds.MARKS for number in known[part]}
        if not marked or name not in course.activities or name not in other.activities:
            continue
        now = [_what(piece) for piece in other.gate(name).get("evidence") or []]
        moves: dict[str, str | None] = {}
        for number, piece in enumerate(course.gate(name).get("evidence") or []):
            found = next(
                (at for at, each in enumerate(now) if each == _what(piece) and str(at) not in moves.values()), None
            )
            moves[str(number)] = None if found is None else str(found)
        if any(moves.get(number, number) != number for number in marked):
            yield name, moves


def _what(piece: Mapping[str, JSON]) -> JSON:
    """Return what a piece of evidence is, whatever it is called and whatever limits it has."""
    return {name: piece[name] for name in ("document", "activity", "signature", "fact", "of") if name in piece}


def _described(course: Course, name: str) -> JSON:
    activity = course.activities[name]
    kept = {"title": activity.title, "phase": activity.phase, "wave": activity.wave, "owner": activity.owner}
    amounts = {factor: str(amount) for factor, amount in activity.cost.items()}
    return {**kept, "pillar": activity.pillar, "kind": "gate" if activity.gate else "activity", "budget": amounts}


def _edits(course: Course, given: Mapping[str, JSON]) -> dict[str, JSON]:
    if not given:
        raise InputError("The change changes nothing.", hint="Give the new days or costs of an activity.")
    if len(given) > _MOST_EDITS:
        raise InputError(f"A change is of at most {_MOST_EDITS} activities.", hint="Publish another version instead.")
    found: dict[str, JSON] = {}
    for name, edit in given.items():
        activity = course.activity(name)
        if activity.gate or course.state(name) == "done":
            what = "a gate" if activity.gate else "done"
            raise ConflictError(f"`{name}` is {what}.", hint="A change gives days and costs to what is not done.")
        unknown = sorted(set(edit) - {"days", "cost"})
        if unknown or not edit:
            raise InputError(f"The change of `{name}` is not understood.", hint="Give `days`, `cost` or both.")
        found[name] = {}
        if "days" in edit:
            found[name]["days"] = int(acts.number("days", edit["days"], _MOST_DAYS))
        if "cost" in edit:
            found[name]["cost"] = acts.cost(edit["cost"])
    return found


def _impact(course: Course, edits: Mapping[str, JSON], moment: Moment) -> JSON:
    before, roadmap = course.plan(moment.today), changed(course.roadmap, edits)
    after = course.would(moment.today, roadmap=roadmap)
    by_factor, percent = budget.more(before, after)
    return {
        "cost": {factor: str(each) for factor, each in by_factor.items()},
        "percent": str(percent),
        "days": after.end - before.end,
        "finish": after.finish.isoformat(),
        "before": before.finish.isoformat(),
        "moved": len(compare(baseline_of(before), after, course.days)),
    }


def _decides(course: Course, impact: Mapping[str, JSON]) -> str:
    """Return who decides: the first row of `changes` whose limits hold."""
    for row in course.document.get("changes") or []:
        within_cost = "cost" not in row or Decimal(impact["percent"]) <= Decimal(str(row["cost"]))
        if within_cost and ("days" not in row or impact["days"] <= row["days"]):
            return str(row["decides"])
    rows = course.document.get("changes") or []
    return str(rows[-1]["decides"]) if rows else planner(course.document)
