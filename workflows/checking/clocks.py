"""Checks the meaning of clocks, and of the calls that do something to one."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cauce.errors import ExpressionError
from schemas import guess, listing
from schemas.source import step
from workflows import durations
from workflows.checking.known import World
from workflows.checking.report import Report
from workflows.checking.walk import Process
from workflows.working_time import Length, working_length

JSON = Any
# What a call may say, by what it does.
_SAYS: Final[Mapping[str, frozenset[str]]] = {
    "start": frozenset({"severity", "from", "tasks"}),
    "pause": frozenset({"reason", "until"}),
    "resume": frozenset(),
    "stop": frozenset(),
    "change": frozenset({"severity"}),
}
_END: Final = 100
_OFTENEST: Final = timedelta(hours=1)
_LEAP_DAY: Final = datetime(2028, 2, 29, tzinfo=UTC)


def check_clock(report: Report, document: Mapping[str, JSON], world: World) -> None:
    """Check that the calendar of a clock exists, and that its durations mean something there."""
    calendar = document.get("calendar")
    if calendar is not None and calendar not in world.calendars:
        problem = f"There is no calendar `{calendar}`{guess(calendar, world.calendars)}"
        hint = listing(world.calendars) or "Write it, or check it together with this file."
        report.value("unknown-calendar", "/calendar", problem, hint)
    lengths = [("/target", document.get("target"))]
    lengths += [(f"/targets{step(name)}", each) for name, each in (document.get("targets") or {}).items()]
    lengths += [
        (f"/pauses{step(name)}/most", each.get("most")) for name, each in (document.get("pauses") or {}).items()
    ]
    lengths += [
        (f"/escalate/{number}/before", each.get("before")) for number, each in enumerate(document.get("escalate") or ())
    ]
    for place, length in lengths:
        if length is not None:
            _check_length(report, place, length, counted=calendar is not None)
    for number, each in enumerate(document.get("escalate") or ()):
        if "again" in each:
            _check_again(report, f"/escalate/{number}", each, counted=calendar is not None)


def _check_again(report: Report, place: str, rung: Mapping[str, JSON], *, counted: bool) -> None:
    """Check that what is said again is said after the end, to somebody, and not so often that nobody reads it."""
    if rung.get("at", 0) < _END or "notify" not in rung:
        problem = "Only who is told at the end or behind it is told again."
        report.key("clock", f"{place}/again", problem, "Give `at` of 100 or more, and `notify`.")
    elif _check_length(report, f"{place}/again", rung["again"], counted=counted):
        lasts = working_length(rung["again"]) if counted else durations.length(rung["again"], _LEAP_DAY)
        if lasts < _OFTENEST if isinstance(lasts, timedelta) else not lasts.days and lasts.time < _OFTENEST:
            problem = f"`{rung['again']}` is more often than once an hour."
            report.value("clock", f"{place}/again", problem, "Say for example P1D.")


def _check_length(report: Report, place: str, length: str, *, counted: bool) -> bool:
    """Report a length that is none; tell whether it is one."""
    try:
        lasts = working_length(length) if counted else durations.length(length, _LEAP_DAY)
    except ExpressionError as error:
        report.value("working-time", place, error.problem, error.hint or "")
        return False
    if not lasts or lasts == Length():
        report.value("working-time", place, f"`{length}` is no time at all.", "Give it some.")
        return False
    return True


def check_clock_call(process: Process, pointer: str, given: Mapping[str, JSON]) -> None:
    """Check that a clock can do what a call asks of it."""
    report, clocks = process.report, process.world.clocks
    name, action = given["clock"], given["action"]
    for key in sorted(set(given) - {"clock", "action"} - _SAYS[action]):
        hint = listing(sorted(_SAYS[action]), word="It takes") or "Leave it out."
        report.key("clock", f"{pointer}{step(key)}", f"`{action}` does nothing with `{key}`.", hint)
    if name not in clocks:
        problem = f"There is no clock `{name}`{guess(name, clocks)}"
        hint = listing(clocks) or "Write it, or check it together with this file."
        report.value("unknown-clock", f"{pointer}/clock", problem, hint)
        return
    document = clocks[name]
    if isinstance(document, dict):
        if action == "pause":
            _check_pause(report, pointer, given, document)
        elif action in {"start", "change"}:
            _check_severity(report, pointer, given, document)


def _check_pause(report: Report, pointer: str, given: Mapping[str, JSON], document: Mapping[str, JSON]) -> None:
    pauses, reason = document.get("pauses"), given.get("reason")
    if not isinstance(pauses, dict) or not pauses:
        hint = "Leave it out, or list its `pauses`."
        report.value("clock", f"{pointer}/action", f"The clock `{given['clock']}` never pauses.", hint)
    elif reason is None:
        report.key("clock", pointer, "A pause needs a `reason`.", listing(pauses))
    elif "${" not in reason and reason not in pauses:
        problem = f"The clock `{given['clock']}` does not pause for `{reason}`{guess(reason, pauses)}"
        report.value("clock", f"{pointer}/reason", problem, listing(pauses, word="Its reasons are"))
    elif "until" not in given and not all(isinstance(each, dict) and "most" in each for each in _of(pauses, reason)):
        report.key("clock", pointer, "A pause needs an end.", "Give `until`, or the reason `most`.")


def _of(pauses: Mapping[str, JSON], reason: str) -> list[JSON]:
    return [pauses[reason]] if reason in pauses else list(pauses.values())


def _check_severity(report: Report, pointer: str, given: Mapping[str, JSON], document: Mapping[str, JSON]) -> None:
    targets, severity = document.get("targets"), given.get("severity")
    if not isinstance(targets, dict):
        return
    if severity is None:
        report.key("clock", pointer, "Which target holds is up to a `severity`.", listing(targets))
    elif "${" not in severity and severity not in targets:
        problem = f"The clock `{given['clock']}` has no target for `{severity}`{guess(severity, targets)}"
        report.value("clock", f"{pointer}/severity", problem, listing(targets, word="It has"))
