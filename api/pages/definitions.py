"""Definitions: what is published, with versions, source and diagram."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from api.deps import HubDep, VisitorDep
from api.names import title_of
from api.pages import listed, view
from cauce.services import definitions, schedules, test_runs
from cauce.services.definitions import DefinitionView
from workflows.drawing.diagram import draw
from workflows.drawing.outline import outline

router = APIRouter(include_in_schema=False)

kinds = (
    ("process", view.message("Processes")),
    ("connection", view.message("Connections")),
    ("form", view.message("Forms")),
    ("decision", view.message("Decisions")),
    ("stages", view.message("Stages")),
    ("calendar", view.message("Calendars")),
    ("policy", view.message("Policies")),
    ("clock", view.message("Clocks")),
    ("template", view.message("Templates")),
    ("function", view.message("Functions")),
    ("capability", view.message("Capabilities")),
    ("profile", view.message("Profiles")),
    ("sync", view.message("Syncs")),
    ("alert", view.message("Alerts")),
    ("roadmap", view.message("Roadmaps")),
)


@router.get("/definitions")
async def definition_list(request: Request, hub: HubDep, actor: VisitorDep, kind: str = "process") -> Response:
    """Show what is published, one kind at a time."""
    lang = view.language_of(request)
    found = await definitions.list_definitions(hub, actor, kind)
    part = listed.part(
        request,
        "/definitions",
        found,
        lambda each: (each.full_name, lang.label(title_of(each))),
        kept={"kind": kind},
    )
    rows = [{"view": each, "title": lang.label(title_of(each)), "href": address(each)} for each in part.rows]
    shown = [{"id": name, "label": lang.gettext(label)} for name, label in kinds]
    may_try = actor.may("designer")
    return view.render(
        request, "definitions.html", definitions=rows, part=part, kinds=shown, kind=kind, may_try=may_try
    )


@router.get("/definitions/{kind}/{name}")
async def definition_page(
    request: Request, hub: HubDep, actor: VisitorDep, kind: str, name: str, version: str | None = None
) -> Response:
    """Show a version of a definition."""
    every = await definitions.versions(hub, actor, name, kind=kind)
    found = await definitions.shown(hub, actor, name, version, kind=kind)
    lang = view.language_of(request)
    process = found.kind == "process"
    drawn: dict[str, Any] = (
        {"picture": draw(found.document, say=lang.gettext), "steps": outline(found.document)}
        if process
        else {"steps": []}
    )
    summary = (found.document.get("document") or {}).get("summary") if process else found.document.get("description")
    return view.render(
        request,
        "definition.html",
        definition=found,
        title=lang.label(title_of(found), found.full_name),
        summary=lang.label(summary),
        schedules=await schedules.list_schedules(hub, actor, found.full_name) if process and found.latest else [],
        tests=await test_runs.runs_of(hub, actor, found.full_name) if process else [],
        versions=[{"view": each, "href": address(each, each.version)} for each in every],
        **drawn,
    )


def address(definition: DefinitionView, version: str = "") -> str:
    """Return the address of a definition's page."""
    plain = f"/definitions/{definition.kind}/{quote(definition.full_name)}"
    return f"{plain}?version={quote(version)}" if version else plain
