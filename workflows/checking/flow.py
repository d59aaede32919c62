"""Checks one list of tasks: names, where `then` leads, and whether every task can be reached."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from schemas import guess, listing
from schemas.source import step
from workflows.checking.report import Report

JSON = Any
DIRECTIVES: Final = ("continue", "exit", "end")


def named(tasks: JSON) -> Iterator[tuple[int, str, JSON]]:
    """Yield position, name and task of every well-formed item of a list of tasks."""
    for index, item in enumerate(tasks if isinstance(tasks, list) else ()):
        if isinstance(item, dict) and len(item) == 1:
            (name, task), *_ = item.items()
            yield index, name, task


def task_pointer(pointer: str, index: int, name: str) -> str:
    """Return the pointer of a task in the list at `pointer`."""
    return f"{pointer}/{index}{step(name)}"


def check_flow(report: Report, pointer: str, tasks: JSON, elsewhere: Mapping[str, str], *, parallel: bool) -> None:
    """Check a list; `elsewhere` says where the other tasks of the process are, `parallel` that it holds branches."""
    items = list(named(tasks))
    positions: dict[str, int] = {}
    for index, name, _ in items:
        here = task_pointer(pointer, index, name)
        if name in DIRECTIVES:
            hint = "Give the task another name."
            report.key("reserved-name", here, f"`{name}` says where to go on, so no task can be called that.", hint)
        if name in positions:
            first = report.source.place(task_pointer(pointer, positions[name], name))
            problem = f"There are two tasks `{name}` in this list; the first is at {first}."
            report.key("duplicate-task", here, problem, "Give one of them another name.")
        positions.setdefault(name, index)
    for index, name, task in items:
        for place, target in _targets(task):
            _check_target(
                report, f"{task_pointer(pointer, index, name)}{place}", target, positions, elsewhere, parallel
            )
    if not parallel and len(items) == len(tasks):
        _check_reached(report, pointer, items, positions)


def _targets(task: JSON) -> Iterator[tuple[str, str]]:
    if not isinstance(task, dict):
        return
    if isinstance(task.get("then"), str):
        yield "/then", task["then"]
    catch = task.get("catch")
    if isinstance(catch, dict) and isinstance(catch.get("then"), str):
        yield "/catch/then", catch["then"]
    for index, name, case in named(task.get("switch")):
        if isinstance(case, dict) and isinstance(case.get("then"), str):
            yield f"/switch/{index}{step(name)}/then", case["then"]


def _check_target(
    report: Report,
    pointer: str,
    target: str,
    positions: Mapping[str, int],
    elsewhere: Mapping[str, str],
    parallel: bool,  # noqa: FBT001 - internal
) -> None:
    if target in DIRECTIVES:
        return
    if target in positions:
        if parallel:
            hint = "Use continue, exit or end, or put the tasks of one branch into a `do`."
            report.value("unknown-target", pointer, f"`{target}` is another branch, which runs at the same time.", hint)
        return
    if target in elsewhere:
        problem = f"`then` cannot reach `{target}`: it is in another list, at {report.source.place(elsewhere[target])}."
        report.value(
            "unknown-target", pointer, problem, "`then` only reaches tasks of the same list; `exit` leaves it."
        )
        return
    options = [*positions, *DIRECTIVES]
    hint = listing(options, word="Possible")
    report.value("unknown-target", pointer, f"There is no task `{target}` in this list{guess(target, options)}", hint)


def _check_reached(
    report: Report, pointer: str, items: Sequence[tuple[int, str, JSON]], positions: Mapping[str, int]
) -> None:
    reached: set[int] = set()
    waiting = [0]
    while waiting:
        index = waiting.pop()
        if index in reached or index >= len(items):
            continue
        reached.add(index)
        waiting += [positions.get(way, index + 1) if way != "continue" else index + 1 for way in _ways(items[index][2])]
    for index, name, _ in items:
        if index not in reached and positions[name] == index:
            here = task_pointer(pointer, index, name)
            hint = "Remove it, or let a `then` lead to it."
            report.key("unreachable-task", here, f"No way leads to the task `{name}`.", hint)


def _ways(task: JSON) -> Iterator[str]:
    """Yield the directives that a task may follow, leaving out those that leave the list."""
    if not isinstance(task, dict):
        yield "continue"
        return
    then = next((target for place, target in _targets(task) if place == "/then"), "continue")
    ways = {target for place, target in _targets(task) if place != "/then"}
    cases = [case for _, _, case in named(task.get("switch")) if isinstance(case, dict)]
    always = bool(cases) and any("when" not in case for case in cases)
    if not always and "raise" not in task:
        ways.add(then)
    if "if" in task:
        ways |= {then, "continue"}
    yield from (way for way in ways if way not in ("exit", "end"))
