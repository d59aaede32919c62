"""What changes while people look: the store is asked what is new, and each open page gets what concerns its person.

Every process of the API asks for itself, and only while somebody looks; so it does not matter who wrote what is new: a
worker, another process of the API, or the command line.
"""

import asyncio
import logging
from collections import Counter, OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from cauce.errors import CauceError, TransientError
from cauce.services import notifications, tasks
from cauce.services.hub import Actor, Hub
from cauce.store import changes
from cauce.store.base import utc_now
from cauce.store.changes import Act
from cauce.store.models import Task

JSON = Any
Kind = Literal["counts", "new", "taken", "free", "done", "moved", "comment"]
most_of_person: Final = 8
most_streams: Final = 1_000
most_waiting: Final = 100
look_every_s: Final = 2.0
_MOST_READ: Final = 200
_MOST_TOLD: Final = 20
_COUNTED_A_LOOK: Final = 20
# A row gets its time before its transaction ends: so long may that take without being overlooked.
_LATE: Final = timedelta(seconds=30)
_REMEMBERED: Final = 5_000
_KINDS: Final[dict[str, Kind]] = {
    "task.claim": "taken",
    "task.release": "free",
    "task.return": "free",
    "task.complete": "done",
    "task.send-back": "done",
    "task.delegate": "moved",
    "task.assign": "moved",
    "task.escalate": "moved",
    "task.comment": "comment",
}
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class News:
    """Something that an open page should know; `open` and `unread` are given with counts only."""

    kind: Kind
    task: str = ""
    name: str = ""
    title: JSON = None
    by: str = ""
    open: int = 0
    unread: int = 0


@dataclass(eq=False, slots=True)
class Page:
    """An open page: whose it is, and what it has not been told yet; None is the end."""

    actor: Actor
    news: asyncio.Queue[News | None] = field(default_factory=lambda: asyncio.Queue(most_waiting))

    def tell(self, news: News | None) -> None:
        """Tell the page; one that does not listen is ended, and asks anew."""
        if self.news.full():
            while not self.news.empty():
                self.news.get_nowait()
            news = None
        self.news.put_nowait(news)


class Live:
    """All open pages of this process, and the one task that asks the store for them."""

    def __init__(self, hub: Hub, every_s: float = look_every_s) -> None:
        self._hub = hub
        self._every_s = every_s
        self._pages: set[Page] = set()
        self._looking: asyncio.Task[None] | None = None
        self._ended = False
        self._loop = asyncio.get_running_loop()
        self._mark = 0
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._uncounted: OrderedDict[str, None] = OrderedDict()

    def join(self, actor: Actor) -> Page:
        """Add an open page of somebody; refuse more than a browser has a use for."""
        of_person = Counter(page.actor.name for page in self._pages)[actor.name]
        if self._ended or of_person >= most_of_person or len(self._pages) >= most_streams:
            raise TransientError("No more pages are kept up to date at once.", hint="This one works without it, too.")
        page = Page(actor)
        self._pages.add(page)
        self._uncounted[actor.name] = None
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_on())
        return page

    def leave(self, page: Page) -> None:
        """Take a page out that is closed."""
        self._pages.discard(page)

    def end(self) -> None:
        """End all pages, and take no more."""
        self._ended = True
        for page in self._pages:
            page.tell(None)

    def end_soon(self) -> None:
        """End all pages; for a handler of signals, which may do no more than ask for it."""
        self._loop.call_soon_threadsafe(self.end)

    async def close(self) -> None:
        """End all pages and stop asking."""
        self.end()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _look_on(self) -> None:
        """Look again and again while there is somebody to tell; a store that is away for a while is asked later."""
        await self._look(begin=True)
        while self._pages and not self._ended:
            await asyncio.sleep(self._every_s)
            await self._look()

    async def _look(self, *, begin: bool = False) -> None:
        try:
            await self._tell_news(begin=begin)
            await self._tell_counts()
        except CauceError as error:
            log.warning("what is new could not be read: %s", error.problem)

    async def _tell_news(self, *, begin: bool) -> None:
        now = utc_now()
        async with self._hub.store.read() as db:
            mark = await changes.mark(db)
            acts = [] if begin or mark == self._mark else await changes.acts(db, self._mark, mark, _KINDS, _MOST_READ)
            rows = await changes.tasks_of(db, {each.task for each in acts}) if acts else {}
            new = await changes.tasks_since(db, now - _LATE, _MOST_READ)
            told = await changes.told_since(db, now - _LATE, _MOST_READ)
        self._mark = mark
        fresh = [row for row in new if self._is_first(row.id)]
        people = {person for id_, person in told if self._is_first(f"told {id_}")}
        if begin:
            return
        self._uncounted.update(dict.fromkeys(people))
        found = [(row, News("new", row.id, row.name)) for row in fresh if _comes_up(row, now)]
        found += [(rows[act.task], _done(act, rows[act.task])) for act in acts if act.task in rows]
        if len(found) > _MOST_TOLD:
            # Nobody reads so much; the counts say it.
            self._uncounted.update(dict.fromkeys(page.actor.name for page in self._pages))
        for row, news in found[-_MOST_TOLD:]:
            self._tell(row, news)

    def _tell(self, row: Task, news: News) -> None:
        """Tell it to all who may see the task, but not to who did it."""
        for page in self._pages:
            if tasks.may_see(row, page.actor):
                self._uncounted[page.actor.name] = None
                if page.actor.name != news.by:
                    # What they may not read of a task is not in its title either.
                    page.tell(replace(news, title=tasks.view(row, page.actor).title))

    async def _tell_counts(self) -> None:
        """Count anew for those whom something concerned; for so many at once that it never takes long."""
        people = {page.actor.name: page.actor for page in self._pages}
        for name in list(self._uncounted)[:_COUNTED_A_LOOK]:
            del self._uncounted[name]
            if actor := people.get(name):
                waiting = await tasks.open_count(self._hub, actor)
                unread = await notifications.unread_count(self._hub, actor)
                self._send(name, News("counts", open=waiting, unread=unread))

    def _send(self, name: str, news: News) -> None:
        for page in self._pages:
            if page.actor.name == name:
                page.tell(news)

    def _is_first(self, id_: str) -> bool:
        """Tell whether something was not seen before, and remember it."""
        if id_ in self._seen:
            return False
        self._seen[id_] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True


def _done(act: Act, row: Task) -> News:
    return News(_KINDS[act.action], row.id, row.name, by=act.by)


def _comes_up(row: Task, now: datetime) -> bool:
    return row.follow_up_at is None or row.follow_up_at <= now
