"""The circuit breaker as pure functions: closed, open for a while, then one call to try.

Whoever keeps a circuit (one process, or the store for all workers) applies them one after the other.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

State = Literal["closed", "open", "half-open"]
Verdict = Literal["go", "try", "refuse"]


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is known of a system's failures; times are seconds since the epoch.

    Until `trying_until` one call is out to try whether it works again; should its worker die, another one follows.
    """

    failed: int = 0
    open_until: float | None = None
    trying_until: float | None = None
    problem: str = ""

    def state(self, now: float) -> State:
        """Return what happens to calls: they are made, they are refused, or one of them may try."""
        if self.open_until is None:
            return "closed"
        return "open" if now < self.open_until else "half-open"


Change = Callable[[Circuit], Circuit]


def enter(circuit: Circuit, now: float, trial_s: float) -> tuple[Circuit, Verdict]:
    """Ask for a call to be let through; one that tries has so long."""
    if circuit.open_until is None:
        return circuit, "go"
    if now < max(circuit.open_until, circuit.trying_until or 0.0):
        return circuit, "refuse"
    return replace(circuit, trying_until=now + trial_s), "try"


def succeed(circuit: Circuit, *, tried: bool) -> Circuit:
    """Count an answer; while the circuit is open, only the call that tries can close it."""
    return Circuit() if tried or circuit.open_until is None else circuit


def fail(circuit: Circuit, now: float, most: int, reset_s: float, problem: str, *, tried: bool) -> Circuit:
    """Count a failure; after `most` in a row, and after each failed try, the circuit is open for `reset_s`."""
    if circuit.open_until is not None and not tried:
        return circuit
    failed = circuit.failed + 1
    opens = tried or failed >= most
    return Circuit(failed, now + reset_s if opens else None, None, problem)


def give_up(circuit: Circuit) -> Circuit:
    """Count nothing: the call that tried told nothing about the system, so another one may."""
    return replace(circuit, trying_until=None)
