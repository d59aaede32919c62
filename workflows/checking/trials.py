"""Checks the meaning of tests: what they name is in the process they test, and their expressions can be read."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas import guess, listing
from schemas.source import step, unescape
from workflows.checking.calls import CATALOG, undoing
from workflows.checking.fallback import fallback_of
from workflows.checking.known import World
from workflows.checking.report import Report
from workflows.checking.texts import Scope, check_bare, check_value
from workflows.checking.walk import all_tasks

JSON = Any
# What tests may answer besides calls of systems.
_TOLD: Final = frozenset({"human-task", "render", "notify"})
_NOTHING: frozenset[str] = frozenset()
_OF_PEOPLE = ("answer", "returnTo")
_ANSWERS = ("output", "error", "recording", *_OF_PEOPLE)


@dataclass(frozen=True, slots=True)
class _Names:
    """What may be named in the test of a process; `stood_in` are calls that a person may do by hand."""

    tasks: Counter[str]
    references: frozenset[str]
    calls: frozenset[str]
    people: frozenset[str]
    answerable: frozenset[str]
    stood_in: frozenset[str]

    @property
    def nameable(self) -> list[str]:
        """What can be answered, without the references, which nobody would guess."""
        return [each for each in self.answerable if not each.startswith("/")]


def check_test(report: Report, document: Mapping[str, JSON], world: World) -> None:
    """Check a test file."""
    process = _process(report, document["process"], world)
    names = None if process is None else _names(process, world)
    _check_answers(report, (document.get("defaults") or {}).get("answers"), "/defaults/answers", names)
    seen: dict[str, int] = {}
    for index, case in enumerate(document["cases"]):
        pointer = f"/cases/{index}"
        if case["name"] in seen:
            first = report.source.place(f"/cases/{seen[case['name']]}")
            problem = f"Two cases are called `{case['name']}`; the first is at {first}."
            report.value("duplicate-case", f"{pointer}/name", problem, "Rename one of them.")
        seen.setdefault(case["name"], index)
        _check_answers(report, case.get("answers"), f"{pointer}/answers", names)
        _check_expected(report, case.get("expect") or {}, f"{pointer}/expect", names)
        for number, event in enumerate(case.get("events") or ()):
            if names is not None and "when" in event:
                _check_task(report, f"{pointer}/events/{number}/when", event["when"], names)


def _process(report: Report, name: str, world: World) -> JSON:
    titles = [title for title in world.processes if name in (title, title.rpartition(".")[2])]
    if len(titles) > 1:
        problem = f"Several processes are called `{name}`."
        report.value("unknown-process-under-test", "/process", problem, listing(titles, word="Say which"))
    elif not titles:
        options = {*world.processes, *(title.rpartition(".")[2] for title in world.processes)}
        problem = f"There is no process `{name}`{guess(name, options)}"
        report.value("unknown-process-under-test", "/process", problem, listing(world.processes))
    return world.documents.get(titles[0]) if len(titles) == 1 else None


def _names(process: JSON, world: World) -> _Names:
    tasks = Counter(name for _, name, _ in all_tasks(process))
    references, calls, people, answerable = set(), set(), set(), set()
    stood_in = set[str]()
    documents, titles = [process], set[str]()
    while documents:
        document = documents.pop(0)
        for pointer, name, task in all_tasks(document):
            if not isinstance(task, dict):
                continue
            calls |= _called(name, task)
            # What a child asks for is answered by the name of its task; references are those of the process itself.
            mine = {name, pointer} if document is process else {name}
            references |= mine - {name}
            short = str(task.get("call") or "").partition(":")[0]
            if short == "human-task" and document is process:
                people.add(name)
            elif fallback_of(task) is not None and document is process:
                stood_in.add(name)
            if (short and short not in CATALOG) or "run" in task or "listen" in task or short in _TOLD:
                answerable |= mine
            title = _child(task)
            if title and title not in titles and world.documents.get(title) is not None:
                documents.append(world.documents[title])
                titles.add(title)
    for name in calls & world.operations.keys():
        # What is found out about a lost write is asked by an operation of the same connection.
        answerable |= {each for each in world.operations if each.partition("@")[2] == name.partition("@")[2]}
    named = (frozenset(each) for each in (references, calls, people, answerable | calls, stood_in))
    return _Names(tasks, *named)


def _called(name: str, task: Mapping[str, JSON]) -> set[str]:
    """Return what a task calls, by the names under which a test may speak of it."""
    called, undo, child = str(task.get("call") or ""), undoing(task), _child(task)
    found = {called} if "@" in called and not called.endswith("@default") else set()
    found |= {undo["call"]} if undo is not None else set()
    found |= {name} if "emit" in task else set()
    return found | ({child} if child else set())


def _child(task: Mapping[str, JSON]) -> str:
    """Return the process that a task runs; nothing when it runs none."""
    run = task.get("run")
    child = run.get("workflow") if isinstance(run, dict) else None
    return f"{child.get('namespace')}.{child.get('name')}" if isinstance(child, dict) else ""


def _check_answers(report: Report, answers: JSON, pointer: str, names: _Names | None) -> None:
    for name, written in (answers or {}).items():
        here = pointer + step(name)
        if names is not None:
            _check_answered(report, here, name, names)
        for index, answer in enumerate(written if isinstance(written, list) else [written]):
            place = f"{here}/{index}" if isinstance(written, list) else here
            _check_answer(report, answer, place, person=None if names is None else _is_person(name, names))


def _is_person(name: str, names: _Names) -> bool | None:
    """Say whether a person answers; None when either may, because a person does what cannot be called."""
    own = unescape(name.rpartition("/")[2]) if name in names.references else name
    return None if own in names.stood_in else own in names.people


def _check_answered(report: Report, pointer: str, name: str, names: _Names) -> None:
    if name in names.answerable:
        if names.tasks[name] > 1:
            same = [each for each in names.references if unescape(each.rpartition("/")[2]) == name]
            problem = f"Several tasks are called `{name}`."
            report.key("unknown-task", pointer, problem, listing(same, word="Say which, by its reference"))
        return
    if name in names.tasks or name in names.references:
        problem = f"The task `{name}` calls nothing outside, so nothing answers it."
        report.key("unknown-task", pointer, problem, listing(names.nameable, word="Answers can be given to"))
        return
    problem = f"There is no task or operation `{name}`{guess(name, names.nameable)}"
    report.key("unknown-task", pointer, problem, listing(names.nameable, word="Answers can be given to"))


def _check_answer(report: Report, answer: Mapping[str, JSON], pointer: str, *, person: bool | None) -> None:
    given = [key for key in _ANSWERS if key in answer]
    if len(given) != 1:
        problem = "An answer has one of output, error, recording, answer and returnTo."
        report.key("wrong-answer", pointer, problem, "Write one of them.")
    elif person is not None and person is not (given[0] in _OF_PEOPLE):
        problem = "A person gives an `answer`." if person else f"Only a person gives `{given[0]}`."
        report.key("wrong-answer", f"{pointer}/{given[0]}", problem, "A call gives `output`, `error` or `recording`.")
    if ("returnTo" in answer) is not ("reason" in answer):
        problem = "A case is sent back to a task with `returnTo`, for a `reason`."
        report.key("wrong-answer", pointer, problem, "Write both, or neither.")
    if isinstance(answer.get("when"), str):
        check_bare(report, f"{pointer}/when", answer["when"], Scope("a matcher", _NOTHING))
    for key in given:
        check_value(report, f"{pointer}/{key}", answer[key], Scope("an answer", _NOTHING))


def _check_expected(report: Report, expect: Mapping[str, JSON], pointer: str, names: _Names | None) -> None:
    for place, condition in _conditions(expect, pointer):
        check_bare(report, place, condition, Scope("an expectation", _NOTHING))
    _check_calls(report, expect.get("calls") or {}, f"{pointer}/calls", names)
    if names is not None:
        _check_named(report, expect, pointer, names)


def _check_calls(report: Report, calls: Mapping[str, JSON], pointer: str, names: _Names | None) -> None:
    for key, wanted in calls.items():
        here = pointer + step(key)
        if names is not None and key not in names.answerable:
            problem = f"There is no task or operation `{key}`{guess(key, names.nameable)}"
            report.key("unknown-task", here, problem, listing(names.nameable, word="Calls are made by and of"))
        for index, one in enumerate(wanted if isinstance(wanted, list) else [wanted]):
            if isinstance(one, dict) and isinstance(one.get("with"), str):
                place = f"{here}/{index}/with" if isinstance(wanted, list) else f"{here}/with"
                check_bare(report, place, one["with"], Scope("a matcher", _NOTHING))


def _check_named(report: Report, expect: Mapping[str, JSON], pointer: str, names: _Names) -> None:
    for key in ("tasks", "passes", "avoids"):
        for index, name in enumerate(expect.get(key) or ()):
            _check_task(report, f"{pointer}/{key}/{index}", name, names)
    lists = [(f"{pointer}/open", expect.get("open"))]
    lists += [(f"{pointer}/moments/{n}/open", each.get("open")) for n, each in enumerate(expect.get("moments") or ())]
    for place, opened in lists:
        for index, name in enumerate(opened or ()):
            if name not in names.people | names.stood_in:
                problem = f"There is no human task `{name}`{guess(name, names.people)}"
                report.value("unknown-task", f"{place}/{index}", problem, listing(names.people))


def _conditions(expect: Mapping[str, JSON], pointer: str) -> Iterator[tuple[str, JSON]]:
    holders = [(pointer, expect)]
    holders += [(f"{pointer}/moments/{n}", each) for n, each in enumerate(expect.get("moments") or ())]
    for place, holder in holders:
        conditions = holder.get("holds")
        if isinstance(conditions, list):
            yield from ((f"{place}/holds/{index}", each) for index, each in enumerate(conditions))
        elif conditions is not None:
            yield f"{place}/holds", conditions


def _check_task(report: Report, pointer: str, name: str, names: _Names) -> None:
    if name not in names.tasks:
        problem = f"There is no task `{name}` in the process{guess(name, names.tasks)}"
        report.value("unknown-task", pointer, problem, listing(names.tasks))
