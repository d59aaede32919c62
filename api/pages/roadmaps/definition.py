"""Another version of the definition of a roadmap that runs: what it would move is seen before it is in force."""

from fastapi import APIRouter, Request, Response

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import view
from api.pages.roadmaps import frame
from cauce.errors import CauceError, ConflictError, InputError, NotFoundError
from cauce.services import definitions
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import running_plans

router = APIRouter(include_in_schema=False)
notices = {"applied": view.message("This version is in force now. What has happened is as it was.")}


@router.get("/roadmaps/{name}/{key}/definition")
async def definition_page(
    request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str, version: str = "", done: str = ""
) -> Response:
    """Show the versions that there are, and with `version` what that one would move."""
    message = view.language_of(request).gettext(notices[done]) if done in notices else ""
    return await _page(request, hub, actor, (name, key), version, message=message)


@router.post("/roadmaps/{name}/{key}/definition")
async def apply_definition(
    request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str, form: FormDep
) -> Response:
    """Put the version that was looked at in force."""
    standing = await frame.standing(hub, actor, name, key)
    version = str(form.get("version", ""))
    try:
        reason = str(form.get("reason", "")).strip()
        await running_plans.apply(hub, actor, standing.detail.run.id, version or None, reason)
    except (ConflictError, InputError, NotFoundError) as error:
        return await _page(request, hub, actor, (name, key), version, refusal=error)
    return frame.back(standing, "definition", done="applied")


async def _page(
    request: Request,
    hub: Hub,
    actor: Actor,
    at: tuple[str, str],
    version: str,
    *,
    message: str = "",
    refusal: CauceError | None = None,
) -> Response:
    standing = await frame.standing(hub, actor, *at)
    run = standing.detail.run
    preview = None
    if version and refusal is None:
        try:
            preview = await running_plans.preview(hub, actor, run.id, version)
        except (ConflictError, InputError, NotFoundError) as error:
            refusal = error
    before = {each.id: each for each in standing.plan().steps}
    return frame.render(
        request,
        "roadmap_definition.html",
        standing,
        "changes",
        versions=await definitions.versions_of(hub, run.roadmap, kind="roadmap"),
        version=version,
        preview=preview,
        before=before,
        approved=[name for name, each in standing.course.journal.changes.items() if each["state"] == "approved"],
        message=message,
        refusal=refusal,
    )
