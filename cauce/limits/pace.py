"""The rate limit as pure functions: turns are given out in blocks, so that not every call asks whoever keeps them."""

_BLOCK_S = 0.5
_BURST_S = 1.0


def block_of(per_s: float) -> int:
    """Return how many turns a worker takes at a time."""
    return max(1, int(per_s * _BLOCK_S))


def take(given_until: float, now: float, per_s: float, number: int) -> tuple[float, list[float]]:
    """Give out so many turns behind those given out so far; after a pause some have come already.

    Returns until when turns are given out now, and the moments of these.
    """
    given_until = max(given_until, now - _slack_s(per_s))
    turns = [given_until + each / per_s for each in range(1, number + 1)]
    return turns[-1], turns


def fresh(turns: list[float], now: float, per_s: float) -> list[float]:
    """Return the turns that are not so old that using them would be a burst."""
    return [turn for turn in turns if turn >= now - 2 * _slack_s(per_s)]


def _slack_s(per_s: float) -> float:
    """Return for how long turns that nobody took stay: one turn at least."""
    return max(_BURST_S, 1 / per_s)
