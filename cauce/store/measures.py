"""Figures about connections and syncs: added up by minute, by hour and in total; old minutes and hours go."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import case, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from cauce.figures import BOUNDS, Figures, Key
from cauce.store.models.measures import Measure
from cauce.store.session import Db
from cauce.store.upsert import changed

Span = Literal["minute", "hour", "total"]
KEPT: Final = {"minute": timedelta(hours=3), "hour": timedelta(days=15)}
_TIMED: Final = tuple(f"t{number}" for number in range(len(BOUNDS) + 1))
_SUMS: Final = ("calls", "failed", "rejected", "items", "busy_ms", *_TIMED)
_LARGEST: Final = ("slowest_ms", "lag_ms", "done_at", "failed_at")
_KEY: Final = ("subject", "name", "operation", "span", "at")
_EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)


async def add(db: Db, counted: Iterable[tuple[Key, Figures]]) -> None:
    """Add figures to those of the minute and the hour they are from, and to the totals."""
    rows: dict[tuple[Any, ...], tuple[dict[str, Any], Figures]] = {}
    for key, figures in counted:
        whole = key.at.replace(minute=0)
        for span, at in (("minute", key.at), ("hour", whole), ("total", _EVER)):
            place = {"subject": key.subject, "name": key.name, "operation": key.operation, "span": span, "at": at}
            # Minutes of one hour come together here: one statement must not meet a row twice.
            rows.setdefault(tuple(place.values()), (place, Figures()))[1].add(figures)
    if rows:
        dialect = sqlite if db.get_bind().dialect.name == "sqlite" else postgresql
        statement = dialect.insert(Measure)
        given = statement.excluded
        added = {name: getattr(Measure, name) + given[name] for name in _SUMS}
        grown = {name: _larger(getattr(Measure, name), given[name]) for name in _LARGEST}
        # In one order, so that workers who add at the same time wait for each other and never in a circle.
        values = [{**place, **_columns(figures)} for _, (place, figures) in sorted(rows.items())]
        statement = statement.on_conflict_do_update(index_elements=_KEY, set_={**added, **grown})
        await (await db.connection()).execute(statement, values)


async def figures(db: Db, span: Span, since: datetime | None = None) -> Sequence[tuple[Measure, Figures]]:
    """Return the rows of a span of time, the oldest first."""
    query = select(Measure).where(Measure.span == span).order_by(Measure.at, Measure.name, Measure.operation)
    if since is not None:
        query = query.where(Measure.at >= since)
    return [(row, _figures(row)) for row in await db.scalars(query)]


async def forget(db: Db, now: datetime) -> int:
    """Delete the minutes and hours that are too old, and return how many."""
    old = or_(*((Measure.span == span) & (Measure.at < now - kept) for span, kept in KEPT.items()))
    return await changed(db, delete(Measure).where(old))


def _larger(have: Any, given: Any) -> Any:  # noqa: ANN401 - columns of any type
    return case((or_(have.is_(None), given > have), given), else_=have)


def _columns(figures: Figures) -> dict[str, Any]:
    own = {name: getattr(figures, name) for name in (*_SUMS, *_LARGEST) if name not in _TIMED}
    return {**own, **dict(zip(_TIMED, figures.timed, strict=True))}


def _figures(row: Measure) -> Figures:
    own = {name: getattr(row, name) for name in (*_SUMS, *_LARGEST) if name not in _TIMED}
    return Figures(**own, timed=[getattr(row, name) for name in _TIMED])
