"""What a person does on the page of a task besides answering it: a draft, delegation, a later date, sending back."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from api import answers
from api.deps import FormDep, HubDep, SessionsDep, VisitorDep
from api.i18n import Language
from api.pages import asked, kept_typing, view
from cauce.errors import InputError
from cauce.services import task_acts, task_drafts, tasks
from cauce.services.hub import Actor, Hub
from cauce.services.task_drafts import DraftView
from cauce.services.tasks import TaskView

router = APIRouter(include_in_schema=False)
notices: Mapping[str, str] = {
    "claimed": view.message("The task is yours."),
    "draft": view.message("The draft is saved; nobody else sees it."),
    "dropped": view.message("The draft is gone."),
    "assigned": view.message("The task has another owner now."),
    "priority": view.message("The priority is changed."),
    "back": view.message("The task is in the inbox again."),
}


async def keep_typed(request: Request, hub: HubDep, sessions: SessionsDep, task_id: str) -> None:
    """Keep what somebody typed whose session has run out meanwhile, as their draft; they log in and find it."""

    async def keep(actor: Actor, form: FormData) -> None:
        await _keep_typed(hub, actor, await tasks.task(hub, actor, task_id), form, view.language_of(request))

    await kept_typing.of_past_session(request, hub, sessions, keep)


KeptTyped = Depends(keep_typed)


async def _keep_typed(hub: Hub, actor: Actor, task: TaskView, form: FormData, lang: Language) -> DraftView:
    values = asked.typed(task.form_document, form, lang)
    return await task_drafts.save(hub, actor, task.id, values, after=kept_typing.version_of(form))


@router.post("/tasks/{task_id}/draft/typed", dependencies=[KeptTyped])
async def save_typed(request: Request, hub: HubDep, actor: VisitorDep, task_id: str, form: FormDep) -> Response:
    """Keep what somebody is typing, for the script of the page; a newer draft of another window stays as it is."""
    lang = view.language_of(request)
    task = await tasks.task(hub, actor, task_id)
    return await kept_typing.told(_keep_typed(hub, actor, task, form, lang), lang)


@router.post("/tasks/{task_id}/delegate")
async def delegate(hub: HubDep, actor: VisitorDep, task_id: str, form: FormDep) -> Response:
    """Hand a task to a colleague."""
    await task_acts.delegate(hub, actor, task_id, str(form.get("to", "")).strip(), str(form.get("note", "")))
    return RedirectResponse("/inbox?done=delegated", status_code=HTTPStatus.SEE_OTHER)


@router.post("/tasks/{task_id}/follow-up")
async def follow_up(request: Request, hub: HubDep, actor: VisitorDep, task_id: str, form: FormDep) -> Response:
    """Set a task aside until a moment, or bring it back."""
    text = str(form.get("at", "")).strip()
    if not text:
        await task_acts.follow_up(hub, actor, task_id, None)
        return to_task(task_id, "back")
    await task_acts.follow_up(hub, actor, task_id, _moment(text, view.language_of(request)))
    return RedirectResponse("/inbox?done=set-aside", status_code=HTTPStatus.SEE_OTHER)


@router.post("/tasks/{task_id}/send-back")
async def send_back(hub: HubDep, actor: VisitorDep, task_id: str, form: FormDep) -> Response:
    """Send the case back to an earlier task."""
    await tasks.send_back(hub, actor, task_id, str(form.get("to", "")), str(form.get("reason", "")))
    return RedirectResponse("/inbox?done=sent-back", status_code=HTTPStatus.SEE_OTHER)


@router.post("/tasks/{task_id}/assign")
async def assign(hub: HubDep, actor: VisitorDep, task_id: str, form: FormDep) -> Response:
    """Give a task to somebody else, as a manager."""
    user, group = (str(form.get(key, "")).strip() or None for key in ("user", "group"))
    await task_acts.assign(hub, actor, task_id, user=user, group=group, note=str(form.get("note", "")))
    return to_task(task_id, "assigned")


@router.post("/tasks/{task_id}/priority")
async def set_priority(hub: HubDep, actor: VisitorDep, task_id: str, form: FormDep) -> Response:
    """Change how urgent a task is, as a manager."""
    text = str(form.get("priority", ""))
    if not text.isdigit() or len(text) > answers.most_digits:
        raise InputError("A priority is a whole number from 0 to 100.", hint="50 is the usual one.")
    await task_acts.set_priority(hub, actor, task_id, int(text))
    return to_task(task_id, "priority")


def _moment(text: str, lang: Language) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError as cause:
        raise InputError("That is no date with a time.", hint="Choose one in the field.") from cause
    return read if read.tzinfo else read.replace(tzinfo=lang.zone)


def to_task(task_id: str, done: str) -> Response:
    """Lead back to the page of a task, which says what was done."""
    return RedirectResponse(f"/tasks/{task_id}?done={done}", status_code=HTTPStatus.SEE_OTHER)
