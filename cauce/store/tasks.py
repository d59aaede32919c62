"""Human tasks, from the row that an instance asks for to the answer that closes it; `inbox` lists them.

Called by the activities (add, close) and by the services (everything a person does). Who may do what is decided there;
here every change of state is one statement whose WHERE holds the state it starts from, so that of many people who
claim at once exactly one wins, on both databases.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, select, true, update

from cauce.absence import Share
from cauce.contract import HumanTask
from cauce.permissions import Sight
from cauce.store import task_search, urgency
from cauce.store.assigning import given_to
from cauce.store.base import JSON, utc_now
from cauce.store.models import Draft, Task, TaskText
from cauce.store.permissions import Rows, open_to
from cauce.store.scanning import unindexed
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new

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


# Databases take only so many values in one question.
_most_at_once = 500


async def add_task(db: Db, task: HumanTask) -> bool:
    """Put a task into the inbox; return whether it is new.

    One that is there already and that nobody has claimed gets what is asked for now: an instance that a crash set back
    by a step may have read something newer since. Who it was given to stays, unless the question is another one.
    """
    given, customer, now = await given_to(db, task), await task_search.customer_of(db, task), utc_now()
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
        **await urgency.of_new(db, task, due_at, now),
        "customer": customer,
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
        "ancestors": list(task.ancestors),
    }
    if await insert_new(db, Task, {**whose, **asked, "state": "open", "created_at": now}):
        await task_search.put(db, task, customer)
        return True
    untouched = (Task.id == task.id, Task.state == "open", Task.revision == 0, Task.rung == 0)
    if await changed(db, update(Task).where(*untouched).values(**asked)):
        await task_search.put(db, task, customer)
    return False


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


async def find_task(db: Db, task_id: str) -> Task | None:
    """Return a task, or None when there is no such."""
    return await db.get(Task, task_id, populate_existing=True)


async def has_form(db: Db, form: str) -> bool:
    """Tell whether there is, or was, a task with a form: some are of no definition of their own."""
    return (await db.scalars(select(Task.id).where(Task.form == form).limit(1))).first() is not None


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
        await db.execute(delete(TaskText).where(TaskText.task == task_id))
    return closed


async def close_of_instance(db: Db, instance: str, state: str = "cancelled") -> int:
    """Close every open task of an instance that ended; return how many there were."""
    theirs = (Task.instance == instance, Task.closed_at.is_(None))
    for kept in (Draft, TaskText):
        await db.execute(delete(kept).where(kept.task.in_(select(Task.id).where(*theirs))))
    return await changed(db, update(Task).where(*theirs).values(state=state, closed_at=utc_now()))


async def tasks_of_instance(db: Db, instance: str) -> Sequence[Task]:
    """Return all tasks that an instance ever asked for, oldest first."""
    return (await db.scalars(select(Task).where(Task.instance == instance).order_by(Task.created_at, Task.id))).all()


async def forms_of(db: Db, ids: Collection[str]) -> list[tuple[str, str, str]]:
    """Return the process and the form of some tasks: id, definition, form."""
    found: list[tuple[str, str, str]] = []
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), _most_at_once):
        some = wanted[start : start + _most_at_once]
        rows = await db.execute(select(Task.id, Task.definition, Task.form).where(Task.id.in_(some)))
        found += [(id_, definition, form) for id_, definition, form in rows]
    return found


async def contents_of(db: Db, ids: Collection[str]) -> dict[str, list[JSON]]:
    """Return what some tasks hold, by id: what was asked with, answered, and sent back."""
    rows = await db.execute(select(Task.id, Task.data, Task.answer, Task.returned).where(Task.id.in_(sorted(set(ids)))))
    return {id_: [data, answer, returned] for id_, data, answer, returned in rows}


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


def circle_of(viewer: Viewer) -> task_search.Circle | None:
    """Return the circle that holds all the viewer sees; None when they see tasks of others, too."""
    granted = viewer.sight is not None and viewer.sight.grants
    others = viewer.sees_all or viewer.stands_in or granted
    return None if others else task_search.Circle(viewer.name, viewer.groups)


def not_closed(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition under which a task is not closed to the viewer, whatever they have to do with it."""
    return open_to(viewer.sight, _rows)


def _theirs(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition under which a task is for somebody who does not oversee the work."""
    person = unindexed(Task.user)
    ours = and_(person.is_(None), Task.group.in_(sorted(viewer.groups)))
    nobodys = and_(person.is_(None), Task.group.is_(None))
    absent = [stood_in_for(viewer, share) for share in viewer.stands_in]
    return or_(person == viewer.name, Task.claimed_by == viewer.name, ours, nobodys, *absent)


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
