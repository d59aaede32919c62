"""Checks definitions in three layers: their form, their meaning, and what they agree with each other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from cauce.errors import Finding
from schemas import Source, kind_of, unknown_kind, validate
from workflows.checking.alerts import check_alert
from workflows.checking.calendars import check_calendar
from workflows.checking.capabilities import check_capability, check_implements
from workflows.checking.clocks import check_clock
from workflows.checking.forms import check_form
from workflows.checking.functions import check_function, check_function_within
from workflows.checking.known import Known, World, world_of
from workflows.checking.others import check_connection, check_decision, check_stages
from workflows.checking.policies import check_policy
from workflows.checking.process import check_process
from workflows.checking.profiles import check_profile
from workflows.checking.recordings import check_record, check_recording
from workflows.checking.report import Report
from workflows.checking.roadmaps import check_roadmap
from workflows.checking.syncs import check_sync
from workflows.checking.templates import check_template
from workflows.checking.trials import check_test

JSON = Any


def _check_connection(report: Report, document: Mapping[str, JSON], world: World) -> None:
    check_connection(report, document, world)
    check_implements(report, document, world)
    check_record(report, document)


_CHECKS: Final[Mapping[str, Callable[[Report, Mapping[str, JSON], World], None]]] = {
    "alert": check_alert,
    "capability": check_capability,
    "connection": _check_connection,
    "form": check_form,
    "recording": check_recording,
    "roadmap": check_roadmap,
    "decision": check_decision,
    "stages": check_stages,
    "calendar": check_calendar,
    "policy": check_policy,
    "clock": check_clock,
    "profile": check_profile,
    "sync": check_sync,
    "template": check_template,
    "test": check_test,
}


def check(sources: Sequence[Source], known: Known | None = None) -> list[Finding]:
    """Check definitions of all kinds together; what is `known` they may refer to as well.

    The findings come in the order of the files given, and within a file in the order of its lines.
    """
    there = known or Known()
    world = world_of(sources, there)
    # Tests stand in for what is outside, whatever it is called here.
    of_tests = world_of(sources, replace(there, profile=None)) if there.profile else world
    findings: list[Finding] = []
    for source in sources:
        try:
            within = of_tests if kind_of(source.data) == "test" else world
            findings += sorted(_check_one(source, within), key=_position)
        except RecursionError:
            hint = "Move inner tasks to functions under `use.functions`."
            findings.append(Finding("too-large", "The definition is nested too deeply.", hint, source.place("")))
    return _with_duplicates(sources, findings)


def _check_one(source: Source, world: World) -> list[Finding]:
    kind = kind_of(source.data)
    if kind is None:
        return [unknown_kind(source)]
    wrong = validate(kind, source)
    report = Report(source, list(wrong))
    if kind == "process":
        check_process(report, source, world, [finding.pointer for finding in wrong])
    elif kind == "function":
        check_function(report, source.data, world, [finding.pointer for finding in wrong])
    elif not wrong:
        _CHECKS[kind](report, source.data, world)
    return report.findings


def check_task_of_function(source: Source, world: World, catalogs: Mapping[str, JSON]) -> list[Finding]:
    """Return the errors of a function that a process calls which has these catalogs."""
    wrong = validate("function", source)
    report = Report(source, list(wrong))
    check_function_within(report, source.data, world, [finding.pointer for finding in wrong], catalogs)
    return [finding for finding in report.findings if finding.severity == "error"]


def _with_duplicates(sources: Sequence[Source], findings: list[Finding]) -> list[Finding]:
    order = {source.file: index for index, source in reversed(list(enumerate(sources)))}
    found = [*findings, *_duplicates(sources)]
    return sorted(found, key=lambda each: (order.get(each.place.file, 0) if each.place else 0, *_position(each)))


def _duplicates(sources: Sequence[Source]) -> Iterator[Finding]:
    first: dict[tuple[str, ...], Source] = {}
    for source in sources:
        identity = _identity(source.data)
        if identity is None:
            continue
        other = first.setdefault(identity, source)
        if other is not source:
            pointer = "/document/name" if identity[0] == "process" else f"/{identity[0]}"
            name = ".".join(identity[1:3])
            problem = f"The {identity[0]} `{name}` is defined twice; the first is at {other.place(pointer)}."
            hint = "Rename one of them" + (", or raise its version." if identity[0] == "process" else ".")
            yield Finding("duplicate-definition", problem, hint, source.value_place(pointer), pointer)


def _identity(data: JSON) -> tuple[str, ...] | None:
    kind = kind_of(data)
    if kind is None:
        return None
    if kind == "function":
        return (kind, str(data[kind]), str(data.get("version")))
    if kind != "process":
        return (kind, str(data[kind]))
    head = data.get("document")
    if not isinstance(head, dict):
        return None
    return (kind, str(head.get("namespace")), str(head.get("name")), str(head.get("version")))


def _position(finding: Finding) -> tuple[int, int]:
    return (finding.place.line, finding.place.column) if finding.place else (0, 0)
