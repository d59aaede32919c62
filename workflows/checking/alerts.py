"""Checks alerts: that what they watch is there, and that their threshold is of the measure of their metric."""

from collections.abc import Mapping
from typing import Any

from cauce.alert_rules import EXAMPLES, LONGEST_FOR, LONGEST_WINDOW, UNITS, span, threshold
from schemas import guess, listing
from workflows.checking.known import World
from workflows.checking.report import Report

JSON = Any


def check_alert(report: Report, document: Mapping[str, JSON], world: World) -> None:
    """Check an alert."""
    metric = document["metric"]
    key = "above" if "above" in document else "below"
    if threshold(metric, document[key]) is None:
        problem = f"`{key}` of the metric `{metric}` is {EXAMPLES[UNITS[metric]]}."
        report.value("alert", f"/{key}", problem, f"Write it so: {EXAMPLES[UNITS[metric]]}.")
    for name, longest, words in (("window", LONGEST_WINDOW, "two hours"), ("for", LONGEST_FOR, "an hour")):
        if span(document.get(name), longest) > longest:
            report.value("alert", f"/{name}", f"`{name}` is at most {words}.", "Minutes are kept for three hours.")
    for index, name in enumerate(document.get("connections") or ()):
        if "*" not in name and name not in world.connections:
            problem = f"There is no connection `{name}`{guess(name, world.connections)}"
            report.value("unknown-connection", f"/connections/{index}", problem, listing(world.connections))
