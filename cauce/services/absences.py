"""When people are away, who stands in for them, and who holds what on a day."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from cauce.absence import Absence, End, holder, local_day
from cauce.errors import InputError, NotFoundError
from cauce.services import people
from cauce.services.hub import Actor, Hub, Role
from cauce.store import absences, audit, definitions, people_list, tasks, users
from cauce.store.base import utc_now
from cauce.store.models import AbsenceEntry, User
from cauce.store.people import DOERS
from cauce.store.session import Db

planners: tuple[Role, ...] = ("manager",)
askers: tuple[Role, ...] = ("staff", "manager", "auditor", "operator")
longest: Final = timedelta(days=732)
most_ahead: Final = 200
most_listed: Final = 500
longest_note: Final = 300
_ALL_TASKS: Final = "Leave it empty to be away from all tasks."


@dataclass(frozen=True, slots=True)
class Entry:
    """An absence to enter: whose, the days with the last one, who stands in, and for which tasks only."""

    person: str
    begins: date
    ends: date
    substitute: str | None = None
    group: str | None = None
    form: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class AbsenceView:
    """An absence as it was entered."""

    id: int
    person: str
    begins: date
    ends: date
    substitute: str | None
    group: str | None
    form: str | None
    note: str
    entered_by: str
    entered_at: datetime


@dataclass(frozen=True, slots=True)
class Away:
    """Somebody on the way to who holds a task: away until when, and who stands in."""

    person: str
    until: date
    substitute: str | None
    absence: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Who holds the tasks of `person` on a day: `holder`, or nobody, and why (present, nobody, cycle, barred).

    When nobody does, a task that is also a group's is the group's.
    """

    person: str
    day: date
    group: str | None
    form: str | None
    holder: str | None
    why: End
    away: tuple[Away, ...]


async def list_absences(
    hub: Hub, actor: Actor, *, person: str | None = None, since: date | None = None
) -> list[AbsenceView]:
    """Return what is not over: one's own, or for who plans, anybody's."""
    if not actor.may(*planners, "auditor"):
        person = person or actor.name
        if person != actor.name:
            actor.require("see the absences of others", *planners, "auditor")
    async with hub.store.read() as db:
        rows = await absences.ending_from(db, since or local_day(utc_now()), person=person, limit=most_listed)
    return [_view(row) for row in rows]


async def enter(hub: Hub, actor: Actor, entry: Entry) -> AbsenceView:
    """Enter an absence: everybody their own, who plans anybody's. What is open goes to who stands in, at once."""
    if actor.name != entry.person:
        actor.require("enter the absences of others", *planners)
    _check(entry)
    async with hub.store.transaction() as db:
        await _check_people(db, entry)
        absence = Absence(entry.person, entry.begins, entry.ends, entry.substitute, entry.group, entry.form)
        row = await absences.add(db, absence, note=entry.note, by=actor.name)
        told = {"begins": entry.begins.isoformat(), "ends": entry.ends.isoformat(), "substitute": entry.substitute}
        limits = {name: value for name, value in (("group", entry.group), ("form", entry.form)) if value}
        await audit.append(db, actor.name, "absence.enter", entry.person, {"id": row.id, **told, **limits})
    return _view(row)


async def remove(hub: Hub, actor: Actor, absence_id: int) -> None:
    """Take an absence back."""
    async with hub.store.transaction() as db:
        row = await absences.find(db, absence_id)
        if row is None or (row.user != actor.name and not actor.may(*planners)):
            raise NotFoundError(f"There is no absence {absence_id} of yours.", hint="Reload the list.")
        person = row.user
        await absences.remove(db, absence_id)
        await audit.append(db, actor.name, "absence.remove", person, {"id": absence_id})


async def who(
    hub: Hub, actor: Actor, person: str, day: date, *, group: str | None = None, form: str | None = None
) -> Answer:
    """Return who holds somebody's tasks on a day, by the absences that are known today."""
    actor.require("ask who holds tasks", *askers)
    async with hub.store.read() as db:
        if await users.find(db, person) is None:
            raise people.unknown(person)
        return await _answer(db, person, day, group, form)


async def who_has(hub: Hub, actor: Actor, task_id: str, day: date) -> Answer:
    """Return who will hold a task on a day, if nobody does it until then."""
    actor.require("ask who holds tasks", *askers)
    async with hub.store.read() as db:
        row = await tasks.find_task(db, task_id)
        person = (row.claimed_by or row.user) if row else None
        if row is None or person is None:
            raise NotFoundError(
                f"There is no task {task_id} of one person.", hint="What is offered to a group is held by all of it."
            )
        return await _answer(db, person, day, row.group, row.form)


async def _answer(db: Db, person: str, day: date, group: str | None, form: str | None) -> Answer:
    active = {row.name for row in await users.list_all(db) if row.active and DOERS & set(row.roles)}
    known = await absences.on(db, day)
    held = holder(known, person, day, group=group, form=form, barred=lambda name: name not in active)
    away = tuple(Away(step.person, step.absence.ends, step.absence.substitute, step.absence.id) for step in held.steps)
    return Answer(person, day, group, form, held.person, held.why, away)


def _check(entry: Entry) -> None:
    errors = []
    if entry.ends < entry.begins:
        errors.append({"pointer": "/ends", "problem": "The last day is before the first."})
    elif entry.ends < local_day(utc_now()):
        errors.append({"pointer": "/ends", "problem": "The last day is over already."})
    elif entry.ends - entry.begins > longest:
        errors.append({"pointer": "/ends", "problem": f"An absence lasts {longest.days} days at most."})
    if entry.substitute == entry.person:
        errors.append({"pointer": "/substitute", "problem": "Somebody else has to stand in."})
    if len(entry.note) > longest_note:
        errors.append({"pointer": "/note", "problem": f"It may have {longest_note} characters at most."})
    if errors:
        raise InputError(f"The absence cannot be entered: {errors[0]['problem']}", errors=errors)


async def _check_people(db: Db, entry: Entry) -> None:
    if await users.find(db, entry.person) is None:
        raise people.unknown(entry.person)
    if entry.substitute is not None and not _can_stand_in(await users.find(db, entry.substitute)):
        problem = f"'{entry.substitute}' has no account that does tasks."
        raise InputError(problem, errors=[{"pointer": "/substitute", "problem": problem}])
    await _check_tasks(db, entry)
    if len(await absences.ending_from(db, local_day(utc_now()), person=entry.person, limit=most_ahead)) >= most_ahead:
        raise InputError(f"'{entry.person}' has {most_ahead} absences ahead.", hint="Take some back first.")


async def _check_tasks(db: Db, entry: Entry) -> None:
    """Refuse a group or form that there is not: the absence would be about nothing, and nobody would see that."""
    if entry.group is not None and entry.group not in await people_list.groups(db):
        problem = f"Nobody is in the group '{entry.group[:100]}'."
        raise InputError(problem, hint=_ALL_TASKS, errors=[{"pointer": "/group", "problem": problem}])
    form = entry.form
    if form is None or await definitions.find(db, "form", "", form) or await tasks.has_form(db, form):
        return
    problem = f"There is no form '{form[:100]}'."
    raise InputError(problem, hint=_ALL_TASKS, errors=[{"pointer": "/form", "problem": problem}])


def _can_stand_in(row: User | None) -> bool:
    return row is not None and row.active and bool(DOERS & set(row.roles))


def _view(row: AbsenceEntry) -> AbsenceView:
    return AbsenceView(
        row.id,
        row.user,
        row.begins,
        row.ends,
        row.substitute,
        row.group,
        row.form,
        row.note,
        row.entered_by,
        row.entered_at,
    )
