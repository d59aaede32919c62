"""The door of one connection in one process: a place, a turn and a closed circuit are what a call needs to pass."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from cauce.connection import Limits
from cauce.errors import AmbiguousError, RemoteError, TransientError
from cauce.limits import budget, circuit, pace
from cauce.limits.board import Board, Claim, Clock, Condition
from cauce.limits.places import Share
from cauce.limits.refusals import BusyError, circuit_open, over_budget

_IDLE_S: Final = 10.0
_LOOK_AGAIN_S: Final = 0.5
_TRIAL_MARGIN_S: Final = 5.0
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Gate:
    """Lets calls through; asks the board only when what it holds (places, turns, a closed circuit) does not do."""

    name: str
    limits: Limits
    board: Board
    clock: Clock = time.time
    condition: Condition = field(default_factory=Condition)
    places: int = 0
    held_until: float = 0.0
    in_use: int = 0
    waiting: int = 0
    most: int = 0
    turns: list[float] = field(default_factory=list)
    calls: int = 0
    retries: int = 0
    used_at: float = 0.0
    claimed_at: float = 0.0
    denied: bool = False
    freed: asyncio.Condition = field(default_factory=asyncio.Condition)
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def state(self) -> circuit.State:
        """The circuit's state, as far as it is known here."""
        return self.condition.circuit.state(self.clock())

    @property
    def is_troubled(self) -> bool:
        """Whether the last call failed, so that the next may take long."""
        return self.condition.circuit.failed > 0

    @asynccontextmanager
    async def passage(self, timeout_s: float, patience_s: float, *, again: bool) -> AsyncIterator[None]:
        """Hold a place for one call, having waited for it no longer than `patience_s`; how it ends is counted."""
        until = self.clock() + patience_s
        if self.state == "open":
            raise circuit_open(self.name, self.condition.circuit, self.clock())
        await self._take_place(until)
        try:
            await self._take_turn(until)
            trial = await self._enter(timeout_s)
            if again and not trial and not self._may_repeat():
                raise over_budget(self.name, self.limits.retries_percent, self.limits.retries_window_s)
            self.calls, self.retries = self.calls + 1, self.retries + again
            async with self._counted(trial=trial):
                yield
        finally:
            self.in_use -= 1
            self.used_at = self.clock()
            async with self.freed:
                self.freed.notify()

    async def beat(self) -> None:
        """Hold on to places that are used, and learn what others found out; let go of what nobody used for long."""
        if self.in_use or self.waiting or self.clock() - self.used_at < _IDLE_S:
            await self._claim()
            return
        if self.is_troubled:
            # Its calls may go elsewhere meanwhile, and nobody would tell that it works again.
            self.condition, _ = await self.board.change(lambda known: (known, None))
        if self.places:
            if self.calls:
                await self._claim()
            self.places, self.held_until = 0, 0.0
            await self.board.release()

    async def _take_place(self, until: float) -> None:
        self.used_at = self.clock()
        self.waiting += 1
        try:
            while not (self.in_use < self.places and self.clock() < self.held_until):
                if self._may_claim() and await self._claimed():
                    continue
                left_s = until - self.clock()
                if left_s <= 0:
                    raise BusyError(self.name, "all its places were taken", 1.0)
                async with self.freed:
                    try:
                        await asyncio.wait_for(self.freed.wait(), min(left_s, _LOOK_AGAIN_S))
                    except TimeoutError:
                        continue
            self.in_use += 1
            self.most = max(self.most, self.in_use + self.waiting - 1)
        finally:
            self.waiting -= 1

    def _may_claim(self) -> bool:
        """Tell whether asking for more places may help; who did not get enough asks again after a while only."""
        since_s = self.clock() - self.claimed_at
        if self.denied and since_s < _LOOK_AGAIN_S:
            return False
        return self.clock() >= self.held_until or self.in_use >= self.places < self.limits.concurrency

    async def _claimed(self) -> bool:
        """Ask for places; returns whether that left one free."""
        async with self.asking:
            if self._may_claim():
                try:
                    await self._claim()
                except TransientError as error:
                    raise BusyError(self.name, "its limits could not be looked up", 1.0) from error
        return self.in_use < self.places

    async def _claim(self) -> None:
        wanted = max(self.most, self.in_use + self.waiting)
        claim = Claim(Share(self.in_use, wanted), self.calls, self.retries, self.limits.retries_window_s)
        self.claimed_at = self.clock()
        granted = await self.board.claim(claim)
        self.places, self.condition = granted.places, granted.condition
        self.held_until = self.claimed_at + granted.lease_s
        self.calls, self.retries = self.calls - claim.calls, self.retries - claim.retries
        self.most, self.denied = 0, granted.places < wanted
        async with self.freed:
            self.freed.notify(max(0, self.places - self.in_use))

    async def _take_turn(self, until: float) -> None:
        per_s = self.limits.rate_per_s
        if per_s is None:
            return
        async with self.asking:
            self.turns = pace.fresh(self.turns, self.clock(), per_s)
            if not self.turns:
                await self._ask_for_turns(per_s)
            now = self.clock()
            wait_s = self.turns[0] - now
            if wait_s > max(until - now, 0.0):
                raise BusyError(self.name, "its rate limit left no turn", wait_s)
            self.turns.pop(0)
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    async def _ask_for_turns(self, per_s: float) -> None:
        def give(known: Condition) -> tuple[Condition, list[float]]:
            until, turns = pace.take(known.given_until, self.clock(), per_s, pace.block_of(per_s))
            return replace(known, given_until=until), turns

        try:
            self.condition, self.turns = await self.board.change(give)
        except TransientError as error:
            raise BusyError(self.name, "its limits could not be looked up", 1.0) from error

    def _may_repeat(self) -> bool:
        limits, now = self.limits, self.clock()
        window = budget.count(self.condition.window, now, limits.retries_window_s, self.calls, self.retries)
        return budget.allows(window, now, limits.retries_window_s, limits.retries_percent, limits.retries_least)

    async def _enter(self, timeout_s: float) -> bool:
        """Pass the circuit; returns whether this is the call that tries."""
        now = self.clock()
        if self.condition.circuit.open_until is None:
            return False

        def ask(known: Condition) -> tuple[Condition, circuit.Verdict]:
            after, verdict = circuit.enter(known.circuit, now, timeout_s + _TRIAL_MARGIN_S)
            return replace(known, circuit=after), verdict

        try:
            self.condition, verdict = await self.board.change(ask)
        except TransientError as error:
            raise BusyError(self.name, "its limits could not be looked up", 1.0) from error
        if verdict == "refuse":
            raise circuit_open(self.name, self.condition.circuit, now)
        return verdict == "try"

    @asynccontextmanager
    async def _counted(self, *, trial: bool) -> AsyncIterator[None]:
        """Count how a call ends; what a system refuses is an answer, but often made before anything was sent."""
        try:
            yield
        except (TransientError, AmbiguousError) as error:
            await self._note_failure(error, trial=trial)
            raise
        except BaseException:
            if trial:
                await self._note(circuit.give_up)
            raise
        if trial or self.condition.circuit.failed:
            await self._note(lambda known: circuit.succeed(known, tried=trial))

    async def _note_failure(self, error: RemoteError, *, trial: bool) -> None:
        now, most, reset_s = self.clock(), self.limits.breaker_failures, self.limits.breaker_reset_s
        await self._note(lambda known: circuit.fail(known, now, most, reset_s, error.problem, tried=trial))

    async def _note(self, change: circuit.Change) -> None:
        try:
            self.condition, _ = await self.board.change(
                lambda known: (replace(known, circuit=change(known.circuit)), None)
            )
        except TransientError as error:
            # The answer is worth more than what it says about the system; a try that nobody counts ends by itself.
            log.warning("how a call of %s ended could not be noted: %s", self.name, error.problem)
