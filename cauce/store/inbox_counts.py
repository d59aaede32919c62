"""How many open tasks somebody sees: in all, and by what they are and which form they have.

Counting all of 100,000 takes longer than all else of a page, so pages count up to a ceiling (`up_to`), programs all
(`counts`). Both go along `ix_tasks_counted`, which has what is counted by, form by form.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from sqlalchemy import CTE, ColumnElement, RowMapping, ScalarSelect, and_, func, literal, or_, select
from sqlalchemy.orm import aliased

from cauce.store.base import utc_now
from cauce.store.inbox import delegated, free, has_come_up, mine
from cauce.store.models import Task
from cauce.store.session import Db
from cauce.store.tasks import Viewer, visible

MOST: Final = 1_000
# There may be many forms, and each has its own walk.
MOST_OF_FORM: Final = 100


@dataclass(frozen=True, slots=True)
class Counts:
    """How many open tasks somebody sees: in all, and by what they are; and of each form.

    Where there are more than `most` of something (`most_of_form` of a form), that one more is its number; without, all
    of them are counted.
    """

    open: int = 0
    mine: int = 0
    groups: int = 0
    free: int = 0
    overdue: int = 0
    set_aside: int = 0
    delegated: int = 0
    by_form: tuple[tuple[str, int], ...] = ()
    most: int | None = None
    most_of_form: int | None = None


async def counts(db: Db, viewer: Viewer) -> Counts:
    """Return how many open tasks the viewer sees, in one walk through the index."""
    wanted = _wanted(viewer)
    numbers = (func.count().filter(each).label(name) for name, each in wanted.items())
    query = select(Task.form.label("form"), *numbers).where(_any(viewer)).group_by(Task.form)
    return _summed((await db.execute(query)).mappings().all(), wanted)


async def up_to(db: Db, viewer: Viewer, most: int = MOST, most_of_form: int = MOST_OF_FORM) -> Counts:
    """Return how many open tasks the viewer sees, each number up to one more than a ceiling.

    Who has no more than that in all has everything counted, which one short walk does; else each number has its own.
    """
    wanted = _wanted(viewer)
    flags = (each.label(name) for name, each in wanted.items())
    seen = select(Task.form.label("form"), *flags).where(_any(viewer)).limit(most + 1).subquery()
    numbers = (func.count().filter(seen.c[name]).label(name) for name in wanted)
    query = select(seen.c.form, *numbers, func.count().label("all")).group_by(seen.c.form)
    rows = (await db.execute(query)).mappings().all()
    if sum(row["all"] for row in rows) <= most:
        return _summed(rows, wanted)
    sums = select(*(number(each, most).label(name) for name, each in wanted.items()))
    found = (await db.execute(sums)).mappings().one()
    forms = await _by_form(db, wanted["open"], most_of_form)
    return Counts(**found, by_form=forms, most=most, most_of_form=most_of_form)


async def open_up_to(db: Db, viewer: Viewer, most: int) -> int:
    """Return how many tasks wait for the viewer, counted up to `most`."""
    return await db.scalar(select(number(and_(visible(viewer), has_come_up()), most - 1))) or 0


def _wanted(viewer: Viewer) -> dict[str, ColumnElement[bool]]:
    """Return what is counted, by the names of the numbers."""
    shown = and_(visible(viewer), has_come_up())
    return {
        "open": shown,
        "mine": and_(shown, mine(viewer)),
        "groups": and_(shown, Task.group.in_(sorted(viewer.groups))),
        "free": and_(shown, free()),
        "overdue": and_(shown, Task.due_at < utc_now()),
        "set_aside": and_(visible(viewer), Task.follow_up_at > utc_now()),
        "delegated": delegated(viewer),
    }


def _any(viewer: Viewer) -> ColumnElement[bool]:
    return and_(Task.closed_at.is_(None), or_(visible(viewer), delegated(viewer)))


def number(condition: ColumnElement[bool], most: int, within: CTE | None = None) -> ScalarSelect[int]:
    """Return how many open tasks are like that, up to one more than `most`; `within` is what the condition is about."""
    found = select(literal(1)).where(Task.closed_at.is_(None), condition).limit(most + 1)
    found = found if within is None else found.correlate(within)
    return select(func.count()).select_from(found.subquery()).scalar_subquery()


@cache
def values_of(column: str) -> CTE:
    """Return each `value` that open tasks have in a column, and NULL.

    An index that begins with it is asked for one after the other, and not read as a whole.
    """
    task = aliased(Task)
    value, is_open = getattr(task, column), task.closed_at.is_(None)
    found = select(func.min(value).label("value")).where(is_open).cte(recursive=True)
    following = select(func.min(value)).where(is_open, value > found.c.value)
    return found.union_all(select(following.scalar_subquery()).where(found.c.value.is_not(None)))


async def _by_form(db: Db, condition: ColumnElement[bool], most: int) -> tuple[tuple[str, int], ...]:
    """Return how many open tasks of each form are like that."""
    forms = values_of("form")
    numbers = number(and_(Task.form == forms.c.value, condition), most, forms)
    rows = await db.execute(select(forms.c.value, numbers).where(forms.c.value.is_not(None)))
    return _sorted((form, found) for form, found in rows)


def _summed(rows: Sequence[RowMapping], names: Iterable[str]) -> Counts:
    sums = {name: sum(int(row[name]) for row in rows) for name in names}
    return Counts(**sums, by_form=_sorted((row["form"], row["open"]) for row in rows))


def _sorted(found: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Return the forms of which there are tasks, those with most of them first."""
    return tuple(sorted((each for each in found if each[1]), key=lambda each: (-each[1], each[0])))
