"""Roadmaps that run: started, looked at, and acted on."""

import asyncio
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import Query, Response
from pydantic import Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.roadmaps import Figures, Happened, Plan, actuals_of
from api.rest.running_acts import Edit, Given
from api.rest.schemas import Model, Page
from api.rest.subject import subject
from cauce.roadmaps import roadmap_id
from cauce.services.roadmaps import running, running_plans, what_if
from cauce.services.roadmaps.standing import standing

JSON = Any
router = subject("roadmaps", "/roadmaps/running")
_PLACE = "/{name}/{key}"


class StartRoadmap(Given):
    """Which roadmap starts."""

    roadmap: str = Field(min_length=1, max_length=200, examples=["crm-rollout"])
    key: str | None = Field(default=None, max_length=200, description="The year if none is given.", examples=["2027"])
    start: date | None = Field(default=None, description="Its first day; as it is written if not given.")
    version: str | None = Field(default=None, examples=["2"])
    happened: list[Happened] = Field(
        default=[],
        max_length=5_000,
        description="What was done before it is taken over, gates among it.",
        examples=[[{"activity": "appoint-leads", "started": "2027-01-11", "finished": "2027-01-13"}]],
    )


class Run(Model):
    """A roadmap that runs or ran."""

    id: str = Field(examples=["roadmap:crm-rollout/2027"])
    roadmap: str = Field(examples=["crm-rollout"])
    key: str = Field(examples=["2027"])
    version: str = Field(examples=["2"])
    title: JSON = Field(examples=[{"en": "CRM roll-out"}])
    state: Literal["running", "completed", "stopped", "cancelled"]
    start: date
    finish: date = Field(description="When it ends by the plan of today.")
    baseline_finish: date = Field(description="When it was to end by the baseline that is in force.")
    light: Literal["", "green", "amber", "red"] = Field(description="How its last month was.")
    phase: str = Field(examples=["F2"])
    done: int = Field(description="So many of its activities and gates are done.", examples=[12])
    steps: int = Field(examples=[58])
    risks: list[str] = Field(description="Those that have come.", examples=[["R-05"]])
    event: int = Field(description="The number of the last thing that happened.", examples=[97])
    by: str = Field(examples=["ana"])
    begun_at: datetime
    ended_at: datetime | None


class RunStep(Model):
    """An activity or a gate of a roadmap that runs."""

    id: str = Field(examples=["sign-requirements"])
    kind: Literal["activity", "gate"]
    phase: str = Field(examples=["F1"])
    wave: str = Field(examples=["north"])
    title: JSON = Field(examples=[{"en": "Sign the requirements"}])
    pillar: str = Field(examples=["processes"])
    owner: str = Field(examples=["key-users"])
    approvers: list[str] = Field(description="Of a gate.", examples=[["sponsor"]])
    state: Literal["waiting", "ready", "started", "done", "requested", "approved", "rejected", "cancelled"]
    start: date | None = Field(description="Planned, or as it was.")
    finish: date | None = Field(description="Planned, or as it was.")
    started: date | None
    finished: date | None
    baseline_start: date | None
    baseline_finish: date | None
    total_float: int = Field(examples=[3])
    critical: bool
    percent: float | None = Field(examples=[50])
    budget: str = Field(examples=["1500"])
    spent: str = Field(examples=["800.00"])
    process: JSON = Field(
        description="What does it: asked, running, ended (and how), leaving or left; null when people do.",
        examples=[
            {
                "process": "roadmap.select-vendor",
                "instance": "roadmap.select-vendor/crm-rollout/2027/select-vendor",
                "round": 1,
                "state": "running",
                "version": "1.0.0",
            }
        ],
    )
    may_act: bool = Field(description="Whether you may report on it, or decide it.")


class RunDetail(Model):
    """A roadmap that runs, with its activities and gates."""

    run: Run
    steps: list[RunStep]
    owners: dict[str, dict[str, str]] = Field(examples=[{"sponsor": {"group": "sponsors"}}])
    may_plan: bool = Field(description="Whether you may change its plan.")


class Supposed(Edit):
    """What might become of an activity or a gate: what a change may ask for, and more."""

    shift: int = Field(default=0, ge=-2_000, le=2_000, description="Working days later.", examples=[5])
    drop: bool = Field(default=False, description="It is not done at all; what waits for it goes on.")

    def asked(self, activity: str) -> what_if.Edit:
        """Return it as the service takes it."""
        whole = {str(factor): amount for factor, amount in (self.cost or {}).items()}
        return what_if.Edit(activity, self.shift, self.days, self.drop, budget=whole)


class WhatIf(Given):
    """What might be changed."""

    edits: dict[str, Supposed] = Field(max_length=500, examples=[{"run-pilot": {"days": 30, "shift": 5}}])


class Impact(Model):
    """What it would do to dates and cost; without what is of money for whom that is closed to."""

    before: date = Field(description="When the roadmap ends by the plan of today.")
    finish: date = Field(description="When it would end.")
    days: int = Field(description="Working days later.", examples=[10])
    moved: int = Field(description="So many activities and gates would move.", examples=[7])
    critical: list[str] = Field(description="What would be critical and is not now.", examples=[["run-pilot"]])
    cost: dict[str, str] | None = Field(description="More by factor.", examples=[{"integration": "1200"}])
    percent: str | None = Field(description="More, in percent of the budget.", examples=["1.20"])
    eac: str | None = Field(description="The estimate at completion of today.", examples=["410000.00"])
    eac_then: str | None = Field(description="What it would be.", examples=["411200.00"])


class WhatIfAnswer(Model):
    """The plan that would be, and what that means for dates and cost."""

    plan: Plan
    impact: Impact


class Preview(Model):
    """What another version of the definition would move."""

    version: str = Field(examples=["3"])
    plan: Plan = Field(description="Its shifts are against the plan of today.")
    kept: list[str] = Field(description="What has begun and is not in it: it is cancelled, and kept.", examples=[[]])


class RunEvent(Model):
    """One thing that happened to a roadmap."""

    number: int = Field(examples=[12])
    kind: str = Field(examples=["activity-finished"])
    at: datetime
    by: str = Field(examples=["ana"])
    about: str = Field(description="The activity, gate, change or risk.", examples=["sign-requirements"])
    data: JSON = Field(examples=[{"day": "2027-03-05"}])


class Decision(Model):
    """What was decided at a gate, with its evidence as it was at that moment."""

    number: int = Field(examples=[40])
    gate: str = Field(examples=["G1"])
    round: int = Field(description="How often it had been asked for.", examples=[1])
    outcome: Literal["approved", "rejected"]
    by: str = Field(examples=["ana"])
    at: datetime
    evidence: JSON = Field(examples=[[{"kind": "fact", "holds": True, "value": 0.0, "asked": "dead-letters"}]])


class Baseline(Model):
    """A plan that was kept to be measured by."""

    number: int = Field(examples=[2])
    at: datetime
    by: str = Field(examples=["ana"])
    reason: str = Field(examples=["C-1: a second pilot"])
    finish: date
    budget: str = Field(examples=["325500"])
    plan: JSON = Field(description="First and last day.", examples=[{"set-vision": ["2027-01-14", "2027-01-27"]}])


@router.post("", status_code=HTTPStatus.CREATED, responses=documented(404, 409, 422, 503))
async def start_roadmap(hub: HubDep, actor: CallerDep, response: Response, given: StartRoadmap) -> Run:
    """Start a published roadmap, or take over one that is under way."""
    found = await running.start(
        hub,
        actor,
        given.roadmap,
        key=given.key,
        day=given.start,
        version=given.version,
        happened=actuals_of(given.happened),
    )
    response.headers["Location"] = f"/api/v1/roadmaps/running/{found.roadmap}/{found.key}"
    return Run.model_validate(found)


@router.get("", responses=documented())
async def list_running(
    hub: HubDep,
    actor: CallerDep,
    *,
    state: Literal["running", "completed", "stopped", "cancelled"] | None = None,
    roadmap: Annotated[str | None, Query(examples=["crm-rollout"])] = None,
) -> Page[Run]:
    """List the roadmaps that run or ran; there are few, so they come in one page."""
    found = await running.list_running(hub, actor, state=state, roadmap=roadmap)
    return Page(items=[Run.model_validate(each) for each in found])


@router.get(_PLACE, responses=documented(404))
async def get_running(hub: HubDep, actor: CallerDep, name: str, key: str) -> RunDetail:
    """Return a roadmap that runs, with its activities and gates."""
    return RunDetail.model_validate(await running.running(hub, actor, roadmap_id(name, key)))


@router.get(f"{_PLACE}/plan", responses=documented(404, 503))
async def get_running_plan(hub: HubDep, actor: CallerDep, name: str, key: str) -> Plan:
    """Return the plan of today, with shifts against the baseline that is in force."""
    return Plan.model_validate(await running_plans.plan(hub, actor, roadmap_id(name, key)))


@router.post(f"{_PLACE}/what-if", responses=documented(404, 409, 422, 503))
async def what_if_running(hub: HubDep, actor: CallerDep, name: str, key: str, given: WhatIf) -> WhatIfAnswer:
    """Compute the plan with activities that are later, longer, dearer or not done; nothing is kept."""
    found = await standing(hub, actor, roadmap_id(name, key))
    edits = [edit.asked(activity) for activity, edit in given.edits.items()]
    outcome = await asyncio.to_thread(what_if.what_if, found, edits)
    return WhatIfAnswer(plan=Plan.model_validate(outcome.plan), impact=_impact(outcome))


def _impact(outcome: what_if.Outcome) -> Impact:
    money = outcome.money
    return Impact(
        before=outcome.finish,
        finish=outcome.finish_then,
        days=outcome.days,
        moved=len(outcome.moved),
        critical=outcome.critical,
        cost={factor: str(amount) for factor, amount in money.more.items()} if money else None,
        percent=str(money.percent) if money else None,
        eac=str(money.eac) if money else None,
        eac_then=str(money.eac_then) if money else None,
    )


@router.get(f"{_PLACE}/figures", responses=documented(404, 503))
async def get_running_figures(hub: HubDep, actor: CallerDep, name: str, key: str) -> Figures:
    """Return budget, earned value, forecasts and risks of today, by the baseline that is in force."""
    return Figures.model_validate(await running_plans.figures(hub, actor, roadmap_id(name, key)))


@router.get(f"{_PLACE}/definition", responses=documented(404, 409, 422, 503))
async def preview_definition(
    hub: HubDep,
    actor: CallerDep,
    name: str,
    key: str,
    *,
    version: Annotated[str | None, Query(description="The latest if none is given.", examples=["3"])] = None,
) -> Preview:
    """Return what another published version would move, before it is applied."""
    return Preview.model_validate(await running_plans.preview(hub, actor, roadmap_id(name, key), version))


@router.get(f"{_PLACE}/events", responses=documented(404))
async def get_history(
    hub: HubDep,
    actor: CallerDep,
    name: str,
    key: str,
    *,
    after: Annotated[int, Query(ge=0, description="The number of the last event that is known.", examples=[0])] = 0,
) -> Page[RunEvent]:
    """Return what happened to a roadmap, in order."""
    found = await running.history(hub, actor, roadmap_id(name, key), after=after)
    more = None
    if len(found) == running.most_rows:
        more = f"/api/v1/roadmaps/running/{name}/{key}/events?after={found[-1].number}"
    return Page(items=[RunEvent.model_validate(each) for each in found], next=more)


@router.get(f"{_PLACE}/decisions", responses=documented(404))
async def get_decisions(hub: HubDep, actor: CallerDep, name: str, key: str) -> Page[Decision]:
    """Return what was decided at its gates."""
    found = await running.decisions(hub, actor, roadmap_id(name, key))
    return Page(items=[Decision.model_validate(each) for each in found])


@router.get(f"{_PLACE}/baselines", responses=documented(404))
async def get_baselines(hub: HubDep, actor: CallerDep, name: str, key: str) -> Page[Baseline]:
    """Return the plans that were kept of it."""
    found = await running.baselines(hub, actor, roadmap_id(name, key))
    return Page(items=[Baseline.model_validate(each) for each in found])
