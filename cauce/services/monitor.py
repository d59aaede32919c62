"""How connections and syncs are doing: throughput, errors, refusals, durations, delay and freshness, by operation."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from cauce.errors import NotFoundError
from cauce.figures import Figures
from cauce.services.hub import Actor, Hub, Role
from cauce.store import definitions, measures
from cauce.store.base import utc_now
from cauce.store.measures import Span
from cauce.store.models import Measure
from schemas import listing

readers: tuple[Role, ...] = ("operator", "integrator", "auditor", "designer", "manager")
scrapers: tuple[Role, ...] = ("operator", "auditor")
_MEDIAN: Final = 0.5
_SLOW: Final = 0.95


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time up to now, in which figures are added up, and into which steps it is divided."""

    name: str
    span: Span
    length: timedelta
    step: timedelta


@dataclass(frozen=True, slots=True)
class Point:
    """The figures of one step of a window."""

    at: datetime
    calls: int
    failed: int
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of one operation of a connection, or of one sync, in a window.

    `per_minute` counts items: calls of a connection, rows of a sync. Rates are shares from 0 to 1, and None where
    nothing happened. `done_at` and `failed_at` are of any time, so `fresh_s` tells for how long nothing came through.
    """

    subject: str
    name: str
    operation: str
    calls: int = 0
    items: int = 0
    per_minute: float = 0.0
    failed: int = 0
    rejected: int = 0
    error_rate: float | None = None
    reject_rate: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    slowest_ms: float = 0.0
    lag_ms: float = 0.0
    done_at: datetime | None = None
    failed_at: datetime | None = None
    fresh_s: float | None = None
    series: tuple[Point, ...] = ()


_minute = timedelta(minutes=1)
windows: Final[Mapping[str, Window]] = {
    each.name: each
    for each in (
        Window("15m", "minute", 15 * _minute, _minute),
        Window("1h", "minute", 60 * _minute, 2 * _minute),
        Window("24h", "hour", timedelta(hours=24), timedelta(hours=1)),
        Window("7d", "hour", timedelta(days=7), timedelta(hours=6)),
    )
}


async def lines(hub: Hub, actor: Actor, window: str = "1h", connection: str | None = None) -> list[Line]:
    """Return the figures by operation, those of every published connection among them, by name."""
    actor.require("see how connections are doing", *readers)
    if window not in windows:
        raise NotFoundError(f"There are no figures for {window!r}.", hint=listing(windows))
    now, wanted = utc_now(), windows[window]
    since = _floor(now, wanted.step) - wanted.length + wanted.step
    async with hub.store.read() as db:
        rows = await measures.figures(db, wanted.span, since)
        ever = await measures.figures(db, "total")
        published = [row.name for row in await definitions.latest(db, "connection")]
    by_line: dict[tuple[str, str, str], list[tuple[Measure, Figures]]] = {}
    for row, figures in rows:
        by_line.setdefault((row.subject, row.name, row.operation), []).append((row, figures))
    found = [
        _with_total(
            _line(
                (row.subject, row.name, row.operation),
                by_line.get((row.subject, row.name, row.operation), ()),
                wanted,
                since,
                now,
            ),
            total,
            now,
        )
        for row, total in ever
    ]
    quiet = set(published) - {each.name for each in found if each.subject == "connection"}
    found += [Line("connection", name, "") for name in quiet]
    shown = [each for each in found if connection in {None, each.name}]
    return sorted(shown, key=lambda each: (each.subject, each.name, each.operation))


def summed(rows: Iterable[Figures]) -> Figures:
    """Return figures added up."""
    whole = Figures()
    for each in rows:
        whole.add(each)
    return whole


def rate(part: int, whole: int) -> float | None:
    """Return a share, or None of nothing."""
    return part / whole if whole else None


def _line(
    key: tuple[str, str, str],
    rows: Sequence[tuple[Measure, Figures]],
    window: Window,
    since: datetime,
    now: datetime,
) -> Line:
    whole = summed(figures for _, figures in rows)
    minutes = max(1.0, (now - since) / _minute)
    return Line(
        *key,
        calls=whole.calls,
        items=whole.items,
        per_minute=whole.items / minutes,
        failed=whole.failed,
        rejected=whole.rejected,
        error_rate=rate(whole.failed, whole.calls),
        reject_rate=rate(whole.rejected, whole.items),
        p50_ms=whole.quantile(_MEDIAN),
        p95_ms=whole.quantile(_SLOW),
        slowest_ms=whole.slowest_ms,
        lag_ms=whole.lag_ms,
        series=_series(rows, window, since),
    )


def _series(rows: Sequence[tuple[Measure, Figures]], window: Window, since: datetime) -> tuple[Point, ...]:
    steps: list[Figures] = [Figures() for _ in range(round(window.length / window.step))]
    for row, figures in rows:
        place = int((row.at - since) / window.step)
        if 0 <= place < len(steps):
            steps[place].add(figures)
    return tuple(
        Point(since + number * window.step, each.calls, each.failed, each.quantile(_SLOW))
        for number, each in enumerate(steps)
    )


def _with_total(line: Line, total: Figures, now: datetime) -> Line:
    fresh = max(0.0, (now - total.done_at).total_seconds()) if total.done_at else None
    return replace(line, done_at=total.done_at, failed_at=total.failed_at, fresh_s=fresh)


def _floor(at: datetime, step: timedelta) -> datetime:
    """Return when the step began in which a moment is; steps of hours begin with an hour."""
    begin = at.replace(minute=0, second=0, microsecond=0)
    return begin if step >= timedelta(hours=1) else begin + ((at - begin) // step) * step
