"""What the checks of one process share: the document, the world around it, and where in it they are."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from schemas import guess, listing
from schemas.source import step
from workflows.checking.flow import named, task_pointer
from workflows.checking.known import World
from workflows.checking.report import Report
from workflows.checking.texts import Scope

JSON = Any


@dataclass(frozen=True, slots=True)
class Around:
    """What a task gets from the tasks around it: variables of loops and errors, and whether its time is limited."""

    variables: frozenset[str] = frozenset()
    timed: bool = False

    def adding(self, *names: str, timed: bool = False) -> "Around":
        """Return what the tasks inside get."""
        return replace(self, variables=self.variables | frozenset(names), timed=self.timed or timed)


@dataclass(frozen=True, slots=True)
class Process:
    """One process on its way through the checks."""

    report: Report
    world: World
    document: Mapping[str, JSON]
    use: Mapping[str, JSON]
    secrets: Collection[str]
    broken: Collection[str]
    tasks: Mapping[str, str]
    human_tasks: Collection[str]

    def scope(self, place: str, variables: frozenset[str], around: Around, *, secrets: bool = False) -> Scope:
        """Return the scope of expressions at a place of a task."""
        evaluate = self.document.get("evaluate")
        loose = isinstance(evaluate, dict) and evaluate.get("mode") == "loose"
        return Scope(place, variables | around.variables, self.secrets if secrets else None, loose)

    def defined(self, section: str) -> Mapping[str, JSON]:
        """Return a section of `use`."""
        found = self.use.get(section)
        return found if isinstance(found, dict) else {}

    def check_reference(self, pointer: str, name: str, section: str, hint: str = "") -> None:
        """Check that a name is defined in a section of `use`."""
        options = self.defined(section)
        if name not in options:
            problem = f"There is no `{name}` under `use.{section}`{guess(name, options)}"
            self.report.value(
                "unknown-reference", pointer, problem, hint or listing(options) or f"Define it under `use.{section}`."
            )


def task_pointers(tasks: JSON, pointer: str) -> Iterator[tuple[str, str, JSON]]:
    """Yield pointer, name and content of every task in a list, and of those within them, however malformed."""
    for index, name, task in named(tasks):
        here = task_pointer(pointer, index, name)
        yield here, name, task
        if isinstance(task, dict):
            yield from _inside(task, here)


def _inside(task: Mapping[str, JSON], here: str) -> Iterator[tuple[str, str, JSON]]:
    for keyword in ("do", "try"):
        yield from task_pointers(task.get(keyword), f"{here}/{keyword}")
    fork, catch = task.get("fork"), task.get("catch")
    if isinstance(fork, dict):
        yield from task_pointers(fork.get("branches"), f"{here}/fork/branches")
    if isinstance(catch, dict):
        yield from task_pointers(catch.get("do"), f"{here}/catch/do")
    if isinstance(task.get("foreach"), dict):
        yield from task_pointers(task["foreach"].get("do"), f"{here}/foreach/do")
    each = foreach_of_subscription(task)
    if each is not None:
        yield from task_pointers(each.get("do"), f"{here}/with/subscription/foreach/do")


def foreach_of_subscription(task: Mapping[str, JSON]) -> Mapping[str, JSON] | None:
    """Return what a subscription does with each message."""
    given = task.get("with") if task.get("call") == "asyncapi" else None
    subscription = given.get("subscription") if isinstance(given, dict) else None
    each = subscription.get("foreach") if isinstance(subscription, dict) else None
    return each if isinstance(each, dict) else None


def inner_tasks(task: JSON, pointer: str, name: str) -> Iterator[tuple[str, str, JSON]]:
    """Yield a task that stands by itself, and the tasks within it."""
    yield pointer, name, task
    if isinstance(task, dict):
        yield from _inside(task, pointer)


def all_tasks(document: Mapping[str, JSON]) -> Iterator[tuple[str, str, JSON]]:
    """Yield all tasks of a process, those of its functions and extensions included."""
    yield from task_pointers(document.get("do"), "/do")
    use = document.get("use")
    functions = use.get("functions") if isinstance(use, dict) else None
    for name, task in functions.items() if isinstance(functions, dict) else ():
        here = f"/use/functions{step(name)}"
        yield here, name, task
        if isinstance(task, dict):
            yield from _inside(task, here)
    for here, _, extension in extensions_of(document):
        for key in ("before", "after"):
            yield from task_pointers(extension.get(key), f"{here}/{key}")


def listens(document: Mapping[str, JSON]) -> bool:
    """Tell whether any task of a process waits for events."""
    return any(isinstance(task, dict) and "listen" in task for _, _, task in all_tasks(document))


def extensions_of(document: Mapping[str, JSON]) -> Iterator[tuple[str, str, Mapping[str, JSON]]]:
    """Yield pointer, name and content of every extension of a process."""
    use = document.get("use")
    for index, name, extension in named(use.get("extensions") if isinstance(use, dict) else None):
        if isinstance(extension, dict):
            yield f"/use/extensions/{index}{step(name)}", name, extension


def owners(pointers: Collection[str], tasks: Collection[str]) -> frozenset[str]:
    """Return for each pointer the innermost task that it is in; the empty text stands for the process itself."""
    found = set()
    for pointer in pointers:
        at = pointer
        while at and at not in tasks:
            at = at.rpartition("/")[0]
        # A finding about a list itself, or about an item that is no task, spoils only that item.
        if at or not re.match(r"/do(?:/\d+)?\Z", pointer):
            found.add(at)
    return frozenset(found)
