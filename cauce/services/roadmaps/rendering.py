"""A plan as other programs read it: CSV for spreadsheets, Mermaid for documents, iCalendar for calendars."""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Final

from cauce.services.roadmaps.exchange import runs
from cauce.services.roadmaps.plans import PlanView, Step
from workflows.roadmap.model import FACTORS

JSON = Any
_COLUMNS: Final = (
    *("id", "kind", "phase", "wave", "title", "pillar", "owner", "days", "after", "state", "start", "finish"),
    *("late_start", "late_finish", "total_float", "free_float", "critical", "start_shift", "finish_shift"),
    *FACTORS,
    *("run", "run_input"),
)
# What spreadsheets would take for a formula.
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
_OCTETS: Final = 75


def label(title: JSON, language: str) -> str:
    """Return a title in a language, or in the one that there is."""
    if isinstance(title, Mapping):
        return str(title.get(language) or next(iter(title.values()), ""))
    return str(title)


def as_csv(plan: PlanView, language: str) -> str:
    """Return a row for each step."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(_COLUMNS)
    for step in plan.steps:
        rows.writerow(_cell(each) for each in _values(step, language))
    return text.getvalue()


def _values(step: Step, language: str) -> Iterator[JSON]:
    process, told = runs.written(step.run, step.wave)
    for name in _COLUMNS:
        match name:
            case "title":
                yield label(step.title, language)
            case "after":
                yield "; ".join(step.after)
            case "run" | "run_input":
                yield (process if name == "run" else told) or None
            case _:
                yield step.cost.get(name) if name in FACTORS else getattr(step, name)


def _cell(value: JSON) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "" if value is None else str(value)
    return "'" + text if isinstance(value, str) and text.startswith(_FORMULAS) else text


def as_mermaid(plan: PlanView, language: str) -> str:
    """Return a Gantt chart with a section for each phase."""
    lines = [
        "gantt",
        f"  title {_plain(label(plan.title, language))}",
        "  dateFormat YYYY-MM-DD",
        "  axisFormat %Y-%m-%d",
    ]
    names = {step.id: f"s{number}" for number, step in enumerate(plan.steps)}
    for phase, steps in groupby(plan.steps, key=lambda step: step.phase):
        lines.append(f"  section {_plain(f'{phase} {label(plan.phases[phase], language)}')}")
        for step in steps:
            marks = ["crit"] * step.critical
            marks += {"done": ["done"], "started": ["active"], "waiting": []}[step.state]
            marks += ["milestone"] * (step.days == 0)
            # The chart's ends are not part of what ends there.
            ends = "0d" if step.days == 0 else (step.finish + timedelta(days=1)).isoformat()
            what = ", ".join([*marks, names[step.id], step.start.isoformat(), ends])
            lines.append(f"  {_plain(_titled(step, language))} :{what}")
    return "\n".join(lines) + "\n"


def _titled(step: Step, language: str) -> str:
    title = label(step.title, language)
    return f"{step.id} {title}" if step.kind == "gate" else f"{title} ({step.wave})" if step.wave else title


def _plain(text: str) -> str:
    """Return text without what means something to the chart."""
    return " ".join("".join(" " if each in ":;#,%" or ord(each) < ord(" ") else each for each in text).split())


def as_ical(plan: PlanView, language: str) -> str:
    """Return a calendar with an event of whole days for each step."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Cauce//Roadmap//EN", "CALSCALE:GREGORIAN"]
    lines.append(f"X-WR-CALNAME:{_escaped(label(plan.title, language))}")
    # The same plan is the same text, whenever it is fetched.
    stamp = f"{_day(plan.status or plan.start)}T000000Z"
    for step in plan.steps:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_escaped(step.id)}@{plan.roadmap}.roadmap.cauce",
            f"DTSTAMP:{stamp}",
            f"DTSTART;VALUE=DATE:{_day(step.start)}",
            f"DTEND;VALUE=DATE:{_day(step.finish + timedelta(days=1))}",
            f"SUMMARY:{_escaped(_titled(step, language))}",
            f"CATEGORIES:{_escaped(step.phase)}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    return "\r\n".join(_folded(line) for line in [*lines, "END:VCALENDAR"]) + "\r\n"


def _day(day: date) -> str:
    return day.strftime("%Y%m%d")


def _escaped(text: str) -> str:
    for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n"), ("\r", "\\n")):
        text = text.replace(plain, written)
    return text


def _folded(line: str) -> str:
    """Return a line of at most 75 octets, folded between characters."""
    parts, part, size = [], "", 0
    for each in line:
        length = len(each.encode())
        if size + length > _OCTETS:
            parts.append(part)
            part, size = " ", 1
        part, size = part + each, size + length
    return "\r\n".join([*parts, part])
