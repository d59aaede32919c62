"""Checks the limits of a connection: that they can be kept, and fit each other."""

from collections.abc import Mapping
from typing import Any

from cauce.contract import CALL_WAIT_S
from schemas.durations import seconds
from workflows.checking.report import Report

JSON = Any
_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_DURATIONS = (("wait",), ("breaker", "reset"), ("retries", "window"))


def check_limits(report: Report, document: Mapping[str, JSON]) -> None:
    """Report limits that keep every call from being made, or that contradict each other."""
    limits = document.get("limits") or {}
    for *within, last in _DURATIONS:
        holder = (limits.get(within[0]) or {}) if within else limits
        if last in holder and not seconds(holder[last]):
            place = "/".join(["/limits", *within, last])
            problem = f"`{holder[last]}` is not a duration that a limit can have."
            report.value("limits", place, problem, "Write more than nothing, without years or months: PT20S, P1D.")
    wait_s = (seconds(limits["wait"]) if "wait" in limits else None) or CALL_WAIT_S
    _check_rate(report, limits, wait_s)
    reset_s = seconds((limits.get("breaker") or {}).get("reset", "PT30S"))
    if "wait" in limits and reset_s is not None and reset_s >= wait_s:
        problem = "A call may not wait as long as an open circuit is left alone."
        report.warn("limits", "/limits/wait", problem, "Let `wait` be longer than `breaker.reset`.")


def _check_rate(report: Report, limits: Mapping[str, JSON], wait_s: float) -> None:
    if "rate" not in limits:
        return
    amount, _, unit = limits["rate"].partition("/")
    between_s = _UNITS[unit] / float(amount)
    if between_s >= wait_s:
        problem = f"A call waits up to {between_s:g} s for its turn, and may wait {wait_s:g} s."
        report.value("limits", "/limits/rate", problem, "Raise the rate, or `wait`.")
