"""Which row of one system is which row of another, and what was written of it last."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, func, select, update

from cauce.store.base import utc_now
from cauce.store.bulk import among, insertion
from cauce.store.models import CrossReference
from cauce.store.session import Db
from cauce.store.upsert import changed

_KEY: Final = ("sync", "source_id")
_TOLD: Final = ("source_system", "target_system", "target_id", "digest", "version", "seen", "state", "updated_at")


class Reference(NamedTuple):
    """A row here and its counterpart there; `version` counts what was written of it.

    There may be millions, and a tuple is made in a quarter of the time.
    """

    source_id: str
    target_id: str
    digest: str
    version: int
    state: str = "live"

    @property
    def is_live(self) -> bool:
        """Whether the row is there and not deleted."""
        return self.state == "live"


@dataclass(frozen=True, slots=True)
class Pair:
    """The two systems whose rows a sync keeps the same."""

    sync: str
    source: str
    target: str


async def of(db: Db, sync: str, source_ids: Collection[str]) -> Mapping[str, Reference]:
    """Return what is known of rows, by their id in the source."""
    wanted = CrossReference.sync == sync, among(db, CrossReference.source_id, source_ids)
    return await _found(db, wanted, len(source_ids))


async def gone(db: Db, sync: str, run: int, *, after: str, limit: int) -> Mapping[str, Reference]:
    """Return rows that a run which read everything did not meet, in the order of their ids."""
    wanted = (*_gone(sync, run), CrossReference.source_id > after)
    return await _found(db, wanted, limit)


async def count_gone(db: Db, sync: str, run: int) -> int:
    """Return how many rows a run that read everything did not meet."""
    return await db.scalar(select(func.count()).select_from(CrossReference).where(*_gone(sync, run))) or 0


async def count(db: Db, sync: str) -> int:
    """Return how many rows of a sync are in both systems."""
    live = CrossReference.sync == sync, CrossReference.state == "live"
    return await db.scalar(select(func.count()).select_from(CrossReference).where(*live)) or 0


async def save(db: Db, pair: Pair, references: Sequence[Reference], *, seen: int) -> None:
    """Note what was written."""
    if not references:
        return
    whole = {"sync": pair.sync, "source_system": pair.source, "target_system": pair.target, "seen": seen}
    rows = {each.source_id: tuple(each) for each in references}
    insert = insertion(db, CrossReference, Reference._fields, rows.values(), {**whole, "updated_at": utc_now()})
    told = {name: insert.excluded[name] for name in _TOLD}
    await db.execute(insert.on_conflict_do_update(index_elements=list(_KEY), set_=told))


async def note_seen(db: Db, sync: str, source_ids: Collection[str], *, seen: int) -> None:
    """Note that a run which reads everything met rows that need not be written."""
    if source_ids:
        mine = CrossReference.sync == sync, among(db, CrossReference.source_id, source_ids)
        await changed(db, update(CrossReference).where(*mine).values(seen=seen))


async def counterparts(db: Db, system: str, id_: str, limit: int = 50) -> Sequence[CrossReference]:
    """Return what a row of a system is elsewhere, whichever of the two sides it is on."""
    here = (CrossReference.source_system == system) & (CrossReference.source_id == id_)
    there = (CrossReference.target_system == system) & (CrossReference.target_id == id_)
    query = select(CrossReference).where(here | there).order_by(CrossReference.sync, CrossReference.source_id)
    return (await db.scalars(query.limit(limit))).all()


def _gone(sync: str, run: int) -> tuple[ColumnElement[bool], ...]:
    return (CrossReference.sync == sync, CrossReference.state == "live", CrossReference.seen < run)


async def _found(db: Db, wanted: tuple[ColumnElement[bool], ...], limit: int) -> Mapping[str, Reference]:
    columns = [getattr(CrossReference, name) for name in Reference._fields]
    query = select(*columns).where(*wanted).order_by(CrossReference.source_id).limit(limit)
    return {row[0]: Reference._make(row) for row in (await db.execute(query)).all()}
