"""Compares the tasks of two versions: found again by name, wherever they went, or by content when they were renamed."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from workflows.comparison.change import ABSENT, Change
from workflows.comparison.values import common_order, differences, normal
from workflows.drawing.outline import children, named

JSON = Any
# Where a task holds other tasks; those are compared as tasks of their own.
_INNER: Final = ("do", "try")


@dataclass(eq=False, slots=True)
class Item:
    """A task in its tree: its names from the top, what it says itself, and in which list of which task it is."""

    name: str
    path: str
    own: Mapping[str, JSON]
    slot: str
    parent: "Item | None"
    depth: int
    partner: "Item | None" = field(default=None, repr=False)


def items(tasks: JSON, slot: str, parent: Item | None = None) -> Iterator[Item]:
    """Yield all tasks of a list, and those in them, from the outside in."""
    prefix = f"{parent.path}{slot}" if parent else slot
    for _, name, task in named(tasks):
        depth = parent.depth + 1 if parent else 0
        item = Item(name, f"{prefix}/{name}", _own(task), slot, parent, depth)
        yield item
        for inner, reference in children(task, ""):
            yield from items(inner, reference, item)


def compare_tasks(before: list[Item], after: list[Item]) -> Iterator[Change]:
    """Yield how the tasks of one version differ from those of another."""
    _pair(before, after)
    for item in before:
        if item.partner is None:
            yield Change("removed", item.path, before=dict(item.own))
    moved = _moved(before, after)
    for item in after:
        if item.partner is None:
            yield Change("added", item.path, after=dict(item.own))
            continue
        if item.name != item.partner.name:
            yield Change("renamed", item.path, before=item.partner.name, after=item.name)
        if item in moved:
            yield Change("moved", item.path, before=item.partner.path, after=item.path)
        yield from differences(dict(item.partner.own), dict(item.own), item.path)


def _own(task: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return what a task says itself, without the tasks in it."""
    own = {key: value for key, value in task.items() if key not in _INNER or not isinstance(value, list)}
    for key, inner in (("fork", "branches"), ("catch", "do"), ("foreach", "do")):
        if isinstance(own.get(key), Mapping):
            own[key] = {name: value for name, value in own[key].items() if name != inner}
    # What a task is, when all it has are tasks.
    return own | {key: {} for key in _INNER if isinstance(task.get(key), list)}


def _pair(before: list[Item], after: list[Item]) -> None:
    """Find for each task the one it became; first by its place and name, then by its name, then by its content."""
    _match(before, after, lambda item: item.path)
    _match(before, after, lambda item: item.name)
    for depth in range(max((item.depth for item in after), default=-1) + 1):
        _match(
            before,
            [item for item in after if item.depth == depth],
            lambda item: (item.slot, normal(dict(item.own))),
            within=True,
        )


def _match(before: list[Item], after: list[Item], key: Any, *, within: bool = False) -> None:  # noqa: ANN401 (of an item)
    waiting: dict[Any, list[Item]] = defaultdict(list)
    for item in before:
        if item.partner is None:
            waiting[key(item)].append(item)
    for item in after:
        if item.partner is not None:
            continue
        for other in waiting[key(item)]:
            if within and not _same_home(other, item):
                continue
            waiting[key(item)].remove(other)
            item.partner, other.partner = other, item
            break


def _same_home(before: Item, after: Item) -> bool:
    """Tell whether two tasks are in the same list of the same task."""
    if before.slot != after.slot:
        return False
    if before.parent is None or after.parent is None:
        return before.parent is after.parent
    return before.parent.partner is after.parent


def _moved(before: list[Item], after: list[Item]) -> set[Item]:
    """Return the tasks that are in another list than before, or elsewhere in their list."""
    paired = [item for item in after if item.partner is not None]
    moved = {item for item in paired if item.partner is not None and not _same_home(item.partner, item)}
    lists: dict[tuple[int, str], list[Item]] = defaultdict(list)
    for item in paired:
        if item not in moved:
            lists[id(item.parent), item.slot].append(item)
    order = {id(item): index for index, item in enumerate(before)}
    for new in lists.values():
        old = sorted(new, key=lambda item: order[id(item.partner)])
        kept = common_order([str(id(item)) for item in old], [str(id(item)) for item in new])
        moved |= {item for item in new if str(id(item)) not in kept}
    return moved


__all__ = ["ABSENT", "Item", "compare_tasks", "items"]
