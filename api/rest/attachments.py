"""Files at tasks: attach one for a field, open one."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Query, Request, Response

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.schemas import JSON, Attachment
from api.rest.subject import subject
from cauce.services import attachments

router = subject("tasks", "/tasks")
_file = {"schema": {"type": "string", "format": "binary"}, "example": "%PDF-1.7 …"}
_body = {"requestBody": {"required": True, "content": {"application/octet-stream": _file}}}


@router.post(
    "/{task_id}/attachments",
    response_model=Attachment,
    responses=documented(404, 409, 413, 422, 503),
    openapi_extra=_body,
)
async def attach_file(
    request: Request,
    hub: HubDep,
    actor: CallerDep,
    task_id: str,
    field: Annotated[str, Query(description="The field of the form, as a JSON pointer.", examples=["/paper"])],
    name: Annotated[str, Query(description="The name of the file.", examples=["scan.pdf"])],
) -> JSON:
    """Attach a file to a task you may do; its bytes are the body.

    What comes back is what the answer has to hold in that field. Attaching the same file again changes nothing.
    """
    return await attachments.attach(hub, actor, task_id, field, name, await request.body())


@router.get("/{task_id}/attachments/{digest}", response_class=Response, responses=documented(404))
async def get_file(hub: HubDep, actor: CallerDep, task_id: str, digest: str) -> Response:
    """Return a file that was attached to a task you may see, or that its data names."""
    return as_download(await attachments.open_file(hub, actor, task_id, digest))


def as_download(file: attachments.File) -> Response:
    """Return a file as something to save, never to show."""
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"}
    return Response(file.content, media_type=file.type, headers=headers)
