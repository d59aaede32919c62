"""People: what everybody can do and how much they take, which is how tasks find them."""

from http import HTTPStatus
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import people_query, view
from api.pages.people_query import AskedDep
from api.sentences import said
from cauce.errors import InputError
from cauce.services import people, users
from cauce.services.access import second_factors
from cauce.services.hub import Actor, Hub

router = APIRouter(include_in_schema=False)
lists = ("skills", "languages", "territories")


@router.get("/people")
async def people_page(request: Request, hub: HubDep, actor: VisitorDep, asked: AskedDep) -> Response:
    """Show those who are looked for, page by page."""
    found = await people.list_people(
        hub, actor, asked.wanted, after=asked.after, before=asked.before, limit=people_query.page_size
    )
    around = people_query.shown("/people", asked, found, await users.list_groups(hub, actor))
    return view.render(request, "people.html", people=found.people, **around)


@router.get("/people/{name}")
async def person_page(request: Request, hub: HubDep, actor: VisitorDep, name: str, done: str = "") -> Response:
    """Show what somebody can do."""
    message = view.language_of(request).gettext("It is kept, and holds for new tasks.") if done else ""
    return await _page(request, hub, actor, name, message=message)


@router.post("/people/{name}")
async def change_person(request: Request, hub: HubDep, actor: VisitorDep, name: str, form: FormDep) -> Response:
    """Change what somebody can do."""
    given = {each: str(form.get(each, "")) for each in (*lists, "capacity")}
    try:
        wanted = {each: _entries(given[each]) for each in lists}
        change = people.Change(**wanted, capacity=_number(given["capacity"]))
        await people.change_profile(hub, actor, name, change)
    except InputError as error:
        return await _page(request, hub, actor, name, given=given, problem=error)
    return RedirectResponse(f"/people/{quote(name, safe='')}?done=1", status_code=HTTPStatus.SEE_OTHER)


@router.post("/people/{name}/second-factor/reset")
async def reset_second_factor(hub: HubDep, actor: VisitorDep, name: str, form: FormDep) -> Response:
    """Take the second step of somebody's login away."""
    del form
    await second_factors.reset(hub, actor, name)
    return RedirectResponse(f"/people/{quote(name, safe='')}", status_code=HTTPStatus.SEE_OTHER)


def _entries(text: str) -> list[str]:
    return [each.strip() for each in text.replace("\n", ",").split(",") if each.strip()]


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError as error:
        problem = "The capacity is a number from 0 to 10; 1 is usual."
        raise InputError(problem, errors=[{"pointer": "/capacity", "problem": problem}]) from error


async def _page(
    request: Request,
    hub: Hub,
    actor: Actor,
    name: str,
    *,
    given: dict[str, str] | None = None,
    message: str = "",
    problem: InputError | None = None,
) -> Response:
    lang = view.language_of(request)
    person = await people.profile(hub, actor, name)
    shown = {each: ", ".join(getattr(person, each)) for each in lists} | {"capacity": f"{person.capacity:g}"}
    return view.render(
        request,
        "person.html",
        status=problem.http_status if problem else HTTPStatus.OK,
        person=person,
        values=given or shown,
        may_change=actor.may(*people.editors),
        may_reset=actor.may() and await second_factors.needed(hub, name),
        message=message,
        problem=said(problem.problem, lang) if problem else "",
    )
