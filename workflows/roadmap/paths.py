"""The critical paths of a plan: chains of activities of which none may be late."""

from typing import Final

from workflows.roadmap.model import Link
from workflows.roadmap.plan import Plan, Planned

# Networks may have more paths than anybody can read, or a computer count.
most_paths: Final = 10


def critical_paths(plan: Plan, *, most: int = most_paths) -> list[tuple[str, ...]]:
    """Return critical chains, each from its first to its last activity, in the order of the roadmap."""
    critical = {each.activity.id: each for each in plan.activities if each.critical}
    following: dict[str, list[str]] = {name: [] for name in critical}
    led = set()
    for name, each in critical.items():
        for link in each.activity.links:
            before = critical.get(link.on)
            if before is not None and _drives(before, each, link):
                following[link.on].append(name)
                led.add(name)
    found: list[tuple[str, ...]] = []
    waiting: list[tuple[str, ...]] = [(name,) for name in reversed(critical) if name not in led]
    while waiting and len(found) < most:
        path = waiting.pop()
        onwards = list(dict.fromkeys(following[path[-1]]))
        if not onwards:
            found.append(path)
        waiting += [(*path, name) for name in reversed(onwards)]
    return found


def _drives(before: Planned, each: Planned, link: Link) -> bool:
    """Tell whether a link alone decides when the later one is done."""
    if each.state == "started" and link.type in ("FS", "SS"):
        return link.type == "FS"
    earlier = before.begin if link.type[0] == "S" else before.end
    later = each.begin if link.type[1] == "S" else each.end
    return earlier + link.lag == later
