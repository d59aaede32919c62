"""Gates: asked for, signed, waived and decided, on evidence that is asked for twice."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cauce.contract import CompleteTask
from cauce.errors import ConflictError, ForbiddenError, InputError
from cauce.evidence_words import worded
from cauce.roadmaps import DecideGate, HandInEvidence, RequestGate, SignGate, WaiveEvidence
from workflows import approvals
from workflows.roadmap.running import acts
from workflows.roadmap.running.course import Course, Moment
from workflows.roadmap.running.journal import Event

JSON = Any
Answers = Sequence[Mapping[str, JSON]]
_SHOWN: Final = 3


def request_gate(course: Course, given: RequestGate, moment: Moment, answers: Answers) -> list[Event]:
    """Put a gate to those who decide it, with what its evidence is now."""
    activity, gate = course.activity(given.gate), course.gate(given.gate)
    known = course.journal.gates.get(given.gate) or {}
    if known.get("state") in ("requested", "approved"):
        raise ConflictError(f"The gate `{given.gate}` is {known['state']} already.", hint="Look at its page.")
    if missing := course.missing(activity):
        shown = ", ".join(missing[:10])
        raise ConflictError(f"The gate `{given.gate}` waits for {shown}.", hint="Finish that first.")
    evidence = gate.get("evidence") or []
    for place, files in given.documents.items():
        if not place.isdecimal() or int(place) >= len(evidence) or "document" not in evidence[int(place)]:
            hint = "Evidence is counted from 0; only that of kind `document` takes files."
            raise InputError(f"`{place[:20]}` is no document of the gate `{given.gate}`.", hint=hint)
        acts.documents(files)
    round_ = known.get("round", 0) + 1
    asked = {"kind": "gate-requested", "gate": given.gate, "by": given.by, "round": round_}
    kept = {**known.get("documents", {}), **given.documents}
    return [{**asked, "documents": kept, "evidence": list(answers), "day": moment.today.isoformat()}]


def sign_gate(course: Course, given: SignGate) -> list[Event]:
    """Note that somebody signs; what a gate was approved without may be signed afterwards."""
    known = _decidable(course, given.gate, given.evidence, "signature")
    if str(given.evidence) in known["signed"]:
        raise ConflictError("This is signed already.", hint="Look at the gate.")
    _check_awaited(course, given.gate, given.evidence)
    return [{"kind": "gate-signed", "gate": given.gate, "evidence": given.evidence, "by": given.by}]


def hand_in_evidence(course: Course, given: HandInEvidence) -> list[Event]:
    """Note that files come for a gate after it was asked for; what was decided before is not touched."""
    _decidable(course, given.gate, given.evidence, "document")
    _check_awaited(course, given.gate, given.evidence)
    files = acts.documents(given.documents)
    if not files:
        raise InputError("There is no file.", hint="Hand in one at least.")
    said = {"kind": "evidence-handed-in", "gate": given.gate, "by": given.by}
    return [{**said, "evidence": given.evidence, "documents": files}]


def waive_evidence(course: Course, given: WaiveEvidence, moment: Moment) -> list[Event]:
    """Note that a gate may do without a piece of its evidence until a day; of an approved gate, that it still may."""
    _piece(course, given.gate, given.evidence)
    if (course.journal.gates.get(given.gate) or {}).get("state") != "approved":
        _requested(course, given.gate)
    elif given.evidence not in asked_again(course, given.gate, moment):
        problem = f"The gate `{given.gate}` is approved, and nobody asks for its evidence {given.evidence} again."
        hint = "A waiver is renewed when it has run out and another gate is requested."
        raise ConflictError(problem, hint=hint)
    until = acts.any_day(given.until)
    if until <= moment.today:
        raise InputError("A waiver ends on a day to come.", hint=f"Today is {moment.today}.")
    said = {"kind": "evidence-waived", "gate": given.gate, "evidence": given.evidence, "by": given.by}
    return [{**said, "reason": acts.text(given.reason, "reason", needed=True), "until": until.isoformat()}]


def decide_gate(course: Course, given: DecideGate, moment: Moment, answers: Answers) -> list[Event]:
    """Take one approver's word; it may be the last that is needed.

    `answers` is the evidence as it is at this moment, asked for again; what is decided is frozen with it.
    """
    known, gate = _requested(course, given.gate), course.gate(given.gate)
    if given.approver not in gate["approvers"]:
        hint = f"There decide {', '.join(gate['approvers'])}."
        raise ForbiddenError(f"`{given.approver}` does not decide the gate `{given.gate}`.", hint=hint)
    if any(each["approver"] == given.approver for each in known["answers"]):
        raise ConflictError(
            f"{given.approver} has given an answer to this gate.", hint="The others have to give theirs."
        )
    if given.approve:
        check_evidence(answers, given.gate)
    said = {"kind": "gate-answered", "gate": given.gate, "by": given.by, "approver": given.approver}
    event = {**said, "approve": given.approve, "reason": acts.text(given.reason, "reason", needed=not given.approve)}
    outcome = _outcome(course, given, gate, known)
    if outcome is None:
        return [event]
    decided = {"kind": "gate-decided", "gate": given.gate, "by": given.by, "outcome": outcome, "round": known["round"]}
    return [event, {**decided, "evidence": list(answers), "day": moment.today.isoformat()}]


def check_evidence(answers: Answers, gate: str) -> None:
    """Refuse an approval while something that it rests on is not so."""
    false = [each for each in answers if not each["holds"] and not each.get("waived")]
    if not false:
        return
    shown = "; ".join(_said(each) for each in false[:_SHOWN])
    more = f"; and {len(false) - _SHOWN} more" if len(false) > _SHOWN else ""
    hint = "Mend it, or let an approver waive it with a reason and a day, then decide again."
    raise ConflictError(f"The gate `{gate}` does not hold: {shown}{more}.", hint=hint)


def _said(answer: Mapping[str, JSON]) -> str:
    """Return what is said of a piece of evidence, with the gate that was let go without it."""
    return f"{answer['text']} (evidence {answer['number']} of {answer['gate']})" if "gate" in answer else answer["text"]


def known_answers(course: Course, name: str, moment: Moment, facts: Mapping[int, JSON]) -> list[JSON]:
    """Return what is known of each piece of evidence now; `facts` are the answers of the running system, by number."""
    gate, known = course.gate(name), course.journal.gates.get(name) or {}
    found = []
    for number, piece in enumerate(gate.get("evidence") or []):
        answer = facts.get(number) or _own_answer(course, name, number, piece)
        waiver = (known.get("waived") or {}).get(str(number))
        valid = waiver if waiver and waiver["until"] >= moment.today.isoformat() else None
        found.append({**answer, "number": number, "kind": kind(piece), "at": moment.at, "waived": valid})
    return found


def kind(piece: Mapping[str, JSON]) -> str:
    """Return which kind of evidence it is."""
    return next(each for each in ("document", "signature", "fact") if each in piece)


def run_out(course: Course, name: str, moment: Moment) -> list[tuple[str, int]]:
    """Return the evidence of gates before this one whose waivers have run out: it is asked for again."""
    today = moment.today.isoformat()
    return [
        (gate, int(number))
        for gate, said in course.journal.gates.items()
        if gate != name and said["state"] == "approved" and gate in course.activities
        for number, waiver in said["waived"].items()
        if waiver["until"] < today and int(number) < len(course.gate(gate).get("evidence") or [])
    ]


def asked_again(course: Course, name: str, moment: Moment) -> list[int]:
    """Return the evidence of an approved gate that those who decide another one are asked for now."""
    requested = [
        other
        for other, said in course.journal.gates.items()
        if said["state"] == "requested" and other in course.activities
    ]
    return [number for gate, number in run_out(course, requested[0], moment) if gate == name] if requested else []


def owed(course: Course, name: str) -> list[int]:
    """Return the documents and signatures of an approved gate that it was let go without and that are not there yet."""
    known = course.journal.gates.get(name) or {}
    if known.get("state") != "approved" or name not in course.activities:
        return []
    pieces = dict(enumerate(course.gate(name).get("evidence") or []))
    return [
        int(number)
        for number in known["waived"]
        if (piece := pieces.get(int(number))) is not None
        and "fact" not in piece
        and not _own_answer(course, name, int(number), piece)["holds"]
    ]


def _own_answer(course: Course, name: str, number: int, piece: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return what the journal itself says: files and signatures."""
    known = course.journal.gates.get(name) or {}
    if "fact" in piece:
        # Only shown to who prepares the gate: whoever decides on one is given the answer.
        return {"holds": False, "value": None, "asked": piece["fact"], **worded("not-asked", fact=piece["fact"])}
    if "signature" in piece:
        signed = (known.get("signed") or {}).get(str(number))
        words = worded("signed", by=signed["by"]) if signed else worded("not-signed", who=piece["signature"])
        return {"holds": bool(signed), "value": signed, "asked": piece["signature"], **words}
    files = (known.get("documents") or {}).get(str(number), [])
    wave = course.activities[name].wave
    activity = f"{piece.get('activity', '')}.{wave}" if wave else piece.get("activity", "")
    for source in (activity, piece.get("activity", "")):
        files = files or course.journal.activities.get(source, {}).get("documents", [])
    title = piece["document"] if isinstance(piece["document"], str) else next(iter(piece["document"].values()))
    words = worded("file-there" if files else "file-missing", title=piece["document"])
    return {"holds": bool(files), "value": files, "asked": title, **words}


def _outcome(course: Course, given: DecideGate, gate: Mapping[str, JSON], known: Mapping[str, JSON]) -> str | None:
    """Return what is decided with this answer, or None while others have to give theirs."""
    of, before = len(gate["approvers"]), known["answers"]
    counted: dict[str, JSON] = {"need": gate.get("quorum", of), "of": of, "when": approvals.DEFAULT_WHEN, "given": []}
    counted["given"] = [{"by": each["approver"], "approved": each["approve"]} for each in before]
    word = {"approved": given.approve}
    answer = CompleteTask(given.gate, word, given.approver, "")
    outcome, _ = approvals.taken(counted, answer, {"answer": word, "by": given.approver, "at": ""})
    if outcome is None:
        return None
    if not outcome["approved"]:
        return "rejected"
    if gate.get("fourEyes"):
        yes = {each["by"] for each in before if each["approve"]} | ({given.by} if given.approve else set())
        if yes <= doers(course, given.gate):
            if len(before) + 1 < of:
                return None
            if not given.approve:
                return "rejected"
            problem = f"Those who did work of the phase may not decide the gate `{given.gate}` alone."
            raise ForbiddenError(problem, hint="Somebody else has to speak for one of the approvers (four eyes).")
    return "approved"


def doers(course: Course, gate: str) -> set[str]:
    """Return who did work of the phase that a gate closes."""
    phase, wave = course.activities[gate].phase, course.activities[gate].wave
    mine = [each.id for each in course.roadmap.activities if each.phase == phase and each.wave == wave]
    return {name for each in mine for name in course.journal.activities.get(each, {}).get("doers", [])}


def _requested(course: Course, name: str) -> Mapping[str, JSON]:
    course.gate(name)
    known = course.journal.gates.get(name)
    if known is None or known["state"] != "requested":
        raise ConflictError(f"Nobody has asked for the gate `{name}`.", hint="Ask for it first.")
    return dict(known)


def _decidable(course: Course, name: str, number: int, what: str) -> Mapping[str, JSON]:
    """Return what is known of a gate that was requested or approved; refuses evidence of another kind."""
    known = course.journal.gates.get(name) or {}
    if known.get("state") != "approved":
        known = _requested(course, name)
    if what not in _piece(course, name, number):
        raise InputError(f"Evidence {number} of `{name}` is not a {what}.", hint="Look at the gate.")
    return known


def _check_awaited(course: Course, name: str, number: int) -> None:
    """Refuse what an approved gate does not wait for; raises `ConflictError`."""
    if course.journal.gates[name]["state"] == "approved" and number not in owed(course, name):
        problem = f"The gate `{name}` is approved, and does not wait for its evidence {number}."
        raise ConflictError(problem, hint="Only what was waived and is not there yet may come afterwards.")


def _piece(course: Course, name: str, number: int) -> Mapping[str, JSON]:
    evidence = course.gate(name).get("evidence") or []
    if not 0 <= number < len(evidence):
        raise InputError(
            f"The gate `{name}` has no evidence {number}.", hint=f"It has {len(evidence)}, counted from 0."
        )
    return dict(evidence[number])
