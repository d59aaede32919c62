"""What a person does from the inbox: one act for all chosen tasks, with what came of each; and keeping views of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from api import answers, forms
from api.deps import FormDep, HubDep, VisitorDep
from api.i18n import Language
from api.pages import asked, inbox_query, view
from api.pages.task_form import AskedByTask
from api.sentences import said
from cauce.errors import InputError, NotFoundError
from cauce.services import task_batches
from cauce.services.hub import Actor, Hub
from cauce.services.inbox import listing, views
from cauce.services.task_batches import Row
from cauce.services.tasks import TaskView

JSON = Any
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one chosen task: where it is, what it is called, and why it was not done if it was not."""

    id: str
    title: str
    problem: str = ""
    hint: str = ""


@router.post("/inbox/acts")
async def act(request: Request, hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Do one thing with all chosen tasks, and say what came of each."""
    chosen = _chosen(form)
    match str(form.get("act", "")) or _meant(form):
        case "claim":
            rows = await task_batches.claim(hub, actor, chosen)
        case "assign":
            user, group = (str(form.get(key, "")).strip() or None for key in ("user", "to_group"))
            rows = await task_batches.assign(hub, actor, chosen, user=user, group=group, note=str(form.get("note", "")))
        case "priority":
            rows = await task_batches.set_priority(hub, actor, chosen, _priority(form))
        case "complete":
            return await _ask(request, hub, actor, chosen, form)
        case _:
            raise InputError(
                view.message("It is not said what to do with the tasks."),
                hint=view.message("Press one of the buttons below them."),
            )
    return await _told(request, hub, actor, rows, form)


@router.post("/inbox/complete")
async def complete(request: Request, hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Give one answer to all chosen tasks; when it fits none of them, show the form again with what is wrong."""
    chosen, lang = _chosen(form), view.language_of(request)
    first = await _answerable(hub, actor, chosen)
    filled = AskedByTask(hub, actor, first)
    entered = await asked.read(filled, form, lang)
    if entered.unfinished:
        case = await asked.searched(filled, entered, lang)
        return await _form(request, hub, actor, first, form, entered.values, case=case)
    rows = await task_batches.complete(hub, actor, chosen, entered.values)
    wrong = [(each.problem or {}).get("errors", ()) for each in rows]
    if any(wrong) and all(each.problem for each in rows):
        # Nothing was done: what was entered is mended, and not lost for those that others got meanwhile.
        return await _form(request, hub, actor, first, form, entered.values, errors=next(filter(None, wrong)))
    return await _told(request, hub, actor, rows, form)


@router.post("/inbox/views")
async def save_view(hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Keep what is shown under a name."""
    filters = {name: str(form[name]) for name in inbox_query.FILTERS if form.get(name)}
    columns = [each for each in form.getlist("columns") if isinstance(each, str)]
    kept = await views.save(
        hub, actor, str(form.get("name", "")), filters, columns, standard=bool(form.get("standard"))
    )
    address = inbox_query.of_view(kept).address(done="view-saved")
    return RedirectResponse(address, status_code=HTTPStatus.SEE_OTHER)


@router.post("/inbox/views/{view_id}/drop")
async def drop_view(hub: HubDep, actor: VisitorDep, view_id: str, form: FormDep) -> Response:
    """Forget a view."""
    del form
    await views.drop(hub, actor, view_id)
    return RedirectResponse("/inbox?which=all&done=view-dropped", status_code=HTTPStatus.SEE_OTHER)


async def _ask(request: Request, hub: Hub, actor: Actor, chosen: Sequence[str], form: FormData) -> Response:
    """Show the form whose answer all chosen tasks will get."""
    first = await _answerable(hub, actor, chosen)
    return await _form(request, hub, actor, first, form, answers.initial(first.form_document, None))


async def _answerable(hub: Hub, actor: Actor, chosen: Sequence[str]) -> TaskView:
    """Return the first of the tasks that is still there, whose form is that of all; a file is of one task alone."""
    first = await task_batches.first_seen(hub, actor, chosen)
    if first is None:
        raise NotFoundError(
            view.message("None of these tasks is in your inbox any more."), hint=view.message("Reload the inbox.")
        )
    if asked.has_files(first.form_document):
        raise InputError(
            view.message("This form takes files, which belong to one task."),
            hint=view.message("Answer each task by itself."),
        )
    return first


async def _form(
    request: Request,
    hub: Hub,
    actor: Actor,
    first: TaskView,
    form: FormData,
    values: JSON,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    case: forms.Case | None = None,
) -> Response:
    lang, chosen = view.language_of(request), _chosen(form)
    titles = await listing.titles(hub, actor, chosen)
    shown = case or forms.Case(None, {}, request.app.state.settings.phone_region)
    return view.render(
        request,
        "inbox_complete.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        task=first,
        chosen=chosen,
        titles=[lang.label(titles[each], "") or each for each in chosen if each in titles],
        fields=forms.fields(first.form_document, values, lang, errors, shown),
        errors=errors,
        form=first.form_document,
        dynamic=forms.is_dynamic(first.form_document),
        focus="",
        back=_back(form),
    )


async def _told(request: Request, hub: Hub, actor: Actor, rows: Sequence[Row], form: FormData) -> Response:
    """Say what came of each task."""
    lang = view.language_of(request)
    names = await listing.titles(hub, actor, [each.id for each in rows])
    outcomes = [_outcome(each, names, lang) for each in rows]
    done = sum(not each.problem for each in outcomes)
    return view.render(request, "inbox_outcome.html", outcomes=outcomes, done=done, back=_back(form), section="inbox")


def _outcome(row: Row, names: Mapping[str, JSON], lang: Language) -> Outcome:
    if row.problem is not None and row.id not in names:
        # Others got it meanwhile: what it is called is theirs now, and its number says nothing to anybody.
        return Outcome(row.id, "", lang.gettext(view.message("One of them is not in your inbox any more.")))
    title = lang.label(names.get(row.id, ""), "") or row.id
    if row.problem is None:
        return Outcome(row.id, title)
    problem, hint = (str(row.problem.get(name, "")) for name in ("detail", "hint"))
    return Outcome(row.id, title, said(problem, lang), said(hint, lang))


def _chosen(form: FormData) -> list[str]:
    found = [each for each in form.getlist("task") if isinstance(each, str)]
    if not found:
        raise InputError(view.message("No task is chosen."), hint=view.message("Mark some of them first."))
    return found


def _meant(form: FormData) -> str:
    """Return what is to be done when Enter was pressed in a field instead of a button: what the field is for."""
    filled = {name for name in ("user", "to_group", "priority") if str(form.get(name, "")).strip()}
    return "priority" if filled == {"priority"} else "assign" if filled and "priority" not in filled else ""


def _priority(form: FormData) -> int:
    text = str(form.get("priority", ""))
    if not text.isdigit() or len(text) > answers.most_digits:
        raise InputError("A priority is a whole number from 0 to 100.", hint="50 is the usual one.")
    return int(text)


def _back(form: FormData) -> str:
    """Return the view of the inbox that the tasks were chosen in."""
    address = str(form.get("back", ""))
    return address if address.startswith("/inbox?") else "/inbox"
