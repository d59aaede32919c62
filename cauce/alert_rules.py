"""When an alert is raised, and when it is over: computed from figures alone, so that nothing has to be remembered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Final, Literal

from cauce.errors import DefinitionError
from cauce.figures import Figures
from schemas import durations

JSON = Any
Metric = Literal["error-rate", "reject-rate", "latency", "lag", "freshness", "throughput"]
Unit = Literal["share", "duration", "number"]
Verdict = Literal["raise", "keep", "over"]
UNITS: Final[Mapping[str, Unit]] = {
    "error-rate": "share",
    "reject-rate": "share",
    "latency": "duration",
    "lag": "duration",
    "freshness": "duration",
    "throughput": "number",
}
EXAMPLES: Final[Mapping[Unit, str]] = {
    "share": "a share such as 20% or 0.2",
    "duration": "a duration such as PT5S",
    "number": "a number of items a minute",
}
LONGEST_WINDOW: Final = timedelta(hours=2)
LONGEST_FOR: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)
_SLOW: Final = 0.95


@dataclass(frozen=True, slots=True)
class Rule:
    """What an alert's file says, with its threshold as a number: a share, seconds, or items a minute."""

    name: str
    title: JSON
    metric: Metric
    threshold: float
    above: bool
    connections: tuple[str, ...] = ("*",)
    syncs: tuple[str, ...] = ()
    operations: tuple[str, ...] = ("*",)
    by_operation: bool = False
    window: timedelta = timedelta(minutes=5)
    lasting: timedelta = timedelta()
    at_least: int = 1
    severity: str = "warning"

    def watches(self, subject: str, name: str, operation: str) -> bool:
        """Tell whether something is among what it watches."""
        wanted = self.connections if subject == "connection" else self.syncs
        return any(fnmatchcase(name, each) for each in wanted) and any(
            fnmatchcase(operation, each) for each in self.operations
        )


@dataclass(frozen=True, slots=True)
class Course:
    """What happened at something: the figures of its last minutes, and when something last came through."""

    minutes: Sequence[tuple[datetime, Figures]]
    done_at: datetime | None = None


def threshold(metric: str, given: JSON) -> float | None:
    """Return a threshold as a number; None when it is not what the metric is measured in."""
    unit = UNITS[metric]
    found: float | None = None
    if isinstance(given, int | float) and not isinstance(given, bool):
        found = float(given) if unit != "duration" else None
    elif isinstance(given, str) and unit == "duration":
        found = durations.seconds(given)
    elif isinstance(given, str) and unit == "share" and given.endswith("%"):
        text = given[:-1].strip()
        found = float(text) / 100 if text.replace(".", "", 1).isdecimal() else None
    return None if unit == "share" and found is not None and found > 1 else found


def span(given: JSON, usual: timedelta) -> timedelta:
    """Return a duration of an alert's file, in whole minutes."""
    seconds = durations.seconds(given) if isinstance(given, str) else None
    if seconds is None:
        return usual
    return timedelta(minutes=-(-seconds // 60))


def rule_of(document: Mapping[str, JSON]) -> Rule:
    """Return what an alert's file says; raises `DefinitionError` for a threshold of another measure."""
    above = "above" in document
    limit = threshold(document["metric"], document.get("above", document.get("below")))
    if limit is None:
        raise DefinitionError(f"The alert {document['alert']} has no threshold that its metric can reach.")
    watches = {key: tuple(document[key]) for key in ("connections", "syncs", "operations") if key in document}
    if "syncs" in document:
        watches.setdefault("connections", ())
    return Rule(
        name=document["alert"],
        title=document["title"],
        metric=document["metric"],
        threshold=limit,
        above=above,
        **watches,
        by_operation=document.get("group") == "operation",
        window=max(_MINUTE, span(document.get("window"), timedelta(minutes=5))),
        lasting=span(document.get("for"), timedelta()),
        at_least=document.get("atLeast", 1),
        severity=document.get("severity", "warning"),
    )


def judge(rule: Rule, course: Course, now: datetime) -> tuple[Verdict, float | None]:
    """Tell whether an alert is to be raised, or is over, or stays as it is; and what was measured now.

    Where nobody calls, nothing can be told: then what is raised stays so, and nothing new is raised.
    """
    ends = [now - number * _MINUTE for number in range(int(rule.lasting / _MINUTE) + 1)]
    if all(_is_beyond(rule, _measure(rule, course, end, rule.at_least)) for end in ends):
        return "raise", _measure(rule, course, now, rule.at_least)
    # A single call that is as it should be ends what takes many calls to begin.
    measured = [_measure(rule, course, end, 1) for end in ends]
    quiet = measured[0] is not None and not any(_is_beyond(rule, value) for value in measured)
    return ("over" if quiet else "keep"), measured[0]


def _is_beyond(rule: Rule, value: float | None) -> bool:
    return value is not None and (value > rule.threshold if rule.above else value < rule.threshold)


def _measure(rule: Rule, course: Course, end: datetime, at_least: int) -> float | None:
    """Return what was measured in the window up to a moment; None when that tells nothing."""
    if rule.metric == "freshness":
        if course.done_at is None:
            return None
        # What came through later was not there yet; it is now, and that ends it.
        return max(0.0, (end - course.done_at).total_seconds()) if course.done_at <= end else 0.0
    # As many whole minutes as the window has, the last of which has only begun.
    before = (end - rule.window).replace(second=0, microsecond=0)
    whole = Figures()
    for at, figures in course.minutes:
        if before < at <= end:
            whole.add(figures)
    if rule.metric == "throughput":
        return whole.items / (rule.window / _MINUTE)
    if whole.calls < at_least:
        return None
    latency = whole.quantile(_SLOW)
    found: Mapping[str, float | None] = {
        "error-rate": whole.failed / whole.calls,
        "reject-rate": whole.rejected / whole.items if whole.items else None,
        "latency": None if latency is None else latency / 1_000,
        "lag": whole.lag_ms / 1_000,
    }
    return found[rule.metric]
