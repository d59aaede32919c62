"""Checks the meaning of calendars."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from cauce.calendars import holidays, regions
from cauce.errors import ExpressionError
from schemas import guess, listing
from workflows.checking.known import World
from workflows.checking.report import Report
from workflows.durations import calendar_of
from workflows.working_time import working_length

JSON = Any
_LONGEST_EXCEPTION: Final = 366


def check_calendar_name(report: Report, pointer: str, name: str, world: World) -> None:
    """Check that there is a calendar with a name."""
    if name not in world.calendars:
        problem = f"There is no calendar `{name}`{guess(name, world.calendars)}"
        hint = listing(world.calendars) or "Write it, or check it together with this file."
        report.value("unknown-calendar", pointer, problem, hint)


def check_working_length(report: Report, pointer: str, length: JSON) -> None:
    """Check that a length means something in working time; one that an expression gives is not known yet."""
    if isinstance(length, str) and length.startswith("${"):
        return
    try:
        working_length(length)
    except ExpressionError as error:
        report.value("working-time", pointer, error.problem, error.hint or "")


def check_calendar_of_task(report: Report, pointer: str, task: Mapping[str, JSON], world: World) -> None:
    """Check the calendar that the time limit of a task counts in, and how long it waits."""
    name = calendar_of(task)
    if name is None:
        return
    place, limit = f"{pointer}/metadata/cauce/calendar", task.get("timeout")
    if limit is None and "wait" not in task:
        hint = "Give the task a `timeout`, or leave the calendar out; a human task has one in `due` and `expires`."
        report.key("working-time", place, "Nothing of this task counts in a calendar.", hint)
    check_calendar_name(report, place, name, world)
    if isinstance(limit, Mapping) and "after" in limit:
        check_working_length(report, f"{pointer}/timeout/after", limit["after"])
    if "wait" in task:
        check_working_length(report, f"{pointer}/wait", task["wait"])


def check_calendar(report: Report, document: Mapping[str, JSON], world: World) -> None:
    """Check the hours, days and holidays of a calendar."""
    del world
    zone, hours = document["timezone"], document["hours"]
    if not _is_zone(zone):
        hint = "Write one such as Europe/Madrid."
        report.value(
            "unknown-timezone", "/timezone", f"There is no time zone `{zone}`{guess(zone, available_timezones())}", hint
        )
    for name, spans in hours.items():
        _check_spans(report, f"/hours/{name}", spans)
    if not any(hours.values()):
        report.key("working-time", "/hours", "Nobody ever works in this calendar.", "Give at least one day hours.")
    _check_holidays(report, document.get("holidays"))
    for index, each in enumerate(document.get("exceptions") or ()):
        place = f"/exceptions/{index}"
        _check_spans(report, f"{place}/hours", each["hours"])
        _check_days(report, place, each)


def _check_days(report: Report, pointer: str, exception: Mapping[str, JSON]) -> None:
    found = {}
    for name in ("on", "to"):
        try:
            found[name] = date.fromisoformat(exception.get(name) or exception["on"])
        except ValueError:
            problem = f"`{exception[name]}` is no day."
            report.value("working-time", f"{pointer}/{name}", problem, "Write year, month and day: '2026-12-24'.")
            return
    days = (found["to"] - found["on"]).days
    if not 0 <= days < _LONGEST_EXCEPTION:
        problem = f"`to` is {'before `on`' if days < 0 else 'more than a year after `on`'}."
        report.value("working-time", f"{pointer}/to", problem, "Give the last day of the exception.")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return False
    return True


def _check_spans(report: Report, pointer: str, spans: Sequence[str]) -> None:
    before = "00:00"
    for index, span in enumerate(spans):
        begin, _, end = span.partition("-")
        if begin < before or end <= begin:
            problem = f"`{span}` {'ends before it begins' if end <= begin else 'begins before the one before it ends'}."
            hint = (
                "Give the spans of a day in their order; work over midnight is one span until 24:00 and one from 00:00."
            )
            report.value("working-time", f"{pointer}/{index}", problem, hint)
            return
        before = end


def _check_holidays(report: Report, given: Mapping[str, JSON] | None) -> None:
    if not given:
        return
    try:
        holidays(given, range(2024, 2025))
    except LookupError:
        known = regions(given["country"])
        name = "region" if known else "country"
        problem = f"No public holidays are known for `{given[name]}`{guess(given[name], known)}"
        hint = listing(known) if known else "Leave it out, and list the days under `exceptions`."
        report.value("unknown-holidays", f"/holidays/{name}", problem, hint)
