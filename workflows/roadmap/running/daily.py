"""What happens to a roadmap by itself: days pass, months end, risks come, and it asks whether to go on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from cauce.errors import ConflictError
from cauce.evidence_words import worded
from cauce.roadmaps import CancelRoadmap, ReportMetrics
from workflows.roadmap import earned, risks
from workflows.roadmap.model import Actual
from workflows.roadmap.plan import Plan, Planned
from workflows.roadmap.running import acts, inbox
from workflows.roadmap.running.changes import baseline
from workflows.roadmap.running.course import Course, Moment
from workflows.roadmap.running.journal import Event

JSON = Any
_RATIO: Final = Decimal("0.0001")
_RED_IN_A_ROW: Final = 2
_DAY: Final = timedelta(days=1)
_MOST_METRICS: Final = 500
_HUB: Final = "cauce"


def begin(course: Course, by: str, moment: Moment, happened: Sequence[JSON] = ()) -> Iterator[Event]:
    """Yield how a roadmap begins: with its plan as the first baseline.

    One that is taken over is measured by its plan as it was written, from the months on that lie behind it.
    """
    today = course.start if happened else max(moment.today, course.start)
    first = baseline(course.plan(today), by, "")  # before it knows which day it is
    yield {"kind": "roadmap-started", "by": by, "day": moment.today.isoformat()}
    yield first
    for each in happened:
        yield {"kind": "taken-over", "by": by, "step": each["id"], "said": dict(each)}
    if happened:
        yield from _months_behind(course, moment)


def _months_behind(course: Course, moment: Moment) -> Iterator[Event]:
    """Yield the months before today as they ended; what is done counts with all of its cost on its last day."""
    last = course.start.replace(day=1)
    while (last := (last + timedelta(days=32)).replace(day=1)) <= moment.today:
        end = last - _DAY
        known = course.actuals().items()
        yield _period(course, end, {name: each for name, each in known if each.finished and each.finished <= end})


def day_came(course: Course, moment: Moment) -> list[Event]:
    """Return what a new day brings: perhaps the end of a month."""
    before = date.fromisoformat(course.journal.today)
    if moment.today <= before:
        return []
    found: list[Event] = [{"kind": "day-came", "by": _HUB, "day": moment.today.isoformat()}]
    if moment.today.replace(day=1) > before.replace(day=1) and moment.today > course.start:
        found.append(_period(course, moment.today.replace(day=1) - _DAY))
    return found


def follow_ups(course: Course, moment: Moment) -> Iterator[Event]:
    """Yield what follows from how things are now: risks that have come or gone, and the question whether to go on."""
    listed = course.document.get("risks") or []
    known = metrics(course, moment.today)
    fired = risks.fired(listed, known)
    triggers = {each["id"]: risks.label(each.get("trigger") or {}) for each in listed}
    for name in fired:
        if name not in course.journal.risks:
            metric = triggers[name]
            yield {"kind": "risk-fired", "by": _HUB, "risk": name, "metric": metric, "value": known[metric]}
    for name in list(course.journal.risks):
        if name not in fired:
            yield {"kind": "risk-over", "by": _HUB, "risk": name}
    if reasons := _stopping(course, known):
        round_ = (course.journal.stop or {}).get("round", 0) + 1
        yield {"kind": "stop-asked", "by": _HUB, "round": round_, "why": reasons}


def metrics(course: Course, today: date) -> dict[str, float]:
    """Return the figures that risks and stop criteria watch: those of the roadmap itself, and those reported."""
    work = course.roadmap.activities
    total = sum((each.budget for each in work), Decimal())
    found: dict[str, float] = {"red-cycles": float(_red_cycles(course))}
    if total:
        technology = sum((each.budget for each in work if each.pillar == "technology"), Decimal())
        found["technology-share"] = float(technology / total)
        # Earned value of thousands of activities takes its time, and few roadmaps watch it between reports.
        overrun = _performance(course, today).eac_typical.value if _is_watched(course, "cost-overrun") else None
        if overrun is not None:
            found["cost-overrun"] = float(overrun / total - 1)
    return {**found, **course.journal.metrics}


def _is_watched(course: Course, metric: str) -> bool:
    return any(each.get("metric") == metric for each in _triggers(course))


def _triggers(course: Course) -> Iterator[Mapping[str, JSON]]:
    for each in course.document.get("risks") or []:
        yield each.get("trigger") or {}
    yield from course.document.get("stop") or []


# The roadmap reckons these itself.
_OWN: Final = frozenset({"red-cycles", "technology-share", "cost-overrun"})


def watched(course: Course) -> list[dict[str, str]]:
    """Return the figures that the hub may have of itself, and that a risk or a stop criterion watches."""
    found = {
        risks.label(each): {"metric": each["metric"], "of": str(each.get("of", ""))}
        for each in _triggers(course)
        if each.get("metric") and each["metric"] not in _OWN
    }
    return list(found.values())


def measured_now(course: Course, given: Mapping[str, float]) -> list[Event]:
    """Return that the hub has other figures than the last time; what it does not have stays as people report it."""
    if dict(given) == course.journal.measured:
        return []
    return [{"kind": "metrics-measured", "by": _HUB, "metrics": dict(given)}]


def report_metrics(given: ReportMetrics) -> list[Event]:
    """Take figures from outside."""
    for name, value in list(given.metrics.items())[: _MOST_METRICS + 1]:
        acts.text(name, "name", needed=True)
        acts.number(name, abs(value), 10**15)
    if len(given.metrics) > _MOST_METRICS:
        raise ConflictError(f"There are more than {_MOST_METRICS} figures.", hint="Report them in parts.")
    return [{"kind": "metrics-reported", "by": given.by, "metrics": dict(given.metrics)}]


def cancel(given: CancelRoadmap) -> list[Event]:
    """End it."""
    reason = acts.text(given.reason, "reason", needed=True)
    return [{"kind": "roadmap-ended", "by": given.by, "state": "cancelled", "reason": reason}]


def ending(course: Course) -> Iterator[Event]:
    """Yield its end, once everything is done."""
    if course.journal.state == "running" and all(course.state(each.id) == "done" for each in course.roadmap.activities):
        yield {"kind": "roadmap-ended", "by": _HUB, "state": "completed", "reason": ""}


def measured(course: Course, today: date) -> Plan:
    """Return the baseline that is in force as a plan; what is not in it is as it is planned now."""
    what = ("measured", course.as_of(today), len(course.journal.baselines))
    return course.once(what, lambda: _measured(course, today))


def _measured(course: Course, today: date) -> Plan:
    plan, spans, days = course.plan(today), course.baseline(), course.days
    found = []
    for each in plan.activities:
        span = spans.get(each.activity.id)
        if span is None:
            found.append(each)
            continue
        end = days.after(span.finish)
        start = days.number(span.start) if each.activity.days else end
        found.append(replace(each, begin=start, end=end, late_end=end, start=span.start, finish=span.finish))
    return _whole(plan, found)


def _whole(plan: Plan, found: list[Planned]) -> Plan:
    if not found:
        return plan
    start, finish = min(each.start for each in found), max(each.finish for each in found)
    begin, end = min(each.begin for each in found), max(each.end for each in found)
    return Plan(tuple(found), start, finish, begin, end, None)


def overspent(course: Course, piece: Mapping[str, JSON], moment: Moment) -> dict[str, JSON]:
    """Answer whether what was spent is within what was planned to be: a part of it, of all factors or of one."""
    done, of = _performance(course, moment.today), piece.get("of", "")
    figure = done.factors.get(of, done.whole).overspent
    asked = {"asked": f"budget-variance{f' of {of}' if of else ''}", "at": moment.at}
    if figure.value is None:
        return {"holds": False, "value": None, **asked, **worded("not-reckoned", reason=figure.reason)}
    value = float(figure.value.quantize(_RATIO))
    holds = piece.get("least", value) <= value <= piece.get("most", value)
    words = worded("underspent" if value < 0 else "overspent", percent=round(abs(value) * 100, 2))
    return {"holds": holds, "value": value, **asked, **words}


def _performance(course: Course, today: date) -> earned.Performance:
    what = ("performance", today, course.as_of(today), len(course.journal.baselines))
    return course.once(
        what, lambda: earned.performance(measured(course, today), course.actuals(), course.days.after(today))
    )


def _period(course: Course, last: date, happened: Mapping[str, Actual] | None = None) -> Event:
    """Return how the month does that ends with a day, by what has happened or by what had by then."""
    base = measured(course, last)
    actuals = course.actuals() if happened is None else happened
    done = earned.performance(base, actuals, course.days.after(last))
    bands: Mapping[str, Mapping[str, float]] = course.document.get("thresholds") or {}
    lights = []
    for name in ("cpi", "spi"):
        if name in bands:
            amber, red = (Decimal(str(bands[name][band])) for band in ("amber", "red"))
            lights.append(earned.light(getattr(done, name), amber, red))
    said = {"pv": done.whole.pv, "ev": done.whole.ev, "ac": done.whole.ac}
    figures: dict[str, JSON] = {name: str(value.quantize(_RATIO)) for name, value in said.items()}
    for name in ("cpi", "spi", "spi_t", "eac_typical"):
        value = getattr(done, name).value
        figures[name] = None if value is None else str(value.quantize(_RATIO))
    light = next((each for each in ("red", "amber", "green") if each in lights), "")
    return {"kind": "period-closed", "by": _HUB, "period": f"{last:%Y-%m}", "figures": figures, "light": light}


def _red_cycles(course: Course) -> int:
    """Return how many periods have been red, one after the other, up to the last."""
    found = 0
    for each in reversed(course.journal.periods):
        if each["light"] != "red":
            break
        found += 1
    return found


def _stopping(course: Course, known: Mapping[str, float]) -> list[str]:
    """Return why somebody has to say whether it goes on; nothing when that was asked and there is nothing new."""
    journal = course.journal
    since = len(journal.periods) - journal.stop["periods"] if journal.stop else _RED_IN_A_ROW
    if journal.state != "running" or (journal.stop and "decision" not in journal.stop) or since < _RED_IN_A_ROW:
        return []
    criteria = course.document.get("stop") or []
    found = [each["id"] for each in criteria if risks.fired([{"id": each["id"], "trigger": each}], known)]
    if not found and "red-cycles" not in {each.get("metric") for each in criteria}:
        found = ["red-cycles"] if _red_cycles(course) >= _RED_IN_A_ROW else []
    return found


def next_day(course: Course, today: date) -> date:
    """Return the next day on which something happens by itself: the one timer that a roadmap has.

    That is the first of a month; a task is left lying too long; something is to begin; or what is open would have been
    done or begun by now, and the plan moves with each day that it is not.
    """
    days = course.days
    tomorrow = days.day(days.after(today))
    found = [(today.replace(day=1) + timedelta(days=32)).replace(day=1)]
    if course.journal.measured and watched(course):
        # What the hub has of itself changes by itself.
        found.append(tomorrow)
    found += [max(day, tomorrow) for day in inbox.climbs(course)]
    for each in course.plan(today).activities:
        state = course.state(each.activity.id)
        if state not in ("done", "waiting"):
            day = _own_day(each, state, today)
            found.append(max(days.day(days.number(day)), tomorrow))
    return min(found)


def _own_day(each: Planned, state: str, today: date) -> date:
    """Return the day on which something that is open does what it is to do by then, or does not."""
    if state == "ready" and not each.activity.gate:
        return each.start if each.start > today else today + _DAY
    return each.finish + _DAY
