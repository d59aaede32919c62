"""Why you have a task."""

from datetime import date, datetime
from typing import Any

from pydantic import Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.schemas import Model, TaskSummary
from api.rest.subject import subject
from cauce.services.teamwork import why

JSON = Any
router = subject("tasks", "/tasks")


class Move(Model):
    """Something that gave a task to others."""

    act: str = Field(description="claim, release, return, delegate, assign or escalate.", examples=["delegate"])
    at: datetime
    by: str = Field(description="Who did it; the process, for what it escalated.", examples=["ana"])
    user: str = Field(description="Whom it went to.", examples=["luis"])
    group: str = Field(description="The group that it went to.")
    told: str = Field(description="Who was only told of it.")
    reason: str = Field(examples=["You know this customer better."])


class Given(TaskSummary):
    """A task, with the rule that gave it to somebody."""

    assignment: JSON = Field(
        description="Which rule gave it to whom, what was tried before, and the policy that says so.",
        examples=[{"how": "least-loaded", "user": "ana", "load": 2, "there": 3, "policy": "desk"}],
    )


class Why(Model):
    """Why you have a task, or see it."""

    task: Given
    moves: list[Move]
    stands_in_for: str = Field(description="Who is away, so that you hold it.", examples=["rosa"])
    away_until: date | None
    part: str = Field(
        description="What you have to do with it when it is not yours: delegated, answered, told or oversees; "
        "`granted` when a permission lets you see it.",
        examples=["delegated"],
    )


@router.get("/{task_id}/why", responses=documented(404))
async def get_why(hub: HubDep, actor: CallerDep, task_id: str) -> Why:
    """Tell why you have a task: whom it was given to, by which rule, and what has moved it since."""
    return Why.model_validate(await why.why(hub, actor, task_id))
