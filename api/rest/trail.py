"""The audit trail, whether its chain holds, and the file of one case."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from pydantic import Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.paging import Limit, next_page
from api.rest.schemas import Model, Page
from api.rest.subject import subject
from cauce.services import trail

JSON = Any
router = subject("audit")


class Line(Model):
    """One line of the trail."""

    seq: int = Field(examples=[4711])
    at: datetime
    actor: str = Field(description="Who did it.", examples=["ana"])
    action: str = Field(examples=["task.complete"])
    subject: str = Field(description="What it was done to: a task, an instance, a name.", examples=["task-1"])
    data: JSON = Field(examples=[{"instance": "sales.lead-to-order/lead:2041"}])
    hash: str = Field(description="SHA-256 over this line and the hash of the one before.", examples=["9f86d081…"])


class Verification(Model):
    """What came of computing the chain anew."""

    sound: bool = Field(examples=[True])
    entries: int = Field(description="So many lines hold.", examples=[4711])
    broken_at: int | None = Field(description="The first line that is not as it was written.", examples=[None])


@router.get("/audit", responses=documented(422))
async def list_lines(
    request: Request,
    hub: HubDep,
    actor: CallerDep,
    *,
    subject: Annotated[str | None, Query(examples=["sales.lead-to-order/lead:2041"])] = None,
    by: Annotated[str | None, Query(examples=["ana"])] = None,
    before: Annotated[int | None, Query(description="Comes with `next`.")] = None,
    limit: Limit = 50,
) -> Page[Line]:
    """List lines of the audit trail, the newest first."""
    found = await trail.lines(hub, actor, subject=subject, by=by, before=before, limit=limit)
    following = str(found[-1].seq) if len(found) == limit and found[-1].seq > 1 else None
    return Page(items=[Line.model_validate(each) for each in found], next=next_page(request, following, name="before"))


@router.get("/audit/verification", responses=documented())
async def verify(hub: HubDep, actor: CallerDep) -> Verification:
    """Compute the whole chain anew: a line that was changed or is missing breaks it."""
    return Verification.model_validate(await trail.verify(hub, actor))


@router.get("/case-files/{instance_id:path}", response_class=JSONResponse, responses=documented(404, 503))
async def case_file(hub: HubDep, actor: CallerDep, instance_id: str) -> Response:
    """Give all that is known of one case: course, tasks, writes, what was refused, clocks, events, and its trail."""
    return JSONResponse(jsonable_encoder(await trail.case_file(hub, actor, instance_id)))
