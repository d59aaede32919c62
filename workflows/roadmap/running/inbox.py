"""The tasks of a roadmap: what people are asked for now, and what becomes of it when the dates move."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from cauce.contract import CloseTask, HumanTask, TaskChange
from cauce.roadmaps import roadmap_definition
from workflows.roadmap.plan import Planned
from workflows.roadmap.running import control, forms, processes
from workflows.roadmap.running.asked import Asked, soon, titled
from workflows.roadmap.running.course import Course, Moment
from workflows.roadmap.running.gates import known_answers, owed
from workflows.roadmap.running.journal import Event
from workflows.roadmap.running.roles import planner, whose

JSON = Any
USUAL: Final = 50
# How much more urgent what is critical is, and what is left lying.
_CRITICAL: Final = 20
_RAISED: Final = 10
_CLOSING: Final = time(17)
_TO_RATIFY: Final = 2
# After how many working days past due who is told: those who have the task, then who plans.
_LADDER: Final = (1, 5)
_HUB: Final = "cauce"
# What is told of these is what is asked.
_ASKING: Final = frozenset({"task-opened", "task-escalated"})


@dataclass(frozen=True, slots=True)
class Effects:
    """What is to be done in the inbox."""

    opened: list[HumanTask]
    moved: list[JSON]
    escalated: list[TaskChange]
    closed: list[CloseTask]


def wanted(course: Course, moment: Moment) -> dict[str, Asked]:
    """Return what people are asked for, by what it is."""
    if course.journal.state != "running":
        return {}
    found: dict[str, Asked] = {}
    for name, each in course.planned(moment.today).items():
        state = course.state(name)
        if not each.activity.gate and (
            state == "started" or (state == "ready" and course.has_come(each, moment.today))
        ):
            found.update(_doing(course, each, moment))
        elif each.activity.gate and state in ("ready", "rejected"):
            round_ = (course.journal.gates.get(name) or {}).get("round", 0) + 1
            found[f"prepare:{name}:{round_}"] = _prepare(course, each, moment)
        elif state == "requested":
            found.update(_deciding(course, each, moment))
        elif each.activity.gate and (course.journal.gates.get(name) or {}).get("asksLater"):
            found.update(_owed(course, each))
    return {**found, **dict(_changes(course, moment)), **dict(control.wanted(course, moment))}


def settle(
    course: Course, moment: Moment, *, reported: str = "", redrawn: bool = False, by: str = ""
) -> Iterator[Event]:
    """Yield what becomes of the tasks: new ones, others that nobody waits for any more, and dates that moved.

    When an activity is due moves with a report on it, and with the whole plan when that is `redrawn`. Days that pass
    move nothing: otherwise nobody would ever be late.
    """
    asked, open_ = wanted(course, moment), course.journal.tasks
    for name in [each for each in open_ if each not in asked]:
        yield {
            "kind": "task-closed",
            "by": by or _HUB,
            "task": name,
            "id": open_[name]["id"],
            "state": _how(course, name),
        }
    moves = {}
    for name, each in asked.items():
        due, priority = _due(course, each.due), USUAL + (_CRITICAL if each.critical else 0)
        if name not in open_:
            identity = str(uuid5(NAMESPACE_OID, f"{course.identity}/{name}/{course.journal.number}"))
            yield {"kind": "task-opened", "by": _HUB, "task": name, "id": identity, "due": due, "priority": priority}
            continue
        known = open_[name]
        move: dict[str, JSON] = {}
        may_move = redrawn or name == f"activity:{reported}" or not name.startswith("activity:")
        if each.moves and known["due"] != due and may_move:
            move["due"] = due
        if known["priority"] - _RAISED * known["rung"] != priority:
            move["priority"] = priority + _RAISED * known["rung"]
        if move:
            moves[name] = move
    if moves:
        yield {"kind": "tasks-moved", "by": _HUB, "tasks": moves}


def escalate(course: Course, moment: Moment) -> Iterator[Event]:
    """Yield the steps of the ladder that tasks climb which are past due."""
    today = course.days.number(moment.today)
    for name, task in course.journal.tasks.items():
        late = today - course.days.number(date.fromisoformat(task["due"][:10]))
        rung = sum(late >= step for step in _LADDER) if task["due"] < moment.at else 0
        if rung > task["rung"]:
            raised = task["priority"] + _RAISED * (rung - task["rung"])
            yield {"kind": "task-escalated", "by": _HUB, "task": name, "rung": rung, "priority": raised}


def climbs(course: Course) -> Iterator[date]:
    """Yield the days on which the tasks that are open climb their next step, if nobody does them before."""
    for task in course.journal.tasks.values():
        if task["rung"] < len(_LADDER):
            yield course.days.day(course.days.number(date.fromisoformat(task["due"][:10])) + _LADDER[task["rung"]])


def effects(course: Course, events: list[Event], before: Mapping[str, JSON], moment: Moment) -> Effects:
    """Return what events mean for the inbox; `before` are the tasks as they were."""
    done = Effects([], [], [], [])
    asked = wanted(course, moment) if any(event["kind"] in _ASKING for event in events) else {}
    for event in events:
        match event["kind"]:
            case "task-opened":
                done.opened.append(_task(course, event, asked[event["task"]], moment))
            case "tasks-moved":
                done.moved.extend(_move(course, name, change, before) for name, change in event["tasks"].items())
            case "task-escalated":
                done.escalated.append(_escalation(course, event, before, asked))
            case "task-closed":
                done.closed.append(CloseTask(event["id"], event["state"], None, event["by"]))
            case _:
                pass
    return done


def _move(course: Course, name: str, change: Mapping[str, JSON], before: Mapping[str, JSON]) -> JSON:
    task = course.journal.tasks.get(name) or before[name]
    raised = change["priority"] - before[name]["priority"] if "priority" in change and name in before else 0
    return {"id": task["id"], "dueAt": change.get("due"), "raised": raised}


def _escalation(course: Course, event: Event, before: Mapping[str, JSON], asked: Mapping[str, Asked]) -> TaskChange:
    known, rung = before[event["task"]], event["rung"]
    owner = asked[event["task"]].owner if rung == 1 else planner(course.document)
    return TaskChange(
        known["id"], rung=rung, notify=whose(course.document, owner), raised=_RAISED * (rung - known["rung"])
    )


def _task(course: Course, event: Event, asked: Asked, moment: Moment) -> HumanTask:
    journal, to = course.journal, whose(course.document, asked.owner)
    return HumanTask(
        id=event["id"],
        instance=course.identity,
        definition=roadmap_definition(journal.roadmap),
        version=journal.version,
        name=event["task"],
        reference=f"/{event['task']}",
        form=asked.form["form"],
        title=asked.title,
        form_document=asked.form,
        data=asked.data,
        group=to.get("group"),
        user=to.get("user"),
        priority=event["priority"],
        due_at=event["due"],
        business_key=journal.key,
        at=moment.at,
    )


def _doing(course: Course, each: Planned, moment: Moment) -> dict[str, Asked]:
    """Return what is asked of who owns an activity: nothing while a process does it, which asks people itself."""
    name, stands = each.activity.id, processes.stands(course, each.activity.id)
    if stands == "open":
        return {}
    if stands != "failed":
        return {f"activity:{name}": _activity(course, each)}
    known = course.journal.processes[name]
    words = {"en": "{}: its process did not get through", "es": "{}: su proceso no ha salido adelante"}
    shown = {key: known[key] for key in ("process", "instance", "how", "outcome", "reason")}
    asked = Asked(
        each.activity.owner,
        titled(each.activity.title, words),
        forms.PROCESS,
        soon(course, moment),
        {"activity": name, **shown},
        critical=each.critical,
    )
    return {f"process:{name}:{known['round']}": asked}


def _activity(course: Course, each: Planned) -> Asked:
    activity = each.activity
    data = {"roadmap": course.roadmap.title, "phase": course.roadmap.phases.get(activity.phase), "days": activity.days}
    shown = {**data, "planned": {"start": each.start.isoformat(), "finish": each.finish.isoformat()}}
    return Asked(activity.owner, activity.title, forms.FINISH, each.finish, shown, critical=each.critical, moves=True)


def _prepare(course: Course, each: Planned, moment: Moment) -> Asked:
    name = each.activity.id
    title = titled(each.activity.title, {"en": "Ask for the gate {}", "es": "Pedir la puerta {}"})
    data = {"gate": name, "evidence": known_answers(course, name, moment, {}), "last": course.journal.gates.get(name)}
    return Asked(planner(course.document), title, forms.PREPARE, soon(course, moment), data, critical=each.critical)


def _deciding(course: Course, each: Planned, moment: Moment) -> Iterator[tuple[str, Asked]]:
    name, due = each.activity.id, soon(course, moment)
    gate, known = course.gate(name), course.journal.gates[name]
    told = {"gate": name, "evidence": known["evidence"], "asked": {"by": known["by"], "at": known["at"]}}
    answered = {answer["approver"] for answer in known["answers"]}
    title = titled(each.activity.title, {"en": "Decide the gate {}", "es": "Decidir la puerta {}"})
    for owner in gate["approvers"]:
        if owner not in answered:
            asked = Asked(owner, title, forms.DECIDE, due, {**told, "approver": owner}, critical=each.critical)
            yield f"gate:{name}:{owner}:{known['round']}", asked
    title = titled(each.activity.title, {"en": "Sign for the gate {}", "es": "Firmar para la puerta {}"})
    for number, piece in enumerate(gate.get("evidence") or []):
        if "signature" in piece and str(number) not in known["signed"]:
            what = {**told, "signs": piece.get("title"), "number": number}
            yield f"sign:{name}:{number}:{known['round']}", Asked(piece["signature"], title, forms.SIGN, due, what)


def _owed(course: Course, each: Planned) -> Iterator[tuple[str, Asked]]:
    """Yield what an approved gate was let go without: until its waiver ends, and after that for as long as it lacks."""
    name, gate, known = each.activity.id, course.gate(each.activity.id), course.journal.gates[each.activity.id]
    steps = {step.id: step.owner for step in course.roadmap.activities}
    for number in owed(course, name):
        piece, waiver = gate["evidence"][number], known["waived"][str(number)]
        due, told = date.fromisoformat(waiver["until"]), {"gate": name, "number": number, "waived": waiver}
        if "signature" in piece:
            title = titled(each.activity.title, {"en": "Sign for the gate {}", "es": "Firmar para la puerta {}"})
            asked = Asked(piece["signature"], title, forms.SIGN, due, {**told, "signs": piece.get("title")}, moves=True)
            yield f"sign:{name}:{number}:{known['round']}", asked
        else:
            title = titled(piece["document"], {"en": "Hand in: {}", "es": "Entregar: {}"})
            owner = steps.get(piece.get("activity", ""), planner(course.document))
            asked = Asked(owner, title, forms.HAND_IN, due, {**told, "document": piece["document"]}, moves=True)
            yield f"owed:{name}:{number}:{known['round']}", asked


def _changes(course: Course, moment: Moment) -> Iterator[tuple[str, Asked]]:
    for name, change in course.journal.changes.items():
        if change["state"] == "requested":
            title = {"en": f"Decide the change {name}", "es": f"Decidir el cambio {name}"}
            shown = {key: change[key] for key in ("what", "why", "edits", "impact", "emergency", "by")}
            data = {"change": name, **shown}
            # What is done already is ratified soon.
            due = soon(course, moment, _TO_RATIFY) if change["emergency"] else soon(course, moment)
            yield (
                f"change:{name}",
                Asked(change["decides"], title, forms.CHANGE, due, data, critical=change["emergency"]),
            )


def _due(course: Course, day: date) -> str:
    closing = course.hours.closes(day) if course.hours else datetime.combine(day, _CLOSING, UTC)
    return closing.astimezone(UTC).isoformat()


def _how(course: Course, name: str) -> str:
    """Return how a task is over: what it asked for was done, or nobody wants it any more."""
    kind, _, rest = name.partition(":")
    if kind == "activity":
        return "completed" if rest in course.activities and course.state(rest) == "done" else "cancelled"
    if kind == "risk":
        return "completed" if "answer" in course.journal.risks.get(rest, {}) else "cancelled"
    if kind == "change":
        return "completed" if rest in course.journal.changes else "cancelled"
    return "completed" if course.journal.state == "running" else "cancelled"
