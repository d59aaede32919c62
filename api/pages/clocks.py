"""Which clocks run, those that are missed and those that are due next before the others."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from api.deps import HubDep, VisitorDep
from api.pages import view
from cauce.services import clocks

router = APIRouter()
page_size = 50


@router.get("/clocks")
async def clocks_page(
    request: Request, hub: HubDep, actor: VisitorDep, definition: str = "", after: str = ""
) -> Response:
    """Show the clocks that run to who oversees the work."""
    found = await clocks.ahead(hub, actor, definition=definition or None, after=after or None, limit=page_size)
    words = {"definition": definition, "after": found.after or ""}
    return view.render(
        request,
        "clocks.html",
        clocks=found.clocks,
        missed=await clocks.missed_count(hub, actor),
        next_page="/clocks?" + urlencode({key: value for key, value in words.items() if value}) if found.after else "",
    )
