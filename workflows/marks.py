"""With what each task of the open lists began, so that an operator can have an instance go on from there again.

The same data is in many places of an instance: the output of a task is the input of the next, and the context seldom
changes. As JSON it is written once, and what would make the journal too large is left out, the oldest first.
"""

import json
from typing import Final

from cauce.contract import JSON

# Path of an open list -> index and name of each of its tasks that began, the last one last -> its input, the context
# (nothing when they were too large to be kept).
Marks = dict[str, dict[str, list[JSON]]]
_LARGEST: Final = 64 * 1024
_MOST: Final = 512 * 1024


def put_mark(marks: Marks, path: str, task: str, data: JSON, context: JSON) -> None:
    """Remember with what a task begins; one that the list came back to counts as begun last."""
    begun = marks.setdefault(path, {})
    begun.pop(task, None)
    begun[task] = [data, context]


def to_json(marks: Marks) -> dict[str, JSON]:
    """Return the marks as JSON data in which nothing is written twice."""
    places_of: dict[int, int | None] = {}
    values: list[JSON] = []
    total = 0

    def place(value: JSON) -> int | None:
        nonlocal total
        if id(value) not in places_of:
            size = len(json.dumps(value, separators=(",", ":")))
            fits = size <= _LARGEST and total + size <= _MOST
            places_of[id(value)] = len(values) if fits else None
            if fits:
                total += size
                values.append(value)
        return places_of[id(value)]

    lists = {}
    for path, begun in reversed(marks.items()):
        places = [[task, *([place(value) for value in kept] or [None, None])] for task, kept in reversed(begun.items())]
        lists[path] = places[::-1]
    return {"values": values, "lists": dict(reversed(lists.items()))}


def from_json(data: dict[str, JSON]) -> Marks:
    """Read marks; what was too large to be kept is not among them, but for the name of the task."""
    values = data.get("values", [])
    return {
        path: {task: [] if None in places else [values[places[0]], values[places[1]]] for task, *places in begun}
        for path, begun in data.get("lists", {}).items()
    }
