"""The figures of one operation of a connection, or of one sync: how much was done, how it went, how long it took."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

Subject = Literal["connection", "sync"]
# The upper ends, in milliseconds, of the classes of durations; what takes longer is in one more class.
BOUNDS: Final = (5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000)
_MINUTE_S: Final = 60


@dataclass(frozen=True, slots=True)
class Key:
    """Whose figures they are: of an operation of a connection, or of a sync, in one minute."""

    subject: Subject
    name: str
    operation: str
    minute: int

    @classmethod
    def of(cls, subject: Subject, name: str, operation: str, now: float) -> "Key":
        """Return the key of the minute in which a moment is, in seconds since 1970."""
        return cls(subject, name, operation, int(now // _MINUTE_S))

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


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)
