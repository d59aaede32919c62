"""One task: its form, the case beside it, and what a person may do with it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from api import answers, forms
from api.deps import FormDep, HubDep, VisitorDep
from api.i18n import Language
from api.names import names_of
from api.pages import asked, comments, kept_typing, task_acts, task_form, view
from api.pages.task_form import AskedByTask
from api.pages.why import reasons
from api.rest.attachments import as_download
from api.sentences import said
from cauce.errors import CauceError, ConflictError, InputError, StaleError, TransientError
from cauce.permissions import Thing
from cauce.services import attachments, clocks, task_context, task_drafts, tasks
from cauce.services.hub import Actor, Hub
from cauce.services.task_drafts import DraftView
from cauce.services.tasks import TaskView
from cauce.services.teamwork import why

JSON = Any

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Beside:
    """What the page says besides the task: that something was done, of a draft, of a newer version of the form."""

    message: str = ""
    draft: DraftView | None = None
    newer: str = ""


@router.get("/tasks/{task_id}")
async def task_page(request: Request, hub: HubDep, actor: VisitorDep, task_id: str, done: str = "") -> Response:
    """Show a task."""
    task = await tasks.task(hub, actor, task_id)
    draft = await task_drafts.draft(hub, actor, task_id)
    begun = await task_drafts.begun_with(hub, actor, task)
    values = answers.initial(task.form_document, task.data) if begun is None else begun
    message = view.language_of(request).gettext(task_acts.notices.get(done, ""))
    newer = await task_drafts.newer_version(hub, task)
    beside = Beside(message, draft, newer)
    return await show(request, hub, actor, task, draft.content if draft else values, beside=beside)


@router.post("/tasks/{task_id}", dependencies=[task_acts.KeptTyped])
async def answer_task(request: Request, hub: HubDep, actor: VisitorDep, task_id: str, form: FormDep) -> Response:
    """Complete a task; or, when a row's button was pressed, show the form again with a row more or less."""
    task = await tasks.task(hub, actor, task_id)
    filled = AskedByTask(hub, actor, task)
    entered = await asked.read(filled, form, view.language_of(request))
    values, errors = entered.values, entered.errors
    if entered.unfinished or errors:
        case = await asked.searched(filled, entered, view.language_of(request))
        changed = entered.changed or entered.searched
        return await show(request, hub, actor, task, values, errors=errors, changed=changed, case=case)
    try:
        await tasks.complete(hub, actor, task_id, values)
    except InputError as error:
        return await show(request, hub, actor, task, values, errors=error.errors, problem=error)
    except (ConflictError, TransientError) as error:
        # What was entered stays on the page, also when the engine does not answer just now.
        task = await tasks.task(hub, actor, task_id)
        return await show(request, hub, actor, task, values, problem=error)
    return RedirectResponse("/inbox?done=completed", status_code=HTTPStatus.SEE_OTHER)


@router.post("/tasks/{task_id}/draft")
async def save_draft(request: Request, hub: HubDep, actor: VisitorDep, task_id: str, form: FormDep) -> Response:
    """Keep what was typed, or forget what was kept; what another window has saved since stays, until that was seen."""
    if form.get("drop"):
        await task_drafts.drop(hub, actor, task_id)
        return task_acts.to_task(task_id, "dropped")
    task = await tasks.task(hub, actor, task_id)
    entered = await asked.read(AskedByTask(hub, actor, task), form, view.language_of(request))
    try:
        known = kept_typing.version_of(form, kept_typing.known_field)
        await task_drafts.save(hub, actor, task_id, entered.values, after=known)
    except StaleError as error:
        return await show(request, hub, actor, task, entered.values, problem=error)
    if entered.errors:
        return await show(request, hub, actor, task, entered.values, errors=entered.errors)
    return task_acts.to_task(task_id, "draft")


@router.post("/tasks/{task_id}/form")
async def form_so_far(request: Request, hub: HubDep, actor: VisitorDep, task_id: str, form: FormDep) -> Response:
    """Show the fields that follow from what is entered so far, with what is wrong where somebody was already."""
    filled, lang = AskedByTask(hub, actor, await tasks.task(hub, actor, task_id)), view.language_of(request)
    shown = await asked.so_far(filled, await asked.read(filled, form, lang), form, lang)
    return view.render(request, "_task_fields.html", files_at=f"/tasks/{task_id}/files/", **shown)


@router.post("/tasks/{task_id}/options")
async def options(request: Request, hub: HubDep, actor: VisitorDep, task_id: str, form: FormDep) -> Response:
    """Return what can be chosen in the field that somebody types in, for the script of the page."""
    filled, lang = AskedByTask(hub, actor, await tasks.task(hub, actor, task_id)), view.language_of(request)
    return JSONResponse(await asked.options(filled, await asked.read(filled, form, lang), lang))


@router.get("/tasks/{task_id}/context/{index}")
async def context_entry(request: Request, hub: HubDep, actor: VisitorDep, task_id: str, index: int) -> Response:
    """Show one thing beside the form that has to be looked up: within the page of the task, or as a page."""
    task = await tasks.task(hub, actor, task_id)
    entry = await task_context.looked_up(hub, actor, task_id, index)
    note = asked.out_of_date(entry.problem, entry.at, view.language_of(request)) if entry.problem else ""
    template = "_context_entry.html" if "hx-request" in request.headers else "context_entry.html"
    files_at = f"/tasks/{task_id}/files/"
    return view.render(request, template, task=task, files_at=files_at, entry=entry, note=note, section="inbox")


@router.get("/tasks/{task_id}/files/{digest}")
async def task_file(hub: HubDep, actor: VisitorDep, task_id: str, digest: str) -> Response:
    """Give a file of a task to who may see the task, as something to save and never to show."""
    return as_download(await attachments.open_file(hub, actor, task_id, digest))


@router.post("/tasks/{task_id}/claim")
async def claim_task(hub: HubDep, actor: VisitorDep, task_id: str, form: FormDep) -> Response:
    """Take a task."""
    del form
    await tasks.claim(hub, actor, task_id)
    return RedirectResponse(f"/tasks/{task_id}?done=claimed", status_code=HTTPStatus.SEE_OTHER)


@router.post("/tasks/{task_id}/return")
async def return_task(hub: HubDep, actor: VisitorDep, task_id: str, form: FormDep) -> Response:
    """Give a task back to its group."""
    await tasks.return_task(hub, actor, task_id, str(form.get("reason", "")))
    return RedirectResponse("/inbox?done=returned", status_code=HTTPStatus.SEE_OTHER)


async def show(  # noqa: PLR0913 - what a page shows
    request: Request,
    hub: Hub,
    actor: Actor,
    task: TaskView,
    values: JSON,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    problem: CauceError | None = None,
    changed: str = "",
    case: forms.Case | None = None,
    beside: Beside | None = None,
) -> Response:
    """Return the page of a task, with the form filled with `values`; `changed` is the list whose rows did."""
    lang, beside = view.language_of(request), beside or Beside()
    fields = forms.fields(task.form_document, values, lang, errors, case or await task_form.case_of(hub, task))
    shown = asked.pointers(fields)
    focus = forms.first_control(fields, changed) if beside.message or changed else ""
    if errors:
        focus = next((each["pointer"] for each in errors if each.get("pointer") in shown), "")
    allowed = permissions(actor, task, lang)
    names = await names_of(request, task.definition, task.version)
    return view.render(
        request,
        "task.html",
        status=problem.http_status if problem else (HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK),
        fields=fields,
        errors=errors,
        loose_errors=asked.loose(fields, errors),
        problem=said(problem.problem, lang) if problem and not errors else "",
        hint=said(problem.hint, lang) if problem else "",
        **await around(hub, actor, task),
        why=reasons(await why.why(hub, actor, task.id), names.title(lang), lang),
        process=names.title(lang),
        focus=focus,
        section="inbox",
        **await _saving(request, hub, actor, task, beside),
        **asdict(beside),
        **task_form.shown(request, task),
        **allowed,
    )


async def around(hub: Hub, actor: Actor, task: TaskView) -> dict[str, Any]:
    """Return what stands around the form: what to know of the case, its clocks, and what people say."""
    return {
        "context": await task_context.context(hub, task),
        "clocks": await clocks.beside(hub, task.instance),
        "talk": await comments.talk(hub, actor, task.id),
    }


async def _saving(request: Request, hub: Hub, actor: Actor, task: TaskView, beside: Beside) -> dict[str, Any]:
    """Return what the script that saves drafts has to know."""
    found = beside.draft or await task_drafts.draft(hub, actor, task.id)
    # A page that shows what was sent says what is wrong with it: what was typed before belongs to another one.
    return {"draft_version": found.saved_at.isoformat() if found else "", "fresh": request.method == "GET"}


def permissions(actor: Actor, task: TaskView, lang: Language) -> dict[str, Any]:
    """Tell what this person may do with a task, and why not if not; the services decide again when they do it."""
    # Where several people answer, each does so without taking the task from the others.
    shared = tasks.is_shared(task.approvals)
    mine = actor.name in {task.claimed_by, task.user} or shared
    cannot = lang.gettext("You may look at this task; others have to do it.")
    if actor.name in task.different_from:
        cannot = lang.gettext("You did an earlier part of this case: somebody else has to decide this (four eyes).")
    if actor.name in task.answered_by:
        cannot = lang.gettext("You have given your answer; the others have to give theirs.")
    if task.claimed_by and not mine:
        cannot = lang.gettext("%(name)s has this task now.") % {"name": task.claimed_by}
    return {
        "may_answer": task.may_act and mine,
        "may_claim": task.may_act and not mine,
        "may_manage": may_supervise(actor, task) and task.closed_at is None,
        "is_shared": shared,
        "visitor": actor.name,
        "cannot": cannot,
    }


def may_supervise(actor: Actor, task: TaskView) -> bool:
    """Tell whether somebody may give a task to others."""
    return actor.decide("supervise", Thing.of(task.definition, task.form)).allowed
