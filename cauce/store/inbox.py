"""The inbox: which tasks somebody sees, the most urgent first, page by page, and how many there are.

Every view of it reads one index from the most urgent task on (`ix_tasks_inbox`), which holds all that is filtered by;
only the rows that are shown are read themselves. `inbox_counts` counts.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, or_, select, true, tuple_
from sqlalchemy.orm import load_only

from cauce.errors import InputError
from cauce.store import cursor as cursors
from cauce.store import task_search
from cauce.store.base import utc_now
from cauce.store.models import Task
from cauce.store.scanning import unindexed
from cauce.store.session import Db
from cauce.store.task_search import Sought
from cauce.store.tasks import Viewer, circle_of, final_states, not_closed, visible

# What a line of a list says of a task, and who may take it. Forms and data are most of a row.
_BRIEF: Final = load_only(
    *(Task.instance, Task.definition, Task.version, Task.name, Task.title, Task.form, Task.group, Task.user),
    *(Task.claimed_by, Task.priority, Task.due_at, Task.urgent_at, Task.severity, Task.value, Task.customer),
    *(Task.created_at, Task.closed_at, Task.different_from, Task.answered_by, Task.approvals, Task.business_key),
    raiseload=True,
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the inbox is wanted; None means any.

    `delegated` are those that the viewer has handed to others, `set_aside` those that wait for their follow-up date
    and are in no other list; `of_groups` are those of the viewer's groups, `free` what nobody has been given yet,
    `late` what is past due. `text` is what their words begin with; of what is over, no words are kept.
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
    of_groups: bool = False
    free: bool = False
    late: bool = False
    severity: str | None = None
    text: str = ""

    @property
    def over(self) -> bool:
        """Whether tasks are wanted that nobody waits for any more."""
        return self.state in final_states


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of the inbox, where to go on if there are more, and where to go back if there are some before."""

    rows: Sequence[Task]
    after: str | None
    before: str | None = None


async def page(
    db: Db,
    viewer: Viewer,
    filters: Filters | None = None,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
    brief: bool = False,
) -> Page:
    """Return the tasks that the viewer sees `after` a cursor, or `before` one; open ones unless others are wanted.

    What is open comes by urgency, what is over by when it was closed, the newest first. Of `brief` ones nothing but
    what a line of a list says is read.
    """
    wanted = filters or Filters()
    if wanted.over and wanted.text.strip():
        raise InputError("Only open tasks are searched for words.", hint="Leave the text or the state out.")
    whose = delegated(viewer) if wanted.delegated else visible(viewer)
    found = select(Task.id).where(whose, *conditions(viewer, wanted))
    sought = Sought(wanted.text, None if wanted.delegated else circle_of(viewer))
    return await paged(db, found, after=after, before=before, limit=limit, over=wanted.over, brief=brief, sought=sought)


async def paged(
    db: Db,
    found: Select[str],
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
    over: bool = False,
    brief: bool = False,
    sought: Sought | None = None,
) -> Page:
    """Return a page of the tasks whose identifiers are found and that have these words, in the order of the inbox.

    Only its own rows are read.
    """
    backwards = before is not None
    at = after if before is None else before
    place = None if at is None else cursors.read(at)
    query = ordered(found, place, over=over, backwards=backwards)
    ids = await task_search.first(db, query, sought or Sought(), limit + 1)
    more, ids = len(ids) > limit, ids[:limit]
    rows = {row.id: row for row in await db.scalars(select(Task).where(Task.id.in_(ids)).options(*[_BRIEF] * brief))}
    shown = [rows[each] for each in (reversed(ids) if backwards else ids)]
    if not shown:
        return Page([], None)
    has_after, has_before = (True, more) if backwards else (more, after is not None)
    return Page(shown, cursor(shown[-1]) if has_after else None, cursor(shown[0]) if has_before else None)


def conditions(viewer: Viewer, filters: Filters) -> list[ColumnElement[bool]]:
    """Return what the filters mean in SQL."""
    found: list[ColumnElement[bool]] = []
    if filters.over:
        found.append(Task.closed_at.is_not(None))
    else:
        shown = Task.follow_up_at > utc_now() if filters.set_aside else true() if filters.delegated else has_come_up()
        found += [Task.closed_at.is_(None), shown]
    if filters.state:
        found.append(Task.state == filters.state)
    if filters.mine:
        found.append(mine(viewer))
    if filters.of_groups:
        found.append(unindexed(Task.group).in_(sorted(viewer.groups)))
    if filters.free:
        found.append(free())
    if filters.late:
        found.append(Task.due_at < utc_now())
    if filters.due_before:
        found.append(Task.due_at < filters.due_before)
    pairs = (
        (unindexed(Task.group), filters.group),
        (Task.instance, filters.instance),
        (Task.definition, filters.definition),
        # Where most tasks have one form or group, an index by it would be a way to nearly all of them, to be sorted.
        (unindexed(Task.form), filters.form),
        (Task.severity, filters.severity),
    )
    return found + [column == value for column, value in pairs if value is not None]


def mine(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition under which somebody has a task, or it is for them."""
    return or_(Task.claimed_by == viewer.name, Task.user == viewer.name)


def delegated(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition under which somebody has handed a task to another person."""
    return and_(Task.owner == viewer.name, not_closed(viewer))


def free() -> ColumnElement[bool]:
    """Return the condition under which nobody has been given a task yet."""
    return and_(Task.state == "open", unindexed(Task.user).is_(None))


def has_come_up() -> ColumnElement[bool]:
    """Return the condition under which a task does not wait for its follow-up date."""
    return or_(Task.follow_up_at.is_(None), Task.follow_up_at <= utc_now())


def ordered(
    query: Select[str], place: tuple[datetime, str] | None, *, over: bool = False, backwards: bool = False
) -> Select[str]:
    """Order tasks and go on from a place, in either direction; what is over has the newest first."""
    moment = Task.closed_at if over else Task.urgent_at
    falling = over != backwards
    key = tuple_(moment, Task.id)
    if place is not None:
        query = query.where(key < place if falling else key > place)
    return query.order_by(moment.desc(), Task.id.desc()) if falling else query.order_by(moment, Task.id)


def cursor(task: Task) -> str:
    """Return where a page begins or ends, as text that goes into a URL."""
    return cursors.written(task.closed_at or task.urgent_at, task.id)


async def named(db: Db, viewer: Viewer, ids: Collection[str]) -> Sequence[Task]:
    """Return those of the tasks that the viewer sees, open or not."""
    return (await db.scalars(select(Task).where(Task.id.in_(ids), visible(viewer)))).all()
