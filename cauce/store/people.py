"""What people can do: their profiles, and everybody who may be given tasks with what they have to do already."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import func, select

from cauce.assignment import Person
from cauce.store.base import utc_now
from cauce.store.models import PersonProfile, Task, User
from cauce.store.session import Db

# Whose role lets them do tasks.
DOERS: Final = frozenset({"staff", "manager", "admin"})


async def save_profile(
    db: Db,
    name: str,
    *,
    skills: Sequence[str],
    languages: Sequence[str],
    territories: Sequence[str],
    capacity: float,
) -> None:
    """Keep the profile of an account that exists."""
    row = await db.get(PersonProfile, name)
    if row is None:
        row = PersonProfile(user=name)
        db.add(row)
    row.skills, row.languages, row.territories = sorted(set(skills)), sorted(set(languages)), sorted(set(territories))
    row.capacity, row.updated_at = capacity, utc_now()
    await db.flush()


async def profiles(db: Db, names: Collection[str] | None = None) -> dict[str, PersonProfile]:
    """Return the profiles of these accounts, or of all, by the name of the account; many accounts have none."""
    query = select(PersonProfile)
    if names is not None:
        query = query.where(PersonProfile.user.in_(names))
    return {row.user: row for row in (await db.scalars(query)).all()}


async def everybody(db: Db, *, with_load: bool = True) -> dict[str, Person]:
    """Return all who may be given tasks; without their load when nobody asks for it."""
    known = await profiles(db)
    carried = await loads(db) if with_load else {}
    users = (await db.scalars(select(User).where(User.active).order_by(User.name))).all()
    return {user.name: person(user, known.get(user.name), carried) for user in users if DOERS & set(user.roles)}


def person(user: User, profile: PersonProfile | None, carried: Mapping[str, int]) -> Person:
    """Return an account as choices see it."""
    groups, roles = frozenset(user.groups), frozenset(user.roles)
    if profile is None:
        return Person(user.name, groups, roles, load=carried.get(user.name, 0))
    return Person(
        user.name,
        groups,
        roles,
        frozenset(profile.skills),
        frozenset(profile.languages),
        frozenset(profile.territories),
        profile.capacity,
        carried.get(user.name, 0),
    )


async def loads(db: Db, names: Collection[str] | None = None) -> dict[str, int]:
    """Return how many open tasks each of these people has, or each person: what they claimed, else what is for them."""
    holder = func.coalesce(Task.claimed_by, Task.user)
    of = holder.is_not(None) if names is None else holder.in_(names)
    query = select(holder, func.count()).where(Task.closed_at.is_(None), of).group_by(holder)
    return {name or "": count for name, count in (await db.execute(query)).all()}
