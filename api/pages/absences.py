"""Absences: one's own and, for managers, everybody's; and who holds what on a day."""

from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import view
from cauce.errors import CauceError, InputError, NotFoundError
from cauce.services import absences
from cauce.services.hub import Actor, Hub

JSON = Any
router = APIRouter(include_in_schema=False)
longest_number = 9
fields = ("person", "begins", "ends", "substitute", "group", "form", "note")
notices = {
    "entered": view.message("The absence is entered. What is open is shown to who stands in on these days."),
    "removed": view.message("The absence is taken back."),
}
whys = {
    "nobody": view.message("Nobody stands in; what is a group's is held by the group."),
    "cycle": view.message("They stand in for each other; what is a group's is held by the group."),
    "barred": view.message("Who stands in has no account that does tasks."),
}


@dataclass(frozen=True, slots=True)
class Question:
    """Whose tasks are asked for, on which day; all, or those of a group and with a form."""

    person: str = ""
    day: str = ""
    group: str = ""
    form: str = ""


QuestionDep = Annotated[Question, Depends()]


@router.get("/absences")
async def absence_list(
    request: Request, hub: HubDep, actor: VisitorDep, question: QuestionDep, done: str = ""
) -> Response:
    """Show who is away, and who holds somebody's tasks on a day, or some of them, when that is asked."""
    message = view.language_of(request).gettext(notices.get(done, ""))
    person, day = question.person.strip(), question.day
    group, form = (each.strip() or None for each in (question.group, question.form))
    try:
        answer = await absences.who(hub, actor, person, _day(day), group=group, form=form) if person and day else None
    except (InputError, NotFoundError) as error:
        return await _page(request, hub, actor, asked=question, problem=error)
    return await _page(request, hub, actor, message=message, asked=question, answer=answer)


@router.post("/absences")
async def enter_absence(request: Request, hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Enter an absence."""
    given = {name: str(form.get(name, "")).strip() for name in fields}
    try:
        begins = _day(given["begins"])
        ends = _day(given["ends"]) if given["ends"] else begins
        substitute, group, form_name = (given[name] or None for name in ("substitute", "group", "form"))
        person = given["person"] or actor.name
        entry = absences.Entry(person, begins, ends, substitute, group, form_name, given["note"])
        await absences.enter(hub, actor, entry)
    except (InputError, NotFoundError) as error:
        return await _page(request, hub, actor, given=given, problem=error)
    return RedirectResponse("/absences?done=entered", status_code=HTTPStatus.SEE_OTHER)


@router.post("/absences/{absence_id}/remove")
async def remove_absence(hub: HubDep, actor: VisitorDep, absence_id: str, form: FormDep) -> Response:
    """Take an absence back."""
    del form
    if not absence_id.isdigit() or len(absence_id) > longest_number:
        raise NotFoundError("There is no such absence.", hint="Reload the list.")
    await absences.remove(hub, actor, int(absence_id))
    return RedirectResponse("/absences?done=removed", status_code=HTTPStatus.SEE_OTHER)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError("That is no day.", hint="Write year, month and day: 2026-12-24.") from error


async def _page(
    request: Request,
    hub: Hub,
    actor: Actor,
    *,
    given: dict[str, str] | None = None,
    message: str = "",
    asked: Question | None = None,
    answer: absences.Answer | None = None,
    problem: CauceError | None = None,
) -> Response:
    lang = view.language_of(request)
    return view.render(
        request,
        "absences.html",
        absences=await absences.list_absences(hub, actor),
        most=absences.most_listed,
        values=given or dict.fromkeys(fields, ""),
        may_plan=actor.may(*absences.planners),
        asked=asked or Question(),
        answer=answer,
        why=lang.gettext(whys.get(answer.why, "")) if answer else "",
        message=message,
        refusal=problem,
    )
