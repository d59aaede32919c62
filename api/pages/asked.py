"""A form that is filled in on a page, of a task or of what starts a process: what was entered, what it shows then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from starlette.datastructures import FormData, UploadFile

from api import answers, forms
from api.i18n import Language
from api.pages import view
from api.sentences import said
from cauce.errors import InputError, TooLargeError, TransientError
from cauce.personal import is_cover
from cauce.services import form_answers, form_options

JSON = Any
Problems = Sequence[Mapping[str, str]]
update_button = "_update"
search_button = "_search"
touched = "_touched"


class Asked(Protocol):
    """What somebody fills in."""

    @property
    def form(self) -> JSON:
        """The form document."""

    async def case(self) -> forms.Case:
        """Return what the form is shown for."""

    async def attach(self, pointer: str, name: str, content: bytes) -> Mapping[str, JSON]:
        """Keep a file for the field at a pointer."""

    async def search(self, pointer: str, values: JSON, text: str) -> form_options.Options:
        """Return what can be chosen in the field at a pointer."""


@dataclass(frozen=True, slots=True)
class Entered:
    """What was entered: the values, what could not be attached, and the list whose rows a button changed."""

    values: JSON
    errors: tuple[Mapping[str, str], ...] = ()
    changed: str = ""
    unfinished: bool = False
    searched: str = ""
    text: str = ""


async def read(asked: Asked, form: FormData, language: Language) -> Entered:
    """Read what was posted; files in it are attached at once, so that they are there when the form comes back."""
    posted = texts(form)
    errors: list[Mapping[str, str]] = []
    for pointer, file in form.multi_items():
        if not isinstance(file, UploadFile) or not file.filename:
            continue
        try:
            kept = await asked.attach(pointer, file.filename, await file.read())
            posted.setdefault(pointer, []).append(str(kept["sha256"]))
        except InputError as error:
            errors += error.errors
        except (TooLargeError, TransientError) as error:
            errors.append({"pointer": pointer, "problem": error.problem})
    schema = asked.form.get("schema") or {}
    values = answers.moments(schema, answers.answer(schema, posted), language)
    add, remove = str(form.get(answers.add_button, "")), str(form.get(answers.remove_button, ""))
    if add or remove:
        values = answers.change_rows(schema, values, add, remove)
    searched = str(form.get(search_button, ""))
    unfinished = bool(add or remove or searched or form.get(update_button))
    text = str(form.get(f"{searched}#search", ""))
    return Entered(values, tuple(errors), add or remove.rpartition("/")[0], unfinished, searched, text)


def typed(form_document: JSON, form: FormData, language: Language) -> JSON:
    """Return the values that were typed, without new files: those are attached when the form is sent."""
    schema = form_document.get("schema") or {}
    return answers.moments(schema, answers.answer(schema, texts(form)), language)


def texts(form: FormData) -> dict[str, list[str]]:
    """Return what was posted, without files."""
    return {name: [each for each in form.getlist(name) if isinstance(each, str)] for name in form}


async def searched(asked: Asked, entered: Entered, lang: Language) -> forms.Case:
    """Return what the form is shown for when somebody searched in one of its fields."""
    case = await asked.case()
    if not entered.searched:
        return case
    found = await asked.search(entered.searched, entered.values, entered.text)
    choices = tuple(forms.Choice(str(each.value), each.label, chosen=False) for each in found.options)
    search = forms.Search(entered.text, note_of(found, lang), choices)
    return replace(case, searches={entered.searched: search})


async def options(asked: Asked, entered: Entered, lang: Language) -> dict[str, JSON]:
    """Return what can be chosen in the field that somebody types in, for the script of the page."""
    found = await asked.search(entered.searched, entered.values, entered.text)
    shown = [{"value": str(each.value), "label": each.label, "fill": each.fill} for each in found.options]
    return {"options": shown, "note": note_of(found, lang)}


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
    told = said(problem, lang)
    return told if at is None else f"{told} {lang.gettext('Last known %s.') % lang.relative(at)}"


def has_files(form: JSON) -> bool:
    """Tell whether files can be attached in a form."""
    return any(map(forms.is_attachment, forms.all_fields(form)))


async def so_far(asked: Asked, entered: Entered, form: FormData, lang: Language) -> Mapping[str, JSON]:
    """Return the fields that follow from what is entered so far, for the script of the page."""
    case = await asked.case()
    errors = _wrong_so_far(asked.form, entered, case, form)
    fields = forms.fields(asked.form, entered.values, lang, errors, case)
    return {"fields": fields, "focus": forms.first_control(fields, entered.changed) if entered.changed else ""}


def _wrong_so_far(form_document: JSON, entered: Entered, case: forms.Case, form: FormData) -> Problems:
    """Return what is wrong with the fields that somebody was at; the others are not finished yet."""
    at = {each for each in form.getlist(touched) if isinstance(each, str)}
    # What is covered is checked as what it is, when the answer is sent.
    done = {each for each in at if not any(map(is_cover, form.getlist(each)))}
    try:
        settled = form_answers.settle(form_document, case.data, entered.values, case.region, case.files)
    except InputError:
        # Said when it is sent; until then lines may go.
        return ()
    found = form_answers.found_wrong(form_document, settled, case.region)
    return [each for each in found if each["pointer"] in done]


def pointers(fields: Sequence[forms.Field]) -> set[str]:
    """Return the pointers of all fields shown."""
    found = set()
    for field in fields:
        found |= {field.pointer} | pointers(field.fields) | pointers(field.rows)
    return found


def loose(fields: Sequence[forms.Field], errors: Problems) -> list[Mapping[str, str]]:
    """Return the problems that stand beside no field that is shown."""
    shown = pointers(fields)
    return [each for each in errors if each.get("pointer", "") not in shown]
