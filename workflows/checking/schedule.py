"""Checks what starts a process by time, and its time zone."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from cauce.errors import DefinitionError, ExpressionError, InputError
from schemas import cron, did_you_mean, validate_data
from workflows.checking.events import check_strategy
from workflows.checking.report import Report
from workflows.checking.texts import Scope, check_bare
from workflows.durations import length

JSON = Any
_SHORTEST: Final = timedelta(seconds=1)
# Of months that begin at these moments, one is longer than the other.
_MOMENTS: Final = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 2, 1, tzinfo=UTC))

# Nothing but the event is known: no instance is there yet.
_FILTER: Final = Scope("an event filter of a schedule", frozenset())


def check_schedule(report: Report, document: Mapping[str, JSON]) -> None:
    """Check `schedule.every`, `cron` and `after`, and `document.metadata.cauce.timezone`."""
    metadata = (document.get("document") or {}).get("metadata")
    own = metadata.get("cauce") if isinstance(metadata, dict) else None
    name = own.get("timezone") if isinstance(own, dict) else None
    check_zone(report, "/document/metadata/cauce/timezone", name)
    schedule = document.get("schedule")
    if not isinstance(schedule, dict):
        return
    timed = [name for name in ("every", "cron", "after") if name in schedule]
    for name in ("every", "after"):
        if name in schedule:
            check_length(report, f"/schedule/{name}", name, schedule[name])
    if isinstance(schedule.get("cron"), str):
        check_cron(report, "/schedule/cron", schedule["cron"])
    if isinstance(schedule.get("on"), dict):
        _check_events(report, schedule["on"])
    if timed:
        _check_input(report, f"/schedule/{timed[0]}", document)


def check_zone(report: Report, pointer: str, name: JSON) -> None:
    """Check that there is a time zone of this name."""
    if isinstance(name, str) and name not in _zones():
        meant = did_you_mean(name, _zones())
        hint = f"Did you mean {meant}?" if meant else "Write it as the IANA does, such as Europe/Madrid or UTC."
        report.value("unknown-timezone", pointer, f"There is no time zone `{name}`.", hint)


def check_length(report: Report, pointer: str, name: str, value: JSON) -> None:
    """Check an `every` or `after`, as `name` says."""
    if isinstance(value, str) and "${" in value:
        hint = "Write the duration itself, such as PT1H."
        report.value("schedule", pointer, f"`{name}` cannot be an expression: no instance is there yet.", hint)
        return
    try:
        lengths = {length(value, moment) for moment in _MOMENTS}
    except ExpressionError as error:
        report.value("schedule", pointer, error.problem, error.hint)
        return
    shortest = min(lengths)
    if len(lengths) > 1:
        hint = "Count in weeks, days, hours or shorter, or write a `cron`."
        report.value("schedule", pointer, f"`{name}` cannot count months or years: they differ in length.", hint)
    elif name == "every" and (shortest < _SHORTEST or shortest.microseconds):
        hint = "Write PT1S or longer."
        report.value("schedule", pointer, "`every` counts whole seconds, and at least one.", hint)


def check_cron(report: Report, pointer: str, text: str) -> None:
    """Check a `cron`."""
    try:
        cron.parse(text)
    except cron.CronError as error:
        report.text("schedule", pointer, error.offset, error.problem, error.hint)


def _check_events(report: Report, on: Mapping[str, JSON]) -> None:
    check_strategy(report, "/schedule/on", on, _FILTER)
    until = on.get("until")
    if isinstance(until, dict):
        check_strategy(report, "/schedule/on/until", until, _FILTER)
    else:
        check_bare(report, "/schedule/on/until", until, Scope("an `until` of a schedule", frozenset()))
    names = {tuple(sorted(each["correlate"])): place for place, each in _correlating(on)}
    if len(names) > 1:
        problem = "The filters of a schedule have to correlate by the same names."
        hint = f"Write the same names everywhere; here are {' and '.join(', '.join(each) for each in names)}."
        report.key("schedule", f"/schedule/on/{list(names.values())[1]}/correlate", problem, hint)


def _correlating(on: Mapping[str, JSON]) -> Iterator[tuple[str, Mapping[str, JSON]]]:
    until = on.get("until")
    for head, strategy in (("", on), ("until/", until if isinstance(until, dict) else {})):
        for kind in ("one", "any", "all"):
            given = strategy.get(kind)
            single = [(kind, given)] if isinstance(given, dict) else []
            several = [(f"{kind}/{index}", each) for index, each in enumerate(given if isinstance(given, list) else [])]
            for place, each in single + several:
                if isinstance(each, dict) and isinstance(each.get("correlate"), dict):
                    yield head + place, each


def _check_input(report: Report, pointer: str, document: Mapping[str, JSON]) -> None:
    """Report a process that nobody gives an input to, although it wants one."""
    given = document.get("input")
    schema = given.get("schema") if isinstance(given, dict) else None
    wanted = schema.get("document") if isinstance(schema, dict) else None
    if wanted is None:
        return
    try:
        validate_data(wanted, None, where="input")
    except InputError:
        hint = "Allow `null` in `input.schema`, or let `schedule.on` start it with events."
        problem = "What starts by time has no input (`null`), and `input.schema` refuses that."
        report.key("schedule", pointer, problem, hint)
    except DefinitionError:
        return  # what is wrong with the schema itself is said where it stands


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
