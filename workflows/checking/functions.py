"""Checks functions: those of the default catalog one by one, and that what they call comes to an end."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from schemas.source import step
from workflows.checking.calls import CATALOG
from workflows.checking.catalogs import Published, callee
from workflows.checking.known import World
from workflows.checking.report import Report
from workflows.checking.tasks import check_task
from workflows.checking.walk import Around, Process, all_tasks, inner_tasks, owners

JSON = Any
# How deep functions may call each other, and how many tasks a process may have with all of theirs.
DEEPEST: Final = 16
MOST_TASKS: Final = 10_000
_OWN: Final = "use.functions."


class Everything(Collection[str]):
    """All names: which secrets there are is up to the process that calls."""

    def __contains__(self, name: object) -> bool:
        """Tell that it is in."""
        return isinstance(name, str)

    def __iter__(self) -> Iterator[str]:
        """Yield nothing, because there would be no end."""
        return iter(())

    def __len__(self) -> int:
        """Return that none can be listed."""
        return 0


def check_function(report: Report, document: Mapping[str, JSON], world: World, wrong: Collection[str]) -> None:
    """Check a function of the default catalog; `wrong` are the pointers at which its form is wrong."""
    check_function_within(report, document, world, wrong, {})


def check_function_within(
    report: Report, document: Mapping[str, JSON], world: World, wrong: Collection[str], catalogs: Mapping[str, JSON]
) -> None:
    """Check a function that is called where these catalogs are known."""
    name = document.get("function")
    if name in CATALOG or name == "http":
        hint = "Give the function another name."
        report.value("reserved-name", "/function", f"`{name}` already means something to `call`.", hint)
    task = document.get("task")
    if not isinstance(task, dict):
        return
    tasks = {pointer: (name, each) for pointer, name, each in inner_tasks(task, "/task", str(name))}
    process = Process(
        report,
        world,
        {},
        {"catalogs": catalogs},
        Everything(),
        owners(wrong, tasks),
        {name: pointer for pointer, (name, _) in tasks.items()},
        [name for name, each in tasks.values() if _is_human(each)],
    )
    check_task(process, "/task", task, Around(timed=True))
    version = str(document.get("version"))
    graph = Graph({}, catalogs, world.functions)
    for problem in graph.problems({f"{name}:{version}@default": task}):
        report.key("recursive-function", "/task", problem, "Let one of them do without the other.")


def _is_human(task: JSON) -> bool:
    call = task.get("call") if isinstance(task, dict) else None
    return isinstance(call, str) and call.partition(":")[0] == "human-task"


def check_recursion(process: Process) -> None:
    """Check that no function calls itself, and that all of them together stay within limits."""
    graph = Graph(process.defined("functions"), process.defined("catalogs"), process.world.functions)
    roots = {f"{_OWN}{name}": task for name, task in process.defined("functions").items()}
    for name, task in roots.items():
        for problem in graph.problems({name: task}):
            place = f"/use/functions{step(name.removeprefix(_OWN))}"
            process.report.key("recursive-function", place, problem, "Let one of them do without the other.")
    if not any(finding.code == "recursive-function" for finding in process.report.findings):
        document = {key: value for key, value in process.document.items() if key != "use"}
        for problem in graph.problems({"": document}):
            process.report.key("recursive-function", "/do", problem, "Call fewer functions, or make them smaller.")


class Graph:
    """Which function calls which; `fetched` are the tasks of those at an address, by their key."""

    def __init__(
        self,
        own: Mapping[str, JSON],
        catalogs: Mapping[str, JSON],
        published: Published,
        fetched: Mapping[str, JSON] | None = None,
    ) -> None:
        self.own, self.catalogs, self.published, self.fetched = own, catalogs, published, fetched or {}
        self._sizes: dict[str, int] = {}

    def problems(self, roots: Mapping[str, JSON]) -> Iterator[str]:
        """Yield what is wrong with all that is called from these tasks, in a sentence each."""
        for name, task in roots.items():
            try:
                size = self._size(name, task, [])
            except _EndlessError as found:
                yield str(found)
                continue
            if size > MOST_TASKS:
                yield f"With the functions that are called, these are more than {MOST_TASKS:,} tasks."

    def _size(self, key: str, task: JSON, path: list[str]) -> int:
        if key in path:
            raise _EndlessError(f"The function `{_shown(key)}` calls itself{_through([*path[path.index(key) + 1 :]])}.")
        if len(path) > DEEPEST:
            raise _EndlessError(f"Functions call each other more than {DEEPEST} deep.")
        if key not in self._sizes:
            self._sizes[key] = sum(
                1 + (self._size(*found, [*path, key]) if found else 0) for found in self._called(key, task)
            )
        return self._sizes[key]

    def _called(self, key: str, task: JSON) -> Iterator[tuple[str, JSON] | None]:
        # A function from outside knows nothing of the functions of the process.
        own = self.own if key.startswith(_OWN) or not key else {}
        tasks = all_tasks(task) if not key else inner_tasks(task, "", key)
        for _, _, each in tasks:
            name = each.get("call") if isinstance(each, dict) else None
            if not isinstance(name, str):
                yield None
            elif name in own:
                yield f"{_OWN}{name}", own[name]
            else:
                found = callee(name, own, self.catalogs, self.published)
                inner = None if found is None else found.task or self.fetched.get(found.key)
                yield (found.key, inner) if found is not None and inner is not None else None


class _EndlessError(Exception):
    """Functions call each other without an end that is in sight."""


def _shown(key: str) -> str:
    return key.removeprefix(_OWN)


def _through(path: list[str]) -> str:
    return f", through {', '.join(f'`{_shown(key)}`' for key in path)}" if path else ""
