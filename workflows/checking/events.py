"""Checks what has to do with events: `emit`, `listen`, and the filters and strategies that schedules have as well."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cauce.bound_filters import pattern_problem
from cauce.cloud_events import KNOWN, NAME
from schemas import flaws, guess, listing
from schemas.source import step
from workflows.checking.report import Report
from workflows.checking.texts import (
    AFTER_TASK,
    IN_TASK,
    Scope,
    check_bare,
    check_transform,
    check_value,
    warn_of_lost_context,
)
from workflows.checking.walk import Around, Process

JSON = Any
_STRATEGIES: Final = ("one", "any", "all")


def check_events(process: Process, pointer: str, task: Mapping[str, JSON], around: Around) -> None:
    """Check a task that sends or waits for events."""
    (_check_emit if "emit" in task else _check_listen)(process, pointer, task, around)


def _check_emit(process: Process, pointer: str, task: Mapping[str, JSON], around: Around) -> None:
    place, given = f"{pointer}/emit/event/with", task["emit"]["event"]["with"]
    _check_names(process.report, place, given)
    check_value(process.report, place, given, process.scope("an event", IN_TASK, around))


def _check_listen(process: Process, pointer: str, task: Mapping[str, JSON], around: Around) -> None:
    scope = process.scope("an event filter", IN_TASK, around)
    to = task["listen"]["to"]
    check_strategy(process.report, f"{pointer}/listen/to", to, scope)
    until = to.get("until")
    if isinstance(until, Mapping):
        check_strategy(process.report, f"{pointer}/listen/to/until", until, scope)
    else:
        check_bare(process.report, f"{pointer}/listen/to/until", until, process.scope("an `until`", IN_TASK, around))
    if "timeout" not in task and not around.timed:
        hint = "Give the task or the process a `timeout`, unless it may wait for ever."
        process.report.key("no-time-limit", f"{pointer}/listen", "Nothing ends this task when no event comes.", hint)
    if isinstance(task.get("foreach"), Mapping):
        check_foreach(process, f"{pointer}/foreach", task["foreach"], around)


def check_strategy(report: Report, pointer: str, strategy: Mapping[str, JSON], scope: Scope) -> None:
    """Check the filters of an event consumption strategy, without its `until`."""
    for place, each in _filters(strategy):
        check_filter(report, f"{pointer}/{place}", each, scope)


def check_filter(report: Report, pointer: str, filter_: Mapping[str, JSON], scope: Scope) -> None:
    """Check one event filter: names, patterns, expressions, and what it correlates by."""
    wanted = filter_.get("with")
    if isinstance(wanted, Mapping):
        _check_names(report, f"{pointer}/with", wanted)
        check_value(report, f"{pointer}/with", wanted, scope)
        for place, text in _texts(wanted, f"{pointer}/with"):
            problem = None if "${" in text else pattern_problem(text)
            if problem:
                hint = "Put a backslash before signs that mean only themselves."
                report.value("bad-pattern", place, f"The pattern cannot be read: {problem}.", hint)
    for name, each in (filter_.get("correlate") or {}).items():
        check_bare(report, f"{pointer}/correlate{step(name)}/from", each.get("from"), scope)
        check_value(report, f"{pointer}/correlate{step(name)}/expect", each.get("expect"), scope)


def loop_variables(foreach: Mapping[str, JSON]) -> tuple[str, str]:
    """Return the variables that a `foreach` gives to the tasks in it."""
    return str(foreach.get("item", "item")), str(foreach.get("at", "index"))


def check_foreach(process: Process, pointer: str, foreach: Mapping[str, JSON], around: Around) -> None:
    """Check what is done with each event or message."""
    inside = around.adding(*loop_variables(foreach))
    warn_of_lost_context(process.report, pointer, foreach)
    for section, variables in (("output", IN_TASK), ("export", AFTER_TASK)):
        holder = foreach.get(section)
        if isinstance(holder, Mapping):
            scope = process.scope(f"`foreach.{section}.as`", variables, inside)
            check_transform(process.report, f"{pointer}/{section}/as", holder.get("as"), scope)
            schema = holder.get("schema")
            for flaw in flaws(schema["document"]) if isinstance(schema, Mapping) and "document" in schema else ():
                place = f"{pointer}/{section}/schema/document{flaw.pointer}"
                process.report.value("schema-unusable", place, flaw.sentence, flaw.hint)


def _filters(strategy: Mapping[str, JSON]) -> Iterator[tuple[str, Mapping[str, JSON]]]:
    for kind in _STRATEGIES:
        given = strategy.get(kind)
        if isinstance(given, Mapping):
            yield kind, given
        for index, each in enumerate(given if isinstance(given, list) else ()):
            if isinstance(each, Mapping):
                yield f"{kind}/{index}", each


def _check_names(report: Report, pointer: str, attributes: Mapping[str, JSON]) -> None:
    for name in attributes:
        if name in KNOWN:
            continue
        place = f"{pointer}{step(name)}"
        if not NAME.match(name):
            problem = f"`{name}` cannot be the name of an attribute{guess(name, KNOWN)}"
            report.key("event-attribute", place, problem, "Names have only lower-case letters and digits.")
        elif (near := guess(name, KNOWN)) != ".":
            problem = f"`{name}` is not an attribute of every event, so it is taken for one of your own{near}"
            report.warn("event-attribute", place, problem, listing(KNOWN))


def _texts(value: JSON, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _texts(each, pointer + step(key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _texts(each, f"{pointer}/{index}")
