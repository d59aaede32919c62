"""The dead-letter desk: causes, the letters of one, and a letter with what was sent, what is wanted, and what to do."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from api.deps import FormDep, HubDep, VisitorDep
from api.i18n import Language
from api.pages import view
from cauce.errors import CauceError, ExpressionError, InputError
from cauce.services import dead_letter_edits, dead_letters
from cauce.services.dead_letter_edits import Changed
from cauce.services.dead_letter_views import deciders
from cauce.services.dead_letters import Answer
from cauce.services.hub import Actor, Hub
from cauce.store.dead_letters import Filters, states

JSON = Any

router = APIRouter(include_in_schema=False)

page_size = 50
longest_number = 9
kinds = {
    "text": view.message("text"),
    "number": view.message("number"),
    "integer": view.message("whole number"),
    "boolean": view.message("yes or no"),
    "list": view.message("list"),
    "object": view.message("group"),
    "nothing": view.message("nothing"),
}
changes = {
    "open": view.message("would be changed"),
    "edited": view.message("edited"),
    "unchanged": view.message("stays as it is"),
    "refused": view.message("not changed"),
}
notices = {
    "edited": view.message("What is to be sent was changed. Nothing has been sent yet."),
    "replayed": view.message("It was applied."),
    "already-applied": view.message("It had been applied before, so nothing was sent."),
    "dropped": view.message("It was dropped, with your name and your reason."),
}


@dataclass(frozen=True, slots=True)
class Done:
    """What came of what somebody did with several letters, and the expression that they typed."""

    answers: Sequence[Answer] = ()
    changed: Sequence[Changed] = ()
    expression: str = ""
    problem: CauceError | None = None


@router.get("/dead-letters")
async def dead_letter_list(
    request: Request, hub: HubDep, actor: VisitorDep, state: str = "open", cause: str = "", after: str = ""
) -> Response:
    """Show what was refused, by cause; or the letters of one cause."""
    return await listed(request, hub, actor, state, cause, after)


@router.post("/dead-letters")
async def change_letters(request: Request, hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Replay, change or drop several letters, and show what became of each."""
    cause, ids, version = str(form.get("cause", "")), numbers_of(form), str(form.get("version", "")) or None
    doing, expression = str(form.get("do", "")), str(form.get("expression", ""))
    done = Done(expression=expression)
    try:
        if doing.endswith("-all"):
            ids = await dead_letters.ids_of(hub, actor, cause)
        match doing.removesuffix("-all"):
            case "replay":
                done = Done(await dead_letters.replay(hub, actor, ids, version=version))
            case "try" | "change" as way:
                found = await dead_letter_edits.change(hub, actor, ids, expression, keep=way == "change")
                done = Done(changed=found, expression=expression)
            case _:
                done = Done(await dead_letters.drop(hub, actor, ids, str(form.get("reason", ""))))
    except (ExpressionError, InputError) as error:
        done = Done(problem=error, expression=expression)
    return await listed(request, hub, actor, "open", cause, done=done)


@router.get("/dead-letters/{letter_id}")
async def dead_letter_page(
    request: Request, hub: HubDep, actor: VisitorDep, letter_id: str, done: str = ""
) -> Response:
    """Show a letter."""
    message = view.language_of(request).gettext(notices[done]) if done in notices else ""
    return await shown(request, hub, actor, number_of(letter_id), message=message)


@router.post("/dead-letters/{letter_id}")
async def change_letter(request: Request, hub: HubDep, actor: VisitorDep, letter_id: str, form: FormDep) -> Response:
    """Edit, replay or drop one letter."""
    id_, text = number_of(letter_id), str(form.get("payload", ""))
    try:
        match form.get("do"):
            case "edit":
                await dead_letters.edit(hub, actor, id_, read(text))
                answer = Answer(id_, "edited", "")
            case "replay":
                version = str(form.get("version", "")) or None
                (answer,) = await dead_letters.replay(hub, actor, [id_], version=version)
            case _:
                (answer,) = await dead_letters.drop(hub, actor, [id_], str(form.get("reason", "")))
    except InputError as error:
        hint = " ".join([error.hint, *(f"{each['pointer']}: {each['problem']}" for each in error.errors)])
        return await shown(request, hub, actor, id_, text=text, problem=error.problem, hint=hint, status=422)
    if answer.state in notices:
        return RedirectResponse(f"/dead-letters/{id_}?done={answer.state}", status_code=HTTPStatus.SEE_OTHER)
    return await shown(request, hub, actor, id_, problem=answer.sentence, hint=answer.hint)


async def listed(
    request: Request,
    hub: Hub,
    actor: Actor,
    state: str,
    cause: str,
    after: str = "",
    done: Done | None = None,
) -> Response:
    """Return the page of causes, or of one cause."""
    causes = await dead_letters.list_causes(hub, actor, Filters(state=state, cause=cause or None))
    page = dead_letters.Page((), None)
    if cause:
        wanted = Filters(state=state, cause=cause)
        page = await dead_letters.list_letters(hub, actor, wanted, after=after or None, limit=page_size)
    done = done or Done()
    about = causes[0] if cause and causes else None
    following = urlencode({"state": state, "cause": cause, "after": page.next or ""})
    return view.render(
        request,
        "dead_letters.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if done.problem else HTTPStatus.OK,
        causes=causes,
        chosen=cause,
        letters=page.letters,
        done=done,
        changes={state: view.language_of(request).gettext(word) for state, word in changes.items()},
        pretty=view.pretty,
        editable=about is not None and about.origin != "call",
        versions=await dead_letters.versions(hub, actor, about.origin, about.name) if about else (),
        state=state,
        tabs=[(each, "/dead-letters?" + urlencode({"state": each})) for each in states],
        may_decide=actor.may(*deciders) and state == "open",
        next_page=f"/dead-letters?{following}" if page.next else "",
        refusal=done.problem,
    )


async def shown(  # noqa: PLR0913 - what came of a change
    request: Request,
    hub: Hub,
    actor: Actor,
    id_: int,
    *,
    text: str = "",
    message: str = "",
    problem: str = "",
    hint: str = "",
    status: int = 200,
) -> Response:
    """Return the page of a letter."""
    detail = await dead_letters.letter(hub, actor, id_)
    payload = detail.edited if detail.summary.edited else detail.sent
    return view.render(
        request,
        "dead_letter.html",
        status=status,
        letter=detail.summary,
        detail=detail,
        versions=await dead_letters.versions(hub, actor, detail.summary.origin, detail.summary.name),
        sent=view.pretty(detail.sent),
        worded=lambda told: worded(told, view.language_of(request)),
        payload=text or view.pretty(payload),
        may_decide=actor.may(*deciders) and detail.summary.state == "open",
        message=message,
        problem=problem,
        hint=hint,
    )


def worded(told: str, lang: Language) -> str:
    """Return what was sent or wanted, with the kind of it in a word that people know."""
    kind, space, rest = told.partition(" ")
    return lang.gettext(kinds[kind]) + space + rest if kind in kinds else told


def read(text: str) -> JSON:
    """Return what somebody typed as JSON."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"This is not JSON: line {error.lineno}, column {error.colno}.", hint="Text in JSON needs double quotes."
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError("This is not JSON.", hint="Text in JSON needs double quotes.") from error


def numbers_of(form: FormData) -> list[int]:
    """Return the letters that were chosen."""
    return [number_of(str(each)) for each in form.getlist("ids")]


def number_of(text: str) -> int:
    """Return the number of a letter; 0, which none has, for what is no number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= longest_number else 0
