"""Who may do what with a roadmap that runs: a manager plans, owners report on theirs, approvers decide."""

from collections.abc import Mapping
from typing import Any, Protocol

from cauce import roadmaps
from cauce.errors import ForbiddenError, InputError, NotFoundError
from cauce.permissions import Thing
from cauce.roadmaps import Request
from cauce.services.hub import Actor
from cauce.services.roadmaps.plans import readers
from cauce.store import roadmaps as stored
from cauce.store.models import RoadmapRun, RoadmapStep
from cauce.store.session import Db

JSON = Any


def thing_of(run: RoadmapRun) -> Thing:
    """Return what permissions say of a roadmap."""
    return Thing.of(roadmaps.roadmap_definition(run.roadmap))


def may_see(actor: Actor, run: RoadmapRun) -> bool:
    """Tell whether somebody may look at a roadmap."""
    return actor.decide("see", thing_of(run), *readers).allowed


def may_plan(actor: Actor, run: RoadmapRun) -> bool:
    """Tell whether somebody plans it: a manager, or who is the owner that plans."""
    return actor.decide("supervise", thing_of(run), "manager").allowed or speaks_for(actor, run, run.planner)


class Owned(Protocol):
    """What has owners: a roadmap in the store, or as it is shown."""

    @property
    def owners(self) -> Mapping[str, Mapping[str, str]]:
        """Which group or person is behind each."""
        ...


def speaks_for(actor: Actor, run: Owned, owner: str) -> bool:
    """Tell whether somebody is one of those behind an owner; administrators are."""
    whose = run.owners.get(owner) or {}
    return actor.may() or whose.get("user") == actor.name or whose.get("group") in actor.groups


def may_work(actor: Actor, run: RoadmapRun, step: RoadmapStep) -> bool:
    """Tell whether somebody may report on an activity, or decide a gate."""
    if step.kind == "gate":
        return any(speaks_for(actor, run, each) for each in step.approvers)
    return speaks_for(actor, run, step.owner) or may_plan(actor, run)


async def check(db: Db, actor: Actor, run: RoadmapRun, request: Request, document: JSON) -> None:
    """Refuse who may not do what is asked for; raises `ForbiddenError`."""
    match request:
        case roadmaps.StartActivity() | roadmaps.ReportActivity() | roadmaps.FinishActivity() | roadmaps.RunActivity():
            step = await _step(db, run, request.activity)
            allowed, who = may_work(actor, run, step), step.owner
        case roadmaps.RequestGate() | roadmaps.HandInEvidence():
            step = await _step(db, run, request.gate)
            owners = {each.owner for each in await stored.steps(db, run.id) if each.phase == step.phase}
            allowed = may_plan(actor, run) or any(speaks_for(actor, run, each) for each in {*owners, *step.approvers})
            who = ", ".join(sorted(owners))
        case roadmaps.WaiveEvidence():
            step = await _step(db, run, request.gate)
            allowed, who = any(speaks_for(actor, run, each) for each in step.approvers), ", ".join(step.approvers)
        case roadmaps.DecideGate():
            await _step(db, run, request.gate)
            allowed, who = speaks_for(actor, run, request.approver), request.approver
        case roadmaps.SignGate() | roadmaps.DecideChange() | roadmaps.DecideStop():
            who = await _alone(db, run, request, document)
            allowed = speaks_for(actor, run, who)
        case roadmaps.AnswerRisk() | roadmaps.FinishCorrection():
            who = await _asked(db, run, request, document)
            allowed = may_plan(actor, run) or speaks_for(actor, run, who)
        case roadmaps.RequestChange():
            mine = any(speaks_for(actor, run, each) for each in run.owners)
            allowed, who = mine or may_plan(actor, run), "one of the owners"
        case _:
            allowed, who = may_plan(actor, run), run.planner
    if not allowed:
        hint = f"It takes the owner {who}; `owners` of the roadmap say which group or person that is."
        raise ForbiddenError(f"'{actor.name}' may not do this in the roadmap {run.roadmap}.", hint=hint)


async def _step(db: Db, run: RoadmapRun, name: str) -> RoadmapStep:
    found = await stored.step(db, run.id, name)
    if found is None:
        problem = f"There is no activity or gate `{name[:100]}` in this roadmap."
        raise NotFoundError(problem, hint="`cauce roadmap show` lists them; one of a wave is `id.wave`.")
    return found


def _signer(document: JSON, request: roadmaps.SignGate) -> str:
    written = request.gate.partition(".")[0]
    gates = [phase["gate"] for phase in document["phases"] if phase["gate"]["id"] == written]
    evidence = [each for gate in gates for each in gate.get("evidence") or []]
    if not 0 <= request.evidence < len(evidence) or "signature" not in evidence[request.evidence]:
        raise InputError(
            f"Nobody signs evidence {request.evidence} of `{request.gate[:100]}`.", hint="Look at the gate."
        )
    return str(evidence[request.evidence]["signature"])


async def _decider(db: Db, run: RoadmapRun, change: str) -> str:
    for each in await stored.events(db, run.id, kinds=["change-requested"], limit=10_000):
        if each.about == change:
            return str(each.data["decides"])
    raise NotFoundError(f"There is no change `{change[:40]}`.", hint="Look at the changes of the roadmap.")


async def _alone(
    db: Db, run: RoadmapRun, request: roadmaps.SignGate | roadmaps.DecideChange | roadmaps.DecideStop, document: JSON
) -> str:
    """Return who alone may do this, whoever plans."""
    match request:
        case roadmaps.SignGate():
            return _signer(document, request)
        case roadmaps.DecideChange():
            return await _decider(db, run, request.change)
        case _:
            return run.sponsor


async def _asked(
    db: Db, run: RoadmapRun, request: roadmaps.AnswerRisk | roadmaps.FinishCorrection, document: JSON
) -> str:
    """Return who watches a risk, or does a corrective action."""
    if isinstance(request, roadmaps.AnswerRisk):
        for each in document.get("risks") or []:
            if each["id"] == request.risk:
                return str(each["owner"])
        raise NotFoundError(f"There is no risk `{request.risk[:64]}`.", hint="Look at the registers of the roadmap.")
    for event in await stored.events(db, run.id, kinds=["period-corrected"], limit=10_000):
        if event.about == request.period and 1 <= request.action <= len(event.data["actions"]):
            return str(event.data["actions"][request.action - 1]["owner"])
    problem = f"There is no action {request.action} of {request.period[:20]}."
    raise NotFoundError(problem, hint="The page Money of the roadmap has them.")
