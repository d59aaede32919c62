"""Mapping the fields of an operation: both sides, expressions between them, and at once what comes of it."""

from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import view
from api.pages.dead_letters import worded
from cauce.errors import CauceError, ForbiddenError, NotFoundError
from cauce.services.mapping import mapper
from cauce.services.mapping.mapper import MappingView, Typed

router = APIRouter(include_in_schema=False)
path = "/connections/{name}/operations/{operation}/map"


@router.get(path)
async def map_page(request: Request, hub: HubDep, actor: VisitorDep, name: str, operation: str) -> Response:
    """Show how an operation is mapped."""
    return _page(request, await mapper.mapping(hub, actor, name, operation, Typed()))


@router.post(path)
async def map_step(
    request: Request, hub: HubDep, actor: VisitorDep, name: str, operation: str, form: FormDep
) -> Response:
    """Try what is in the form, take a suggestion, or publish it."""
    mapper.require(actor)
    typed = _typed(form)
    action, _, way = str(form.get("do", "")).partition(":")
    problem = None
    if action == "save":
        try:
            await mapper.save(hub, actor, name, operation, typed, str(form.get("version", "")))
        except (ForbiddenError, NotFoundError):
            raise
        except CauceError as error:
            problem = error
        else:
            place = f"/connections/{quote(name)}?done=mapped#operation-{quote(operation)}"
            return RedirectResponse(place, status_code=303)
    shown = await mapper.mapping(hub, actor, name, operation, typed, way if action == "suggest" else "")
    return _page(request, shown, problem, version=str(form.get("version", "")))


def _typed(form: FormData) -> Typed:
    def text(name: str) -> str | None:
        value = form.get(name)
        return value.replace("\r\n", "\n") if isinstance(value, str) else None

    return Typed(text("request"), text("response"), text("request-sample"), text("response-sample"))


def _page(request: Request, shown: MappingView, problem: CauceError | None = None, version: str = "") -> Response:
    lang = view.language_of(request)
    return view.render(
        request,
        "map.html",
        mapping=shown,
        address=f"/connections/{quote(shown.connection)}/operations/{quote(shown.operation)}/map",
        version=version or shown.version,
        worded=lambda told: worded(told, lang),
        refusal=problem,
    )
