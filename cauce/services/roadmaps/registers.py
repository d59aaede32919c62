"""What a project manager keeps lists of: deliverables, risks, issues, who does how much, and how plans have moved."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from cauce.services.roadmaps.standing import Standing
from workflows.roadmap.plan import Planned
from workflows.roadmap.reading import written

JSON = Any
_SCORES: Final = {"high": 15, "middle": 8}


@dataclass(frozen=True, slots=True)
class Deliverable:
    """Something that comes of an activity; `files` are what was handed in for it."""

    activity: str
    title: JSON
    owner: str
    state: str
    due: date
    files: list[JSON]


@dataclass(frozen=True, slots=True)
class Risk:
    """Something that may go wrong.

    `fired` says when and at which figure its trigger was reached, `answers` what was decided each time.
    """

    id: str
    title: JSON
    score: int
    level: str
    owner: str
    response: JSON
    trigger: JSON
    fired: JSON
    answers: list[JSON]


@dataclass(frozen=True, slots=True)
class Issue:
    """Something that is wrong now: what is late, a gate that was rejected, a waiver that ends, a risk that has come."""

    kind: str
    step: str
    title: JSON
    since: str
    days: int = 0
    said: str = ""


@dataclass(slots=True)
class Load:
    """What an owner does (`responsible`), decides (`accountable`) and is asked for beside it (`consulted`).

    `consulted` are gates that they sign for, risks that they watch and qualities that they check; `months` the days
    still to come.
    """

    owner: str
    title: JSON
    who: str
    responsible: list[str] = field(default_factory=list)
    accountable: list[str] = field(default_factory=list)
    consulted: list[str] = field(default_factory=list)
    open: int = 0
    done: int = 0
    months: Counter[str] = field(default_factory=Counter)


def deliverables(standing: Standing) -> list[Deliverable]:
    """Return what is to come of it, in the order of the plan."""
    found = []
    course = standing.course
    documents = {each["id"]: each for phase in course.document["phases"] for each in phase["activities"]}
    for planned in course.plan(standing.today).activities:
        activity = planned.activity
        said = documents.get(written(activity.id), {}).get("deliverable")
        files = course.journal.activities.get(activity.id, {}).get("documents", [])
        for title in [each["title"] for each in said] if isinstance(said, list) else [said] if said else []:
            state = course.state(activity.id)
            found.append(Deliverable(activity.id, title, activity.owner, state, planned.finish, files))
    return found


def risks(standing: Standing) -> list[Risk]:
    """Return the register of risks, those that have come first, then by what they weigh."""
    found = []
    for each in standing.course.document.get("risks") or []:
        score = each["probability"] * each["impact"]
        level = "high" if score >= _SCORES["high"] else "middle" if score >= _SCORES["middle"] else "low"
        fired = standing.course.journal.risks.get(each["id"])
        owner, answer = each.get("owner", ""), each.get("response", "")
        said = standing.course.journal.answers.get(each["id"], [])
        found.append(Risk(each["id"], each["title"], score, level, owner, answer, each.get("trigger"), fired, said))
    return sorted(found, key=lambda each: (each.fired is None, -each.score, each.id))


def issues(standing: Standing) -> list[Issue]:
    """Return what is wrong now."""
    course, today = standing.course, standing.today
    baseline = course.baseline()
    found = []
    for planned in course.plan(today).activities:
        activity, span = planned.activity, baseline.get(planned.activity.id)
        gate = course.journal.gates.get(activity.id) or {}
        if gate.get("state") == "rejected":
            no = [each for each in gate["answers"] if not each["approve"]]
            said = no[-1]["reason"] if no else ""
            found.append(Issue("rejected", activity.id, activity.title, gate.get("decidedAt", ""), said=said))
        if course.state(activity.id) in ("started", "ready", "requested") and span and span.finish < today:
            late = course.days.number(today) - course.days.after(span.finish)
            found.append(Issue("late", activity.id, activity.title, span.finish.isoformat(), late))
        found += [
            Issue("waived", activity.id, activity.title, waiver["until"], said=waiver["reason"])
            for waiver in (gate.get("waived") or {}).values()
        ]
    titles = {each["id"]: each["title"] for each in course.document.get("risks") or []}
    for name, risk in course.journal.risks.items():
        answer = risk.get("answer") or {}
        if answer.get("decision") == "issue":
            found.append(Issue("risk", name, titles.get(name, name), answer["at"][:10], said=answer["note"]))
    return found


def dependencies(standing: Standing) -> list[tuple[str, JSON]]:
    """Return what phases take over from before: (phase, what)."""
    phases = standing.course.document["phases"]
    return [(phase["id"], each) for phase in phases for each in phase.get("connectsTo") or []]


def people(standing: Standing) -> list[Load]:
    """Return who is responsible (does it) and accountable (decides on it), and what is still to come."""
    course = standing.course
    owners = course.document["owners"].items()
    found = {name: Load(name, each["title"], each.get("user") or each.get("group") or "") for name, each in owners}
    for phase in course.document["phases"]:
        for name in phase["gate"]["approvers"]:
            found[name].accountable.append(phase["id"])
    for name, what in _asked(course.document):
        if name in found and what not in found[name].consulted:
            found[name].consulted.append(what)
    for planned in course.plan(standing.today).activities:
        load = found.get(planned.activity.owner)
        if planned.activity.gate or load is None:
            continue
        load.responsible.append(planned.activity.id)
        if course.state(planned.activity.id) == "done":
            load.done += 1
        else:
            load.open += 1
            load.months.update(_months(standing, planned))
    return list(found.values())


def _asked(document: JSON) -> Iterator[tuple[str, str]]:
    """Yield who signs for which gate, and who watches which risk or checks which quality."""
    for gate in (phase["gate"] for phase in document["phases"]):
        yield from ((each["signature"], gate["id"]) for each in gate.get("evidence") or [] if "signature" in each)
    for part in ("risks", "quality"):
        yield from ((each["owner"], each["id"]) for each in document.get(part) or [] if "owner" in each)


def _months(standing: Standing, planned: Planned) -> Iterator[str]:
    """Yield the month of each working day of an activity that is still to come."""
    days = standing.course.days
    for number in range(max(planned.begin, days.number(standing.today)), planned.end):
        yield f"{days.day(number):%Y-%m}"


def baselines_compared(standing: Standing) -> Iterator[tuple[JSON, list[tuple[str, str, str]]]]:
    """Yield each baseline with what moved in it against the one before: (activity, last day before, last day then)."""
    before: Mapping[str, JSON] = {}
    for each in standing.course.journal.baselines:
        moved = []
        for name, (_, last) in each["plan"].items():
            earlier = before.get(name, [None, ""])[1]
            if before and last != earlier:
                moved.append((name, earlier, last))
        yield each, moved
        before = each["plan"]
