"""What of a process its cases never tried: tasks that never began, and ways that no task ever went."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cauce.testing.course import Course
from cauce.testing.session import Session
from schemas import Source
from workflows.checking.fallback import fallback_of
from workflows.checking.flow import named
from workflows.checking.walk import all_tasks

JSON = Any
Way = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Missing:
    """A task or a way that was never tried, and where it stands; `way` is empty for a task."""

    reference: str
    way: str
    line: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of one process was tried."""

    process: str
    file: str
    tasks: int
    tasks_tried: int
    ways: int
    ways_tried: int
    missing: tuple[Missing, ...]

    @property
    def percent(self) -> float:
        """How much of the tasks and ways was tried; everything, when there is nothing to try."""
        there = self.tasks + self.ways
        return 100.0 if not there else 100.0 * (self.tasks_tried + self.ways_tried) / there


def ways_of(document: Mapping[str, JSON], forms: Mapping[str, JSON]) -> Iterator[tuple[Way, str]]:
    """Yield every way that a task of the process may go, and the pointer at which it is written."""
    for pointer, _, task in all_tasks(document):
        if not isinstance(task, dict):
            continue
        if "if" in task:
            yield (pointer, "holds"), f"{pointer}/if"
            yield (pointer, "does not hold"), f"{pointer}/if"
        if fallback_of(task) is not None:
            yield (pointer, "done by hand"), f"{pointer}/metadata/cauce/fallback"
        if str(task.get("call", "")).partition(":")[0] == "human-task":
            yield from _ways_of_life(pointer, task["with"])
        yield from _inner_ways(pointer, task, forms)


def _ways_of_life(pointer: str, given: Mapping[str, JSON]) -> Iterator[tuple[Way, str]]:
    """Yield what may happen to a human task besides its answer."""
    for key, way in (("escalate", "escalated"), ("expires", "expired")):
        if given.get(key):
            yield (pointer, way), f"{pointer}/with/{key}"
    for index, name in enumerate(given.get("returnTo") or ()):
        yield (pointer, f"sent back to {name}"), f"{pointer}/with/returnTo/{index}"


def coverage(source: Source, bundle: Mapping[str, JSON], runs: Sequence[tuple[Session, Course]]) -> Coverage:
    """Put together what the cases of one process tried."""
    document = source.data
    tasks = {pointer: pointer for pointer, _, task in all_tasks(document) if isinstance(task, dict)}
    # The task of a function is the call itself, and not in the record on its own.
    tasks = {pointer: at for pointer, at in tasks.items() if not _is_function(pointer)}
    ways = dict(ways_of(document, bundle.get("forms") or {}))
    begun, gone = set[str](), set[Way]()
    for session, course in runs:
        begun |= {record["reference"] for record in course.state.get("tasks") or ()}
        gone |= {(at, way) for at, taken in (course.journal.get("ways") or {}).items() for way in taken}
        gone |= {(at, way) for at, answers in session.answered.items() for each in answers for way in _outcomes(each)}
    missing = [Missing(at, "", source.place(at).line) for at in tasks if at not in begun]
    missing += [
        Missing(at, way, source.place(place).line) for (at, way), place in ways.items() if (at, way) not in gone
    ]
    head = document["document"]
    return Coverage(
        process=f"{head['namespace']}.{head['name']}",
        file=source.file,
        tasks=len(tasks),
        tasks_tried=len(tasks.keys() & begun),
        ways=len(ways),
        ways_tried=len(ways.keys() & gone),
        missing=tuple(sorted(missing, key=lambda each: (each.line, each.way))),
    )


def _inner_ways(pointer: str, task: Mapping[str, JSON], forms: Mapping[str, JSON]) -> Iterator[tuple[Way, str]]:
    if "switch" in task:
        certain = False
        for index, name, case in named(task["switch"]):
            certain = certain or (isinstance(case, dict) and "when" not in case)
            yield (pointer, name), f"{pointer}/switch/{index}/{name}"
        if not certain:
            yield (pointer, "otherwise"), f"{pointer}/switch"
    elif "for" in task:
        yield (pointer, "entered"), f"{pointer}/for"
        yield (pointer, "not entered"), f"{pointer}/for"
    elif "try" in task:
        catch = task.get("catch") or {}
        yield (pointer, "no error"), f"{pointer}/try"
        if catch.get("retry"):
            yield (pointer, "tried again"), f"{pointer}/catch/retry"
        if catch.get("do") or not catch.get("retry"):
            yield (pointer, "error taken"), f"{pointer}/catch"
    elif str(task.get("call", "")).partition(":")[0] == "human-task":
        for field, value in _choices(forms.get(str((task.get("with") or {}).get("form"))) or {}):
            yield (pointer, f"{field}: {value}"), f"{pointer}/with/form"


def _choices(form: Mapping[str, JSON]) -> Iterator[tuple[str, str]]:
    """Yield the options that a form shows as radio buttons: they are the outcomes of its task."""
    widgets = (form.get("ui") or {}).get("widgets") or {}
    schema = form.get("schema")
    fields = (schema.get("properties") or {}) if isinstance(schema, dict) else {}
    for name, widget in widgets.items():
        field = fields.get(name)
        if widget == "radio" and isinstance(field, dict):
            options = [each.get("const") for each in field.get("oneOf") or () if isinstance(each, dict)]
            for value in options or field.get("enum") or ():
                yield name, str(value)


def _outcomes(answer: JSON) -> Iterator[str]:
    for name, value in answer.items() if isinstance(answer, dict) else ():
        if isinstance(value, str | int):
            yield f"{name}: {value}"


def _is_function(pointer: str) -> bool:
    return pointer.startswith("/use/functions/") and pointer.count("/") == len(("", "use", "functions"))
