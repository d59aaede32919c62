"""One connection: what it can do, whether it does what its capabilities ask, and how good its connector is."""

from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import view
from cauce.errors import CauceError, ForbiddenError
from cauce.services import certificates, connections
from cauce.services.certifying import trials
from cauce.services.connection_detail import detail
from cauce.services.hub import Actor, Hub

router = APIRouter(include_in_schema=False)
said = {
    "certifying": view.message("It is being tried; the report below fills as it goes on."),
    "mapped": view.message("The mapping is published."),
    "published": view.message("The connection is published."),
}


@router.get("/connections/{name}")
async def connection_page(request: Request, hub: HubDep, actor: VisitorDep, name: str, done: str = "") -> Response:
    """Show a connection."""
    return await _page(request, hub, actor, name, message=_said(request, done))


def _said(request: Request, done: str) -> str:
    word = said.get(done, "")
    return view.language_of(request).gettext(word) if word else ""


@router.post("/connections/{name}/certify")
async def certify(request: Request, hub: HubDep, actor: VisitorDep, name: str, form: FormDep) -> Response:
    """Have the connection tried for its capabilities; the page shows how far that is."""
    wanted = [str(each) for each in form.getlist("capability")]
    try:
        await trials.start(hub, actor, name, wanted, anyway=form.get("anyway") == "yes")
    except ForbiddenError:
        raise
    except CauceError as error:
        return await _page(request, hub, actor, name, problem=error)
    return RedirectResponse(f"/connections/{quote(name)}?done=certifying#certification", status_code=303)


async def _page(
    request: Request, hub: Hub, actor: Actor, name: str, *, message: str = "", problem: CauceError | None = None
) -> Response:
    found = await detail(hub, actor, name)
    kind = found.view.kind
    return view.render(
        request,
        "connection.html",
        connection=found.view,
        description=found.description,
        operations=found.operations,
        certificates=(await certificates.report(hub, actor, name)).certificates,
        run=await trials.last(hub, name),
        quality=(await connections.qualities([kind]))[kind],
        may_integrate=actor.may("integrator"),
        pretty=view.pretty,
        message=message,
        refusal=problem,
    )
