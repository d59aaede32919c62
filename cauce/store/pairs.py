"""Both sides of the rows of two-way syncs: what each side has, what was agreed on, and what is to be looked at."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import ColumnElement, func, or_, select, update

from cauce.store.base import JSON, utc_now
from cauce.store.models import PairedRow
from cauce.store.session import Db
from cauce.store.upsert import changed

Side = Literal["source", "target"]
_OTHER: Final[Mapping[Side, Side]] = {"source": "target", "target": "source"}


@dataclass(frozen=True, slots=True)
class Reading:
    """A row as it was read from a side: its id there, the fields that both share, and when it was changed."""

    key: str
    fields: JSON
    at: JSON = None
    match: str | None = None


async def stage(db: Db, sync: str, side: Side, readings: Sequence[Reading], *, seen: int) -> tuple[int, list[str]]:
    """Note what was read from a side.

    Returns how many rows have changed, and the keys of those that cannot be told from another row of their side.
    """
    by_id, by_match = await _known(db, sync, side, readings)
    number, twice = 0, []
    for each in readings:
        line = by_id.get(each.key)
        same = by_match.get(each.match or "") if line is None else None
        if same is not None and getattr(same, f"{side}_id") is not None:
            if getattr(same, f"{side}_row") is not None:
                twice.append(each.key)
                continue
            same = None
        line = line or same or _new(db, sync, side, each)
        setattr(line, f"{side}_id", each.key)
        by_id[each.key] = line
        if each.match is not None:
            line.match = each.match
            by_match[each.match] = line
        number += _note(line, side, each, seen)
    await db.flush()
    return number, twice


async def mark_gone(db: Db, sync: str, side: Side, seen: int) -> int:
    """Note that a run which read a side whole did not meet rows there; return how many."""
    values = {f"{side}_row": None, "state": "changed", "updated_at": utc_now()}
    return await changed(db, update(PairedRow).where(*_gone(sync, side, seen)).values(**values))


async def count_gone(db: Db, sync: str, side: Side, seen: int) -> tuple[int, int]:
    """Return how many rows a run which read a side whole did not meet there, and how many there were."""
    there = PairedRow.sync == sync, getattr(PairedRow, f"{side}_row").is_not(None)
    return (
        await db.scalar(select(func.count()).select_from(PairedRow).where(*_gone(sync, side, seen))) or 0,
        await db.scalar(select(func.count()).select_from(PairedRow).where(*there)) or 0,
    )


async def note_seen(db: Db, sync: str, side: Side, keys: Collection[str], *, seen: int) -> None:
    """Note that rows are there of which nothing else could be read."""
    if keys:
        mine = PairedRow.sync == sync, getattr(PairedRow, f"{side}_id").in_(keys)
        await changed(db, update(PairedRow).where(*mine).values(**{f"{side}_seen": seen}))


async def changed_lines(db: Db, sync: str, *, after: int, limit: int) -> Sequence[PairedRow]:
    """Return rows that a run has to look at."""
    wanted = PairedRow.sync == sync, PairedRow.state == "changed", PairedRow.id > after
    return (await db.scalars(select(PairedRow).where(*wanted).order_by(PairedRow.id).limit(limit))).all()


async def lines(db: Db, ids: Collection[int]) -> Mapping[int, PairedRow]:
    """Return rows by their numbers, as they are now."""
    query = select(PairedRow).where(PairedRow.id.in_(ids)).execution_options(populate_existing=True)
    return {row.id: row for row in await db.scalars(query)}


async def find(db: Db, sync: str, side: Side, key: str) -> PairedRow | None:
    """Return the row that a side has under an id."""
    query = select(PairedRow).where(PairedRow.sync == sync, getattr(PairedRow, f"{side}_id") == key)
    return (await db.scalars(query)).one_or_none()


async def of_task(db: Db, task: str) -> PairedRow | None:
    """Return the row about which somebody is asked in a task."""
    return (await db.scalars(select(PairedRow).where(PairedRow.task == task))).one_or_none()


async def decide(db: Db, task: str, answer: JSON, shown: JSON) -> str | None:
    """Keep what a person decided in a task, and what was shown there; return which sync it is to be carried out by."""
    row = await of_task(db, task)
    if row is None:
        return None
    row.decision, row.state = {"answer": answer, "shown": shown}, "changed"
    await db.flush()
    return row.sync


async def count(db: Db, sync: str, state: str) -> int:
    """Return how many rows of a sync are in a state."""
    wanted = PairedRow.sync == sync, PairedRow.state == state
    return await db.scalar(select(func.count()).select_from(PairedRow).where(*wanted)) or 0


def _gone(sync: str, side: Side, seen: int) -> tuple[ColumnElement[bool], ...]:
    there, met = getattr(PairedRow, f"{side}_row"), getattr(PairedRow, f"{side}_seen")
    return PairedRow.sync == sync, there.is_not(None), met < seen


async def _known(
    db: Db, sync: str, side: Side, readings: Sequence[Reading]
) -> tuple[dict[str, PairedRow], dict[str, PairedRow]]:
    """Return the rows of which something was read by their id on that side, and those that may be the same by match."""
    own = getattr(PairedRow, f"{side}_id")
    matches = {each.match for each in readings if each.match is not None}
    wanted = or_(own.in_([each.key for each in readings]), PairedRow.match.in_(matches))
    query = select(PairedRow).where(PairedRow.sync == sync, wanted).order_by(PairedRow.id)
    by_id: dict[str, PairedRow] = {}
    by_match: dict[str, PairedRow] = {}
    for row in await db.scalars(query.execution_options(populate_existing=True)):
        key = getattr(row, f"{side}_id")
        if key is not None:
            by_id[key] = row
        # One that is there on this side stands before one that was deleted, and one that waits for this side's row.
        if row.match is not None and _rank(row, side) >= _rank(by_match.get(row.match), side):
            by_match[row.match] = row
    return by_id, by_match


def _rank(row: PairedRow | None, side: Side) -> int:
    if row is None:
        return 0
    if getattr(row, f"{side}_row") is not None:
        return 3
    return 2 if getattr(row, f"{side}_id") is None and getattr(row, f"{_OTHER[side]}_row") is not None else 1


def _new(db: Db, sync: str, side: Side, reading: Reading) -> PairedRow:
    row = PairedRow(sync=sync, state="changed", **{f"{side}_id": reading.key, f"{side}_seen": 0})
    db.add(row)
    return row


def _note(line: PairedRow, side: Side, reading: Reading, seen: int) -> bool:
    """Note what was read of a row, and return whether it has changed."""
    if seen:
        setattr(line, f"{side}_seen", seen)
    if getattr(line, f"{side}_row") == reading.fields:
        return False
    if line.source_row is None and line.target_row is None:
        # It was deleted on both sides: whoever has it again has a new row.
        line.agreed = None
    setattr(line, f"{side}_row", reading.fields)
    setattr(line, f"{side}_at", reading.at)
    line.state = "changed"
    return True
