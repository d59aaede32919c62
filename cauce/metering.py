"""Counts what is done at connections and by syncs, in memory; `cauce.store.measures` adds the counts up for all.

Counting costs no I/O: a worker keeps one row of figures for each operation and minute, and hands them over every few
seconds (`cauce.services.monitoring`). Who is killed in between takes only those figures along.
"""

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

Subject = Literal["connection", "sync"]
Result = Literal["done", "failed", "rejected"]
# The upper ends, in milliseconds, of the classes of durations; what takes longer is in one more class.
BOUNDS: Final = (5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000)
_MOST_KEYS: Final = 20_000
_MINUTE_S: Final = 60


@dataclass(frozen=True, slots=True)
class Key:
    """Whose figures they are: of an operation of a connection, or of a sync, in one minute."""

    subject: Subject
    name: str
    operation: str
    minute: int

    @property
    def at(self) -> datetime:
        """When the minute began."""
        return datetime.fromtimestamp(self.minute * _MINUTE_S, UTC)


@dataclass(slots=True)
class Figures:
    """What happened: how often, with what result, for how many items, how long it took and how long it waited.

    `timed` counts by the classes of `BOUNDS`; a call that was never sent is not among them. `lag_ms` is the longest
    that something was behind: a call before it began, a sync behind its source.
    """

    calls: int = 0
    failed: int = 0
    rejected: int = 0
    items: int = 0
    busy_ms: float = 0.0
    slowest_ms: float = 0.0
    lag_ms: float = 0.0
    timed: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    done_at: datetime | None = None
    failed_at: datetime | None = None

    def add(self, other: "Figures") -> None:
        """Add the figures of others, or of another time."""
        self.calls += other.calls
        self.failed += other.failed
        self.rejected += other.rejected
        self.items += other.items
        self.busy_ms += other.busy_ms
        self.slowest_ms = max(self.slowest_ms, other.slowest_ms)
        self.lag_ms = max(self.lag_ms, other.lag_ms)
        self.timed = [mine + theirs for mine, theirs in zip(self.timed, other.timed, strict=True)]
        self.done_at = _later(self.done_at, other.done_at)
        self.failed_at = _later(self.failed_at, other.failed_at)

    def quantile(self, share: float) -> float | None:
        """Return about how long the calls took of which this share was faster; None when none was timed."""
        wanted = share * sum(self.timed)
        below, passed = 0.0, 0
        if not wanted:
            return None
        for bound, count in zip((*BOUNDS, self.slowest_ms), self.timed, strict=True):
            if passed + count >= wanted:
                # Within a class they are taken to be spread evenly.
                inside = below + (max(bound, below) - below) * (wanted - passed) / count
                return min(inside, self.slowest_ms)
            below, passed = float(bound), passed + count
        return self.slowest_ms


@dataclass(slots=True)
class Meter:
    """The figures of one process that nobody has fetched yet."""

    clock: Callable[[], float] = time.time
    _kept: dict[Key, Figures] = field(default_factory=dict)

    def note(
        self,
        subject: Subject,
        name: str,
        operation: str,
        result: Result,
        *,
        took_ms: float | None = None,
        items: int = 1,
        rejected: int = 0,
        lag_ms: float = 0.0,
    ) -> None:
        """Count one call, or one run of a sync: of its `items`, so many were `rejected`.

        A call that was rejected counts as one rejected item.
        """
        now = self.clock()
        key = Key(subject, name, operation, int(now // _MINUTE_S))
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _MOST_KEYS:
                return
            found = self._kept[key] = Figures()
        found.calls += 1
        found.items += items
        found.lag_ms = max(found.lag_ms, lag_ms)
        found.rejected += max(rejected, int(result == "rejected"))
        if took_ms is not None:
            found.busy_ms += took_ms
            found.slowest_ms = max(found.slowest_ms, took_ms)
            found.timed[bisect_left(BOUNDS, took_ms)] += 1
        at = datetime.fromtimestamp(now, UTC)
        if result == "failed":
            found.failed += 1
            found.failed_at = at
        else:
            # Also a refusal is an answer: the system is there, and so are its data.
            found.done_at = at

    def late(self, name: str, operation: str, lag_ms: float) -> None:
        """Note how long a call of a connection waited for its turn."""
        key = Key("connection", name, operation, int(self.clock() // _MINUTE_S))
        found = self._kept.get(key)
        if found is None and len(self._kept) < _MOST_KEYS:
            found = self._kept[key] = Figures()
        if found is not None:
            found.lag_ms = max(found.lag_ms, lag_ms)

    def take(self) -> list[tuple[Key, Figures]]:
        """Return the figures and begin anew."""
        taken, self._kept = list(self._kept.items()), {}
        return taken

    def give_back(self, taken: Iterable[tuple[Key, Figures]]) -> None:
        """Keep figures that could not be handed over."""
        for key, figures in taken:
            if key in self._kept:
                self._kept[key].add(figures)
            elif len(self._kept) < _MOST_KEYS:
                self._kept[key] = figures


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)
