"""The work of everybody, for those who oversee it: who has how much, and giving it to others."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import Query, Request
from pydantic import BaseModel, Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.paging import Limit, next_page
from api.rest.schemas import Model, Page, TaskSummary
from api.rest.subject import subject
from api.rest.task_schemas import BatchResult, BatchRow
from cauce.services.teamwork import team

router = subject("team", "/team")


class Load(Model):
    """How many open tasks wait for a group, and nobody has taken."""

    name: str = Field(description="The group; empty for what is for anybody.", examples=["sales"])
    open: int = Field(examples=[7])
    late: int = Field(examples=[1])
    today: int = Field(description="Due until the end of the day.", examples=[2])


class Member(Model):
    """What somebody has to do, and whether they are there."""

    name: str = Field(examples=["ana"])
    full_name: str = Field(examples=["Ana Ruiz"])
    groups: list[str] = Field(examples=[["sales"]])
    active: bool = Field(description="Whether the account is open.", examples=[True])
    open: int = Field(examples=[7])
    late: int = Field(examples=[1])
    today: int = Field(description="Due until the end of the day.", examples=[2])
    capacity: float = Field(description="How much they take; 1 is usual.", examples=[0.5])
    weight: float | None = Field(description="Open tasks by capacity; null when they take nothing.", examples=[14.0])
    away_until: date | None = Field(description="The last day of their absence, if they are away.")
    holder: str | None = Field(description="Who stands in for them.", examples=["luis"])
    partly: bool = Field(description="Whether they are away for some tasks only.", examples=[False])


class Team(Model):
    """Everybody with what they have to do, the most loaded first."""

    people: list[Member]
    free: list[Load]


class Reassignment(BaseModel):
    """Which tasks somebody else gets, who that is, and why."""

    tasks: list[str] = Field(min_length=1, max_length=200, examples=[["6f9619ff-8b86-5d01-b42d-00c04fc964ff"]])
    user: str | None = Field(default=None, max_length=200, examples=["rosa"])
    group: str | None = Field(default=None, max_length=200)
    reason: str = Field(min_length=1, max_length=1000, examples=["Ana is ill."])


@router.get("", responses=documented(422))
async def get_team(hub: HubDep, actor: CallerDep, group: str | None = None) -> Team:
    """Tell who has how much to do, and what waits for groups; for managers, operators and auditors."""
    return Team.model_validate(await team.look(hub, actor, group=group))


@router.get("/tasks", responses=documented(422))
async def list_tasks(  # noqa: PLR0913 - one for each filter
    request: Request,
    hub: HubDep,
    actor: CallerDep,
    *,
    person: Annotated[str | None, Query(description="Only what this person has.")] = None,
    group: str | None = None,
    free: Annotated[bool, Query(description="Only what nobody has taken.")] = False,
    hours: Annotated[
        int | None, Query(ge=0, le=team.most_hours, description="Only what is late, or due within so many hours.")
    ] = None,
    after: Annotated[str | None, Query(description="Comes with `next`.")] = None,
    limit: Limit = 200,
) -> Page[TaskSummary]:
    """List open tasks, the most urgent first."""
    within = timedelta(hours=hours) if hours is not None else None
    found = await team.open_tasks(
        hub, actor, person=person, group=group, free=free, within=within, after=after, limit=limit
    )
    items = [TaskSummary.model_validate(each) for each in found.tasks]
    return Page(items=items, next=next_page(request, found.after))


@router.post("/reassign", responses=documented(422))
async def reassign(hub: HubDep, actor: CallerDep, given: Reassignment) -> BatchResult:
    """Give tasks to a person or a group, whoever has them now; each is given or not by itself. For managers."""
    rows = await team.reassign(hub, actor, given.tasks, user=given.user, group=given.group, reason=given.reason)
    done = sum(each.problem is None for each in rows)
    return BatchResult(done=done, rows=[BatchRow.model_validate(each) for each in rows])
