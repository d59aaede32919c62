"""What is known of a connection, and where it is kept: here for one process, in the store for all workers."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from cauce.limits import budget
from cauce.limits.budget import Window
from cauce.limits.circuit import Circuit
from cauce.limits.places import Share

Clock = Callable[[], float]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Condition:
    """What calls of a connection left behind: its circuit, its turns given out, and what was tried again."""

    circuit: Circuit = field(default_factory=Circuit)
    given_until: float = 0.0
    window: Window = field(default_factory=Window)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a process tells of its calls when it asks for places: those in use and wanted, and calls not yet counted."""

    share: Share
    calls: int = 0
    retries: int = 0
    window_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Granted:
    """How many places a process has, for how long, and what is known of the connection."""

    places: int
    lease_s: float
    condition: Condition


Change = Callable[[Condition], tuple[Condition, T]]


class Board(Protocol):
    """Keeps the condition of one connection; changes happen one after the other."""

    async def change(self, change: Change[T]) -> tuple[Condition, T]:
        """Apply a pure function to the condition; return what it is now, and what the function gave."""
        ...

    async def claim(self, claim: Claim) -> Granted:
        """Ask for places, or for having them longer."""
        ...

    async def release(self) -> None:
        """Give all places back."""
        ...


@dataclass(slots=True)
class Alone:
    """The board of a process that shares a connection with nobody."""

    limit: int
    clock: Clock = time.time
    condition: Condition = field(default_factory=Condition)

    async def change(self, change: Change[T]) -> tuple[Condition, T]:
        """Apply a change."""
        self.condition, given = change(self.condition)
        return self.condition, given

    async def claim(self, claim: Claim) -> Granted:
        """Give all places, for ever."""
        self.condition = counted(self.condition, claim, self.clock())
        return Granted(self.limit, float("inf"), self.condition)

    async def release(self) -> None:
        """Do nothing: there is nobody to have them."""


def counted(condition: Condition, claim: Claim, now: float) -> Condition:
    """Return the condition with the calls of a claim."""
    window = budget.count(condition.window, now, claim.window_s, claim.calls, claim.retries)
    return replace(condition, window=window)
