"""Human tasks: list, look, claim, give back, complete, and what else people do with them."""

from datetime import datetime
from types import EllipsisType
from typing import Annotated, Literal

from fastapi import Header, Query, Request, Response

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.inbox import result_of
from api.rest.paging import Limit, next_page
from api.rest.schemas import Completion, Return, Task, TaskPage, TaskSummary
from api.rest.subject import subject
from api.rest.task_schemas import (
    Assignment,
    Batch,
    BatchResult,
    Delegation,
    Draft,
    DraftContent,
    FollowUp,
    Priority,
    SendBack,
)
from cauce.errors import InputError, NotFoundError, StaleError
from cauce.services import task_acts, task_batches, task_drafts, tasks
from cauce.services.task_drafts import DraftView
from cauce.services.tasks import TaskView
from cauce.store.inbox import Filters

router = subject("tasks", "/tasks")

Severity = Literal["low", "medium", "high", "critical"]
TaskState = Literal["open", "claimed", "completed", "sent-back", "cancelled", "expired"]


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
    delegated: Annotated[bool, Query(description="Only what you have handed to others.")] = False,
    set_aside: Annotated[bool, Query(description="Only what waits for its follow-up date.")] = False,
    groups: Annotated[bool, Query(description="Only what is for a group of yours.")] = False,
    free: Annotated[bool, Query(description="Only what nobody has yet.")] = False,
    late: Annotated[bool, Query(description="Only what is past due.")] = False,
    severity: Severity | None = None,
    text: Annotated[
        str,
        Query(max_length=200, description="Words, or how they begin: of title, case, process, customer and data."),
    ] = "",
    after: Annotated[str | None, Query(description="Comes with `next`.")] = None,
    before: Annotated[str | None, Query(description="Comes with `previous`.")] = None,
    limit: Limit = 50,
) -> TaskPage:
    """List the tasks that concern you, the most urgent first; those that are over, the newest first."""
    first = (state, mine, group, instance, definition, form, due_before, delegated, set_aside)
    wanted = Filters(*first, of_groups=groups, free=free, late=late, severity=severity, text=text)
    page = await tasks.inbox(hub, actor, wanted, after=after, before=before, limit=limit)
    return TaskPage(
        items=[TaskSummary.model_validate(each) for each in page.tasks],
        next=next_page(request, page.after, without="before"),
        previous=next_page(request, page.before, name="before", without="after"),
    )


@router.post("/complete", responses=documented(422))
async def complete_tasks(hub: HubDep, actor: CallerDep, given: Batch) -> BatchResult:
    """Give one answer to many tasks of one kind; each is answered or not by itself."""
    return result_of(await task_batches.complete(hub, actor, given.tasks, given.answer))


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


@router.post("/{task_id}/send-back", response_model=Task, responses=documented(404, 409, 422, 503))
async def send_task_back(hub: HubDep, actor: CallerDep, task_id: str, given: SendBack) -> TaskView:
    """Send the case back to one of the tasks in `return_to`, which then has to be done again."""
    return await tasks.send_back(hub, actor, task_id, given.to, given.reason)


@router.post("/{task_id}/delegate", response_model=Task, responses=documented(404, 409, 422))
async def delegate_task(hub: HubDep, actor: CallerDep, task_id: str, given: Delegation) -> TaskView:
    """Hand your task to somebody else who may do it; you still see it, and get it back when they return it."""
    return await task_acts.delegate(hub, actor, task_id, given.to, given.note)


@router.post("/{task_id}/assign", response_model=Task, responses=documented(404, 409, 422))
async def assign_task(hub: HubDep, actor: CallerDep, task_id: str, given: Assignment) -> TaskView:
    """Give a task to a person or a group, whoever has it now; for managers."""
    return await task_acts.assign(hub, actor, task_id, user=given.user, group=given.group, note=given.note)


@router.post("/{task_id}/priority", response_model=Task, responses=documented(404, 409, 422))
async def set_priority(hub: HubDep, actor: CallerDep, task_id: str, given: Priority) -> TaskView:
    """Change how urgent a task is; for managers."""
    return await task_acts.set_priority(hub, actor, task_id, given.priority, given.reason)


@router.post("/{task_id}/follow-up", response_model=Task, responses=documented(404, 409, 422))
async def set_follow_up(hub: HubDep, actor: CallerDep, task_id: str, given: FollowUp) -> TaskView:
    """Keep your task out of the inbox until a moment, which is never after it is due."""
    return await task_acts.follow_up(hub, actor, task_id, given.at)


@router.get("/{task_id}/draft", response_model=Draft, responses=documented(404))
async def get_draft(hub: HubDep, actor: CallerDep, response: Response, task_id: str) -> DraftView:
    """Return your draft of a task; its version is in `ETag`."""
    found = await task_drafts.draft(hub, actor, task_id)
    if found is None:
        raise NotFoundError("There is no draft of yours.", hint="Save one first.")
    response.headers["ETag"] = _tag(found)
    return found


@router.put("/{task_id}/draft", response_model=Draft, responses=documented(404, 409, 412, 413, 422))
async def save_draft(
    hub: HubDep,
    actor: CallerDep,
    response: Response,
    task_id: str,
    given: DraftContent,
    if_match: Annotated[str, Header(description="The `ETag` of the draft that this one is to take the place of.")] = "",
    if_none_match: Annotated[str, Header(description="`*`: only if you have no draft of it yet.")] = "",
) -> DraftView:
    """Save what you have typed so far, in the place of what you saved before; nobody else sees it.

    Without a condition the last one wins.
    """
    if if_match.strip() == "*" and await task_drafts.draft(hub, actor, task_id) is None:
        raise StaleError("There is no draft of yours any more.", hint="Send it without a condition.")
    saved = await task_drafts.save(hub, actor, task_id, given.content, after=_condition(if_match, if_none_match))
    response.headers["ETag"] = _tag(saved)
    return saved


def _tag(draft: DraftView) -> str:
    return f'"{draft.saved_at.isoformat()}"'


def _condition(if_match: str, if_none_match: str) -> datetime | EllipsisType | None:
    """Return which draft a new one may take the place of: any, none, or the one of a moment."""
    tag = if_match.strip().strip('"')
    if tag in {"", "*"}:
        return None if if_none_match.strip() == "*" else ...
    try:
        return datetime.fromisoformat(tag)
    except ValueError as cause:
        raise InputError("That is no version of a draft.", hint="`ETag` of `GET draft` is one.") from cause


@router.delete("/{task_id}/draft", status_code=204, responses=documented(404))
async def drop_draft(hub: HubDep, actor: CallerDep, task_id: str) -> None:
    """Forget your draft of a task."""
    await task_drafts.drop(hub, actor, task_id)
