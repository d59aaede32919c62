"""What a process consists of: its tasks by name and reference, nested as they are, each with what it does in few words.

Pure functions over the process document. Marks are keyed by a task's reference (`/do/0/qualify`), which is how
instances name their tasks; a mark keyed by the plain task name is understood too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

JSON = Any
Marks = Mapping[str, str]

keywords = ("call", "do", "emit", "for", "fork", "listen", "raise", "run", "set", "switch", "try", "wait")
mark_of_status = {
    "running": "current",
    "waiting": "current",
    "pending": "current",
    "suspended": "current",
    "retrying": "current",
    "current": "current",
    "completed": "completed",
    "faulted": "failed",
    "failed": "failed",
    "cancelled": "stopped",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One task of a process, as a line of the list that stands in for the picture."""

    depth: int
    name: str
    reference: str
    kind: str
    detail: str
    mark: str


def outline(document: JSON, marks: Marks | None = None) -> list[Step]:
    """Return every task of a process in the order of its text, nested ones deeper."""
    return list(_steps(document.get("do") or [], "/do", 0, marks or {}))


def kind_of(task: JSON) -> str:
    """Tell what kind of task this is; a call of `human-task` is a kind of its own."""
    if not isinstance(task, Mapping):
        return "do"
    if str(task.get("call", "")).partition(":")[0] == "human-task":
        return "human"
    found = next((word for word in keywords if word in task), "do")
    # A `for` task has a `do` as well, and so may others: what is special about it names it.
    return next((word for word in ("for", "try", "fork") if word in task), found)


def detail_of(task: JSON) -> str:
    """Say in a few words what a task does: the operation it calls, the form it shows, how long it waits."""
    given = inner_map(task, "with")
    said: JSON = ""
    match kind_of(task):
        case "human":
            said = given.get("form")
        case "call":
            said = f"{task['call']} {_object_of_call(given)}".strip()
        case "wait":
            said = _duration(task["wait"])
        case "for":
            said = inner_map(task, "for").get("in")
        case "run":
            said = _run(inner_map(task, "run"))
        case "emit":
            said = inner_map(inner_map(inner_map(task, "emit"), "event"), "with").get("type")
        case "listen":
            said = _awaited(inner_map(inner_map(task, "listen"), "to"))
        case "raise":
            error = inner_map(inner_map(task, "raise"), "error")
            said = error.get("title") or error.get("type") or inner_map(task, "raise").get("error")
        case _:
            pass
    return str(said or "")


def named(tasks: JSON) -> Iterator[tuple[int, str, Mapping[str, JSON]]]:
    """Go through a list of tasks: position, name, body."""
    for index, entry in enumerate(tasks if isinstance(tasks, Sequence) and not isinstance(tasks, str) else []):
        if isinstance(entry, Mapping):
            for name, body in entry.items():
                yield index, str(name), body if isinstance(body, Mapping) else {}


def children(task: Mapping[str, JSON], reference: str) -> list[tuple[JSON, str]]:
    """Return the lists of tasks inside a task, each with its reference."""
    match kind_of(task):
        case "do" | "for":
            return [(task.get("do") or [], f"{reference}/do")]
        case "fork":
            return [(inner_map(task, "fork").get("branches") or [], f"{reference}/fork/branches")]
        case "listen":
            return [(inner_map(task, "foreach").get("do") or [], f"{reference}/foreach/do")]
        case "try":
            caught = inner_map(task, "catch").get("do") or []
            return [(task["try"] or [], f"{reference}/try"), (caught, f"{reference}/catch/do")]
        case _:
            return []


def mark_of(marks: Marks, reference: str, name: str) -> str:
    """Return how a task is marked; an empty text when it is not."""
    return mark_of_status.get(marks.get(reference) or marks.get(name, ""), "")


def inner_map(task: Mapping[str, JSON], name: str) -> Mapping[str, JSON]:
    """Return what a task has under a name when that is a map, else an empty one."""
    value = task.get(name)
    return value if isinstance(value, Mapping) else {}


def _steps(tasks: JSON, reference: str, depth: int, marks: Marks) -> Iterator[Step]:
    for index, name, task in named(tasks):
        here = f"{reference}/{index}/{name}"
        yield Step(depth, name, here, kind_of(task), detail_of(task), mark_of(marks, here, name))
        for inner, inner_reference in children(task, here):
            yield from _steps(inner, inner_reference, depth + 1, marks)


def _object_of_call(given: Mapping[str, JSON]) -> str:
    """Return what a call is about: a table, a stage, a method and an address, an operation."""
    endpoint = given.get("endpoint")
    endpoint = endpoint.get("uri") if isinstance(endpoint, Mapping) else endpoint
    service = inner_map(given, "service").get("name")
    words = [given.get("table") or given.get("stage") or given.get("operationId") or given.get("operation"), service]
    words += [given.get("method"), endpoint]
    return " ".join(str(word) for word in words if isinstance(word, str))


def _run(run: Mapping[str, JSON]) -> JSON:
    """Return what is run: another process by its name, or a script, a command or an image."""
    for kind, name in (("workflow", "name"), ("container", "image"), ("shell", "command"), ("script", "language")):
        if kind in run:
            said = inner_map(run, kind).get(name) or ""
            return said if kind == "workflow" else f"{kind} {said}".strip()
    return ""


def _awaited(to: Mapping[str, JSON]) -> str:
    """Return the types of the events that a task listens to."""
    way = next((word for word in ("one", "any", "all") if word in to), "")
    filters = to.get(way)
    each = [filters] if isinstance(filters, Mapping) else filters if isinstance(filters, Sequence) else []
    types = [inner_map(one, "with").get("type") for one in each if isinstance(one, Mapping)]
    joined = (" and " if way == "all" else " or ").join(str(one) for one in types if one)
    return joined or way


def _duration(wait: JSON) -> str:
    if not isinstance(wait, Mapping):
        return str(wait)
    return " ".join(f"{amount} {unit.removesuffix('s') if amount == 1 else unit}" for unit, amount in wait.items())
