"""What a call is told that the limits of its connection do not let through; nothing was sent then."""

from datetime import UTC, datetime

from cauce.errors import TransientError
from cauce.limits.circuit import Circuit


class BusyError(TransientError):
    """The limits of the connection leave no room at the moment; in a queue the call may wait for `after_s`."""

    def __init__(self, name: str, why: str, after_s: float) -> None:
        super().__init__(
            f"{name} was too busy: {why} before the call's time was up; nothing was sent.",
            hint="Raise limits.concurrency or limits.rate of the connection, or the operation's timeout.",
            remote_code="busy",
        )
        self.after_s = after_s


def circuit_open(name: str, circuit: Circuit, now: float) -> TransientError:
    """Return the error of a call that finds the circuit open."""
    until = max(circuit.open_until or now, circuit.trying_until or now, now)
    return TransientError(
        f"{name} failed {circuit.failed} times in a row; its circuit is open until "
        f"{datetime.fromtimestamp(until, UTC):%H:%M:%S} UTC.",
        hint=f"Nothing was sent. Test it with `cauce connections test {name}`.",
        remote_code="circuit-open",
        detail={"retryAfter_s": round(max(until - now, 1.0), 1)},
    )


def over_budget(name: str, percent: float, window_s: float) -> TransientError:
    """Return the error of a repetition that is one too many."""
    return TransientError(
        f"Too many calls of {name} were tried again: more than {percent:g} percent of its calls, so this repetition "
        "was not sent.",
        hint="Find out why its calls fail, or raise limits.retries of the connection.",
        remote_code="retry-budget",
        detail={"retryAfter_s": round(window_s / 2, 1)},
    )
