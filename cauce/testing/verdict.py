"""Compares what came of a case with what its test file expects, in the words of that file."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cauce.testing.case import duration_s
from cauce.testing.course import Course
from cauce.testing.faults import problem_of
from cauce.testing.matching import Difference, mismatches, parts, shown, unmet, whole
from cauce.testing.session import Call, Session
from workflows.fault import canonical_type

JSON = Any
_MARGIN_S: Final = 1.0


def differences(session: Session, course: Course) -> list[Difference]:
    """Return everything that is not as the case expects."""
    case, expect = session.case, session.case.expect
    if course.status != case.status:
        return [Difference("status", case.status, _ending(course))]
    found = list(_data(expect, course))
    found += _way(expect, course)
    found += _calls(expect, session.calls)
    found += holding(expect.get("holds"), facts(session, course))
    if "open" in expect:
        found += whole(sorted(expect["open"]), sorted(course.open), "open")
    if "clocks" in expect:
        found += parts(expect["clocks"], _clocks(course.state), "clocks")
    if "took" in expect:
        found += _took(expect["took"], course)
    for wanted, met in zip(_sorted(expect.get("moments") or []), course.moments, strict=False):
        found += _moment(wanted, met)
    late = _sorted(expect.get("moments") or [])[len(course.moments) :]
    return found + [Difference(f"moments.{each['after']}", "a process that runs", "one that ended") for each in late]


def facts(session: Session, course: Course) -> dict[str, JSON]:
    """Return what expressions of the case see."""
    return {
        "status": course.status,
        "output": course.output,
        "error": course.error,
        "context": course.journal.get("context"),
        "stages": course.journal.get("stages") or [],
        "clocks": _clocks(course.state),
        "tasks": [record["name"] for record in course.state.get("tasks") or ()],
        "calls": [
            {"task": call.task, "name": call.name, "arguments": call.arguments, "undoes": call.undoes}
            for call in session.calls
        ],
        "open": course.open,
    }


def _clocks(state: Mapping[str, JSON]) -> dict[str, JSON]:
    return {each["clock"]: each for each in state.get("clocks") or ()}


def _data(expect: Mapping[str, JSON], course: Course) -> Iterator[Difference]:
    if "output" in expect:
        yield from whole(expect["output"], course.output, "output")
    if "outputIncludes" in expect:
        yield from parts(expect["outputIncludes"], course.output, "output")
    if "context" in expect:
        yield from parts(expect["context"], course.journal.get("context"), "context")
    if "error" in expect:
        yield from _error(expect["error"], course.error or {})


def _error(wanted: JSON, met: Mapping[str, JSON]) -> Iterator[Difference]:
    given = {"class": wanted} if isinstance(wanted, str) else wanted
    pattern = {key: given[key] for key in ("type", "status", "title", "detail") if key in given}
    if "class" in given:
        usual = problem_of(given["class"])
        pattern = {"type": usual["type"], "status": usual["status"], **pattern}
    if "code" in given:
        pattern["remoteCode"] = given["code"]
    for key, value in pattern.items():
        there = met.get(key)
        fits = canonical_type(str(value)) == canonical_type(str(there)) if key == "type" else value == there
        if not fits:
            yield Difference(f"error.{key}", shown(value), shown(there))


def _way(expect: Mapping[str, JSON], course: Course) -> Iterator[Difference]:
    begun = [str(record["name"]) for record in course.state.get("tasks") or ()]
    if "tasks" in expect:
        yield from _in_order(expect["tasks"], begun, "tasks")
    if "passes" in expect:
        rest = iter(begun)
        for name in expect["passes"]:
            if name not in rest:
                late = " after those before it" if name in begun else ""
                yield Difference("passes", f"the task '{name}'{late}", " → ".join(begun) or "no task")
                break
    for name in expect.get("avoids") or ():
        if name in begun:
            yield Difference("avoids", f"that '{name}' does not begin", " → ".join(begun))
    if "stages" in expect:
        yield from _in_order(expect["stages"], list(course.journal.get("stages") or ()), "stages")


def _in_order(wanted: Sequence[str], met: Sequence[str], path: str) -> Iterator[Difference]:
    if list(wanted) != list(met):
        yield Difference(path, " → ".join(wanted) or "none", " → ".join(met) or "none")


def _calls(expect: Mapping[str, JSON], calls: Sequence[Call]) -> Iterator[Difference]:
    for key, wanted in (expect.get("calls") or {}).items():
        made = [call for call in calls if key in (call.reference, call.task, call.name)]
        path = f"calls.{key}"
        if isinstance(wanted, int):
            yield from _count(wanted, made, path)
        elif isinstance(wanted, list):
            yield from _count(len(wanted), made, path)
            for index, (one, call) in enumerate(zip(wanted, made, strict=False), 1):
                yield from mismatches(one.get("with", {}), call.arguments, f"{path}[{index}].with")
        else:
            yield from _one_of(wanted, made, path)
    if "compensations" in expect:
        yield from _in_order(expect["compensations"], [call.name for call in calls if call.undoes], "compensations")


def _one_of(wanted: Mapping[str, JSON], made: Sequence[Call], path: str) -> Iterator[Difference]:
    """Compare with the calls that have these arguments; without a number, there must be one."""
    if "with" not in wanted:
        yield from _count(wanted.get("times", 1), made, path)
        return
    unlike = [mismatches(wanted["with"], call.arguments, f"{path}.with") for call in made]
    fitting = unlike.count([])
    if "times" in wanted:
        if fitting != wanted["times"]:
            yield Difference(f"{path}.times", f"{wanted['times']} with these arguments", f"{fitting} of {len(made)}")
    elif not fitting:
        # The nearest call says most about what is wrong.
        yield from min(unlike, key=len, default=[Difference(path, "a call", "none")])


def _count(wanted: int, made: Sequence[Call], path: str) -> Iterator[Difference]:
    if len(made) != wanted:
        yield Difference(f"{path}.times", str(wanted), str(len(made)))


def _took(wanted: str, course: Course) -> Iterator[Difference]:
    expected = duration_s(wanted) or 0.0
    # Time also passes while the worker works; so much more than what was waited for is not the process's doing.
    if not expected - _MARGIN_S <= course.took_s <= expected + course.real_s + _MARGIN_S:
        yield Difference("took", wanted, written(course.took_s))


def _moment(wanted: Mapping[str, JSON], met: Mapping[str, JSON]) -> Iterator[Difference]:
    path = f"moments.{wanted['after']}"
    if "open" in wanted:
        yield from whole(sorted(wanted["open"]), sorted(met["open"]), f"{path}.open")
    if "stage" in wanted:
        yield from whole(wanted["stage"], met.get("stage"), f"{path}.stage")
    if "context" in wanted:
        yield from parts(wanted["context"], met.get("context"), f"{path}.context")
    if "clocks" in wanted:
        yield from parts(wanted["clocks"], _clocks(met), f"{path}.clocks")
    yield from holding(wanted.get("holds"), met, f"{path}.holds")


def holding(conditions: JSON, data: JSON, path: str = "holds") -> Iterator[Difference]:
    """Yield the conditions that do not hold."""
    for condition in [conditions] if isinstance(conditions, str) else conditions or ():
        problem = unmet(condition, data)
        if problem is not None:
            yield Difference(path, f"`{condition}`", problem)


def written(seconds: float) -> str:
    """Return a duration as a test file would have it."""
    left = round(seconds)
    days, left = divmod(left, 86_400)
    hours, left = divmod(left, 3_600)
    minutes, left = divmod(left, 60)
    clock = "".join(f"{amount}{unit}" for amount, unit in ((hours, "H"), (minutes, "M"), (left, "S")) if amount)
    return "P" + (f"{days}D" if days else "") + (f"T{clock}" if clock else "") if days or clock else "PT0S"


def _sorted(moments: Sequence[Mapping[str, JSON]]) -> list[Mapping[str, JSON]]:
    return sorted(moments, key=lambda each: duration_s(each["after"]) or 0.0)


def _ending(course: Course) -> str:
    if course.error is None:
        return course.status
    error = course.error
    return f"{course.status}: {error.get('title')} at {error.get('instance')}: {error.get('detail')}"
