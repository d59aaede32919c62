"""What is done about roadmaps that are off their course: risks that have come, and months that were off the plan."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.running_acts import Done, Given, Name, Text
from api.rest.subject import subject
from cauce import roadmaps
from cauce.roadmaps import Request, roadmap_id
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import running

_REFUSED: Any = documented(403, 404, 409, 422, 503)
router = subject("roadmaps", "/roadmaps/running/{name}/{key}")


class RiskAnswer(Given):
    """What is done about a risk that has come."""

    decision: Literal["mitigated", "accepted", "issue"]
    note: Text = Field(min_length=1, examples=["Two more trainers, until adoption is above 0.7."])


class Action(Given):
    """Something that brings the roadmap back on its course."""

    what: Text = Field(min_length=1, examples=["Two more integrators"])
    owner: Name | None = Field(default=None, description="One of its owners; who plans if not given.", examples=["it"])
    until: date | None = Field(default=None, description="A fortnight from now if not given.", examples=["2027-05-20"])

    def wanted(self) -> dict[str, str]:
        """Return it as the services take it."""
        return self.model_dump(mode="json", exclude_none=True)


class Correction(Given):
    """What is done about a month that was off the plan."""

    actions: list[Action] = Field(default=[], max_length=20, examples=[[{"what": "More integrators", "owner": "it"}]])
    note: Text = Field(default="", description="Why; needed without actions.", examples=["Two of four are ill."])


class ActionDone(Given):
    """That a corrective action is done."""

    note: Text = Field(default="", examples=["They start on Monday."])


@router.post("/risks/{risk}/answer", responses=_REFUSED)
async def answer_risk(hub: HubDep, actor: CallerDep, name: str, key: str, risk: str, given: RiskAnswer) -> Done:
    """Say what is done about a risk that has come."""
    return await _act(hub, actor, name, key, roadmaps.AnswerRisk(risk, actor.name, given.decision, given.note))


@router.post("/periods/{period}/correct", responses=_REFUSED)
async def correct_period(hub: HubDep, actor: CallerDep, name: str, key: str, period: str, given: Correction) -> Done:
    """Say what is done about a month that was off the plan; each action is a task of its owner."""
    actions = [each.wanted() for each in given.actions]
    return await _act(hub, actor, name, key, roadmaps.CorrectPeriod(period, actor.name, actions, given.note))


@router.post("/periods/{period}/actions/{number}/done", responses=_REFUSED)
async def finish_correction(
    hub: HubDep,
    actor: CallerDep,
    name: str,
    key: str,
    period: str,
    number: Annotated[int, Field(ge=1, le=20)],
    given: ActionDone,
) -> Done:
    """Say that a corrective action is done; they are counted from 1."""
    return await _act(hub, actor, name, key, roadmaps.FinishCorrection(period, number, actor.name, given.note))


async def _act(hub: Hub, actor: Actor, name: str, key: str, request: Request) -> Done:
    return Done.model_validate(await running.act(hub, actor, roadmap_id(name, key), request))
