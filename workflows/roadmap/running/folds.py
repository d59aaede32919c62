"""What each event does to the state of a roadmap."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from workflows.roadmap.running import gate_folds
from workflows.roadmap.running.journal import Event, Journal

JSON = Any


def record(journal: Journal, event: Event) -> None:
    """Take an event: the one thing that changes the state."""
    journal.number = event["number"]
    _FOLDS[event["kind"]](journal, event)


def _started(journal: Journal, event: Event) -> None:
    journal.today = event["day"]


def _activity(journal: Journal, event: Event) -> JSON:
    found = journal.activities.setdefault(event["activity"], {"documents": [], "doers": []})
    if event["by"] not in found["doers"]:
        found["doers"].append(event["by"])
    return found


def _activity_started(journal: Journal, event: Event) -> None:
    _activity(journal, event)["started"] = event["day"]


def _activity_reported(journal: Journal, event: Event) -> None:
    found = _activity(journal, event)
    if "percent" in event or "remaining" in event:
        # The newer of the two says it.
        found.pop("percent", None)
        found.pop("remaining", None)
    found.update({name: event[name] for name in ("percent", "remaining", "parts", "cost") if name in event})
    _cost_reported(journal, event)
    found["documents"] += event.get("documents", [])


def _activity_finished(journal: Journal, event: Event) -> None:
    found = _activity(journal, event)
    found["started"], found["finished"] = event["started"], event["day"]
    found.update({name: event[name] for name in ("parts", "cost") if name in event})
    _cost_reported(journal, event)
    found["documents"] += event.get("documents", [])


def _cost_reported(journal: Journal, event: Event) -> None:
    """Note how much of the entries is in what somebody says that an activity has cost so far."""
    known = journal.costs.get(event["activity"])
    if known is not None and "cost" in event:
        known["reported"] = {factor: known["booked"].get(factor, "0") for factor in event["cost"]}


def _costs_booked(journal: Journal, event: Event) -> None:
    for name, booked in event["costs"].items():
        journal.costs.setdefault(name, {"reported": {}})["booked"] = booked
    journal.booked = event["through"]


def _taken_over(journal: Journal, event: Event) -> None:
    name, said = event["step"], event["said"]
    kept = {each: said[each] for each in ("started", "finished", "percent", "cost") if each in said}
    if said.get("gate"):
        kept = {each: kept[each] for each in ("started", "finished")}
        said_before = {"state": "approved", "round": 0, "by": event["by"], "at": event["at"], "decidedAt": event["at"]}
        empty: dict[str, JSON] = {"documents": {}, "evidence": [], "signed": {}, "waived": {}, "answers": []}
        journal.gates[name] = said_before | empty
        journal.activities[name] = kept
    else:
        journal.activities[name] = {"documents": [], "doers": [event["by"]], **kept}


def _process_asked(journal: Journal, event: Event) -> None:
    said = {name: event[name] for name in ("process", "instance", "round")}
    journal.processes[event["activity"]] = {**said, "state": "asked"}


def _process_started(journal: Journal, event: Event) -> None:
    journal.processes[event["activity"]].update(state="running", version=event["version"])


def _process_ended(journal: Journal, event: Event) -> None:
    known = journal.processes[event["activity"]]
    known.update({"state": "ended", "how": event["state"]} | {name: event[name] for name in _SAID_AT_END})
    # Who did its tasks did the activity.
    found = journal.activities[event["activity"]]
    found["doers"] += [name for name in event["doers"] if name not in found["doers"]]


_SAID_AT_END: Final = ("passed", "outcome", "reason")


def _process_leaving(journal: Journal, event: Event) -> None:
    journal.processes[event["activity"]]["state"] = "leaving"


def _process_left(journal: Journal, event: Event) -> None:
    journal.processes[event["activity"]]["state"] = "left"


def _baseline_set(journal: Journal, event: Event) -> None:
    journal.baselines.append({name: event[name] for name in ("at", "by", "reason", "plan", "finish", "budget")})


def _change_requested(journal: Journal, event: Event) -> None:
    names = ("what", "why", "edits", "impact", "decides", "emergency")
    said = {name: event[name] for name in names}
    before = {name: journal.overrides.get(name, {}) for name in event["edits"]}
    about = {"by": event["by"], "at": event["at"], "state": "requested", "before": before}
    journal.changes[event["change"]] = {**said, **about}
    if event["emergency"]:
        _override(journal, event["edits"])


def _change_decided(journal: Journal, event: Event) -> None:
    change = journal.changes[event["change"]]
    change["state"], change["decided"] = event["decision"], {name: event[name] for name in ("by", "at", "reason")}
    if event["decision"] == "approved":
        _override(journal, change["edits"])
    elif change["emergency"] and event["decision"] == "rejected":
        journal.overrides = {**journal.overrides, **change["before"]}


def _override(journal: Journal, edits: Mapping[str, JSON]) -> None:
    for name, edit in edits.items():
        journal.overrides[name] = {**journal.overrides.get(name, {}), **edit}


def _definition_applied(journal: Journal, event: Event) -> None:
    journal.version, journal.document, journal.calendar = event["version"], event["document"], event["calendar"]
    # What an approved change gave is in the new definition or is not meant any more; the change itself is kept.
    journal.overrides = {}
    for name, described in event["kept"].items():
        journal.kept[name] = {**described, "actual": journal.activities.pop(name, None)}
    for name in event.get("restored", []):
        journal.activities[name] = journal.kept.pop(name)["actual"]
    for name, moves in event.get("evidence", {}).items():
        gate_folds.move_evidence(journal.gates[name], moves)


def _metrics_reported(journal: Journal, event: Event) -> None:
    journal.metrics.update(event["metrics"])


def _risk_fired(journal: Journal, event: Event) -> None:
    journal.risks[event["risk"]] = {name: event[name] for name in ("at", "metric", "value")}


def _risk_answered(journal: Journal, event: Event) -> None:
    risk = journal.risks[event["risk"]]
    risk["answer"] = {name: event[name] for name in ("at", "by", "decision", "note")}
    said = {**risk["answer"], "metric": risk["metric"], "value": risk["value"]}
    journal.answers.setdefault(event["risk"], []).append(said)


def _risk_over(journal: Journal, event: Event) -> None:
    del journal.risks[event["risk"]]


def _period_closed(journal: Journal, event: Event) -> None:
    journal.periods.append({name: event[name] for name in ("period", "figures", "light")})


def _period_corrected(journal: Journal, event: Event) -> None:
    _period(journal, event)["correction"] = {name: event[name] for name in ("at", "by", "note", "actions")}


def _correction_done(journal: Journal, event: Event) -> None:
    action = _period(journal, event)["correction"]["actions"][event["action"] - 1]
    action["done"] = {name: event[name] for name in ("at", "by", "note")}


def _period(journal: Journal, event: Event) -> JSON:
    return next(each for each in journal.periods if each["period"] == event["period"])


def _metrics_measured(journal: Journal, event: Event) -> None:
    # The newest says it: a report of somebody holds until the hub has another figure than before.
    news = {name: value for name, value in event["metrics"].items() if journal.measured.get(name) != value}
    journal.metrics.update(news)
    journal.measured = dict(event["metrics"])


def _stop_asked(journal: Journal, event: Event) -> None:
    journal.stop = {"round": event["round"], "at": event["at"], "why": event["why"], "periods": len(journal.periods)}


def _stop_decided(journal: Journal, event: Event) -> None:
    journal.stop = {**journal.stop, **{name: event[name] for name in ("decision", "reason", "by")}}


def _task_opened(journal: Journal, event: Event) -> None:
    names = ("id", "due", "priority", "opened", "rung")
    journal.tasks[event["task"]] = {"opened": event["at"], "rung": 0} | {k: event[k] for k in names if k in event}


def _tasks_moved(journal: Journal, event: Event) -> None:
    for name, change in event["tasks"].items():
        journal.tasks[name].update(change)


def _task_closed(journal: Journal, event: Event) -> None:
    del journal.tasks[event["task"]]


def _task_escalated(journal: Journal, event: Event) -> None:
    journal.tasks[event["task"]].update({"rung": event["rung"], "priority": event["priority"]})


def _day_came(journal: Journal, event: Event) -> None:
    journal.today = event["day"]


def _ended(journal: Journal, event: Event) -> None:
    journal.state = event["state"]


_FOLDS: Final[Mapping[str, Callable[[Journal, Event], None]]] = {
    "roadmap-started": _started,
    "taken-over": _taken_over,
    "activity-started": _activity_started,
    "activity-reported": _activity_reported,
    "activity-finished": _activity_finished,
    "process-asked": _process_asked,
    "process-started": _process_started,
    "process-ended": _process_ended,
    "process-leaving": _process_leaving,
    "process-left": _process_left,
    "gate-requested": gate_folds.gate_requested,
    "gate-signed": gate_folds.gate_signed,
    "evidence-handed-in": gate_folds.evidence_handed_in,
    "evidence-waived": gate_folds.evidence_waived,
    "gate-answered": gate_folds.gate_answered,
    "gate-decided": gate_folds.gate_decided,
    "baseline-set": _baseline_set,
    "change-requested": _change_requested,
    "change-decided": _change_decided,
    "definition-applied": _definition_applied,
    "metrics-reported": _metrics_reported,
    "costs-booked": _costs_booked,
    "risk-fired": _risk_fired,
    "metrics-measured": _metrics_measured,
    "risk-answered": _risk_answered,
    "risk-over": _risk_over,
    "period-closed": _period_closed,
    "period-corrected": _period_corrected,
    "correction-done": _correction_done,
    "stop-asked": _stop_asked,
    "stop-decided": _stop_decided,
    "task-opened": _task_opened,
    "tasks-moved": _tasks_moved,
    "task-closed": _task_closed,
    "task-escalated": _task_escalated,
    "day-came": _day_came,
    "roadmap-ended": _ended,
}
