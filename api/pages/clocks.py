"""Which clocks run, those that are missed and those that are due next before the others."""

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from api.deps import HubDep, VisitorDep
from api.pages import view
from api.rest.clocks import as_download
from cauce.services import attainment, clocks

router = APIRouter(include_in_schema=False)
page_size = 50
_SPANS: Final = (3, 12, 24)


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


@router.get("/clocks/attainment")
async def attainment_page(
    request: Request,
    hub: HubDep,
    actor: VisitorDep,
    *,
    months: Annotated[int, Query(ge=1, le=attainment.most_months)] = attainment.usual_months,
    definition: str = "",
    form: str = "",
) -> Response:
    """Show how many clocks were met, month by month; `form=csv` gives it as a file."""
    found = await attainment.report(hub, actor, months=months, definition=definition or None)
    if form == "csv":
        return as_download(found)
    words = {"months": str(months), "definition": definition, "form": "csv"}
    return view.render(
        request,
        "clocks_attainment.html",
        section="clocks",
        rows=found,
        months=months,
        spans=sorted({*_SPANS, months}),
        definition=definition,
        table="/clocks/attainment?" + urlencode({key: value for key, value in words.items() if value}),
    )
