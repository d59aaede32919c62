"""What people can do, when they are away, and who holds what on a day."""

from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import Query, Request
from pydantic import BaseModel, Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.paging import Limit, next_page
from api.rest.schemas import Model, Page
from api.rest.subject import subject
from cauce.services import absences, people
from cauce.store.people_list import State, Wanted

router = subject("people")


class Profile(Model):
    """What somebody can do, and how much they have to do."""

    name: str = Field(examples=["ana"])
    full_name: str = Field(examples=["Ana Ruiz"])
    roles: list[str] = Field(examples=[["staff"]])
    groups: list[str] = Field(examples=[["sales"]])
    active: bool
    skills: list[str] = Field(examples=[["bearings"]])
    languages: list[str] = Field(examples=[["es", "en"]])
    territories: list[str] = Field(examples=[["28"]])
    capacity: float = Field(description="How much they take: 1 is usual, 0 gets nothing by itself.", examples=[1.0])
    load: int = Field(description="How many open tasks are theirs.", examples=[3])


class ProfileChange(BaseModel):
    """What is to change; what is left out stays."""

    skills: list[str] | None = Field(None, examples=[["bearings", "hydraulics"]])
    languages: list[str] | None = Field(None, examples=[["es"]])
    territories: list[str] | None = Field(None, examples=[["28", "45"]])
    capacity: float | None = Field(None, examples=[0.5])
    groups: list[str] | None = Field(None, description="Only an admin changes them.", examples=[["sales"]])


class NewAbsence(BaseModel):
    """Days on which somebody does no tasks."""

    person: str | None = Field(None, description="Whose; yours when left out.", examples=["ana"])
    begins: date = Field(examples=["2026-12-21"])
    ends: date = Field(description="The last day.", examples=["2026-12-27"])
    substitute: str | None = Field(None, description="Who stands in.", examples=["luis"])
    group: str | None = Field(None, description="Only for the tasks of this group.", examples=["sales"])
    form: str | None = Field(None, description="Only for the tasks with this form.", examples=["qualify-lead"])
    note: str = Field("", examples=["On leave; in urgent cases by phone."])


class Absence(Model):
    """An absence as it was entered."""

    id: int = Field(examples=[12])
    person: str = Field(examples=["ana"])
    begins: date = Field(examples=["2026-12-21"])
    ends: date = Field(examples=["2026-12-27"])
    substitute: str | None = Field(examples=["luis"])
    group: str | None
    form: str | None
    note: str
    entered_by: str = Field(examples=["ana"])
    entered_at: datetime


class Away(Model):
    """Somebody on the way to who holds a task."""

    person: str = Field(examples=["ana"])
    until: date = Field(examples=["2026-12-27"])
    substitute: str | None = Field(examples=["luis"])
    absence: int = Field(examples=[12])


class Holder(Model):
    """Who holds somebody's tasks on a day."""

    person: str = Field(examples=["ana"])
    day: date = Field(examples=["2026-12-24"])
    group: str | None
    form: str | None
    holder: str | None = Field(description="Nobody when null; a group's task is the group's then.", examples=["luis"])
    why: Literal["present", "nobody", "cycle", "barred"]
    away: list[Away]


@router.get("/people", responses=documented(422))
async def list_people(  # noqa: PLR0913 - one for each filter
    request: Request,
    hub: HubDep,
    actor: CallerDep,
    *,
    text: Annotated[str, Query(description="What words of their names begin with.", examples=["mar"])] = "",
    role: Annotated[str, Query(description="Only who has this role.", examples=["manager"])] = "",
    group: Annotated[str, Query(description="Only who is in this group.", examples=["sales"])] = "",
    state: Annotated[State | None, Query(description="Only accounts in this state.", examples=["open"])] = None,
    after: Annotated[str | None, Query(description="Go on after this name.", examples=["ana"])] = None,
    limit: Limit = 50,
) -> Page[Profile]:
    """List the people with an account by name, and what they can do."""
    wanted = Wanted(text, role, group, state)
    found = await people.list_people(hub, actor, wanted, after=after, limit=limit)
    return Page(items=[Profile.model_validate(each) for each in found.people], next=next_page(request, found.after))


@router.get("/people/{name}", response_model=Profile, responses=documented(404))
async def get_profile(hub: HubDep, actor: CallerDep, name: str) -> people.Profile:
    """Return what somebody can do; everybody may see their own."""
    return await people.profile(hub, actor, name)


@router.patch("/people/{name}", response_model=Profile, responses=documented(404, 422))
async def change_profile(hub: HubDep, actor: CallerDep, name: str, given: ProfileChange) -> people.Profile:
    """Change what somebody can do; tasks that are opened from now on find them by it."""
    return await people.change_profile(hub, actor, name, people.Change(**given.model_dump()))


@router.get("/absences", responses=documented(422))
async def list_absences(
    hub: HubDep,
    actor: CallerDep,
    person: str | None = None,
    since: Annotated[date | None, Query(description="What is not over then; today when left out.")] = None,
) -> list[Absence]:
    """List the absences that are not over: yours, or for managers everybody's."""
    found = await absences.list_absences(hub, actor, person=person, since=since)
    return [Absence.model_validate(each) for each in found]


@router.post("/absences", status_code=HTTPStatus.CREATED, response_model=Absence, responses=documented(404, 422))
async def enter_absence(hub: HubDep, actor: CallerDep, given: NewAbsence) -> absences.AbsenceView:
    """Enter an absence; what is open goes to who stands in, at once."""
    entry = absences.Entry(**{**given.model_dump(), "person": given.person or actor.name})
    return await absences.enter(hub, actor, entry)


@router.delete("/absences/{absence_id}", status_code=HTTPStatus.NO_CONTENT, responses=documented(404))
async def remove_absence(hub: HubDep, actor: CallerDep, absence_id: int) -> None:
    """Take an absence back."""
    await absences.remove(hub, actor, absence_id)


@router.get("/absences/who", response_model=Holder, responses=documented(404, 422))
async def who_holds(
    hub: HubDep,
    actor: CallerDep,
    person: Annotated[str, Query(examples=["ana"])],
    day: Annotated[date, Query(examples=["2026-12-24"])],
    group: str | None = None,
    form: str | None = None,
) -> absences.Answer:
    """Say who holds somebody's tasks on a day, by the absences known today."""
    return await absences.who(hub, actor, person, day, group=group, form=form)
