"""The limit of calls at the same time as pure functions: workers hold shares of it, and give back what others need."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """What one worker holds of a connection's places, and how many it would use."""

    places: int
    wanted: int


def share(limit: int, worker: str, mine: Share, others: Mapping[str, Share], round_: int) -> int:
    """Return how many places a worker holds from now on; `mine` are those its calls use, and those it would use.

    Never more than the others leave, and never fewer than its calls use: it gives back as they end.
    """
    left = limit - sum(each.places for each in others.values())
    return max(mine.places, min(left, target(limit, worker, mine.wanted, others, round_)))


def target(limit: int, worker: str, wanted: int, others: Mapping[str, Share], round_: int) -> int:
    """Return how many places a worker shall have when the others have what they shall.

    Who is alone has half of them, or twice what it wants, so that another one can begin at once. Otherwise all have the
    same, but what one does not want goes to the others; where that cannot be divided, the larger parts go round.
    """
    if not others:
        return min(limit, max(2 * wanted, (limit + 1) // 2))
    open_ = {name: each.wanted for name, each in others.items()} | {worker: wanted}
    left = limit
    while open_:
        part, rest = divmod(left, len(open_))
        modest = {name: want for name, want in open_.items() if want <= part}
        if not modest:
            names = sorted(open_)
            turn = (names.index(worker) + round_) % len(names) if worker in open_ else 0
            return part + (1 if turn < rest else 0)
        if worker in modest:
            return modest[worker]
        left -= sum(modest.values())
        open_ = {name: want for name, want in open_.items() if name not in modest}
    return 0
