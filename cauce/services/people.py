"""What people can do: their profiles, by which tasks find them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cauce.errors import InputError, NotFoundError
from cauce.services.hub import Actor, Hub, Role
from cauce.store import audit, people, people_list, users
from cauce.store.models import PersonProfile, User
from cauce.store.people_list import Wanted

readers: tuple[Role, ...] = ("manager", "auditor")
editors: tuple[Role, ...] = ("manager",)
most_capacity: Final = 10.0
most_entries: Final = 100
longest_entry: Final = 60


@dataclass(frozen=True, slots=True)
class Profile:
    """Somebody's skills, languages and territories, how much they take, and how many open tasks they have."""

    name: str
    full_name: str
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    active: bool
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    territories: tuple[str, ...]
    capacity: float
    load: int


@dataclass(frozen=True, slots=True)
class Profiles:
    """Some profiles, and where to go on and back from them."""

    people: tuple[Profile, ...]
    after: str | None
    before: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """What is to change of a profile; None stays as it is."""

    skills: Sequence[str] | None = None
    languages: Sequence[str] | None = None
    territories: Sequence[str] | None = None
    capacity: float | None = None
    groups: Sequence[str] | None = None


async def list_people(
    hub: Hub, actor: Actor, wanted: Wanted, *, after: str | None = None, before: str | None = None, limit: int = 50
) -> Profiles:
    """Return a page of those who are wanted of everybody with an account, by name."""
    actor.require("see the profiles of people", *readers)
    async with hub.store.read() as db:
        page = await people_list.page(db, wanted, after=after, before=before, limit=limit)
        names = [row.name for row in page.rows]
        known, carried = await people.profiles(db, names), await people.loads(db, names)
    found = (_view(row, known.get(row.name), carried.get(row.name, 0)) for row in page.rows)
    return Profiles(tuple(found), page.after, page.before)


async def profile(hub: Hub, actor: Actor, name: str) -> Profile:
    """Return somebody's profile; everybody may see their own."""
    if actor.name != name:
        actor.require("see the profiles of others", *readers)
    async with hub.store.read() as db:
        row = await users.find(db, name)
        if row is None:
            raise unknown(name)
        known, carried = await people.profiles(db, [name]), await people.loads(db, [name])
    return _view(row, known.get(name), carried.get(name, 0))


async def change_profile(hub: Hub, actor: Actor, name: str, change: Change) -> Profile:
    """Change what is given of somebody's profile; it holds for the tasks that are opened from now on."""
    actor.require("change profiles", *editors)
    if change.groups is not None:
        actor.require("change the groups of people")
    _check(change)
    async with hub.store.transaction() as db:
        row = await users.find(db, name)
        if row is None:
            raise unknown(name)
        now = _view(row, (await people.profiles(db, [name])).get(name), 0)
        values = {field: getattr(change, field) for field in ("skills", "languages", "territories", "capacity")}
        wanted = {field: getattr(now, field) if value is None else value for field, value in values.items()}
        await people.save_profile(db, name, **wanted)
        if change.groups is not None:
            await users.change(db, name, groups=change.groups)
        told = {field: value for field, value in {**values, "groups": change.groups}.items() if value is not None}
        await audit.append(db, actor.name, "profile.change", name, told)
    return await profile(hub, actor, name)


def unknown(name: str) -> NotFoundError:
    """Return the error for a name that no account has."""
    return NotFoundError(f"There is no account '{name}'.", hint="`cauce users list` shows those there are.")


def _check(change: Change) -> None:
    errors = []
    for field in ("skills", "languages", "territories", "groups"):
        given = getattr(change, field) or ()
        if len(given) > most_entries or any(not each.strip() or len(each) > longest_entry for each in given):
            problem = f"At most {most_entries} entries, each with 1 to {longest_entry} characters."
            errors.append({"pointer": f"/{field}", "problem": problem})
    if change.capacity is not None and not 0 <= change.capacity <= most_capacity:
        errors.append({"pointer": "/capacity", "problem": f"It is a number from 0 to {most_capacity:g}; 1 is usual."})
    if errors:
        raise InputError(f"The profile cannot be changed: {errors[0]['problem']}", errors=errors)


def _view(row: User, known: PersonProfile | None, load: int) -> Profile:
    return Profile(
        row.name,
        row.full_name,
        tuple(row.roles),
        tuple(row.groups),
        row.active,
        tuple(known.skills) if known else (),
        tuple(known.languages) if known else (),
        tuple(known.territories) if known else (),
        known.capacity if known else 1.0,
        load,
    )
