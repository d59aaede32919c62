"""Who did a human task that a `for` repeats: behind the loop all of them, within an iteration who did it in that one.

Parts are kept by the name of the task and by the iteration it was done in, whose path ends with its number; when
that is over they are the loop's own, so that as much is kept as there are people.
"""

import re
from collections.abc import Iterator
from typing import Final

# name of a human task -> path of an iteration, or of a `for` -> who did it there.
Parts = dict[str, dict[str, list[str]]]
_ITERATION: Final = re.compile(r"\[\d+\](?=/)")


def note(parts: Parts, task: str, path: str, people: list[str]) -> None:
    """Note who did a task, if it is one of an iteration."""
    scope = next(_around(path), "")
    if scope:
        parts.setdefault(task, {})[scope] = people


def found(parts: Parts, task: str, path: str) -> list[str]:
    """Return who did a task as it is seen from a path: in the innermost iteration around it where anybody did."""
    scopes = parts.get(task) or {}
    for around in (*_around(path), ""):
        people = [each for scope in scopes if _is_within(scope, around) for each in scopes[scope]]
        if people:
            return people
    return []


def begin(parts: Parts, loop: str) -> None:
    """Forget what a `for` had when it ran before."""
    for scopes in parts.values():
        for scope in [scope for scope in scopes if _is_of(scope, loop)]:
            del scopes[scope]


def end(parts: Parts, loop: str, iteration: str) -> None:
    """Give the parts of an iteration that is over to its `for`."""
    for scopes in parts.values():
        for scope in [scope for scope in scopes if _is_within(scope, iteration)]:
            scopes[loop] = list(dict.fromkeys([*scopes.get(loop, ()), *scopes.pop(scope)]))


def _around(path: str) -> Iterator[str]:
    """Yield the iterations around a path, from the inside out."""
    for match in reversed(list(_ITERATION.finditer(path))):
        yield path[: match.end()]


def _is_within(scope: str, around: str) -> bool:
    return scope == around or scope.startswith(f"{around}/") or not around


def _is_of(scope: str, loop: str) -> bool:
    return scope == loop or scope.startswith((f"{loop}[", f"{loop}/"))
