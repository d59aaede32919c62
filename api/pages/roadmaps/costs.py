"""What a roadmap has cost, entry by entry: time and money are entered, taken back and imported here."""

from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData, UploadFile

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import view
from api.pages.roadmaps import frame
from api.rest.attachments import as_download
from cauce.cost_entries import FACTORS, Given
from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError, TooLargeError
from cauce.roadmaps import roadmap_id
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import costs, files
from cauce.services.roadmaps.cost_rows import COLUMNS
from workflows.roadmap.running import acts

router = APIRouter(include_in_schema=False)
_SHOWN: Final = 50
_FIELDS: Final = (*COLUMNS, "token")
_WRONG: Final = (ConflictError, ForbiddenError, InputError, NotFoundError, TooLargeError)
notices = {
    "enter": view.message("It is entered."),
    "reverse": view.message("It is taken back; both entries are kept."),
}
kind_words: Final = {"time": view.message("time"), "expense": view.message("expense")}
source_words: Final = {
    "form": view.message("by form"),
    "rest": view.message("by a program"),
    "cli": view.message("by command"),
    "csv": view.message("from a file"),
    "hub": view.message("from another system"),
    "reversal": view.message("taken back"),
}


@router.get("/roadmaps/{name}/{key}/costs")
async def costs_page(
    request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str, done: str = "", before: int | None = None
) -> Response:
    """Show the entries of a roadmap, the newest first."""
    message = view.language_of(request).gettext(notices[done]) if done in notices else ""
    return await _page(request, hub, actor, (name, key), message=message, before=before)


@router.post("/roadmaps/{name}/{key}/costs")
async def change_costs(
    request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str, form: FormDep
) -> Response:
    """Enter something, take an entry back, or import a file."""
    standing, done = await frame.standing(hub, actor, name, key), str(form.get("do", ""))
    run = standing.detail.run.id
    try:
        match done:
            case "enter":
                comma = view.language_of(request).code == "es"
                await costs.enter(hub, actor, run, await _entry(hub, actor, run, form, comma=comma), source="form")
            case "reverse":
                number = frame.whole(str(form.get("number", "")))
                await costs.take_back(hub, actor, run, number, str(form.get("reason", ""))[: acts.most_text])
            case "import":
                found = await costs.import_rows(hub, actor, run, await _text(form))
                return await _page(request, hub, actor, (name, key), imported=found)
            case _:
                raise InputError("Nothing is asked for.", hint="Enter something, take it back, or import a file.")
    except _WRONG as error:
        return await _page(request, hub, actor, (name, key), refusal=error, given=form)
    return frame.back(standing, "costs", done=done)


@router.get("/roadmaps/{name}/{key}/costs/{number}/file")
async def cost_file(hub: HubDep, actor: VisitorDep, name: str, key: str, number: int) -> Response:
    """Return the paper behind an entry."""
    return as_download(await files.of_entry(hub, actor, roadmap_id(name, key), number))


async def _entry(hub: Hub, actor: Actor, run: str, form: FormData, *, comma: bool) -> Given:
    said = {name: str(form.get(name, "")).strip() for name in ("activity", "factor", "owner", "person", "note")}
    numbers = {name: _number(str(form.get(name, "")), comma=comma) for name in ("hours", "amount", "rate")}
    day = str(form.get("day", ""))
    # Whoever sends the form twice has said it once.
    reference = str(form.get("reference", "")).strip() or f"form:{str(form.get('token', ''))[:36]}"
    given = Given(reference=reference, day=acts.any_day(day) if day else None, **said, **numbers)
    upload = form.get("file")
    if not isinstance(upload, UploadFile) or not upload.filename:
        return given
    return replace(given, file=await files.attach(hub, actor, run, upload.filename, await upload.read()))


def _number(text: str, *, comma: bool) -> str:
    """Return a number with a point; whoever reads Spanish may have written a comma."""
    text = text.strip()
    return text.replace(".", "").replace(",", ".") if comma and "," in text else text


async def _text(form: FormData) -> str:
    upload, typed = form.get("file"), str(form.get("rows", ""))
    if isinstance(upload, UploadFile) and upload.filename:
        return (await upload.read()).decode("utf-8", "replace")
    if not typed.strip():
        raise InputError("There is no file.", hint="Choose one, or paste its rows.")
    return typed


async def _page(
    request: Request,
    hub: Hub,
    actor: Actor,
    at: tuple[str, str],
    *,
    before: int | None = None,
    given: FormData | None = None,
    **shown: Any,  # noqa: ANN401 - what else the template is shown
) -> Response:
    standing = await frame.standing(hub, actor, *at)
    run = standing.detail.run.id
    found = await costs.entries(hub, actor, run, before=before, limit=_SHOWN)
    said = {name: str(given.get(name, "")) if given else "" for name in _FIELDS}
    course = standing.course
    return frame.render(
        request,
        "roadmap_costs.html",
        standing,
        "costs",
        entries=found,
        more=found[-1].number if len(found) == _SHOWN else None,
        spent=await costs.spent(hub, actor, run),
        mine=[each for each in standing.detail.steps if each.kind == "activity" and each.may_act],
        titles={each.id: each.title for each in standing.detail.steps},
        owners=course.document["owners"],
        factors=FACTORS,
        currency=course.roadmap.currency,
        given=said,
        token=uuid4().hex,
        kind_word=frame.word(request, kind_words),
        source_word=frame.word(request, source_words),
        **({"imported": None} | shown),
    )
