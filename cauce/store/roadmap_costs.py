"""Entries of time and money for the activities of roadmaps that run: added once each, and never changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select

from cauce.cost_entries import Given, Priced, money, priced
from cauce.errors import ConflictError, InputError, NotFoundError
from cauce.store import definitions
from cauce.store.base import JSON, utc_now
from cauce.store.models import RoadmapCost, RoadmapRun, RoadmapStep
from cauce.store.session import Db
from cauce.store.upsert import insert_all, insert_new

_AT_ONCE: Final = 500
_COMPARED: Final = ("activity", "kind", "day", "factor", "cents", "hours")


@dataclass(slots=True)
class Book:
    """The entries of a roadmap, held for whoever adds to them: nobody else does until the transaction is over."""

    run: RoadmapRun
    document: JSON
    steps: Mapping[str, RoadmapStep]
    source: str
    by: str
    may_rate: bool = True
    known: dict[str, RoadmapCost | Mapping[str, Any]] = field(default_factory=dict)
    added: list[dict[str, Any]] = field(default_factory=list)

    def add(self, given: Given) -> tuple[int, bool]:
        """Add an entry; returns its number and whether it is new.

        Raises:
            ConflictError: The reference is that of another entry.
            InputError: Something is missing or out of range.
            NotFoundError: There is no such activity.
        """
        step = self.steps.get(given.activity)
        if step is None:
            hint = "One of a wave is `id.wave`; `cauce roadmap show` lists them."
            raise NotFoundError(f"There is no activity `{given.activity[:100]}` in this roadmap.", hint=hint)
        if step.kind == "gate":
            raise InputError(f"`{step.id}` is a gate.", hint="Enter it for an activity.")
        found = priced(given, self.document, owner=step.owner, today=utc_now().date(), may_rate=self.may_rate)
        values = {**asdict(found), "activity": given.activity}
        known = self.known.get(given.reference)
        if known is None:
            return self._append(given, found), True
        before = known if isinstance(known, Mapping) else {name: getattr(known, name) for name in _COMPARED}
        number = known["number"] if isinstance(known, Mapping) else known.number
        if any(before[name] != values[name] for name in _COMPARED):
            problem = f"The reference {given.reference} is that of entry {number}, which says something else."
            raise ConflictError(problem, hint=f"Take back entry {number}, and enter it under another reference.")
        return int(number), False

    def _append(self, given: Given, found: Priced) -> int:
        said = {name: getattr(given, name) for name in ("activity", "reference", "person", "note", "file")}
        return self.append({**said, **asdict(found), "reverses": None})

    def append(self, values: Mapping[str, Any]) -> int:
        """Add an entry as it is; returns its number."""
        number = self.run.cost_entries = self.run.cost_entries + 1
        about = {"run": self.run.id, "number": number, "source": self.source, "by": self.by, "at": utc_now()}
        self.added.append({**values, **about})
        self.known[values["reference"]] = self.added[-1]
        return number


async def open_book(
    db: Db, run: str, *, references: Iterable[str], source: str, by: str, may_rate: bool = True
) -> Book:
    """Return the book of a roadmap, with what it has of these references.

    Raises:
        ConflictError: The roadmap has ended.
    """
    row = (await db.scalars(select(RoadmapRun).where(RoadmapRun.id == run).with_for_update())).one()
    if row.state != "running":
        raise ConflictError(f"The roadmap is {row.state}.", hint="Nothing of it can be changed any more.")
    definition = await definitions.find(db, "roadmap", "", row.roadmap, row.version)
    if definition is None:
        raise NotFoundError(f"The definition of {run} is not there.", hint="Publish it again.")
    rows = (await db.scalars(select(RoadmapStep).where(RoadmapStep.run == run))).all()
    known: dict[str, RoadmapCost | Mapping[str, Any]] = {}
    wanted = sorted(set(references))
    for start in range(0, len(wanted), _AT_ONCE):
        some = RoadmapCost.reference.in_(wanted[start : start + _AT_ONCE])
        found = await db.scalars(select(RoadmapCost).where(RoadmapCost.run == run, some))
        known |= {each.reference: each for each in found}
    steps = {each.id: each for each in rows}
    return Book(row, definition.document, steps, source, by, may_rate=may_rate, known=known)


async def close_book(db: Db, book: Book) -> None:
    """Write what was added."""
    await db.flush()
    if len(book.added) == 1:
        await insert_new(db, RoadmapCost, book.added[0])
    elif book.added:
        await insert_all(db, RoadmapCost, book.added)


async def find(db: Db, run: str, number: int) -> RoadmapCost | None:
    """Return an entry, or None when there is no such."""
    return await db.get(RoadmapCost, (run, number))


async def by_reference(db: Db, run: str, reference: str) -> RoadmapCost | None:
    """Return the entry with a reference, or None when there is no such."""
    return (await db.scalars(select(RoadmapCost).filter_by(run=run, reference=reference))).one_or_none()


async def entries(
    db: Db, run: str, *, activity: str = "", by: str | None = None, before: int | None = None, limit: int = 200
) -> Sequence[RoadmapCost]:
    """Return entries, the newest first: of an activity, or of who entered them."""
    query = select(RoadmapCost).where(RoadmapCost.run == run)
    query = query.where(RoadmapCost.activity == activity) if activity else query
    query = query if by is None else query.where(RoadmapCost.by == by)
    query = query if before is None else query.where(RoadmapCost.number < before)
    return (await db.scalars(query.order_by(RoadmapCost.number.desc()).limit(limit))).all()


async def reversed_by(db: Db, run: str, numbers: Iterable[int]) -> dict[int, int]:
    """Return which of these entries were taken back, and by which ones."""
    query = select(RoadmapCost.reverses, RoadmapCost.number).where(RoadmapCost.run == run)
    rows = await db.execute(query.where(RoadmapCost.reverses.in_(list(numbers))))
    return {row.reverses: row.number for row in rows}


async def totals(db: Db, run: str) -> dict[str, dict[str, str]]:
    """Return what all entries of each activity come to, by factor."""
    place = (RoadmapCost.activity, RoadmapCost.factor)
    query = select(*place, func.sum(RoadmapCost.cents)).where(RoadmapCost.run == run).group_by(*place).order_by(*place)
    found: dict[str, dict[str, str]] = {}
    for activity, factor, cents in await db.execute(query):
        found.setdefault(activity, {})[factor] = money(int(cents))
    return found


async def untold(db: Db, since: datetime | None) -> Sequence[str]:
    """Return the roadmaps that run and do not know all of their entries; with `since`, of those entered since then."""
    query = select(RoadmapRun.id).where(RoadmapRun.state == "running", RoadmapRun.cost_entries > RoadmapRun.costs_told)
    if since is not None:
        last = (RoadmapCost.run == RoadmapRun.id) & (RoadmapCost.number == RoadmapRun.cost_entries)
        query = query.join(RoadmapCost, last).where(RoadmapCost.at >= since)
    return (await db.scalars(query)).all()


async def told(db: Db, run: str, through: int) -> None:
    """Note up to which entry a roadmap knows them."""
    row = (await db.scalars(select(RoadmapRun).where(RoadmapRun.id == run).with_for_update())).one()
    row.costs_told = max(row.costs_told, through)
