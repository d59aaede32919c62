"""What travels to and from a roadmap that runs; fields are only ever added, with a default.

Every act is an update of the workflow with one of the requests below as its argument: who it is from (`by`) and what is
wanted. Days are ISO dates; without one it is the day on which the update arrives. Names of activities, gates and waves
are those of the plan (`train.north`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from cauce.contract import CloseTask, HumanTask, TaskChange

JSON = Any

ROADMAP: Final = "cauce-roadmap"
RECORD_ROADMAP: Final = "record-roadmap"
ROADMAP_EVIDENCE: Final = "roadmap-evidence"
ROADMAP_METRICS: Final = "roadmap-metrics"
ROADMAP_PROCESS: Final = "roadmap-process"
ROADMAP_LOOK: Final = "roadmap-look"

BEGIN: Final = "begin"
START_ACTIVITY: Final = "start-activity"
REPORT_ACTIVITY: Final = "report-activity"
FINISH_ACTIVITY: Final = "finish-activity"
REQUEST_GATE: Final = "request-gate"
SIGN_GATE: Final = "sign-gate"
HAND_IN_EVIDENCE: Final = "hand-in-evidence"
WAIVE_EVIDENCE: Final = "waive-evidence"
DECIDE_GATE: Final = "decide-gate"
SET_BASELINE: Final = "set-baseline"
REQUEST_CHANGE: Final = "request-change"
DECIDE_CHANGE: Final = "decide-change"
APPLY_DEFINITION: Final = "apply-definition"
REPORT_METRICS: Final = "report-metrics"
BOOK_COSTS: Final = "book-costs"
DECIDE_STOP: Final = "decide-stop"
CANCEL_ROADMAP: Final = "cancel-roadmap"
RUN_ACTIVITY: Final = "run-activity"
ANSWER_RISK: Final = "answer-risk"
CORRECT_PERIOD: Final = "correct-period"
FINISH_CORRECTION: Final = "finish-correction"
PROCESS_ENDED: Final = "process-ended"


ROADMAP_PREFIX: Final = "roadmap:"


def run_name(name: str, key: str) -> str:
    """Return what people call a roadmap that runs, as `crm-rollout/2027`; its register is called so, too."""
    return f"{name}/{key}"


def roadmap_id(name: str, key: str) -> str:
    """Return the id of the workflow that runs a roadmap."""
    return f"{ROADMAP_PREFIX}{run_name(name, key)}"


def is_roadmap(instance: str) -> bool:
    """Tell whether the id of a workflow is that of a roadmap."""
    return instance.startswith(ROADMAP_PREFIX)


def roadmap_definition(name: str) -> str:
    """Return under which name permissions and the inbox know the work of a roadmap."""
    return f"roadmap.{name}"


@dataclass(frozen=True, slots=True)
class RoadmapStart:
    """The argument of the workflow: the published document, its calendar as it was pinned, and the first day.

    `journal` is the state to go on from, in a new run of the same roadmap. `happened` is what was done before it was
    taken over: {id, started, finished?, percent?, cost?}, gates among it, in the order of their first days.
    """

    roadmap: str
    key: str
    version: str
    document: JSON
    calendar: JSON
    start: str
    by: str
    journal: JSON = None
    happened: list[JSON] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StartActivity:
    """An activity has begun."""

    activity: str
    by: str
    day: str = ""


@dataclass(frozen=True, slots=True)
class ReportActivity:
    """How far an activity is; what is not given stays as it was. `cost` is all that it has cost so far, by factor."""

    activity: str
    by: str
    percent: float | None = None
    remaining: int | None = None
    parts: list[int] | None = None
    cost: dict[str, str] | None = None
    documents: list[JSON] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True, slots=True)
class FinishActivity:
    """An activity is done; `documents` are the files that came of it ({id, name, sha256})."""

    activity: str
    by: str
    day: str = ""
    started: str = ""
    parts: list[int] | None = None
    cost: dict[str, str] | None = None
    documents: list[JSON] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True, slots=True)
class RequestGate:
    """A gate is to be decided; `documents` are files for its evidence, by the evidence's number as text from "0"."""

    gate: str
    by: str
    documents: dict[str, list[JSON]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SignGate:
    """Somebody signs a piece of evidence of a gate, for the owner that it names.

    The gate was requested, or approved without this signature, which was waived.
    """

    gate: str
    evidence: int
    by: str


@dataclass(frozen=True, slots=True)
class HandInEvidence:
    """Files for a piece of evidence of a gate that was requested, or approved without them."""

    gate: str
    evidence: int
    by: str
    documents: list[JSON]


@dataclass(frozen=True, slots=True)
class WaiveEvidence:
    """An approver lets a gate go without a piece of its evidence until a day."""

    gate: str
    evidence: int
    by: str
    reason: str
    until: str


@dataclass(frozen=True, slots=True)
class DecideGate:
    """One approver's word on a gate; `approver` is the owner they speak for."""

    gate: str
    by: str
    approver: str
    approve: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SetBaseline:
    """The plan as it is now is what is measured by from now on."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class RequestChange:
    """A change: by activity, its new `days` and `cost`; an emergency is in force at once, and ratified afterwards."""

    by: str
    what: str
    why: str
    edits: dict[str, JSON]
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class DecideChange:
    """What was decided on a change: approved, rejected or deferred."""

    change: str
    by: str
    decision: Literal["approved", "rejected", "deferred"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ApplyDefinition:
    """Another published version of the roadmap is in force from now on."""

    by: str
    version: str
    document: JSON
    calendar: JSON
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReportMetrics:
    """Figures that risks and stop criteria watch."""

    by: str
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True)
class BookCosts:
    """What the entries of activities come to, by activity and factor; `through` is the number of the last of them.

    Totals, not differences: told twice, or after later ones, they change nothing.
    """

    by: str
    costs: dict[str, dict[str, str]]
    through: int


@dataclass(frozen=True, slots=True)
class DecideStop:
    """What the sponsor decided after red periods: go on, plan anew (a new baseline), or stop."""

    by: str
    decision: Literal["continue", "re-plan", "stop"]
    reason: str


@dataclass(frozen=True, slots=True)
class CancelRoadmap:
    """The roadmap ends, and its tasks leave the inbox."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunActivity:
    """The process that does an activity is to be started, for the first time or again."""

    activity: str
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class AnswerRisk:
    """What is done about a risk that has come."""

    risk: str
    by: str
    decision: Literal["mitigated", "accepted", "issue"]
    note: str


@dataclass(frozen=True, slots=True)
class CorrectPeriod:
    """What is done about a month that was off the plan: {what, owner?, until?}; nothing, with a note that says why."""

    period: str
    by: str
    actions: list[JSON] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True, slots=True)
class FinishCorrection:
    """A corrective action of a month is done; actions are counted from 1."""

    period: str
    action: int
    by: str
    note: str = ""


Request = (
    StartActivity
    | ReportActivity
    | FinishActivity
    | RequestGate
    | SignGate
    | HandInEvidence
    | WaiveEvidence
    | DecideGate
    | SetBaseline
    | RequestChange
    | DecideChange
    | ApplyDefinition
    | ReportMetrics
    | BookCosts
    | DecideStop
    | CancelRoadmap
    | RunActivity
    | AnswerRisk
    | CorrectPeriod
    | FinishCorrection
)
UPDATES: Final[Mapping[type[Request], str]] = {
    StartActivity: START_ACTIVITY,
    ReportActivity: REPORT_ACTIVITY,
    FinishActivity: FINISH_ACTIVITY,
    RequestGate: REQUEST_GATE,
    SignGate: SIGN_GATE,
    HandInEvidence: HAND_IN_EVIDENCE,
    WaiveEvidence: WAIVE_EVIDENCE,
    DecideGate: DECIDE_GATE,
    SetBaseline: SET_BASELINE,
    RequestChange: REQUEST_CHANGE,
    DecideChange: DECIDE_CHANGE,
    ApplyDefinition: APPLY_DEFINITION,
    ReportMetrics: REPORT_METRICS,
    BookCosts: BOOK_COSTS,
    DecideStop: DECIDE_STOP,
    CancelRoadmap: CANCEL_ROADMAP,
    RunActivity: RUN_ACTIVITY,
    AnswerRisk: ANSWER_RISK,
    CorrectPeriod: CORRECT_PERIOD,
    FinishCorrection: FINISH_CORRECTION,
}
"""Under which name the workflow takes each of them."""


@dataclass(frozen=True, slots=True)
class Done:
    """The answer to an act: the number of its event, when the roadmap ends now, and how many activities moved by it."""

    event: int
    finish: str
    moved: int = 0
    state: str = ""


@dataclass(frozen=True, slots=True)
class AskEvidence:
    """What a gate asks of the running system at a moment of the roadmap; `limits` are `least` and `most`.

    `roadmap` says whose register it is, by name and key; until those were parted it was the name alone.
    """

    roadmap: str
    fact: str
    of: str
    limits: dict[str, float] = field(default_factory=dict)
    at: str = ""


@dataclass(frozen=True, slots=True)
class AskMetrics:
    """Which figures risks and stop criteria watch, each {metric, of}; the answer are those that the hub has.

    `roadmap` as in `AskEvidence`.
    """

    roadmap: str
    wanted: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class StartProcess:
    """The process that does an activity; `roadmap` is the id of the one that starts it, and hears of its end.

    `input` is as the definition has it: the expressions in it are evaluated where the process is started.
    """

    roadmap: str
    process: str
    key: str
    input: JSON
    activity: str = ""


@dataclass(frozen=True, slots=True)
class ProcessStarted:
    """That it runs, on a version; or else the `problem` that keeps it from being started."""

    version: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ProcessEnded:
    """How a process ended that does an activity: completed, faulted or cancelled.

    `passed` and `outcome` are what its output says of itself, None and nothing where it says nothing. `by` are those
    who did its tasks, `documents` the files that its output names, `reason` is why it did not get through.
    """

    instance: str
    state: str
    passed: bool | None = None
    outcome: str = ""
    reason: str = ""
    by: list[str] = field(default_factory=list)
    documents: list[JSON] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RoadmapNews:
    """What happened to a roadmap, in order, and how it is after the last of it.

    `steps` are the activities and gates that differ from what was told before, `gone` those that are no longer there.
    Of open tasks, `moved` says {id, dueAt, raised}. `journal` is all that it remembers, once it has ended.
    """

    id: str
    run: JSON
    events: list[JSON]
    steps: list[JSON] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    opened: list[HumanTask] = field(default_factory=list)
    moved: list[JSON] = field(default_factory=list)
    escalated: list[TaskChange] = field(default_factory=list)
    closed: list[CloseTask] = field(default_factory=list)
    journal: JSON = None
