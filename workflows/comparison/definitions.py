"""Compares two definitions of one kind; a process with what it is bound to: forms, tables, stages, operations."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from schemas import kind_of
from workflows.comparison.change import Change
from workflows.comparison.tasks import Item, compare_tasks, items
from workflows.comparison.values import differences

JSON = Any
Bound = Mapping[str, Mapping[str, JSON]]
_BOUND: Final = ("forms", "decisions", "stages", "calendars", "operations")


def compare(before: JSON, after: JSON, bound: tuple[Bound, Bound] = ({}, {})) -> list[Change]:
    """Return what is different; `bound` are the bundles of both, where they are processes."""
    if kind_of(before) != "process" or kind_of(after) != "process":
        return list(differences(before, after, ""))
    changes = list(differences(_head(before), _head(after), ""))
    changes += compare_tasks(_tasks(before), _tasks(after))
    for section in _BOUND:
        old, new = (side.get(section) or {} for side in bound)
        for name in dict.fromkeys([*old, *new]):
            changes += _bound_to(section, name, old, new)
    return changes


def _head(document: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return a process without its tasks and functions."""
    head = {key: value for key, value in document.items() if key != "do"}
    use = head.get("use")
    if isinstance(use, Mapping):
        head["use"] = {key: value for key, value in use.items() if key != "functions"}
    return head


def _tasks(document: Mapping[str, JSON]) -> list[Item]:
    use = document.get("use")
    functions = use.get("functions") if isinstance(use, Mapping) else None
    listed = [{name: task} for name, task in functions.items()] if isinstance(functions, Mapping) else []
    return [*items(document.get("do"), "/do"), *items(listed, "/use/functions")]


def _bound_to(section: str, name: str, old: Mapping[str, JSON], new: Mapping[str, JSON]) -> Iterator[Change]:
    path = f"{section}/{name}"
    if name not in old:
        yield Change("added", path)
    elif name not in new:
        yield Change("removed", path)
    else:
        yield from differences(old[name], new[name], path)
