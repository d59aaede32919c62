"""The inbox: human tasks, from the row that an instance asks for to the answer that closes it.

Called by the activities (add, close) and by the services (everything a person does). Who may do what is decided there;
here every change of state is one statement whose WHERE holds the state it starts from, so that of many people who
claim at once exactly one wins, on both databases.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, and_, case, delete, func, or_, select, true, tuple_, update

from cauce.absence import Share
from cauce.contract import HumanTask
from cauce.errors import InputError
from cauce.permissions import Sight
from cauce.store.assigning import given_to
from cauce.store.base import JSON, utc_now
from cauce.store.models import Draft, Task
from cauce.store.permissions import Rows, open_to
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new

no_due_date = datetime(9999, 12, 31, tzinfo=UTC)
_rows = Rows(definition=Task.definition, form=Task.form)
final_states = frozenset({"completed", "sent-back", "cancelled", "expired"})


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose inbox it is; somebody who `sees_all` sees the tasks of every group and person.

    `stands_in` is what they hold for people who are away; `sight` says what is closed to them.
    """

    name: str
    groups: frozenset[str] = frozenset()
    sees_all: bool = False
    stands_in: tuple[Share, ...] = ()
    sight: Sight | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the inbox is wanted; None means any.

    `delegated` are those that the viewer has handed to others, `set_aside` those that wait for their follow-up date
    and are in no other list.
    """

    state: str | None = None
    mine: bool = False
    group: str | None = None
    instance: str | None = None
    definition: str | None = None
    form: str | None = None
    due_before: datetime | None = None
    delegated: bool = False
    set_aside: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of the inbox and, when there are more, where to go on."""

    rows: Sequence[Task]
    after: str | None


async def add_task(db: Db, task: HumanTask) -> bool:
    """Put a task into the inbox; return whether it is new.

    One that is there already and that nobody has claimed gets what is asked for now: an instance that a crash set back
    by a step may have read something newer since. Who it was given to stays, unless the question is another one.
    """
    given = await given_to(db, task)
    due_at, follow_up_at, expires_at = (_moment(each) for each in (task.due_at, task.follow_up_at, task.expires_at))
    asked = {
        "title": task.name if task.title is None else task.title,
        "form": task.form,
        "form_document": {} if task.form_document is None else task.form_document,
        "data": task.data,
        "group": given.group,
        "user": given.user,
        "assignment": given.assignment,
        "priority": task.priority,
        "due_at": due_at,
        "urgent_at": due_at or no_due_date,
        "rank": -task.priority,
        "different_from": list(task.different_from),
        "follow_up_at": follow_up_at,
        "expires_at": expires_at,
        "approvals": task.approvals,
        "return_to": list(task.return_to),
        "returned": task.returned,
    }
    whose = {
        "id": task.id,
        "instance": task.instance,
        "definition": task.definition,
        "version": task.version,
        "name": task.name,
        "reference": task.reference,
        "business_key": task.business_key,
    }
    if await insert_new(db, Task, {**whose, **asked, "state": "open", "created_at": utc_now()}):
        return True
    untouched = (Task.id == task.id, Task.state == "open", Task.revision == 0, Task.rung == 0)
    await changed(db, update(Task).where(*untouched).values(**asked))
    return False


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


async def find_task(db: Db, task_id: str) -> Task | None:
    """Return a task, or None when there is no such."""
    return await db.get(Task, task_id, populate_existing=True)


async def claim(db: Db, task_id: str, user: str, *, instead_of: str | None = None) -> bool:
    """Give an open task to `user`, or one that is `instead_of`'s; return False when it was not open (any more)."""
    holders = [user] if instead_of is None else [user, instead_of]
    statement = (
        update(Task)
        .where(
            Task.id == task_id,
            or_(Task.state == "open", and_(Task.state == "claimed", Task.claimed_by.in_(holders))),
        )
        .values(state="claimed", claimed_by=user)
    )
    return await changed(db, statement) == 1


async def release(db: Db, task_id: str, user: str | None = None) -> bool:
    """Put a claimed task back; return False unless it was claimed (by `user`, when one is given).

    One of a group that somebody was chosen for may be put back as well, and is the group's then.
    """
    chosen = and_(Task.assignment.is_not(None), Task.group.is_not(None), Task.user.is_not(None), Task.owner.is_(None))
    held = or_(Task.state == "claimed", and_(Task.state == "open", chosen))
    holder = true() if user is None else func.coalesce(Task.claimed_by, Task.user) == user
    statement = update(Task).where(Task.id == task_id, held, holder)
    values = {"state": "open", "claimed_by": None, "user": case((chosen, None), else_=Task.user)}
    return await changed(db, statement.values(values)) == 1


async def release_all(db: Db, user: str) -> list[tuple[str, str]]:
    """Give back to their groups the open tasks that somebody holds; return them, with their instances."""
    theirs = or_(Task.claimed_by == user, and_(Task.claimed_by.is_(None), Task.user == user))
    query = select(Task).where(Task.closed_at.is_(None), Task.group.is_not(None), theirs).order_by(Task.id)
    rows = (await db.scalars(query.with_for_update())).all()
    for row in rows:
        row.state, row.claimed_by, row.owner, row.follow_up_at = "open", None, None, None
        row.user = None if row.user == user else row.user
        row.revision += 1
    await db.flush()
    return [(row.id, row.instance) for row in rows]


async def close(db: Db, task_id: str, state: str, *, by: str | None = None, answer: JSON = None) -> bool:
    """Close a task as completed, cancelled or expired; return False when it was closed before, which then stands."""
    if state not in final_states:
        message = f"{state} is not a state in which a task is over"
        raise ValueError(message)
    statement = (
        update(Task)
        .where(Task.id == task_id, Task.closed_at.is_(None))
        .values(state=state, closed_at=utc_now(), closed_by=by, answer=answer)
    )
    closed = await changed(db, statement) == 1
    if closed:
        # What was only begun is nobody's any more; what was sent is in the answer.
        await db.execute(delete(Draft).where(Draft.task == task_id))
    return closed


async def close_of_instance(db: Db, instance: str, state: str = "cancelled") -> int:
    """Close every open task of an instance that ended; return how many there were."""
    theirs = (Task.instance == instance, Task.closed_at.is_(None))
    await db.execute(delete(Draft).where(Draft.task.in_(select(Task.id).where(*theirs))))
    return await changed(db, update(Task).where(*theirs).values(state=state, closed_at=utc_now()))


async def tasks_of_instance(db: Db, instance: str) -> Sequence[Task]:
    """Return all tasks that an instance ever asked for, oldest first."""
    return (await db.scalars(select(Task).where(Task.instance == instance).order_by(Task.created_at, Task.id))).all()


async def open_tasks(db: Db, limit: int = 1000) -> Sequence[Task]:
    """Return tasks that wait for somebody, the oldest first."""
    query = select(Task).where(Task.closed_at.is_(None)).order_by(Task.created_at, Task.id).limit(limit)
    return (await db.scalars(query)).all()


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition under which a task is in the viewer's inbox."""
    allowed = true() if viewer.sees_all else _theirs(viewer)
    if viewer.sight is None or not viewer.sight.grants:
        return allowed
    return and_(or_(allowed, _rows.within(viewer.sight.giving(tasks=True))), not_closed(viewer))


def not_closed(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition under which a task is not closed to the viewer, whatever they have to do with it."""
    return open_to(viewer.sight, _rows)


def _theirs(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition under which a task is for somebody who does not oversee the work."""
    ours = and_(Task.user.is_(None), Task.group.in_(sorted(viewer.groups)))
    nobodys = and_(Task.user.is_(None), Task.group.is_(None))
    absent = [stood_in_for(viewer, share) for share in viewer.stands_in]
    return or_(Task.user == viewer.name, Task.claimed_by == viewer.name, ours, nobodys, *absent)


def stood_in_for(viewer: Viewer, share: Share) -> ColumnElement[bool]:
    """Return the condition under which a task is among those that the viewer holds for somebody who is away."""
    found = [or_(Task.claimed_by == share.person, and_(Task.claimed_by.is_(None), Task.user == share.person))]
    if share.of_group:
        found.append(Task.group.in_(sorted(viewer.groups)))
    if share.group is not None:
        found.append(Task.group == share.group)
    elif share.but_groups:
        found.append(or_(Task.group.is_(None), Task.group.not_in(share.but_groups)))
    if share.form is not None:
        found.append(Task.form == share.form)
    elif share.but_forms:
        found.append(Task.form.not_in(share.but_forms))
    return and_(*found)


async def inbox(
    db: Db, viewer: Viewer, filters: Filters | None = None, *, after: str | None = None, limit: int = 50
) -> Page:
    """Return a page of the open tasks that the viewer sees: first due first, then by priority."""
    wanted = filters or Filters()
    whose = and_(Task.owner == viewer.name, not_closed(viewer)) if wanted.delegated else visible(viewer)
    query = select(Task).where(whose, *conditions(viewer, wanted))
    if wanted.state in final_states:
        # Newest first: nobody looks for the most urgent of what is done.
        query = query.order_by(Task.closed_at.desc(), Task.id)
        offset = int(after) if after and after.isdigit() else 0
        rows = (await db.scalars(query.offset(offset).limit(limit + 1))).all()
        return Page(rows[:limit], str(offset + limit) if len(rows) > limit else None)
    rows = (await db.scalars(ordered(query, after).limit(limit + 1))).all()
    return Page(rows[:limit], cursor(rows[limit - 1]) if len(rows) > limit else None)


def conditions(viewer: Viewer, filters: Filters) -> list[ColumnElement[bool]]:
    """Return what the filters mean in SQL."""
    found: list[ColumnElement[bool]] = []
    if filters.state in final_states:
        found.append(Task.closed_at.is_not(None))
    else:
        found.append(Task.closed_at.is_(None))
        found.append(
            Task.follow_up_at > utc_now() if filters.set_aside else true() if filters.delegated else _comes_up()
        )
    if filters.state:
        found.append(Task.state == filters.state)
    if filters.mine:
        found.append(or_(Task.claimed_by == viewer.name, Task.user == viewer.name))
    if filters.due_before:
        found.append(Task.urgent_at < filters.due_before)
    pairs = (
        (Task.group, filters.group),
        (Task.instance, filters.instance),
        (Task.definition, filters.definition),
        (Task.form, filters.form),
    )
    return found + [column == value for column, value in pairs if value is not None]


def _comes_up() -> ColumnElement[bool]:
    """Return the condition under which a task does not wait for its follow-up date."""
    return or_(Task.follow_up_at.is_(None), Task.follow_up_at <= utc_now())


def ordered(query: Select[Task], after: str | None) -> Select[Task]:
    """Order by urgency, and go on after the row that the cursor names."""
    query = query.order_by(Task.urgent_at, Task.rank, Task.id)
    return query if after is None else query.where(tuple_(Task.urgent_at, Task.rank, Task.id) > position(after))


def cursor(task: Task) -> str:
    """Return where a page ended, as text that goes into a URL."""
    place = json.dumps([task.urgent_at.isoformat(), task.rank, task.id])
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def position(after: str) -> tuple[datetime, int, str]:
    """Return what `cursor` wrote."""
    try:
        urgent_at, rank, task_id = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
        return datetime.fromisoformat(urgent_at), int(rank), str(task_id)
    except (ValueError, TypeError, binascii.Error) as cause:
        raise InputError(
            "The cursor `after` is not one that Cauce gave out.", hint="Start at the first page."
        ) from cause


async def counts(db: Db, viewer: Viewer) -> dict[str, int]:
    """Return how many tasks the viewer sees that are open, claimed by them, and overdue."""
    query = select(
        func.count(),
        func.count().filter(Task.claimed_by == viewer.name),
        func.count().filter(Task.urgent_at < utc_now()),
    ).where(visible(viewer), Task.closed_at.is_(None), _comes_up())
    total, mine, overdue = (await db.execute(query)).one()
    aside = select(func.count()).where(visible(viewer), Task.closed_at.is_(None), Task.follow_up_at > utc_now())
    delegated = select(func.count()).where(Task.owner == viewer.name, not_closed(viewer), Task.closed_at.is_(None))
    set_aside, handed_over = (await db.execute(select(aside.scalar_subquery(), delegated.scalar_subquery()))).one()
    return {"open": total, "mine": mine, "overdue": overdue, "set_aside": set_aside, "delegated": handed_over}
