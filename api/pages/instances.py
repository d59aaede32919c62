"""Instances: the list, and one of them with where it is, what happened and what an operator may do."""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_timedelta
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import FormDep, HubDep, VisitorDep
from api.i18n import Language, as_moment
from api.names import names_of, names_of_all
from api.pages import view
from api.sentences import said
from cauce.errors import InputError, NotFoundError, TransientError
from cauce.permissions import Thing
from cauce.services import clocks, definitions, instances, visibility
from cauce.services.hub import Actor, Hub
from cauce.services.teamwork import comments
from cauce.services.visibility import Detail, Filters
from workflows.drawing.diagram import draw
from workflows.drawing.outline import mark_of_status, outline
from workflows.drawing.way import Trail

JSON = Any

router = APIRouter(include_in_schema=False)

page_size = 50
# Not `waiting`: searches know an instance that waits for people as one that runs.
statuses = ("running", "suspended", "completed", "faulted", "cancelled")
changes = {
    "retry": (instances.retry, view.message("Retry"), "button-main", {"faulted"}),
    "resume": (instances.resume, view.message("Resume"), "button-main", {"suspended"}),
    "suspend": (instances.suspend, view.message("Suspend"), "", {"running", "waiting"}),
    "cancel": (
        instances.cancel,
        view.message("Cancel"),
        "button-danger",
        {"running", "waiting", "suspended", "faulted"},
    ),
}
notices = {
    "retry": view.message("The instance goes on from where it stopped."),
    "resume": view.message("The instance goes on."),
    "suspend": view.message("The instance is suspended: no further task begins."),
    "cancel": view.message("The instance is being cancelled; what it did is undone."),
}


@router.get("/instances")
async def instance_list(
    request: Request,
    hub: HubDep,
    actor: VisitorDep,
    text: str = "",
    definition: str = "",
    status: str = "",
    after: str = "",
) -> Response:
    """Show the instances that fit the filter, the newest first."""
    wanted = Filters(status=status or None, definition=definition or None, key=text.strip() or None)
    page, problem = visibility.Page(), None
    try:
        page = await visibility.list_instances(hub, actor, wanted, page_token=after or None, limit=page_size)
    except TransientError as error:
        problem = error
    words = {"text": text, "definition": definition, "status": status, "after": page.next or ""}
    names = {(each.definition, each.version) for each in page.instances}
    return view.render(
        request,
        "instances.html",
        names=await names_of_all(request, names),
        instances=page.instances,
        definitions=[each.full_name for each in await definitions.list_definitions(hub, actor, "process")],
        statuses=statuses,
        text=text,
        definition=definition,
        chosen_status=status,
        refusal=problem,
        next_page="/instances?" + urlencode({name: word for name, word in words.items() if word}) if page.next else "",
    )


@router.get("/instances/{instance_id:path}")
async def instance_page(request: Request, hub: HubDep, actor: VisitorDep, instance_id: str, done: str = "") -> Response:
    """Show an instance."""
    detail = await visibility.look(hub, actor, instance_id)
    lang = view.language_of(request)
    document = await document_of(hub, detail)
    marks = marks_of(detail)
    trail = Trail(
        [each["reference"] for each in detail.state.get("tasks") or []],
        ended=detail.summary.status in {"completed", "cancelled"},
    )
    return view.render(
        request,
        "instance.html",
        instance=detail.summary,
        live=detail.live,
        steps=outline(document, marks),
        picture=draw(document, marks, trail, lang.gettext),
        names=await names_of(request, detail.summary.definition, detail.summary.version),
        status_now=detail.state.get("status") or detail.summary.status,
        timeline=timeline(detail, lang),
        clocks=await clocks.beside(hub, instance_id),
        comments=(await comments.of_instance(hub, actor, instance_id))[::-1],
        open_tasks_here=[task for task in detail.human_tasks if task.closed_at is None],
        actions=actions(actor, detail),
        problem=explained(detail, lang),
        data=detail.output if detail.summary.status == "completed" else detail.state.get("context"),
        data_json=view.pretty({"state": detail.state, "output": detail.output}),
        definition_url=f"/definitions/process/{detail.summary.definition}?version={detail.summary.version}",
        message=lang.gettext(notices.get(done, "")),
    )


@router.post("/instances/{instance_id:path}")
async def change_instance(hub: HubDep, actor: VisitorDep, instance_id: str, form: FormDep, do: str = "") -> Response:
    """Do what an operator may with an instance: retry, resume, suspend, cancel."""
    del form
    if do not in changes:
        raise InputError(f"There is no action '{do}'.", hint=f"Known are {', '.join(changes)}.")
    await changes[do][0](hub, actor, instance_id)
    return RedirectResponse(f"{view.instance_url(instance_id)}?done={do}", status_code=HTTPStatus.SEE_OTHER)


async def document_of(hub: Hub, detail: Detail) -> JSON:
    """Return the process that an instance runs; an empty one when it was never published here."""
    try:
        return (await definitions.definition(hub, detail.summary.definition, detail.summary.version)).document
    except NotFoundError:
        return {}


def marks_of(detail: Detail) -> dict[str, str]:
    """Return the state of each task that began, by its reference; of one that began several times, the last."""
    marks = {each["reference"]: each["status"] for each in detail.state.get("tasks") or []}
    stopped = detail.summary.status if detail.summary.status in {"faulted", "cancelled"} else "current"
    return marks | dict.fromkeys(detail.state.get("current") or [], stopped)


def actions(actor: Actor, detail: Detail) -> list[tuple[str, str, str]]:
    """Return what this person may do with an instance in its state."""
    if not actor.decide("operate", Thing.of_instance(detail.summary.id)).allowed:
        return []
    return [(name, label, look) for name, (_, label, look, when) in changes.items() if detail.summary.status in when]


def timeline(detail: Detail, lang: Language) -> list[dict[str, Any]]:
    """Return what happened, in order; without a worker, what the inbox knows of it."""
    if detail.state.get("tasks"):
        return [entry(each, lang) for each in detail.state["tasks"]]
    known = [
        {"name": each.name, "status": each.state, "startedAt": each.created_at, "endedAt": each.closed_at}
        for each in detail.human_tasks
    ]
    return [entry(each, lang) for each in known]


def entry(task: Mapping[str, JSON], lang: Language) -> dict[str, Any]:
    """Return one line of the timeline."""
    started, ended = as_moment(task.get("startedAt")), as_moment(task.get("endedAt"))
    error = task.get("error")
    status = str(task.get("status", ""))
    lasted = ended - started if started and ended else timedelta()
    took = format_timedelta(lasted, threshold=1.2, locale=lang.code) if lasted >= timedelta(seconds=1) else ""
    return {
        "name": task.get("name", ""),
        "status": status,
        "mark": mark_of_status.get(status, "current" if status in {"open", "claimed"} else "none"),
        "started": started,
        "took": took,
        "error": words(error, lang),
    }


def explained(detail: Detail, lang: Language) -> dict[str, str] | str:
    """Return why an instance failed, in words."""
    if not detail.problem or detail.summary.status not in {"faulted", "suspended", "waiting", "running"}:
        return ""
    return {"title": lang.gettext("It stopped on an error"), "text": words(detail.problem, lang)}


def words(problem: JSON, lang: Language) -> str:
    """Return an error as a sentence or two."""
    if not isinstance(problem, Mapping):
        return said(str(problem or ""), lang)
    parts = [problem.get("detail") or problem.get("title") or "", problem.get("hint") or ""]
    return " ".join(said(str(part), lang) for part in parts if part)
