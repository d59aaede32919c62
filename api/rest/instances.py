"""Instances: start, list, look, and what an operator does with one."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Header, Query, Request, Response

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.paging import Limit, next_page
from api.rest.schemas import Context, Instance, InstanceDetail, Page, Repaired, Reset, Skip, Start, Started
from api.rest.subject import subject
from cauce.services import instances, repairs, visibility
from cauce.services.instances import InstanceRef
from cauce.services.visibility import Detail, Filters

router = subject("instances", "/instances")

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Becomes the business key when the body has none: the same request again is then refused with 409 "
        "instead of starting a second instance.",
    ),
]


@router.post("", status_code=HTTPStatus.CREATED, response_model=Started, responses=documented(404, 409, 422, 503))
async def start_instance(
    hub: HubDep, actor: CallerDep, response: Response, given: Start, idempotency_key: Key = None
) -> InstanceRef:
    """Start an instance of a published process."""
    key = given.key or idempotency_key
    started = await instances.start(hub, actor, given.definition, given.input, version=given.version, key=key)
    response.headers["Location"] = f"/api/v1/instances/{started.id}"
    return started


@router.get("", responses=documented(422, 503))
async def list_instances(  # noqa: PLR0913 - one for each filter
    request: Request,
    hub: HubDep,
    actor: CallerDep,
    *,
    status: Annotated[str | None, Query(description="`open` stands for all that has not ended.")] = None,
    definition: Annotated[str | None, Query(examples=["sales.lead-to-order"])] = None,
    version: str | None = None,
    key: str | None = None,
    stage: str | None = None,
    customer: str | None = None,
    page: Annotated[str | None, Query(description="Comes with `next`.")] = None,
    limit: Limit = 50,
) -> Page[Instance]:
    """List instances, the newest first."""
    wanted = Filters(status, definition, version, key, stage, customer)
    found = await visibility.list_instances(hub, actor, wanted, page_token=page, limit=limit)
    items = [Instance.model_validate(each) for each in found.instances]
    return Page(items=items, next=next_page(request, found.next, name="page"))


# The actions come first: an identifier holds slashes, and the last route takes whatever is left.
@router.post("/{instance_id:path}/cancel", status_code=HTTPStatus.ACCEPTED, responses=documented(404, 409, 503))
async def cancel_instance(hub: HubDep, actor: CallerDep, instance_id: str) -> None:
    """End an instance; what it did is undone, newest first."""
    await instances.cancel(hub, actor, instance_id)


@router.post("/{instance_id:path}/suspend", status_code=HTTPStatus.ACCEPTED, responses=documented(404, 409, 503))
async def suspend_instance(hub: HubDep, actor: CallerDep, instance_id: str) -> None:
    """Let no further task of an instance begin."""
    await instances.suspend(hub, actor, instance_id)


@router.post("/{instance_id:path}/resume", status_code=HTTPStatus.ACCEPTED, responses=documented(404, 409, 503))
async def resume_instance(hub: HubDep, actor: CallerDep, instance_id: str) -> None:
    """Let the tasks of a suspended instance begin again."""
    await instances.resume(hub, actor, instance_id)


@router.post(
    "/{instance_id:path}/retry",
    status_code=HTTPStatus.ACCEPTED,
    response_model=Started,
    responses=documented(404, 409, 503),
)
async def retry_instance(hub: HubDep, actor: CallerDep, instance_id: str) -> InstanceRef:
    """Start a failed or cancelled instance again where it stopped."""
    return await instances.retry(hub, actor, instance_id)


@router.post(
    "/{instance_id:path}/skip",
    status_code=HTTPStatus.ACCEPTED,
    response_model=Repaired,
    responses=documented(404, 409, 422, 503),
)
async def skip_task(hub: HubDep, actor: CallerDep, instance_id: str, given: Skip) -> repairs.Repaired:
    """Count an open or failed task as done; its output goes to the next task as it is given here."""
    context = given.context if "context" in given.model_fields_set else repairs.nothing
    return await repairs.skip(hub, actor, instance_id, given.path, given.output, context)


@router.post(
    "/{instance_id:path}/reset",
    status_code=HTTPStatus.ACCEPTED,
    response_model=Repaired,
    responses=documented(404, 409, 422, 503),
)
async def reset_to_task(hub: HubDep, actor: CallerDep, instance_id: str, given: Reset) -> repairs.Repaired:
    """Let an instance begin again at a task; what came of it and of those after it is forgotten, but not undone."""
    data = given.input if "input" in given.model_fields_set else repairs.nothing
    context = given.context if "context" in given.model_fields_set else repairs.nothing
    return await repairs.reset(hub, actor, instance_id, given.path, data, context)


@router.put(
    "/{instance_id:path}/context",
    status_code=HTTPStatus.ACCEPTED,
    response_model=Repaired,
    responses=documented(404, 409, 422, 503),
)
async def edit_context(hub: HubDep, actor: CallerDep, instance_id: str, given: Context) -> repairs.Repaired:
    """Give an instance another context; one that has failed goes on with it from where it stopped."""
    return await repairs.edit_context(hub, actor, instance_id, given.context)


@router.get("/{instance_id:path}", response_model=InstanceDetail, responses=documented(404, 503))
async def get_instance(hub: HubDep, actor: CallerDep, instance_id: str) -> Detail:
    """Return an instance with its tasks, its context and, when it has ended, its output or problem."""
    return await visibility.look(hub, actor, instance_id)
