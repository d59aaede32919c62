"""Starting a process by hand: which ones there are, and the form of one."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api import answers, forms
from api.deps import FormDep, HubDep, VisitorDep
from api.pages import view
from cauce.errors import ConflictError, InputError, TransientError
from cauce.services import start_forms
from cauce.services.start_forms import Beginning

JSON = Any
router = APIRouter()


@router.get("/start")
async def start_list(request: Request, hub: HubDep, actor: VisitorDep) -> Response:
    """Show what somebody may start."""
    found = await start_forms.list_beginnings(hub, actor)
    return view.render(request, "starts.html", beginnings=found, section="instances")


@router.get("/start/{name}")
async def start_page(request: Request, hub: HubDep, actor: VisitorDep, name: str) -> Response:
    """Show the form of one; the key makes that what is sent twice starts one."""
    asked = await start_forms.beginning(hub, actor, name)
    return _shown(request, asked, answers.initial(asked.form, None), str(uuid4()))


@router.post("/start/{name}")
async def start(request: Request, hub: HubDep, actor: VisitorDep, name: str, form: FormDep) -> Response:
    """Start it and lead to the case, or show what is wrong with what was entered."""
    asked = await start_forms.beginning(hub, actor, name)
    posted = {each: [text for text in form.getlist(each) if isinstance(text, str)] for each in form}
    values = answers.answer(asked.form.get("schema") or {}, posted)
    if rows := {each: posted[f"_{each}"][0] for each in ("add", "remove") if posted.get(f"_{each}")}:
        values = answers.change_rows(asked.form.get("schema") or {}, values, **rows)
        return _shown(request, asked, values, (posted.get("key") or [""])[0])
    key = (posted.get("key") or [""])[0] or str(uuid4())
    try:
        instance = await start_forms.begin(hub, actor, name, values, key)
    except InputError as error:
        return _shown(request, asked, values, key, error.errors, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except TransientError as error:
        return _shown(request, asked, values, key, problem=error, status=HTTPStatus.SERVICE_UNAVAILABLE)
    except ConflictError:
        instance = f"{name}/{key}"  # whoever presses twice has started it
    return RedirectResponse(f"/instances/{quote(instance)}", status_code=HTTPStatus.SEE_OTHER)


def _shown(
    request: Request,
    asked: Beginning,
    values: JSON,
    key: str,
    errors: Sequence[Mapping[str, str]] = (),
    *,
    problem: TransientError | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    fields = forms.fields(asked.form, values, view.language_of(request), errors)
    return view.render(
        request,
        "start.html",
        status=status,
        asked=asked,
        form=asked.form,
        fields=fields,
        key=key,
        focus=fields[0].pointer if fields and not errors else "",
        errors=errors,
        problem=problem,
        task=None,
        section="instances",
    )
