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
from cauce.services import case_files, trail
from cauce.store.audit import Head

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
    hash: str = Field(description="That of the last line that holds: keep it elsewhere.", examples=["9f86d081…"])
    lost_at: int | None = Field(description="The line that was asked for and is not as it was kept.", examples=[None])


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


@router.get("/audit/verification", responses=documented(422))
async def verify(
    hub: HubDep,
    actor: CallerDep,
    *,
    line: Annotated[int | None, Query(ge=1, description="The last line of an earlier check.", examples=[4711])] = None,
    hash: Annotated[str, Query(description="Its hash.", max_length=64, examples=["9f86d081…"])] = "",  # noqa: A002 - as it is called
) -> Verification:
    """Compute the whole chain anew: a line that was changed or is missing breaks it, and so does one kept elsewhere."""
    found = await trail.verify(hub, actor, [] if line is None else [Head(line, hash)])
    lost_at = found.lost.line if found.lost else None
    return Verification(
        sound=found.sound, entries=found.entries, broken_at=found.broken_at, hash=found.hash, lost_at=lost_at
    )


@router.get("/case-files/{instance_id:path}", response_class=JSONResponse, responses=documented(404, 503))
async def case_file(hub: HubDep, actor: CallerDep, instance_id: str) -> Response:
    """Give all that is known of one case and of what it ran: course, tasks, files, writes, who was told, its trail."""
    return JSONResponse(jsonable_encoder(await case_files.export(hub, actor, instance_id)))
