"""A gate as it stands: what is known of each piece of its evidence now, who has decided, and what one may do."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import evidence, rights, running
from cauce.services.roadmaps.running import DecisionView, StepView
from cauce.services.roadmaps.standing import Standing
from workflows.roadmap.running import gates as course_gates
from workflows.roadmap.running.course import Course, Moment
from workflows.roadmap.running.daily import overspent

JSON = Any


@dataclass(frozen=True, slots=True)
class GateView:
    """A gate; `evidence` are the answers of now, `speaks_for` the approvers that who looks at it speaks for.

    `again` are the answers to what earlier gates (`gate`) were let go without until a day that is over; `renews` is the
    evidence of this one, approved, that who looks at it may let it go without again, `owed` what may still come of it.
    """

    step: StepView
    state: str
    round: int
    missing: list[str]
    evidence: list[JSON]
    titles: list[JSON]
    answers: list[JSON]
    approvers: list[tuple[str, JSON, str]]
    need: int
    four_eyes: bool
    speaks_for: list[str]
    signs: list[int]
    owed: list[int]
    may_request: bool
    decisions: list[DecisionView]
    again: list[JSON]
    renews: list[int]


async def gate(hub: Hub, actor: Actor, standing: Standing, name: str) -> GateView:
    """Return a gate of a roadmap, with its facts asked for now; raises `NotFoundError`."""
    course = standing.course
    written, activity = course.gate(name), course.activity(name)
    known = course.journal.gates.get(name) or {}
    moment = Moment(at=datetime.now(UTC).isoformat(), today=standing.today)
    pieces = written.get("evidence") or []
    facts = {number: await _fact(hub, course, piece, moment) for number, piece in enumerate(pieces) if "fact" in piece}
    run = standing.detail
    step = next(each for each in standing.detail.steps if each.id == name)
    owners = course.document["owners"]
    mine = [each for each in written["approvers"] if rights.speaks_for(actor, run, each)]
    said = {each["approver"]: each for each in known.get("answers") or []}
    return GateView(
        step=step,
        state=course.state(name),
        round=known.get("round", 0),
        missing=course.missing(activity),
        evidence=course_gates.known_answers(course, name, moment, facts),
        titles=[_title(piece) for piece in pieces],
        answers=list(said.values()),
        approvers=[
            (each, owners[each]["title"], "" if each not in said else "yes" if said[each]["approve"] else "no")
            for each in written["approvers"]
        ],
        need=written.get("quorum", len(written["approvers"])),
        four_eyes=bool(written.get("fourEyes")),
        speaks_for=[each for each in mine if each not in said],
        signs=[
            number
            for number, piece in enumerate(pieces)
            if "signature" in piece and rights.speaks_for(actor, run, piece["signature"])
        ],
        owed=course_gates.owed(course, name),
        may_request=step.may_act or standing.detail.may_plan,
        decisions=[each for each in await running.decisions(hub, actor, run.run.id) if each.gate == name],
        again=[] if known.get("state") == "approved" else await _again(hub, course, name, moment),
        renews=course_gates.asked_again(course, name, moment) if mine else [],
    )


async def _again(hub: Hub, course: Course, name: str, moment: Moment) -> list[JSON]:
    """Return the answers of now to what earlier gates were let go without for a time that is over."""
    found = []
    for earlier, number in course_gates.run_out(course, name, moment):
        piece = course.gate(earlier)["evidence"][number]
        facts = {number: await _fact(hub, course, piece, moment)} if "fact" in piece else {}
        answer = course_gates.known_answers(course, earlier, moment, facts)[number]
        found.append({**answer, "gate": earlier, "title": _title(piece)})
    return found


async def _fact(hub: Hub, course: Course, piece: JSON, moment: Moment) -> JSON:
    if piece["fact"] == "budget-variance":
        return overspent(course, piece, moment)
    limits = {name: float(piece[name]) for name in ("least", "most") if name in piece}
    return await evidence.answer(hub, piece["fact"], piece.get("of", ""), limits, roadmap=course.journal.name)


def _title(piece: JSON) -> JSON:
    """Return what a piece of evidence is called: its own title, or what it is."""
    kind = course_gates.kind(piece)
    return piece.get("title") or (piece[kind] if kind != "fact" else f"{piece['fact']} {piece.get('of', '')}".strip())
