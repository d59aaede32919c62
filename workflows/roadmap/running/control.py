"""What a roadmap asks of people when it is off its course: risks that have come, months that were off, going on."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cauce.errors import ConflictError, InputError, NotFoundError
from cauce.roadmaps import AnswerRisk, CorrectPeriod, DecideStop, FinishCorrection
from workflows.roadmap.running import acts, forms
from workflows.roadmap.running.asked import Asked, soon, titled
from workflows.roadmap.running.changes import baseline
from workflows.roadmap.running.course import Course, Moment
from workflows.roadmap.running.journal import Event
from workflows.roadmap.running.roles import planner, sponsor

JSON = Any
_OFF: Final = ("amber", "red")
_SEVERE: Final = 15
# What is decided without a day is to be done within a fortnight.
_TO_CORRECT: Final = 10
_MOST_ACTIONS: Final = 20


Answer = AnswerRisk | CorrectPeriod | FinishCorrection | DecideStop


def act(course: Course, request: Answer, moment: Moment) -> list[Event]:
    """Take an answer to what was asked."""
    match request:
        case AnswerRisk():
            return _answer_risk(course, request)
        case CorrectPeriod():
            return _correct_period(course, request, moment)
        case FinishCorrection():
            return _finish_correction(course, request)
        case DecideStop():
            return _decide_stop(course, request, moment)


def _answer_risk(course: Course, given: AnswerRisk) -> list[Event]:
    """Note what is done about a risk that has come; another answer may follow."""
    if given.risk not in course.journal.risks:
        known = ", ".join(sorted(course.journal.risks)) or "none"
        raise ConflictError(f"The risk `{given.risk[:64]}` has not come.", hint=f"Those that have: {known}.")
    note = acts.text(given.note, "note", needed=True)
    return [{"kind": "risk-answered", "risk": given.risk, "by": given.by, "decision": given.decision, "note": note}]


def _correct_period(course: Course, given: CorrectPeriod, moment: Moment) -> list[Event]:
    """Note what is done about a month that was off the plan; each action is a task of who it is for."""
    period = _period(course, given.period)
    if "correction" in period:
        raise ConflictError(f"For {given.period} it is decided already.", hint="Ask for a change if it is not enough.")
    if len(given.actions) > _MOST_ACTIONS:
        raise InputError(f"There are more than {_MOST_ACTIONS} actions.", hint="Put together what belongs together.")
    actions = [_action(course, each, moment) for each in given.actions]
    note = acts.text(given.note, "note", needed=not actions)
    return [{"kind": "period-corrected", "period": given.period, "by": given.by, "actions": actions, "note": note}]


def _action(course: Course, given: JSON, moment: Moment) -> JSON:
    if not isinstance(given, Mapping) or not given.get("what"):
        raise InputError("An action says what is to be done.", hint="Write it as {what: …, owner: …, until: …}.")
    owner = str(given.get("owner") or planner(course.document))
    if owner not in course.document["owners"]:
        hint = f"There are {', '.join(course.document['owners'])}."
        raise InputError(f"There is no owner `{owner[:64]}`.", hint=hint)
    until = acts.any_day(str(given["until"])) if given.get("until") else soon(course, moment, _TO_CORRECT)
    if until < moment.today:
        raise InputError("An action is done on a day to come.", hint=f"Today is {moment.today}.")
    return {"what": acts.text(str(given["what"]), "what", needed=True), "owner": owner, "until": str(until)}


def _finish_correction(course: Course, given: FinishCorrection) -> list[Event]:
    """Note that an action is done."""
    actions = (_period(course, given.period).get("correction") or {}).get("actions") or []
    if not 1 <= given.action <= len(actions):
        problem = f"{given.period} has no action {given.action}."
        raise NotFoundError(problem, hint=f"It has {len(actions)}, counted from 1.")
    if "done" in actions[given.action - 1]:
        raise ConflictError(f"The action {given.action} of {given.period} is done already.", hint="Look at the months.")
    said: Event = {"kind": "correction-done", "period": given.period, "by": given.by, "action": given.action}
    return [{**said, "note": acts.text(given.note, "note")}]


def _decide_stop(course: Course, given: DecideStop, moment: Moment) -> list[Event]:
    """Take the answer to the question whether to go on."""
    if course.journal.stop is None or "decision" in course.journal.stop:
        raise ConflictError("Nobody has asked whether to go on.", hint="Cancel the roadmap if it has to end.")
    reason = acts.text(given.reason, "reason", needed=True)
    found: list[Event] = [{"kind": "stop-decided", "by": given.by, "decision": given.decision, "reason": reason}]
    if given.decision == "re-plan":
        found.append(baseline(course.plan(moment.today), given.by, reason))
    if given.decision == "stop":
        found.append({"kind": "roadmap-ended", "by": given.by, "state": "stopped", "reason": reason})
    return found


def _period(course: Course, name: str) -> Mapping[str, JSON]:
    found = next((each for each in course.journal.periods if each["period"] == name), None)
    if found is None:
        hint = "Write it as 2027-03; a month has to be over."
        raise NotFoundError(f"The roadmap has closed no month `{name[:20]}`.", hint=hint)
    return dict(found)


def wanted(course: Course, moment: Moment) -> Iterator[tuple[str, Asked]]:
    """Yield what people are asked for, by what it is."""
    yield from _risks(course, moment)
    yield from _corrections(course, moment)
    yield from _stop(course, moment)


def _risks(course: Course, moment: Moment) -> Iterator[tuple[str, Asked]]:
    for each in course.document.get("risks") or []:
        come = course.journal.risks.get(each["id"])
        if come is None or "answer" in come:
            continue
        about = {name: each[name] for name in ("title", "response", "probability", "impact", "cost") if name in each}
        trigger = each.get("trigger") or {}
        data = {"risk": each["id"], **about, "trigger": trigger.get("title"), "metric": come["metric"]}
        severe = each["probability"] * each["impact"] >= _SEVERE
        title = titled(each["title"], {"en": "A risk has come: {}", "es": "Un riesgo se ha cumplido: {}"})
        due = soon(course, moment)
        asked = Asked(each["owner"], title, forms.RISK, due, {**data, "value": come["value"]}, critical=severe)
        yield f"risk:{each['id']}", asked


def _corrections(course: Course, moment: Moment) -> Iterator[tuple[str, Asked]]:
    periods, owners = course.journal.periods, course.document["owners"]
    last = periods[-1] if periods else {"light": ""}
    if last["light"] in _OFF and "correction" not in last:
        words = {"en": "Correct the course after {}", "es": "Corregir el rumbo tras {}"}
        data = {"period": last["period"], "light": last["light"], "figures": last["figures"]}
        form = forms.correct({name: each["title"] for name, each in owners.items()})
        asked = Asked(planner(course.document), titled(last["period"], words), form, soon(course, moment), data)
        yield f"correct:{last['period']}", asked
    for period in periods:
        for number, action in enumerate((period.get("correction") or {}).get("actions") or [], 1):
            if "done" not in action and action["owner"] in owners:
                data = {"period": period["period"], "light": period["light"], "what": action["what"]}
                due = acts.any_day(action["until"])
                asked = Asked(action["owner"], titled(action["what"], _ACTION), forms.CORRECTED, due, data)
                yield f"action:{period['period']}:{number}", asked


_ACTION: Final = {"en": "Corrective action: {}", "es": "Acción correctora: {}"}


def _stop(course: Course, moment: Moment) -> Iterator[tuple[str, Asked]]:
    stop = course.journal.stop
    if stop and "decision" not in stop:
        title = titled(course.roadmap.title, {"en": "Go on with {}?", "es": "¿Seguir con {}?"})
        data = {"why": stop["why"], "periods": course.journal.periods[-3:]}
        owner = sponsor(course.document)
        yield f"stop:{stop['round']}", Asked(owner, title, forms.STOP, soon(course, moment), data, critical=True)
