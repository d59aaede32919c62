"""Forms that people without an account answer, at the address that they were sent."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api import answers, forms
from api.deps import FormDep, HubDep
from api.pages import view
from api.pages.asked import loose, typed, update_button
from cauce.errors import ConflictError, InputError
from cauce.services import public_links
from cauce.services.public_links import PublicForm
from cauce.services.task_drafts import form_digest

JSON = Any
CHANGED: Final = view.message("The form has changed since you opened it: look at each field and send it again.")
router = APIRouter(include_in_schema=False)


@router.get("/f/{token}")
async def page(request: Request, hub: HubDep, token: str) -> Response:
    """Show the form of an address."""
    asked = await public_links.show(hub, token)
    return _shown(request, asked, answers.initial(asked.form, asked.data), done=asked.is_answered)


@router.post("/f/{token}")
async def answer(request: Request, hub: HubDep, token: str, form: FormDep) -> Response:
    """Take what was entered, or show what is wrong with it."""
    asked = await public_links.show(hub, token)
    request.state.locale = asked.language or None
    schema, values = asked.form.get("schema") or {}, typed(asked.form, form, view.language_of(request))
    add, remove = (str(form.get(button, "")) for button in (answers.add_button, answers.remove_button))
    if add or remove or form.get(update_button):
        return _shown(request, asked, answers.change_rows(schema, values, add, remove))
    if form.get("form") not in {None, form_digest(asked.form)}:
        # What the other form asked for and this one does not would be gone without anybody seeing it.
        return _shown(request, asked, values, errors=({"pointer": "", "problem": CHANGED},), status=409)
    try:
        await public_links.answer(hub, token, values)
    except InputError as error:
        return _shown(request, asked, values, errors=error.errors, status=422)
    except ConflictError:
        pass  # whoever presses twice has answered
    return _shown(request, asked, values, done=True)


def _shown(
    request: Request,
    asked: PublicForm,
    values: JSON,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    done: bool = False,
    status: int = 200,
) -> Response:
    request.state.locale = asked.language or None
    lang = view.language_of(request)
    fields = forms.fields(asked.form, values, lang, errors, forms.Case(asked.data))
    response = view.render(
        request,
        "public_form.html",
        status=status,
        form=asked.form,
        fields=fields,
        focus="",
        errors=errors,
        loose_errors=loose(fields, errors),
        dynamic=forms.is_dynamic(asked.form),
        form_digest=form_digest(asked.form),
        done=done,
        task=None,
    )
    # The address is all it takes to answer: nobody else has to learn of it.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
