"""What a supervisor sees of the work of others, and moves from one to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from cauce.absence import Absence, absence_of, holder, local_day
from cauce.errors import CauceError, InputError
from cauce.services import task_acts
from cauce.services.hub import Actor, Hub, Role
from cauce.services.inbox import listing
from cauce.services.inbox.listing import Lines
from cauce.services.task_batches import Row, most_tasks
from cauce.services.tasks import Inbox, overseers, view, viewer_of
from cauce.store import absences, people, team, users
from cauce.store.base import utc_now
from cauce.store.inbox_counts import MOST
from cauce.store.models import PersonProfile
from cauce.store.session import Db
from cauce.store.team import Account, Load, Wanted

JSON = Any
watchers: Final[tuple[Role, ...]] = overseers
movers: Final[tuple[Role, ...]] = ("manager",)
most_rows: Final = 200
most_hours: Final = 24 * 31


@dataclass(frozen=True, slots=True)
class Member:
    """What somebody has to do, and whether they are there.

    `weight` is how many open tasks they have for what they take (their capacity), unknown where they take nothing.
    `holder` is who stands in while they are away, `partly` says that they are away for some tasks only.
    """

    name: str
    full_name: str
    groups: tuple[str, ...]
    active: bool
    open: int
    late: int
    today: int
    capacity: float
    weight: float | None
    away_until: date | None = None
    holder: str | None = None
    partly: bool = False


@dataclass(frozen=True, slots=True)
class Team:
    """Everybody with what they have to do, the most loaded first, and what waits for groups with nobody on it.

    Where that is more than `most`, one more is its number; without, all of it is counted.
    """

    people: tuple[Member, ...]
    free: tuple[Load, ...]
    groups: tuple[str, ...]
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """The team as it is shown, and a page of tasks."""

    team: Team
    page: Lines


async def look(hub: Hub, actor: Actor, *, group: str | None = None) -> Team:
    """Return who has how much to do; of one group, when it is given."""
    actor.require_somewhere("see the work of others", "supervise", *watchers)
    async with hub.store.read() as db:
        return await _team(db, actor, group, None)


async def opened(
    hub: Hub,
    actor: Actor,
    wanted: Wanted,
    *,
    group: str | None = None,
    after: str | None = None,
    before: str | None = None,
    limit: int = most_rows,
) -> Opened:
    """Return who has how much to do, of what nobody has up to a ceiling, and a page of open tasks; of one moment."""
    actor.require_somewhere("see the work of others", "supervise", *watchers)
    async with hub.store.read() as db:
        found = await _team(db, actor, group, MOST)
        viewer, brief = viewer_of(actor), listing.is_brief(actor)
        page = await team.open_tasks(db, viewer, wanted, after=after, before=before, limit=limit, brief=brief)
    return Opened(found, listing.lines(page, actor))


async def _team(db: Db, actor: Actor, group: str | None, most: int | None) -> Team:
    now, day, viewer = utc_now(), local_day(utc_now()), viewer_of(actor)
    tonight = datetime.combine(day + timedelta(days=1), time.min).astimezone()
    held = {each.name: each for each in await team.by_person(db, viewer, now, tonight)}
    if most is None:
        free = await team.by_group(db, viewer, now, tonight)
    else:
        free = await team.by_group_up_to(db, viewer, now, tonight, most)
    accounts = await team.accounts(db)
    profiles = await people.profiles(db)
    away = await absences.on(db, day)
    works = [row for row in accounts if row.name in held or (row.active and people.DOERS & set(row.roles))]
    known = {row.name for row in accounts}
    # Somebody whose account is gone may still have tasks.
    nobodys = [] if group else [_lost(load) for name, load in held.items() if name not in known]
    members = [
        _member(row, held.get(row.name, Load(row.name)), profiles.get(row.name), away, day)
        for row in works
        if group is None or group in row.groups
    ]
    return Team(
        tuple(sorted([*members, *nobodys], key=lambda each: (-(each.weight or each.open), each.name))),
        tuple(each for each in free if group in {None, each.name}),
        tuple(sorted({name for row in works for name in row.groups} | {each.name for each in free if each.name})),
        most,
    )


async def open_tasks(  # noqa: PLR0913 - one for each filter
    hub: Hub,
    actor: Actor,
    *,
    person: str | None = None,
    group: str | None = None,
    free: bool = False,
    within: timedelta | None = None,
    after: str | None = None,
    before: str | None = None,
    limit: int = most_rows,
) -> Inbox:
    """Return a page of the open tasks of a person, of a group, that nobody has, or that are due soon."""
    actor.require_somewhere("see the work of others", "supervise", *watchers)
    wanted = Wanted(person, group, free, utc_now() + within if within is not None else None)
    async with hub.store.read() as db:
        page = await team.open_tasks(db, viewer_of(actor), wanted, after=after, before=before, limit=limit)
    return Inbox(tuple(view(row, actor) for row in page.rows), page.after, page.before)


async def reassign(
    hub: Hub, actor: Actor, ids: Sequence[str], *, user: str | None = None, group: str | None = None, reason: str
) -> list[Row]:
    """Give tasks to a person or a group, and say why; what cannot be given leaves the others alone."""
    actor.require_somewhere("reassign tasks", "supervise", *movers)
    wanted = list(dict.fromkeys(ids))
    if not 1 <= len(wanted) <= most_tasks:
        raise InputError(f"From 1 to {most_tasks} tasks are reassigned at once.", hint="Choose some of the list.")
    if bool(user) == bool(group):
        raise InputError("A task is for a person or for a group.", hint="Give `user` or `group`.")
    if not reason.strip():
        errors = [{"pointer": "/reason", "problem": "Say why in a few words."}]
        raise InputError("Tasks are reassigned with a reason.", errors=errors)
    if user is not None:
        await _check_there(hub, user)
    return [await _moved(hub, actor, each, user, group, reason.strip()) for each in wanted]


async def _check_there(hub: Hub, user: str) -> None:
    """Refuse a name that is nobody's once, and not for each of the tasks."""
    async with hub.store.read() as db:
        row = await users.find(db, user)
    if row is None or not row.active:
        problem = f"There is no active account '{user[:100]}'."
        raise InputError(problem, errors=[{"pointer": "/user", "problem": problem}])


async def _moved(hub: Hub, actor: Actor, task: str, user: str | None, group: str | None, reason: str) -> Row:
    try:
        return Row(task, (await task_acts.assign(hub, actor, task, user=user, group=group, note=reason)).state)
    except CauceError as error:
        return Row(task, "", error.problem_details())


def _member(row: Account, load: Load, profile: PersonProfile | None, away: Sequence[Absence], day: date) -> Member:
    capacity = profile.capacity if profile else 1.0
    absence = absence_of(away, row.name, day)
    whole: Mapping[str, JSON] = {}
    if absence is not None:
        whole = {"away_until": absence.ends, "holder": holder(away, row.name, day).person}
    return Member(
        row.name,
        row.full_name,
        tuple(row.groups),
        row.active,
        load.open,
        load.late,
        load.today,
        capacity,
        round(load.open / capacity, 1) if capacity else None,
        **whole,
        partly=absence is None and any(each.person == row.name for each in away),
    )


def _lost(load: Load) -> Member:
    return Member(
        load.name, "", (), active=False, open=load.open, late=load.late, today=load.today, capacity=0, weight=None
    )
