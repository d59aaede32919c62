"""The inbox as a whole: how much is in it, the views that people keep of it, and one act for many tasks."""

from datetime import datetime
from typing import Literal

from fastapi import Response
from pydantic import BaseModel, Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.schemas import Model
from api.rest.subject import subject
from api.rest.task_schemas import Assignment, BatchResult, BatchRow, Priority
from cauce.services import task_batches
from cauce.services.inbox import listing, views
from cauce.services.inbox.views import View

router = subject("tasks")
Column = Literal[
    "case", "process", "customer", "group", "holder", "due", "came", "clock", "severity", "value", "priority", "kind"
]
_IDS = Field(min_length=1, max_length=200, examples=[["6f9619ff-8b86-5d01-b42d-00c04fc964ff"]])


class FormCount(BaseModel):
    """How many open tasks have a form."""

    form: str = Field(examples=["qualify-lead"])
    open: int = Field(examples=[12])


class InboxCounts(Model):
    """How many open tasks concern you."""

    open: int = Field(description="In all.", examples=[40])
    mine: int = Field(description="Claimed by you, or meant for you.", examples=[5])
    groups: int = Field(description="For a group of yours.", examples=[35])
    free: int = Field(description="That nobody has yet.", examples=[30])
    overdue: int = Field(description="Past due.", examples=[2])
    set_aside: int = Field(description="That wait for their follow-up date; in none of the others.", examples=[1])
    delegated: int = Field(description="That you have handed to others.", examples=[0])
    by_form: list[FormCount]


class ViewContent(BaseModel):
    """A view of the inbox: what is in it, and in which columns."""

    name: str = Field(min_length=1, max_length=80, examples=["Late complaints"])
    filters: dict[str, str] = Field(
        default={},
        description="Any of which (all, mine, groups, available, late, set-aside, delegated), group, form, definition, "
        "severity and text.",
        examples=[{"which": "late", "group": "complaints"}],
    )
    columns: list[Column] = Field(default=[], max_length=len(views.COLUMNS), examples=[["case", "customer", "due"]])
    standard: bool = Field(default=False, description="Whether your inbox opens with it.")


class SavedView(Model, ViewContent):
    """A view of yours; nobody else sees it."""

    id: str = Field(examples=["6f9619ff-8b86-5d01-b42d-00c04fc964ff"])
    saved_at: datetime


class Claims(BaseModel):
    """Tasks to be taken."""

    tasks: list[str] = _IDS


class Assignments(Assignment):
    """Tasks, and whom a manager gives them to: a person or a group."""

    tasks: list[str] = _IDS


class Priorities(Priority):
    """Tasks, and how urgent they are from now on."""

    tasks: list[str] = _IDS


@router.get("/inbox/counts", responses=documented())
async def count_tasks(hub: HubDep, actor: CallerDep) -> InboxCounts:
    """Count the open tasks that concern you, in all and by form."""
    found = await listing.counts(hub, actor)
    by_form = [FormCount(form=form, open=number) for form, number in found.by_form]
    numbers = ("open", "mine", "groups", "free", "overdue", "set_aside", "delegated")
    return InboxCounts(**{name: getattr(found, name) for name in numbers}, by_form=by_form)


@router.get("/inbox/views", response_model=list[SavedView], responses=documented())
async def list_views(hub: HubDep, actor: CallerDep) -> list[View]:
    """List the views that you keep of the inbox."""
    return await views.of_person(hub, actor)


@router.post("/inbox/views", status_code=201, response_model=SavedView, responses=documented(422))
async def save_view(hub: HubDep, actor: CallerDep, given: ViewContent) -> View:
    """Keep a view of the inbox, in the place of the one of that name if there is one."""
    return await views.save(hub, actor, given.name, given.filters, given.columns, standard=given.standard)


@router.put("/inbox/views/{view_id}", response_model=SavedView, responses=documented(404, 409, 422))
async def change_view(hub: HubDep, actor: CallerDep, view_id: str, given: ViewContent) -> View:
    """Change a view of yours."""
    content = (given.name, given.filters, given.columns)
    return await views.save(hub, actor, *content, standard=given.standard, view_id=view_id)


@router.delete("/inbox/views/{view_id}", status_code=204, responses=documented(404))
async def drop_view(hub: HubDep, actor: CallerDep, view_id: str) -> Response:
    """Forget a view of yours."""
    await views.drop(hub, actor, view_id)
    return Response(status_code=204)


@router.post("/tasks/claim", responses=documented(422))
async def claim_tasks(hub: HubDep, actor: CallerDep, given: Claims) -> BatchResult:
    """Take many tasks; each is yours or not by itself."""
    return result_of(await task_batches.claim(hub, actor, given.tasks))


@router.post("/tasks/assign", responses=documented(422))
async def assign_tasks(hub: HubDep, actor: CallerDep, given: Assignments) -> BatchResult:
    """Give many tasks to a person or a group, whoever has them now; for managers."""
    found = await task_batches.assign(hub, actor, given.tasks, user=given.user, group=given.group, note=given.note)
    return result_of(found)


@router.post("/tasks/priority", responses=documented(422))
async def set_priorities(hub: HubDep, actor: CallerDep, given: Priorities) -> BatchResult:
    """Change how urgent many tasks are; for managers."""
    return result_of(await task_batches.set_priority(hub, actor, given.tasks, given.priority, given.reason))


def result_of(rows: list[task_batches.Row]) -> BatchResult:
    """Return what came of a batch."""
    done = sum(each.problem is None for each in rows)
    return BatchResult(done=done, rows=[BatchRow.model_validate(each) for each in rows])
