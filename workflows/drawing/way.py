"""Which arrows of a drawn process an instance went along, and what it can still reach.

A journal says which tasks began, in order; arrows are found from that: two tasks of one list that followed each other
went along the arrow between them, or along the arrows around tasks whose `if` did not hold.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow between two nodes; `owner` and `goal` are the references of the tasks of one list that it joins.

    An arrow into a list, or out of one, has no owner; one around a task whose `if` does not hold `skips` it.
    """

    source: str
    target: str = ""
    label: str = ""
    condition: str = ""
    owner: str = ""
    goal: str = ""
    skips: bool = False


@dataclass(frozen=True, slots=True)
class Trail:
    """What an instance did: the references of the tasks that began, in order; `ended` when nothing more will."""

    references: Sequence[str] = ()
    ended: bool = False


def travelled(arrows: Sequence[Arrow], trail: Trail, begun: AbstractSet[str], last: AbstractSet[str]) -> set[int]:
    """Return the positions of the arrows that were gone along.

    `begun` are the nodes of tasks that began; `last` those of the task that began last.
    """
    if not trail.references:
        return set()
    pairs = followed(trail.references)
    found = set()
    for index, arrow in enumerate(arrows):
        if arrow.target == "finish":
            gone = trail.ended and arrow.source in last and not arrow.skips
        elif arrow.owner and arrow.goal:
            gone = (arrow.owner, arrow.goal) in pairs and arrow.source in begun and not arrow.skips
        else:
            gone = {arrow.source, arrow.target} <= begun
        if gone:
            found.add(index)
    direct = {(arrows[index].owner, arrows[index].goal) for index in found}
    for pair in pairs - direct:
        found |= around(arrows, pair, begun)
    return found


def followed(references: Iterable[str]) -> set[tuple[str, str]]:
    """Return the pairs of tasks of one list that began after each other."""
    lists: dict[str, list[str]] = defaultdict(list)
    for reference in references:
        lists[reference.rsplit("/", 2)[0]].append(reference)
    return {pair for each in lists.values() for pair in pairwise(each)}


def around(arrows: Sequence[Arrow], pair: tuple[str, str], begun: AbstractSet[str]) -> set[int]:
    """Return the arrows from one task to another around tasks in between that were skipped."""
    start, goal = pair
    ways: list[tuple[int, ...]] = [
        (index,)
        for index, arrow in enumerate(arrows)
        if arrow.owner == start and not arrow.skips and arrow.target not in begun
    ]
    seen = {arrows[way[-1]].goal for way in ways}
    while ways:
        way = ways.pop(0)
        here = arrows[way[-1]].goal
        for index, arrow in enumerate(arrows):
            if arrow.skips and arrow.owner == here:
                if arrow.goal == goal:
                    return {*way, index}
                if arrow.goal not in seen and arrow.target not in begun:
                    seen.add(arrow.goal)
                    ways.append((*way, index))
    return set()


def reachable(arrows: Iterable[Arrow], start: Iterable[str]) -> set[str]:
    """Return the nodes that can still be come to."""
    following: Mapping[str, list[str]] = defaultdict(list)
    for arrow in arrows:
        following[arrow.source].append(arrow.target)
    found, waiting = set(), list(start)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += following[node]
    return found
