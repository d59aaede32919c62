"""The form of a task: what was entered in it, and what it shows then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from api import answers, forms
from api.i18n import Language
from api.pages import view
from cauce.errors import InputError, TooLargeError, TransientError
from cauce.personal import is_cover
from cauce.services import attachments, form_answers, form_options
from cauce.services.hub import Actor, Hub
from cauce.services.tasks import TaskView

JSON = Any
Problems = Sequence[Mapping[str, str]]
update_button = "_update"
search_button = "_search"
touched = "_touched"


@dataclass(frozen=True, slots=True)
class Entered:
    """What was entered: the values, what could not be attached, and the list whose rows a button changed."""

    values: JSON
    errors: tuple[Mapping[str, str], ...] = ()
    changed: str = ""
    unfinished: bool = False
    searched: str = ""
    text: str = ""


async def read(hub: Hub, actor: Actor, task: TaskView, form: FormData, language: Language) -> Entered:
    """Read what was posted; files in it are attached to the task, so that they are there when the form comes back."""
    posted = {name: [each for each in form.getlist(name) if isinstance(each, str)] for name in form}
    errors: list[Mapping[str, str]] = []
    for pointer, file in form.multi_items():
        if not isinstance(file, UploadFile) or not file.filename:
            continue
        try:
            kept = await attachments.attach(hub, actor, task.id, pointer, file.filename, await file.read())
            posted.setdefault(pointer, []).append(str(kept["sha256"]))
        except InputError as error:
            errors += error.errors
        except (TooLargeError, TransientError) as error:
            errors.append({"pointer": pointer, "problem": error.problem})
    schema = task.form_document.get("schema") or {}
    values = answers.moments(schema, answers.answer(schema, posted), language)
    add, remove = str(form.get(answers.add_button, "")), str(form.get(answers.remove_button, ""))
    if add or remove:
        values = answers.change_rows(schema, values, add, remove)
    searched = str(form.get(search_button, ""))
    unfinished = bool(add or remove or searched or form.get(update_button))
    text = str(form.get(f"{searched}#search", ""))
    return Entered(values, tuple(errors), add or remove.rpartition("/")[0], unfinished, searched, text)


async def searched(hub: Hub, actor: Actor, task: TaskView, entered: Entered, lang: Language) -> forms.Case:
    """Return what the form is shown for when somebody searched in one of its fields."""
    case = await case_of(hub, task)
    if not entered.searched:
        return case
    found = await form_options.search(hub, actor, task.id, entered.searched, entered.values, entered.text)
    choices = tuple(forms.Choice(str(each.value), each.label, chosen=False) for each in found.options)
    search = forms.Search(entered.text, note_of(found, lang), choices)
    return replace(case, searches={entered.searched: search})


_said = view.message("It is not available now.")


def note_of(found: form_options.Options, lang: Language) -> str:
    """Say what somebody who searches has to know of what was found."""
    if found.problem:
        return out_of_date(found.problem, found.at, lang)
    if not found.options:
        return lang.gettext("Nothing was found.")
    return lang.gettext("There is more; write more of it.") if found.more else ""


def out_of_date(problem: str, at: datetime | None, lang: Language) -> str:
    """Say that something could not be asked now, and since when what is shown is known."""
    said = lang.gettext(problem)
    return said if at is None else f"{said} {lang.gettext('Last known %s.') % lang.relative(at)}"


async def case_of(hub: Hub, task: TaskView) -> forms.Case:
    """Return what the form is shown for."""
    files = await attachments.attached(hub, task.instance, task.id) if has_files(task.form_document) else {}
    return forms.Case(task.data, files, hub.settings.phone_region)


def has_files(form: JSON) -> bool:
    """Tell whether files can be attached in a form."""
    return any(map(forms.is_attachment, forms.all_fields(form)))


def wrong_so_far(task: TaskView, entered: Entered, case: forms.Case, form: FormData) -> Problems:
    """Return what is wrong with the fields that somebody was at; the others are not finished yet."""
    at = {each for each in form.getlist(touched) if isinstance(each, str)}
    # What is covered is checked as what it is, when the answer is sent.
    done = {each for each in at if not any(map(is_cover, form.getlist(each)))}
    settled = form_answers.settle(task.form_document, task.data, entered.values, case.region, case.files)
    found = form_answers.found_wrong(task.form_document, settled, case.region)
    return [each for each in found if each["pointer"] in done]


def shown(request: Request, task: TaskView) -> dict[str, JSON]:
    """Return what the page has to know of the task and its form as a whole."""
    settings = request.app.state.settings
    return {
        "task": task,
        "form": task.form_document,
        "urgency": view.urgency(task.due_at),
        "has_files": has_files(task.form_document),
        "most_bytes": settings.max_attachment_bytes,
        "dynamic": forms.is_dynamic(task.form_document),
    }
