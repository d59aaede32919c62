"""What is done with a roadmap that runs: every act is answered at once, with what it moved."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.schemas import Model
from api.rest.subject import subject
from cauce import roadmaps
from cauce.roadmaps import Request, roadmap_id
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import running, running_plans

JSON = Any
_PLACE = "/roadmaps/running/{name}/{key}"
router = subject("roadmaps", _PLACE)
_REFUSED: Any = documented(403, 404, 409, 422, 503)
Amount = Annotated[Decimal, Field(ge=0, le=10**12, max_digits=16)]
Factor = Literal["training", "data", "integration", "management"]
Text = Annotated[str, Field(max_length=2_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Given(BaseModel):
    """What is asked for; what is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class Done(Model):
    """What an act came to."""

    event: int = Field(examples=[98])
    finish: date = Field(description="When the roadmap ends now.")
    moved: int = Field(description="How many activities and gates moved by it.", examples=[4])
    state: Literal["running", "completed", "stopped", "cancelled"]


class OtherDefinition(Given):
    """Which version of the definition is to be in force."""

    version: str | None = Field(default=None, description="The latest if none is given.", examples=["3"])
    reason: Text = ""


class File(Given):
    """A file that is attached to a task of the roadmap."""

    name: str = Field(max_length=300, examples=["requirements.pdf"])
    sha256: str = Field(min_length=64, max_length=64, examples=["9f" * 32])
    size: int | None = None
    type: str | None = Field(default=None, max_length=200)


class ActivityStart(Given):
    """That an activity has begun."""

    day: date | None = Field(default=None, description="Today if not given.", examples=["2027-01-11"])


class ActivityReport(Given):
    """How far an activity is; what is not given stays as it was."""

    percent: float | None = Field(default=None, ge=0, le=100, examples=[50])
    remaining: int | None = Field(default=None, ge=0, le=5_000, description="Working days.", examples=[3])
    parts: list[Annotated[int, Field(ge=1, le=100)]] | None = Field(default=None, max_length=100)
    cost: dict[Factor, Amount] | None = Field(
        default=None, description="All that it has cost so far.", examples=[{"management": "800.00"}]
    )
    documents: list[File] = Field(default=[], max_length=50)
    note: Text = ""


class ActivityEnd(Given):
    """That an activity is done."""

    day: date | None = Field(default=None, description="Today if not given.")
    started: date | None = Field(default=None, description="If nobody has said so before.")
    parts: list[Annotated[int, Field(ge=1, le=100)]] | None = Field(default=None, max_length=100)
    cost: dict[Factor, Amount] | None = Field(default=None, examples=[{"management": "1450.00"}])
    documents: list[File] = Field(default=[], max_length=50)
    note: Text = ""


class ActivityRun(Given):
    """That the process of an activity is to be started."""

    note: Text = Field(default="", description="Why it is started again.", examples=["One more vendor has been found."])


class GateRequest(Given):
    """That a gate is to be decided."""

    documents: dict[str, list[File]] = Field(
        default={},
        max_length=100,
        description="Files by the number of the evidence, from 0.",
        examples=[{"0": [{"name": "requirements.pdf", "sha256": "9f" * 32}]}],
    )


class GateSignature(Given):
    """Which evidence is signed."""

    evidence: int = Field(ge=0, le=100, examples=[1])


class HandIn(Given):
    """Files for a piece of evidence."""

    evidence: int = Field(ge=0, le=100, examples=[0])
    documents: list[File] = Field(
        min_length=1, max_length=50, examples=[[{"name": "licence.pdf", "sha256": "9f" * 32}]]
    )


class Waiver(Given):
    """Which evidence a gate may do without, why and until when."""

    evidence: int = Field(ge=0, le=100, examples=[2])
    reason: Text = Field(examples=["The licence comes in May."])
    until: date


class GateDecision(Given):
    """One approver's word."""

    approver: Name = Field(description="The owner you speak for.", examples=["sponsor"])
    approve: bool
    reason: Text = Field(default="", description="Needed to refuse.")


class Reason(Given):
    """Why."""

    reason: Text = Field(examples=["The scope has grown."])


class Edit(Given):
    """What becomes of an activity."""

    days: int | None = Field(default=None, ge=0, le=5_000, examples=[15])
    cost: dict[Factor, Amount] | None = Field(default=None, examples=[{"integration": "22000"}])

    def wanted(self) -> dict[str, JSON]:
        """Return it as the services take it."""
        found: dict[str, JSON] = {} if self.days is None else {"days": self.days}
        return found if self.cost is None else {**found, "cost": _cost(self.cost)}


class ChangeRequest(Given):
    """A change of the plan."""

    what: Text = Field(examples=["A second pilot"])
    why: Text = Field(examples=["The first one had too few orders."])
    edits: dict[str, Edit] = Field(max_length=500, examples=[{"run-pilot": {"days": 30}}])
    emergency: bool = Field(default=False, description="In force at once, to be ratified.")


class ChangeDecision(Given):
    """What was decided on a change."""

    decision: Literal["approved", "rejected", "deferred"]
    reason: Text = Field(default="", examples=["It pays for itself."])


class ReportedFigures(Given):
    """Figures that risks and stop criteria watch."""

    metrics: dict[str, float] = Field(max_length=500, examples=[{"adoption": 0.6}])


class StopDecision(Given):
    """What the sponsor decided."""

    decision: Literal["continue", "re-plan", "stop"]
    reason: Text = Field(examples=["The pilot has shown what it can do."])


def _text(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _cost(given: dict[Factor, Amount] | None) -> dict[str, str] | None:
    return None if given is None else {factor: str(amount) for factor, amount in given.items()}


def _files(given: list[File]) -> list[JSON]:
    return [each.model_dump(exclude_none=True) for each in given]


async def _act(hub: Hub, actor: Actor, name: str, key: str, request: Request) -> Done:
    return Done.model_validate(await running.act(hub, actor, roadmap_id(name, key), request))


@router.post("/activities/{activity}/start", responses=_REFUSED)
async def start_activity(
    hub: HubDep, actor: CallerDep, name: str, key: str, activity: str, given: ActivityStart
) -> Done:
    """Say that an activity has begun."""
    return await _act(hub, actor, name, key, roadmaps.StartActivity(activity, actor.name, _text(given.day)))


@router.post("/activities/{activity}/report", responses=_REFUSED)
async def report_activity(
    hub: HubDep, actor: CallerDep, name: str, key: str, activity: str, given: ActivityReport
) -> Done:
    """Say how far an activity is; one that has not begun begins by it."""
    request = roadmaps.ReportActivity(
        activity,
        actor.name,
        percent=given.percent,
        remaining=given.remaining,
        parts=given.parts,
        cost=_cost(given.cost),
        documents=_files(given.documents),
        note=given.note,
    )
    return await _act(hub, actor, name, key, request)


@router.post("/activities/{activity}/finish", responses=_REFUSED)
async def finish_activity(
    hub: HubDep, actor: CallerDep, name: str, key: str, activity: str, given: ActivityEnd
) -> Done:
    """Say that an activity is done."""
    request = roadmaps.FinishActivity(
        activity,
        actor.name,
        day=_text(given.day),
        started=_text(given.started),
        parts=given.parts,
        cost=_cost(given.cost),
        documents=_files(given.documents),
        note=given.note,
    )
    return await _act(hub, actor, name, key, request)


@router.post("/activities/{activity}/run", responses=_REFUSED)
async def run_activity(hub: HubDep, actor: CallerDep, name: str, key: str, activity: str, given: ActivityRun) -> Done:
    """Start the process of an activity: again when it did not get through, or of one that was begun by hand."""
    return await _act(hub, actor, name, key, roadmaps.RunActivity(activity, actor.name, given.note))


@router.post("/gates/{gate}/request", responses=_REFUSED)
async def request_gate(hub: HubDep, actor: CallerDep, name: str, key: str, gate: str, given: GateRequest) -> Done:
    """Put a gate to those who decide it; its evidence is asked for now, and again when they do."""
    files = {number: _files(each) for number, each in given.documents.items()}
    return await _act(hub, actor, name, key, roadmaps.RequestGate(gate, actor.name, files))


@router.post("/gates/{gate}/sign", responses=_REFUSED)
async def sign_gate(hub: HubDep, actor: CallerDep, name: str, key: str, gate: str, given: GateSignature) -> Done:
    """Sign a piece of evidence, also one that an approved gate was let go without."""
    return await _act(hub, actor, name, key, roadmaps.SignGate(gate, given.evidence, actor.name))


@router.post("/gates/{gate}/documents", responses=_REFUSED)
async def hand_in_evidence(hub: HubDep, actor: CallerDep, name: str, key: str, gate: str, given: HandIn) -> Done:
    """Hand in files that came after a gate was asked for; an approved one waits for those that were waived."""
    request = roadmaps.HandInEvidence(gate, given.evidence, actor.name, _files(given.documents))
    return await _act(hub, actor, name, key, request)


@router.post("/gates/{gate}/waive", responses=_REFUSED)
async def waive_evidence(hub: HubDep, actor: CallerDep, name: str, key: str, gate: str, given: Waiver) -> Done:
    """Let a gate do without a piece of its evidence until a day."""
    until = given.until.isoformat()
    request = roadmaps.WaiveEvidence(gate, given.evidence, actor.name, given.reason, until)
    return await _act(hub, actor, name, key, request)


@router.post("/gates/{gate}/decide", responses=_REFUSED)
async def decide_gate(hub: HubDep, actor: CallerDep, name: str, key: str, gate: str, given: GateDecision) -> Done:
    """Give an approver's word; an approval is refused while a piece of evidence does not hold."""
    request = roadmaps.DecideGate(gate, actor.name, given.approver, approve=given.approve, reason=given.reason)
    return await _act(hub, actor, name, key, request)


@router.post("/baselines", responses=_REFUSED)
async def set_baseline(hub: HubDep, actor: CallerDep, name: str, key: str, given: Reason) -> Done:
    """Keep the plan as it is now, to be measured by."""
    return await _act(hub, actor, name, key, roadmaps.SetBaseline(actor.name, given.reason))


@router.post("/changes", responses=_REFUSED)
async def request_change(hub: HubDep, actor: CallerDep, name: str, key: str, given: ChangeRequest) -> Done:
    """Ask for a change; its impact says who decides on it."""
    edits = {activity: edit.wanted() for activity, edit in given.edits.items()}
    request = roadmaps.RequestChange(actor.name, given.what, given.why, edits, emergency=given.emergency)
    return await _act(hub, actor, name, key, request)


@router.post("/changes/{change}/decide", responses=_REFUSED)
async def decide_change(hub: HubDep, actor: CallerDep, name: str, key: str, change: str, given: ChangeDecision) -> Done:
    """Decide on a change; an approved one makes a new baseline."""
    request = roadmaps.DecideChange(change, actor.name, given.decision, given.reason)
    return await _act(hub, actor, name, key, request)


@router.post("/definition", responses=_REFUSED)
async def apply_definition(hub: HubDep, actor: CallerDep, name: str, key: str, given: OtherDefinition) -> Done:
    """Put another published version of the definition in force; what has happened stays."""
    identity = roadmap_id(name, key)
    return Done.model_validate(await running_plans.apply(hub, actor, identity, given.version, given.reason))


@router.post("/metrics", responses=_REFUSED)
async def report_metrics(hub: HubDep, actor: CallerDep, name: str, key: str, given: ReportedFigures) -> Done:
    """Give figures that risks and stop criteria watch."""
    return await _act(hub, actor, name, key, roadmaps.ReportMetrics(actor.name, given.metrics))


@router.post("/stop", responses=_REFUSED)
async def decide_stop(hub: HubDep, actor: CallerDep, name: str, key: str, given: StopDecision) -> Done:
    """Say whether it goes on, when that was asked."""
    return await _act(hub, actor, name, key, roadmaps.DecideStop(actor.name, given.decision, given.reason))


@router.post("/cancel", responses=_REFUSED)
async def cancel_roadmap(hub: HubDep, actor: CallerDep, name: str, key: str, given: Reason) -> Done:
    """End it; what has happened is kept."""
    return await _act(hub, actor, name, key, roadmaps.CancelRoadmap(actor.name, given.reason))
