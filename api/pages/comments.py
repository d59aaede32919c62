"""What people say about a task: shown beside it, added without losing what is typed in its form."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import FormDep, HubDep, VisitorDep
from api.i18n import Language
from api.pages import view
from api.sentences import said
from cauce.errors import ConflictError, InputError
from cauce.services import tasks
from cauce.services.hub import Actor, Hub
from cauce.services.teamwork import comments
from cauce.services.teamwork.comments import CommentView

router = APIRouter(include_in_schema=False)
page_size: Final = 50


@dataclass(frozen=True, slots=True)
class Talk:
    """What was said about a task, the oldest first; with what could not be said, and why."""

    comments: Sequence[CommentView]
    people: Sequence[str]
    may_speak: bool
    earlier: int | None = None
    text: str = ""
    problem: str = ""
    done: bool = False


async def talk(hub: Hub, actor: Actor, task_id: str, before: int | None = None) -> Talk:
    """Return the part of a page that holds the comments on a task."""
    found = await comments.of_task(hub, actor, task_id, before=before, limit=page_size + 1)
    shown, more = found[:page_size], len(found) > page_size
    may_speak = actor.may(*comments.speakers)
    people = await comments.may_be_named(hub, actor, task_id) if may_speak else ()
    return Talk(shown[::-1], people, may_speak, shown[-1].id if more else None)


@router.get("/tasks/{task_id}/comments")
async def comments_page(
    request: Request, hub: HubDep, actor: VisitorDep, task_id: str, before: int | None = None
) -> Response:
    """Show what was said about a task: within the page of the task, or as a page."""
    return await _shown(request, hub, actor, task_id, await talk(hub, actor, task_id, before))


@router.post("/tasks/{task_id}/comments")
async def add_comment(request: Request, hub: HubDep, actor: VisitorDep, task_id: str, form: FormDep) -> Response:
    """Say something about a task."""
    text = str(form.get("text", ""))
    try:
        await comments.add(hub, actor, task_id, text)
    except (InputError, ConflictError) as error:
        failed = replace(await talk(hub, actor, task_id), text=text, problem=_words(error, view.language_of(request)))
        return await _shown(request, hub, actor, task_id, failed, status=error.http_status)
    if "hx-request" in request.headers:
        return await _shown(request, hub, actor, task_id, replace(await talk(hub, actor, task_id), done=True))
    return RedirectResponse(f"/tasks/{task_id}#comments", status_code=HTTPStatus.SEE_OTHER)


def _words(error: InputError | ConflictError, lang: Language) -> str:
    """Return why something could not be said, with whom it could be said to."""
    about = error.errors[0] if isinstance(error, InputError) and error.errors else {}
    if "name" not in about:
        return f"{said(error.problem, lang)} {said(error.hint, lang)}".strip()
    text = lang.gettext("Nobody called '%(name)s' may see this task.") % {"name": about["name"]}
    if about["people"]:
        text += " " + lang.gettext("Those who may: %(names)s.") % {"names": about["people"]}
    return text + " " + lang.gettext("With a space after the @ nobody is meant.")


async def _shown(
    request: Request, hub: Hub, actor: Actor, task_id: str, said: Talk, *, status: int = HTTPStatus.OK
) -> Response:
    task = await tasks.task(hub, actor, task_id)
    if "hx-request" in request.headers:
        # Put into the page whatever it says: the script leaves out what is an error.
        return view.render(request, "_comments.html", task=task, talk=said)
    return view.render(request, "comments.html", status=status, task=task, talk=said, section="inbox")
