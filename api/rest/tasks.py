"""Human tasks: list, look, claim, give back, complete."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.paging import Limit, next_page
from api.rest.schemas import Completion, Page, Return, Task, TaskSummary
from cauce.services import tasks
from cauce.services.tasks import TaskView
from cauce.store.tasks import Filters

router = APIRouter(prefix="/tasks", tags=["tasks"])

TaskState = Literal["open", "claimed", "completed", "cancelled", "expired"]


@router.get("", responses=documented(422))
async def list_tasks(  # noqa: PLR0913 - one for each filter
    request: Request,
    hub: HubDep,
    actor: CallerDep,
    *,
    state: TaskState | None = None,
    mine: Annotated[bool, Query(description="Only what you have claimed, or is meant for you.")] = False,
    group: str | None = None,
    instance: str | None = None,
    definition: Annotated[str | None, Query(examples=["sales.lead-to-order"])] = None,
    form: str | None = None,
    due_before: datetime | None = None,
    after: Annotated[str | None, Query(description="Comes with `next`.")] = None,
    limit: Limit = 50,
) -> Page[TaskSummary]:
    """List the tasks that concern you, the most urgent first."""
    wanted = Filters(state, mine, group, instance, definition, form, due_before)
    page = await tasks.inbox(hub, actor, wanted, after=after, limit=limit)
    items = [TaskSummary.model_validate(each) for each in page.tasks]
    return Page(items=items, next=next_page(request, page.after))


@router.get("/{task_id}", response_model=Task, responses=documented(404))
async def get_task(hub: HubDep, actor: CallerDep, task_id: str) -> TaskView:
    """Return a task with its form and the data of the case."""
    return await tasks.task(hub, actor, task_id)


@router.post("/{task_id}/claim", response_model=Task, responses=documented(404, 409))
async def claim_task(hub: HubDep, actor: CallerDep, task_id: str) -> TaskView:
    """Take a task, so that nobody else does it; of several who try at once one gets it."""
    return await tasks.claim(hub, actor, task_id)


@router.post("/{task_id}/release", response_model=Task, responses=documented(404, 409))
async def release_task(hub: HubDep, actor: CallerDep, task_id: str) -> TaskView:
    """Put a claimed task back for the others."""
    return await tasks.release(hub, actor, task_id)


@router.post("/{task_id}/return", response_model=Task, responses=documented(404, 409, 422))
async def return_task(hub: HubDep, actor: CallerDep, task_id: str, given: Return) -> TaskView:
    """Give a claimed task back, and say why."""
    return await tasks.return_task(hub, actor, task_id, given.reason)


@router.post("/{task_id}/complete", response_model=Task, responses=documented(404, 409, 422, 503))
async def complete_task(hub: HubDep, actor: CallerDep, task_id: str, given: Completion) -> TaskView:
    """Answer a task.

    When this returns, the instance has the answer. An answer that does not fit the form is refused with one entry in
    `errors` for each field, and the task stays open. Sending the same answer again is safe.
    """
    return await tasks.complete(hub, actor, task_id, given.answer)
