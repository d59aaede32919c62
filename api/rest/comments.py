"""What people say about tasks."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel, Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.paging import Limit, next_page
from api.rest.schemas import Model, Page
from api.rest.subject import subject
from cauce.services.teamwork import comments
from cauce.services.teamwork.comments import CommentView

JSON = Any
router = subject("tasks")


class Comment(Model):
    """What somebody said about a task."""

    id: int = Field(examples=[17])
    task: str = Field(examples=["6f9619ff-8b86-5d01-b42d-00c04fc964ff"])
    instance: str = Field(examples=["sales.lead-to-order/lead:2041"])
    by: str = Field(examples=["ana"])
    at: datetime
    text: str = Field(examples=["@luis do you know this customer?"])
    mentions: list[str] = Field(description="Who is named in it, and was told.", examples=[["luis"]])


class Said(BaseModel):
    """What you say; `@name` tells a person who may see the task."""

    text: str = Field(min_length=1, max_length=comments.longest, examples=["@luis do you know this customer?"])


class OfTask(Comment):
    """What somebody said about a task of an instance."""

    title: JSON = Field(description="What the task is called.", examples=[{"en": "Qualify the lead"}])


@router.post(
    "/tasks/{task_id}/comments",
    status_code=HTTPStatus.CREATED,
    response_model=Comment,
    responses=documented(404, 409, 422),
)
async def add_comment(hub: HubDep, actor: CallerDep, task_id: str, given: Said) -> CommentView:
    """Say something about a task; it stays for good. Sending the same again adds nothing."""
    return await comments.add(hub, actor, task_id, given.text)


@router.get("/tasks/{task_id}/comments", responses=documented(404, 422))
async def list_comments(
    request: Request,
    hub: HubDep,
    actor: CallerDep,
    task_id: str,
    *,
    before: Annotated[int | None, Query(description="Comes with `next`.")] = None,
    limit: Limit = 50,
) -> Page[Comment]:
    """List what was said about a task, the newest first."""
    found = await comments.of_task(hub, actor, task_id, before=before, limit=limit)
    following = next_page(request, str(found[-1].id) if len(found) == limit else None, name="before")
    return Page(items=[Comment.model_validate(each) for each in found], next=following)


@router.get("/instances/{instance_id:path}/comments", responses=documented())
async def list_comments_of_instance(hub: HubDep, actor: CallerDep, instance_id: str) -> Page[OfTask]:
    """List what was said last about those tasks of an instance that you may see, the newest first."""
    found = await comments.of_instance(hub, actor, instance_id)
    return Page(items=[OfTask.model_validate(each) for each in found], next=None)
