"""Syncs: how each is, and one with its last runs and what can be done about it."""

from http import HTTPStatus
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import listed, view
from cauce.errors import CauceError, ConflictError, InputError, RemoteError
from cauce.services import reconciling, syncs
from cauce.services.hub import Actor, Hub

router = APIRouter(include_in_schema=False)
what_words = {
    "differs": view.message("differs"),
    "not-in-target": view.message("is not in the target"),
    "not-in-source": view.message("is not in the source"),
    "twice-in-source": view.message("is twice in the source"),
    "twice-in-target": view.message("is twice in the target"),
}
notices = {
    "run": view.message("It has begun. Reload the page to see how far it is."),
    "stop": view.message("It was stopped. What it wrote stays."),
    "pause": view.message("It does not start by itself any more."),
    "reconcile": view.message("Both sides were compared."),
    "resume": view.message("It starts by itself again."),
}


@router.get("/syncs")
async def sync_list(request: Request, hub: HubDep, actor: VisitorDep) -> Response:
    """Show the syncs."""
    lang, found = view.language_of(request), await syncs.list_syncs(hub, actor)
    part = listed.part(request, "/syncs", found, lambda each: (each.name, lang.label(each.title, "")))
    return view.render(request, "syncs.html", syncs=part.rows, part=part)


@router.get("/syncs/{name}")
async def sync_page(
    request: Request, hub: HubDep, actor: VisitorDep, name: str, after: str = "", done: str = ""
) -> Response:
    """Show a sync."""
    message = view.language_of(request).gettext(notices[done]) if done in notices else ""
    return await _page(request, hub, actor, name, after=after, message=message)


@router.post("/syncs/{name}")
async def change_sync(request: Request, hub: HubDep, actor: VisitorDep, name: str, form: FormDep) -> Response:
    """Run, stop, pause or resume a sync."""
    done = str(form.get("do", ""))
    try:
        match done:
            case "run":
                full, accept = bool(form.get("full")), bool(form.get("accept"))
                await syncs.run(hub, actor, name, full=full, accept_columns=accept)
            case "stop":
                await syncs.stop(hub, actor, name)
            case "pause" | "resume":
                await syncs.pause(hub, actor, name, paused=done == "pause")
            case "reconcile":
                await reconciling.reconcile(hub, actor, name)
            case _:
                done = ""
    except (ConflictError, InputError, RemoteError) as error:
        return await _page(request, hub, actor, name, problem=error)
    return RedirectResponse(f"/syncs/{quote(name)}?{urlencode({'done': done})}", status_code=HTTPStatus.SEE_OTHER)


async def _page(
    request: Request,
    hub: Hub,
    actor: Actor,
    name: str,
    *,
    after: str = "",
    message: str = "",
    problem: CauceError | None = None,
) -> Response:
    detail = await syncs.sync(hub, actor, name, after=after or None)
    last = detail.view.last
    return view.render(
        request,
        "sync.html",
        detail=detail,
        sync=detail.view,
        what_word=lambda what: view.language_of(request).gettext(what_words[what]),
        compared=await reconciling.last(hub, actor, name),
        is_running=last is not None and last.state == "running",
        may_decide=actor.may(*syncs.deciders),
        next_page=f"/syncs/{quote(name)}?{urlencode({'after': detail.next})}" if detail.next else "",
        message=message,
        refusal=problem,
    )
