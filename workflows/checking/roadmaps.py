"""Checks roadmaps: names, circles, gates and their order, and what a budget has to explain."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from schemas import guess, listing
from schemas.source import step
from workflows.checking.contracts import check_arguments
from workflows.checking.gates import check_gate
from workflows.checking.known import World
from workflows.checking.report import Report
from workflows.checking.texts import Scope, check_value
from workflows.roadmap.model import FACTORS, PILLARS, Roadmap
from workflows.roadmap.order import circle, ordered
from workflows.roadmap.reading import roadmap_of, target, written
from workflows.roadmap.run_input import VARIABLES

JSON = Any
_LISTS: Final = ("risks", "quality", "stop")


def check_roadmap(report: Report, document: Mapping[str, JSON], world: World) -> None:
    """Check that a roadmap holds together."""
    calendar = document.get("calendar")
    if calendar is not None and calendar not in world.calendars:
        problem = f"There is no calendar `{calendar}`{guess(calendar, world.calendars)}"
        hint = listing(world.calendars) or "Write it, or check it together with this file."
        report.value("unknown-calendar", "/calendar", problem, hint)
    before = len(report.findings)
    _check_ids(report, document)
    _check_days(report, document)
    _check_owners(report, document)
    _check_predecessors(report, document)
    for number, phase in enumerate(document["phases"]):
        _check_phase(report, document, world, number, phase)
    _check_budget(report, document)
    _check_processes(report, document, world)
    _check_triggers(report, document)
    if len(report.findings) == before:
        _check_order(report, document)


def _steps(document: Mapping[str, JSON]) -> Iterator[tuple[str, Mapping[str, JSON]]]:
    """Yield every activity and gate with its place."""
    for number, phase in enumerate(document["phases"]):
        for index, activity in enumerate(phase["activities"]):
            yield f"/phases/{number}/activities/{index}", activity
        yield f"/phases/{number}/gate", phase["gate"]


def _check_ids(report: Report, document: Mapping[str, JSON]) -> None:
    phases = [(f"/phases/{number}", phase) for number, phase in enumerate(document["phases"])]
    kinds: list[tuple[str, list[tuple[str, Mapping[str, JSON]]]]] = [
        ("phases", phases),
        ("activities or gates", list(_steps(document))),
    ]
    kinds += [
        ("waves", [(f"{place}/waves/{index}", wave) for index, wave in enumerate(phase.get("waves") or ())])
        for place, phase in phases
    ]
    kinds += [
        (name, [(f"/{name}/{index}", each) for index, each in enumerate(document.get(name) or ())]) for name in _LISTS
    ]
    for words, entries in kinds:
        seen: set[str] = set()
        for place, each in entries:
            if each["id"] in seen:
                problem = f"There are two {words} `{each['id']}`."
                report.value("roadmap", f"{place}/id", problem, "Rename one of them.")
            seen.add(each["id"])


def _check_days(report: Report, document: Mapping[str, JSON]) -> None:
    given = [("/start", document.get("start"))]
    for place, each in _steps(document):
        given += [(f"{place}/constraint/{name}", day) for name, day in (each.get("constraint") or {}).items()]
    for place, day in given:
        try:
            date.fromisoformat(day or "2027-01-01")
        except ValueError:
            report.value("roadmap", place, f"There is no day `{day}`.", "Look at the calendar.")


def _named_owners(document: Mapping[str, JSON]) -> Iterator[tuple[str, str]]:
    """Yield every name of an owner with its place."""
    for place, each in _steps(document):
        yield from ((f"{place}/approvers/{index}", name) for index, name in enumerate(each.get("approvers") or ()))
    for place, each in _owned(document):
        for key in ("owner", "signature", "decides"):
            if key in each:
                yield f"{place}/{key}", each[key]


def _owned(document: Mapping[str, JSON]) -> Iterator[tuple[str, Mapping[str, JSON]]]:
    """Yield everything that may name an owner."""
    for place, each in _steps(document):
        yield place, each
        yield from ((f"{place}/evidence/{index}", one) for index, one in enumerate(each.get("evidence") or ()))
    lists = {f"/{part}": document.get(part) for part in ("risks", "quality", "changes")}
    lists["/benefits/list"] = (document.get("benefits") or {}).get("list")
    for place, entries in lists.items():
        yield from ((f"{place}/{index}", each) for index, each in enumerate(entries or ()))


def _check_owners(report: Report, document: Mapping[str, JSON]) -> None:
    owners = document["owners"]
    for place, name in _named_owners(document):
        if name not in owners:
            problem = f"There is no owner `{name}`{guess(name, owners)}"
            report.value("unknown-owner", place, problem, listing(owners))


def _check_predecessors(report: Report, document: Mapping[str, JSON]) -> None:
    known = [each["id"] for _, each in _steps(document)]
    for place, each in _steps(document):
        named = [(f"{place}/after/{index}", one) for index, one in enumerate(each.get("after") or ())]
        named += [
            (f"{place}/evidence/{index}", one)
            for index, one in enumerate(each.get("evidence") or ())
            if "activity" in one
        ]
        for at, one in named:
            name, where = target(one), at if isinstance(one, str) else f"{at}/activity"
            if name == each["id"]:
                report.value("roadmap-circle", where, f"`{name}` waits for itself.", "Take it out of `after`.")
            elif name not in known:
                problem = f"There is no activity or gate `{name}`{guess(name, known)}"
                report.value("unknown-activity", where, problem, "An activity of a wave is named without its wave.")


def _check_phase(
    report: Report, document: Mapping[str, JSON], world: World, number: int, phase: Mapping[str, JSON]
) -> None:
    place, objectives = f"/phases/{number}", document.get("objectives") or {}
    if "objective" in phase and phase["objective"] not in objectives:
        problem = f"There is no objective `{phase['objective']}`{guess(phase['objective'], objectives)}"
        report.value("roadmap", f"{place}/objective", problem, listing(objectives) or "Write `objectives`.")
    if number and "connectsTo" not in phase:
        problem = f"The phase `{phase['id']}` does not say what it takes over from those before it."
        hint = "Add `connectsTo`, such as [{phase: " + document["phases"][number - 1]["id"] + "}]."
        report.key("roadmap", place, problem, hint)
    earlier = [each["id"] for each in document["phases"][:number]]
    for index, each in enumerate(phase.get("connectsTo") or ()):
        if "phase" in each and each["phase"] not in earlier:
            problem = f"There is no earlier phase `{each['phase']}`{guess(each['phase'], earlier)}"
            report.value("roadmap", f"{place}/connectsTo/{index}/phase", problem, listing(earlier))
    _check_waves(report, place, phase)
    check_gate(report, f"{place}/gate", phase["gate"], world)
    for index, each in enumerate(phase["activities"]):
        if each.get("earned") == "deliverables" and "deliverable" not in each:
            problem = f"`{each['id']}` counts deliverables and has none."
            report.key("roadmap", f"{place}/activities/{index}/earned", problem, "Write its `deliverable`.")


def _check_waves(report: Report, place: str, phase: Mapping[str, JSON]) -> None:
    waves: list[str] = []
    for index, wave in enumerate(phase.get("waves") or ()):
        at = f"{place}/waves/{index}"
        if "lag" in wave and "after" not in wave:
            report.key("roadmap", f"{at}/lag", "A `lag` needs an `after`.", "Say which wave it waits for.")
        for position, name in enumerate(wave.get("after") or ()):
            if name not in waves:
                problem = f"There is no earlier wave `{name}`{guess(name, waves)}"
                report.value(
                    "roadmap", f"{at}/after/{position}", problem, listing(waves) or "The first waits for none."
                )
        waves.append(wave["id"])


# The hub answers these of one thing only.
_OF_ONE: Final = frozenset({"certified", "sync-lag", "tests-green", "reconciliation", "training", "kpi"})


def _check_triggers(report: Report, document: Mapping[str, JSON]) -> None:
    """Check that the hub can be asked what risks and stop criteria watch."""
    risks = enumerate(document.get("risks") or ())
    found = [(f"/risks/{number}/trigger", each["trigger"]) for number, each in risks if "trigger" in each]
    found += [(f"/stop/{number}", each) for number, each in enumerate(document.get("stop") or ())]
    for place, each in found:
        if each.get("metric") in _OF_ONE and "of" not in each:
            problem = f"Nothing says of what `{each['metric']}` is asked."
            report.value("roadmap", f"{place}/metric", problem, "Add `of`: a connection, definition, sync or figure.")


def _check_budget(report: Report, document: Mapping[str, JSON]) -> None:
    costs = [each["cost"] for _, each in _steps(document) if "cost" in each]
    reasons = (document.get("budget") or {}).get("zero", {})
    for factor in FACTORS:
        amount = sum(cost.get(factor, 0) for cost in costs)
        if not amount and factor not in reasons:
            problem = f"Nothing is planned for {_SAID[factor]}, and nothing says why."
            report.key("budget", "/budget" if "budget" in document else "/roadmap", problem, _reason(factor))
        elif amount and factor in reasons:
            problem = f"`{factor}` costs {amount:g} and is said to cost nothing."
            report.key("budget", f"/budget/zero{step(factor)}", problem, "Take the reason out.")


_SAID: Final = {
    "training": "training",
    "data": "data and its upkeep",
    "integration": "the integration of software",
    "management": "the management of the project",
}


def _reason(factor: str) -> str:
    return f"Give an activity a cost for `{factor}`, or write why it costs nothing: budget: {{zero: {{{factor}: …}}}}."


def _check_processes(report: Report, document: Mapping[str, JSON], world: World) -> None:
    """Check that the processes of activities are there, and take what they are given."""
    for place, each in _steps(document):
        if "run" not in each:
            continue
        name, given = each["run"]["process"], each["run"].get("input") or {}
        check_value(report, f"{place}/run/input", given, Scope("what a process is told", VARIABLES))
        if name not in world.processes:
            problem = f"The process `{name}` is neither published nor in these files{guess(name, world.processes)}"
            # Without any process at all, nobody can know: then it is only told.
            code = "roadmap" if world.processes else "unknown-process"
            report.value(code, f"{place}/run/process", problem, listing(world.processes))
            continue
        schema = ((world.documents.get(name) or {}).get("input") or {}).get("schema") or {}
        about = {"roadmap": document["roadmap"], "activity": each["id"]}
        check_arguments(report, f"{place}/run/input", {**about, **given}, schema.get("document", True), f"`{name}`")


def _check_order(report: Report, document: Mapping[str, JSON]) -> None:
    """Check that nothing waits for itself, and that the gates of the pillars come one after the other."""
    places = {each["id"]: place for place, each in _steps(document)}
    roadmap = roadmap_of(document)
    names = circle(roadmap.activities)
    if names:
        shown = " → ".join([*names, names[0]][:12])
        problem = f"These wait for each other in a circle: {shown}."
        report.key("roadmap-circle", places[written(names[0])], problem, "Take one `after` out.")
        return
    behind = _behind(roadmap)
    gates = {phase["id"]: phase["gate"] for phase in document["phases"] if "pillar" in phase["gate"]}
    told: set[str] = set()
    for activity in roadmap.activities:
        identity, pillar = written(activity.id), gates.get(activity.phase, {}).get("pillar")
        missing = [each["id"] for each in gates.values() if pillar and _comes_first(each["pillar"], pillar)]
        missing = [name for name in missing if name not in behind[activity.id]]
        if missing and identity not in told:
            told.add(identity)
            problem = f"`{identity}` is of the pillar {pillar} and may begin before the gate `{missing[0]}`."
            hint = f"Strategy comes before processes, people and technology: let it wait for `{missing[0]}`."
            report.key("gate", places[identity], problem, hint)


def _comes_first(pillar: str, other: str) -> bool:
    return PILLARS.index(pillar) < PILLARS.index(other)


def _behind(roadmap: Roadmap) -> dict[str, set[str]]:
    """Return which gates are closed before each activity can begin, by their written ids."""
    found: dict[str, set[str]] = {}
    for number in ordered(roadmap.activities):
        activity = roadmap.activities[number]
        mine: set[str] = {written(activity.id)} if activity.gate else set()
        for link in activity.links:
            if link.type == "FS" and link.lag >= 0:
                mine |= found[link.on]
        found[activity.id] = mine
    return found
