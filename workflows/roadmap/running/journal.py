"""What has happened to a roadmap: a state that is made by its events alone, in their order.

Whoever has the events has the state: the store keeps them, and a new run of the workflow begins with the state. Nothing
changes it but `record`.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from cauce.roadmaps import RoadmapStart

JSON = Any
Event = dict[str, JSON]


@dataclass(slots=True)
class Journal:
    """All that a roadmap remembers, as JSON.

    `activities` is what has become of activities and gates, as the plan takes it; `overrides` are the days and costs
    that approved changes gave them. `kept` are activities of earlier definitions that had begun. `tasks` are the tasks
    of the inbox that are open, by what they ask for. `costs` is what the entries of each activity come to (`booked`, up
    to the entry of that number), and how much of it a later report of all that it has cost has in it (`reported`).
    `processes` are those that do activities, the last one of each: asked for, running, ended, leaving or left.
    """

    roadmap: str
    key: str
    version: str
    document: JSON
    calendar: JSON
    start: str
    number: int = 0
    today: str = ""
    state: str = "running"
    activities: dict[str, JSON] = field(default_factory=dict)
    overrides: dict[str, JSON] = field(default_factory=dict)
    kept: dict[str, JSON] = field(default_factory=dict)
    gates: dict[str, JSON] = field(default_factory=dict)
    baselines: list[JSON] = field(default_factory=list)
    changes: dict[str, JSON] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    risks: dict[str, JSON] = field(default_factory=dict)
    periods: list[JSON] = field(default_factory=list)
    stop: JSON = None
    tasks: dict[str, JSON] = field(default_factory=dict)
    costs: dict[str, JSON] = field(default_factory=dict)
    booked: int = 0
    processes: dict[str, JSON] = field(default_factory=dict)

    @classmethod
    def begun(cls, start: RoadmapStart) -> "Journal":
        """Return where a roadmap begins, or goes on."""
        if start.journal is not None:
            return cls(**start.journal)
        return cls(start.roadmap, start.key, start.version, start.document, start.calendar, start.start)

    def to_json(self) -> dict[str, JSON]:
        """Return it as a new run takes it."""
        return asdict(self)

    def record(self, event: Event) -> None:
        """Take an event: the one thing that changes the state."""
        self.number = event["number"]
        _FOLDS[event["kind"]](self, event)


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


def _gate_requested(journal: Journal, event: Event) -> None:
    journal.gates[event["gate"]] = {
        "state": "requested",
        "round": event["round"],
        "by": event["by"],
        "at": event["at"],
        "documents": event["documents"],
        "evidence": event["evidence"],
        "signed": {},
        "waived": (journal.gates.get(event["gate"]) or {}).get("waived", {}),
        "answers": [],
    }


def _gate_signed(journal: Journal, event: Event) -> None:
    journal.gates[event["gate"]]["signed"][str(event["evidence"])] = {"by": event["by"], "at": event["at"]}


def _evidence_waived(journal: Journal, event: Event) -> None:
    said = {name: event[name] for name in ("by", "at", "reason", "until")}
    journal.gates[event["gate"]]["waived"][str(event["evidence"])] = said


def _gate_answered(journal: Journal, event: Event) -> None:
    said = {name: event[name] for name in ("approver", "by", "at", "approve", "reason")}
    journal.gates[event["gate"]]["answers"].append(said)


def _gate_decided(journal: Journal, event: Event) -> None:
    gate = journal.gates[event["gate"]]
    gate["state"], gate["evidence"] = event["outcome"], event["evidence"]
    gate["decidedAt"] = event["at"]
    if event["outcome"] == "approved":
        journal.activities[event["gate"]] = {"started": event["day"], "finished": event["day"]}


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


def _metrics_reported(journal: Journal, event: Event) -> None:
    journal.metrics.update(event["metrics"])


def _risk_fired(journal: Journal, event: Event) -> None:
    journal.risks[event["risk"]] = {name: event[name] for name in ("at", "metric", "value")}


def _risk_over(journal: Journal, event: Event) -> None:
    del journal.risks[event["risk"]]


def _period_closed(journal: Journal, event: Event) -> None:
    journal.periods.append({name: event[name] for name in ("period", "figures", "light")})


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
    "gate-requested": _gate_requested,
    "gate-signed": _gate_signed,
    "evidence-waived": _evidence_waived,
    "gate-answered": _gate_answered,
    "gate-decided": _gate_decided,
    "baseline-set": _baseline_set,
    "change-requested": _change_requested,
    "change-decided": _change_decided,
    "definition-applied": _definition_applied,
    "metrics-reported": _metrics_reported,
    "costs-booked": _costs_booked,
    "risk-fired": _risk_fired,
    "risk-over": _risk_over,
    "period-closed": _period_closed,
    "stop-asked": _stop_asked,
    "stop-decided": _stop_decided,
    "task-opened": _task_opened,
    "tasks-moved": _tasks_moved,
    "task-closed": _task_closed,
    "task-escalated": _task_escalated,
    "day-came": _day_came,
    "roadmap-ended": _ended,
}
