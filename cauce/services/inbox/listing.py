"""The inbox as a person opens it: some lines of it, how many tasks wait, and what tasks are called."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from cauce.permissions import Thing
from cauce.services import clocks
from cauce.services.clocks import ClockView
from cauce.services.hub import Actor, Hub
from cauce.services.inbox import views
from cauce.services.inbox.views import View
from cauce.services.permissions import covering
from cauce.services.tasks import may_act_on, view, viewer_of
from cauce.store import inbox, inbox_counts
from cauce.store.inbox import Filters
from cauce.store.inbox_counts import Counts
from cauce.store.models import Task

JSON = Any


class Asked(Protocol):
    """A view of the inbox that somebody asks for."""

    @property
    def shown(self) -> tuple[str, ...]:
        """The columns of it."""

    def query(self) -> Filters:
        """Return which tasks it has."""


Wanted = TypeVar("Wanted", bound=Asked)


@dataclass(frozen=True, slots=True)
class Line:
    """What a list says of a task; `may_act` says whether who looks at it may claim and complete it."""

    id: str
    instance: str
    definition: str
    version: str
    name: str
    title: JSON
    form: str
    group: str | None
    user: str | None
    claimed_by: str | None
    priority: int
    due_at: datetime | None
    urgent_at: datetime
    severity: str | None
    value: float | None
    customer: str
    created_at: datetime
    business_key: str
    approvals: JSON
    may_act: bool


@dataclass(frozen=True, slots=True)
class Lines:
    """A page of a list, where the next begins, and where the one before ends."""

    tasks: tuple[Line, ...]
    after: str | None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Opened(Generic[Wanted]):
    """An inbox as it is shown: what was asked for, the tasks, the clocks of their instances, and how many wait."""

    wanted: Wanted
    views: Sequence[View]
    page: Lines
    counts: Counts
    clocks: Mapping[str, ClockView]


async def opened(
    hub: Hub,
    actor: Actor,
    choose: Callable[[Sequence[View]], Wanted],
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Opened[Wanted]:
    """Return what `choose` makes of the views that the actor keeps; all of it is of one moment."""
    viewer, brief = viewer_of(actor), is_brief(actor)
    async with hub.store.read() as db:
        kept = await views.found(db, actor)
        wanted = choose(kept)
        page = await inbox.page(db, viewer, wanted.query(), after=after, before=before, limit=limit, brief=brief)
        counted = await inbox_counts.up_to(db, viewer)
        running = await clocks.nearest(db, {row.instance for row in page.rows} if "clock" in wanted.shown else set())
    return Opened(wanted, kept, lines(page, actor), counted, running)


def is_brief(actor: Actor) -> bool:
    """Tell whether lines are made of brief rows: forms say what is personal, and to nobody else does that matter."""
    return not actor.grants and actor.decide("personal", Thing("", "")).allowed


def lines(page: inbox.Page, actor: Actor) -> Lines:
    """Return the tasks of a page as a list shows them to somebody."""
    return Lines(tuple(_line(row, actor) for row in page.rows), page.after, page.before)


def _line(row: Task, actor: Actor) -> Line:
    """Return a task as a list shows it, with what is personal in it covered for who may not see that."""
    shown = view(row, actor) if covering.veil_of(row, actor).names else row
    return Line(
        id=row.id,
        instance=row.instance,
        definition=row.definition,
        version=row.version,
        name=row.name,
        title=shown.title,
        form=row.form,
        group=row.group,
        user=row.user,
        claimed_by=row.claimed_by,
        priority=row.priority,
        due_at=row.due_at,
        urgent_at=row.urgent_at,
        severity=row.severity,
        value=row.value,
        customer=shown.customer,
        created_at=row.created_at,
        business_key=row.business_key,
        approvals=row.approvals,
        may_act=may_act_on(row, actor),
    )


async def counts(hub: Hub, actor: Actor) -> Counts:
    """Return how many open tasks concern the actor, by what they are and by form."""
    async with hub.store.read() as db:
        return await inbox_counts.counts(db, viewer_of(actor))


async def titles(hub: Hub, actor: Actor, ids: Collection[str]) -> Mapping[str, JSON]:
    """Return the titles of those of the tasks that the actor sees, open or not."""
    async with hub.store.read() as db:
        rows = await inbox.named(db, viewer_of(actor), ids)
    return {row.id: view(row, actor).title for row in rows}
