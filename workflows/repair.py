"""What an operator changes of where an instance is: a task is skipped, or begins again, or the context is another.

A repair is an edit of the journal; the instance then goes on in a new run from the journal as it is afterwards.
"""

import re
from collections.abc import Iterator

from cauce.contract import Repair
from cauce.errors import ConflictError, InputError
from workflows.journal import ROOT, Journal

_BRANCH = re.compile(r"(?P<fork>.*)/fork/branches/(?P<index>\d+)/(?P<name>[^/]+)\Z", re.DOTALL)
_SHOWN = 8


def repair(journal: Journal, wanted: Repair) -> str:
    """Edit a journal; returns the path of the task that it was about.

    Raises:
        InputError: No task of the instance is meant.
        ConflictError: The task is not where this can be done with it.
    """
    path = ROOT
    if wanted.action == "skip":
        path = _path(journal, wanted.path, open_tasks(journal), "open")
        forget(journal, path)
        journal.skips[path] = wanted.value
    elif wanted.action == "reset":
        path = _path(journal, wanted.path, [*resettable(journal)], "in a list that is open")
        _reset(journal, path, wanted)
    if wanted.with_context:
        journal.context = wanted.context
    return path


def open_tasks(journal: Journal) -> list[str]:
    """Return the paths of the tasks that have begun and have no outcome."""
    current = [f"{path}/{next(reversed(begun))}" for path, begun in journal.marks.items() if begun]
    return sorted({*current, *(path for path in journal.states if path != ROOT)})


def resettable(journal: Journal) -> Iterator[str]:
    """Yield the paths of the tasks that can begin again: all that began in a list or a fork that is open."""
    known: set[str] = set()
    for path, begun in journal.marks.items():
        for task in begun:
            known.add(f"{path}/{task}")
            yield f"{path}/{task}"
    ended = [path for record in journal.trace if _of_open_fork(journal, path := record.get("path", ""))]
    yield from (path for path in dict.fromkeys([*open_tasks(journal), *ended]) if path not in known)


def _of_open_fork(journal: Journal, path: str) -> bool:
    branch = _BRANCH.match(path)
    return branch is not None and branch["fork"] in journal.states


def leaves(paths: list[str]) -> list[str]:
    """Return the paths that have no other below them."""
    return [path for path in paths if not any(_is_below(other, path) for other in paths)]


def _path(journal: Journal, wanted: str, known: list[str], where: str) -> str:
    """Return the path that is meant, which may be written as the task's reference in the document."""
    if wanted in known:
        return wanted
    if not wanted:
        found = leaves(open_tasks(journal))
    else:
        references = {record["path"]: record["reference"] for record in journal.trace if record.get("path") in known}
        found = [path for path, reference in references.items() if reference == wanted]
    if len(found) == 1:
        return found[0]
    options = ", ".join((found or known)[:_SHOWN]) or "none"
    if found:
        raise InputError("Several tasks are meant.", hint=f"Say which: {options}.", where="path")
    if not wanted or any(wanted in (record.get("path"), record["reference"]) for record in journal.trace):
        raise ConflictError(f"The task is not {where} any more.", hint=f"There are: {options}.")
    raise InputError(f"No task at '{wanted[:200]}' is {where}.", hint=f"There are: {options}.", where="path")


def _reset(journal: Journal, path: str, wanted: Repair) -> None:
    home = next((each for each in journal.marks if path.removeprefix(f"{each}/") in journal.marks[each]), None)
    if home is not None:
        _begin_at(journal, home, path.removeprefix(f"{home}/"), wanted)
        return
    if wanted.with_value:
        hint = "Reset the task that it is in."
        raise InputError("Only a task of a list can begin with another input.", hint=hint, where="input")
    if (branch := _BRANCH.match(path)) and branch["fork"] in journal.states:
        journal.states[branch["fork"]].get("done", {}).pop(branch["index"], None)
    forget(journal, path)


def _begin_at(journal: Journal, home: str, task: str, wanted: Repair) -> None:
    begun = journal.marks[home]
    kept = begun[task]
    if not kept and not wanted.with_value:
        raise ConflictError(
            "With what this task began was too large to be kept.", hint="Give the input that it shall begin with."
        )
    journal.lists[home] = [int(task.partition("/")[0]), wanted.value if wanted.with_value else kept[0]]
    # What other branches of a fork put into the context meanwhile is not undone.
    if kept and "/fork/branches/" not in home:
        journal.context = kept[1]
    order = list(begun)
    for later in order[order.index(task) :]:
        forget(journal, f"{home}/{later}")
        if later != task:
            del begun[later]


def forget(journal: Journal, path: str) -> None:
    """Drop all that is open at and below a path, but not under which id a write was sent: it is never sent twice."""
    for key in [key for key in journal.states if key == path or _is_below(key, path)]:
        state = journal.states.pop(key)
        if "form" in state:
            journal.closing.append(state["token"])
            journal.answers.pop(state["token"], None)
        if state.get("listening"):
            journal.deaf.append([state["token"], state["used"]])
    for table in (journal.lists, journal.marks, journal.skips):
        for key in [key for key in table if key == path or _is_below(key, path)]:
            del table[key]
    for record in journal.trace:
        at = record.get("path")
        if at is not None and record["status"] == "running" and (at == path or _is_below(at, path)):
            record["status"] = "cancelled"


def _is_below(path: str, above: str) -> bool:
    return path.startswith((f"{above}/", f"{above}["))
