"""The catalogue behind a connection: what there is, and what one of it is made of."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.deps import HubDep, VisitorDep
from api.pages import view
from cauce.errors import ForbiddenError, NotFoundError, RemoteError
from cauce.services import browsing

router = APIRouter(include_in_schema=False)
_ROWS = 10


@router.get("/connections/{name}/catalog")
async def catalogue_page(
    request: Request,
    hub: HubDep,
    actor: VisitorDep,
    name: str,
    place: Annotated[str, Query(max_length=300)] = "",
    rows: bool = False,  # noqa: FBT001, FBT002 - a parameter of the address
) -> Response:
    """Show what there is at one place of a database."""
    _lang, problem, found = view.language_of(request), None, {}
    try:
        found = dict(await browsing.browse(hub, actor, name, place, _ROWS if rows else 0))
    except ForbiddenError:
        raise
    except (NotFoundError, RemoteError) as error:
        problem = error
    return view.render(
        request,
        "catalogue.html",
        name=name,
        place=place,
        found=found,
        refusal=problem,
        section="connections",
    )
