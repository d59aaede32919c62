"""The files of a roadmap: what activities and gates were handed in with, for who may see the roadmap."""

from fastapi import APIRouter, Response

from api.deps import HubDep, VisitorDep
from api.pages.roadmaps import frame
from api.rest.attachments import as_download
from cauce.services.roadmaps import handed_in

router = APIRouter(include_in_schema=False)


@router.get("/roadmaps/{name}/{key}/files/{digest}")
async def roadmap_file(hub: HubDep, actor: VisitorDep, name: str, key: str, digest: str) -> Response:
    """Give a file as something to save and never to show."""
    standing = await frame.standing(hub, actor, name, key)
    return as_download(await handed_in.open_file(hub, standing, digest))
