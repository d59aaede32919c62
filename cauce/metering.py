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

from cauce.figures import BOUNDS, Figures, Key, Subject

Result = Literal["done", "failed", "rejected"]
_MOST_KEYS: Final = 20_000


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
        key = Key.of(subject, name, operation, now)
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
        key = Key.of("connection", name, operation, self.clock())
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
