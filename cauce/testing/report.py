"""What a test run says: a line per case, what is different in a case that failed, and what was never tried."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cauce.testing.coverage import Coverage, Missing, coverage
from cauce.testing.plan import Plan
from cauce.testing.session import task_name
from cauce.testing.suite import Result

JSON = Any
_MOST_STEPS: Final = 40


def lines(result: Result) -> Iterator[str]:
    """Yield what is said about one case: a line when it passed."""
    case = result.planned.case
    head = f"{result.planned.file.name}: {case.name}"
    if result.passed:
        yield f"✓ {head}"
        return
    yield f"✗ {head} ({case.place})"
    for line in result.failure.splitlines():
        yield f"    {line}"
    for each in result.differences:
        yield f"    {each}"
    way = _way(result)
    if way:
        yield f"    The way it went: {way}"


def closing(results: Sequence[Result], covered: Sequence[Coverage]) -> Iterator[str]:
    """Yield what is said at the end."""
    for each in covered:
        yield (
            f"{each.process}: {each.percent:.0f} % covered ({each.tasks_tried}/{each.tasks} tasks, "
            f"{each.ways_tried}/{each.ways} ways)"
        )
        for one in each.missing:
            yield f"    {each.file}:{one.line}: {_words(one)}"
    failed = sum(not each.passed for each in results)
    yield f"{len(results)} cases, {len(results) - failed} passed, {failed} failed."


def coverages(plan: Plan, results: Sequence[Result]) -> list[Coverage]:
    """Return how much of each process under test was tried."""
    runs: dict[str, list[Result]] = {}
    for each in results:
        bundle = each.planned.bundle
        runs.setdefault(f"{bundle['namespace']}.{bundle['name']}", []).append(each)
    return [
        coverage(plan.sources[name], each[0].planned.bundle, [(one.session, one.course) for one in each])
        for name, each in runs.items()
    ]


def data(results: Sequence[Result], covered: Sequence[Coverage]) -> dict[str, JSON]:
    """Return the whole run as programs read it."""
    failed = sum(not each.passed for each in results)
    return {
        "cases": [_case(each) for each in results],
        "coverage": [_coverage(each) for each in covered],
        "passed": len(results) - failed,
        "failed": failed,
    }


def _case(result: Result) -> dict[str, JSON]:
    case = result.planned.case
    differences = [{"path": each.path, "expected": each.expected, "met": each.met} for each in result.differences]
    return {
        "test": result.planned.file.name,
        "name": case.name,
        "file": case.place.file,
        "line": case.place.line,
        "passed": result.passed,
        "failure": result.failure or None,
        "differences": differences,
        "seconds": round(result.seconds, 3),
    }


def _coverage(covered: Coverage) -> Mapping[str, JSON]:
    return {
        "process": covered.process,
        "file": covered.file,
        "percent": round(covered.percent, 1),
        "tasks": covered.tasks,
        "tasksTried": covered.tasks_tried,
        "ways": covered.ways,
        "waysTried": covered.ways_tried,
        "missing": [{"reference": one.reference, "way": one.way or None, "line": one.line} for one in covered.missing],
    }


def _way(result: Result) -> str:
    names = [str(each["name"]) for each in result.course.state.get("tasks") or ()]
    begun = names if len(names) <= _MOST_STEPS else ["…", *names[-_MOST_STEPS:]]
    return " → ".join(begun)


def _words(missing: Missing) -> str:
    name = task_name(missing.reference)
    return f"{name} never went the way '{missing.way}'" if missing.way else f"{name} never began"
