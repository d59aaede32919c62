"""The portfolio: the roadmaps that run, those that ran, and those that can be started."""

from datetime import date
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData, UploadFile

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import view
from api.pages.roadmaps import frame
from cauce.errors import CauceError, ConflictError, InputError, NotFoundError, TooLargeError
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import plans, running
from cauce.services.roadmaps.exchange.importing import drafted, importers

router = APIRouter(include_in_schema=False)


@router.get("/roadmaps")
async def portfolio_page(request: Request, hub: HubDep, actor: VisitorDep) -> Response:
    """Show all roadmaps that somebody may see."""
    return await _page(request, hub, actor)


@router.post("/roadmaps")
async def start_roadmap(request: Request, hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Start one."""
    try:
        day = date.fromisoformat(str(form["start"])) if form.get("start") else None
        run = await running.start(
            hub, actor, str(form.get("roadmap", "")), key=str(form.get("key", "")).strip() or None, day=day
        )
    except ValueError:
        return await _page(request, hub, actor, InputError("This is no day.", hint="Choose one."))
    except (InputError, ConflictError, NotFoundError) as error:
        return await _page(request, hub, actor, error)
    return RedirectResponse(f"/roadmaps/{quote(run.roadmap, safe='')}/{quote(run.key, safe='')}", status_code=303)


@router.post("/roadmaps/import")
async def import_plan(request: Request, hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Give a draft of a roadmap for a plan of another program, as a file to go on with."""
    try:
        file, content = await _uploaded(form)
        draft = await drafted(actor, content, file, str(form.get("name", "")).strip())
    except (InputError, TooLargeError) as error:
        return await _page(request, hub, actor, error)
    headers = {"Content-Disposition": f'attachment; filename="{draft.document["roadmap"]}.yaml"'}
    return Response(draft.text(), media_type="application/yaml; charset=utf-8", headers=headers)


async def _uploaded(form: FormData) -> tuple[str, bytes]:
    upload = form.get("file")
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise InputError("There is no file.", hint="Choose Microsoft Project's XML, or CSV.")
    return upload.filename, await upload.read()


async def _page(request: Request, hub: Hub, actor: Actor, refusal: CauceError | None = None) -> Response:
    runs = await running.list_running(hub, actor)
    return view.render(
        request,
        "roadmaps.html",
        runs=[each for each in runs if each.state == "running"],
        over=[each for each in runs if each.state != "running"],
        published=await plans.list_roadmaps(hub, actor),
        may_start=actor.may(*running.starters),
        may_import=actor.may(*importers),
        refusal=refusal,
        **frame.words(request),
    )
