"""Clocks as they were published with a process."""

from collections.abc import Iterator, Mapping

from cauce.contract import JSON
from workflows.model.clocks import ClockRules, ClockStep
from workflows.working_time import WorkingTime

BREACH = "breach"


def clocks_of(bundle: Mapping[str, JSON]) -> dict[str, ClockRules]:
    """Return the clocks of a bundle by name."""
    calendars = {name: WorkingTime.of(pinned) for name, pinned in (bundle.get("calendars") or {}).items()}
    return {name: _rules(document, calendars) for name, document in (bundle.get("clocks") or {}).items()}


def _rules(document: Mapping[str, JSON], calendars: Mapping[str, WorkingTime]) -> ClockRules:
    return ClockRules(
        name=document["clock"],
        title=document.get("title") or document["clock"],
        targets={"": document["target"]} if "target" in document else dict(document["targets"]),
        pauses=document.get("pauses") or {},
        steps=tuple(_steps(document)),
        calendar=calendars[document["calendar"]] if "calendar" in document else None,
    )


def _steps(document: Mapping[str, JSON]) -> Iterator[ClockStep]:
    """Yield what happens by itself; what is written at the same moment happens in the order of the file."""
    for percent in document.get("warn") or ():
        yield ClockStep(f"warn {percent:g}", "warned", at=percent)
    yield ClockStep(BREACH, "breached", at=100)
    for number, each in enumerate(document.get("escalate") or ()):
        does = {name: each[name] for name in ("notify", "assign", "raise", "unclaimed") if name in each}
        if "at" in each:
            yield ClockStep(
                f"escalate {number} {each['at']:g}", "escalated", at=each["at"], does=does, again=each.get("again")
            )
        else:
            yield ClockStep(f"escalate {number} -{each['before']}", "escalated", before=each["before"], does=does)
