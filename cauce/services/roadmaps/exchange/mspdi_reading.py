"""Reads Microsoft Project's XML."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Any, Final

from cauce.errors import InputError
from cauce.services.roadmaps.exchange import mspdi, runs
from cauce.services.roadmaps.exchange.project import Phase, Project, Task, most_tasks
from cauce.xml import parse_xml
from workflows.roadmap.model import Link, LinkType

Element = Any
_NS: Final = {"p": mspdi.NAMESPACE}
_TYPES: Final[Mapping[str, LinkType]] = {number: name for name, number in mspdi.LINKS.items()}
_CONSTRAINTS: Final = {number: name for name, number in mspdi.CONSTRAINTS.items()}
_PINNED: Final = {"2": "startNoEarlier", "3": "finishNoEarlier"}
_OWN: Final = {number: name for name, number in mspdi.TEXTS.items()}
_FACTOR: Final = {number: factor for factor, number in mspdi.COSTS.items()}
# Lags that are a part of the other's length, or in hours of the clock.
_PERCENT: Final = frozenset({"19", "20", "51", "52"})
_DURATION: Final = re.compile(r"PT(?:(\d{1,7})H)?(?:(\d{1,7})M)?(?:(\d{1,7})(?:\.\d+)?S)?", re.ASCII)
# What its binary files begin with.
_BINARY: Final = b"\xd0\xcf\x11\xe0"


def read_mspdi(content: bytes) -> Project:
    """Return the plan of a file.

    Raises:
        InputError: It is no such XML, is too large, or has a value that cannot be.
    """
    if content.startswith(_BINARY):
        raise InputError("This is Microsoft Project's own format.", hint="Save it there as XML, and give that file.")
    root = parse_xml(content)
    if root is None or root.tag != f"{{{mspdi.NAMESPACE}}}Project":
        raise InputError("This is not Microsoft Project's XML.", hint="In Project: Save As, XML format.")
    elements = root.findall("p:Tasks/p:Task", _NS)
    if len(elements) > most_tasks:
        raise InputError(f"The file has more than {most_tasks:,} tasks.", hint="Hand it over in parts.")
    return _Reader(root).project(elements)


@dataclass(frozen=True, slots=True)
class _Line:
    """A task as it is written: its level, whether it is a heading, and what stands below a heading."""

    level: int
    is_heading: bool
    task: Task
    links: tuple[tuple[Element, str], ...] = ()


class _Reader:
    def __init__(self, root: Element) -> None:
        self.root = root
        self.remarks: list[str] = []
        resources = root.findall("p:Resources/p:Resource", _NS)
        self.people = {_text(each, "UID"): _text(each, "Code") or _text(each, "Name") for each in resources}
        self.titles = {self.people[_text(each, "UID")]: _text(each, "Name") for each in resources}
        self.assigned: dict[str, str] = {}
        for each in root.findall("p:Assignments/p:Assignment", _NS):
            self.assigned.setdefault(_text(each, "TaskUID"), self.people.get(_text(each, "ResourceUID"), ""))
        self.day = _number(_text(root, "MinutesPerDay") or str(mspdi.DAY_MINUTES), "MinutesPerDay")
        if not 0 < self.day <= 24 * 60:
            raise InputError(f"A day of {self.day} minutes cannot be.", hint="Look at MinutesPerDay.")

    def project(self, elements: Iterable[Element]) -> Project:
        lines = [self._line(each) for each in elements if _text(each, "UID") != "0" and _text(each, "IsNull") != "1"]
        phases = [replace(phase, tasks=list(self._linked(phase.tasks, lines))) for phase in _phases(lines)]
        start = _text(self.root, "StartDate")
        return Project(
            name=_text(self.root, "Title") or _text(self.root, "Name") or "Project",
            phases=[phase for phase in phases if phase.tasks],
            start=_day(start, "StartDate") if start else None,
            currency=_text(self.root, "CurrencyCode"),
            owners={name: title for name, title in self.titles.items() if name},
            remarks=self.remarks,
        )

    def _line(self, element: Element) -> _Line:
        key, name = _text(element, "UID"), _text(element, "Name")
        own = {_text(each, "FieldID"): _text(each, "Value") for each in element.findall("p:ExtendedAttribute", _NS)}
        known = {field: own[number] for number, field in _OWN.items() if number in own}
        is_gate = own.get(mspdi.GATE) == "1"
        is_heading = _text(element, "Summary") == "1"
        links = tuple((each, name) for each in element.findall("p:PredecessorLink", _NS))
        task = Task(
            key=key,
            name=name or f"Task {key}",
            days=0 if is_heading else self._days(element, name),
            id=known.get("id", ""),
            pillar=known.get("pillar", ""),
            owner=known.get("owner") or self.assigned.get(key, ""),
            gate=is_gate,
            cost={} if is_heading else self._cost(element, own),
            constraint={} if is_heading else self._constraint(element, name),
            run=runs.read(known.get("run", ""), known.get("input", ""), name, self.remarks),
        )
        return _Line(int(_number(_text(element, "OutlineLevel") or "1", "OutlineLevel")), is_heading, task, links)

    def _days(self, element: Element, name: str) -> int:
        text = _text(element, "Duration") or "PT0H0M0S"
        found = _DURATION.fullmatch(text)
        if found is None:
            raise InputError(f"`{name}` lasts {text[:40]!r}, which is no duration.", hint="Write it as PT40H0M0S.")
        hours, minutes, seconds = (Decimal(part or 0) for part in found.groups())
        days = (hours * 60 + minutes + seconds / 60) / self.day
        if days != days.to_integral_value():
            self.remarks.append(f"`{name}` lasts {days:.2f} days there; whole days are planned.")
        return int(days.to_integral_value(ROUND_CEILING))

    def _cost(self, element: Element, own: Mapping[str, str]) -> dict[str, Decimal]:
        factors = {factor: _money(own[number]) for number, factor in _FACTOR.items() if number in own}
        if factors:
            return factors
        cost = _text(element, "Cost") or _text(element, "FixedCost")
        return {"management": _money(cost)} if cost else {}

    def _constraint(self, element: Element, name: str) -> dict[str, date]:
        kind, at, deadline = (_text(element, each) for each in ("ConstraintType", "ConstraintDate", "Deadline"))
        found = {}
        if at and (known := _CONSTRAINTS.get(kind) or _PINNED.get(kind)):
            found[known] = _day(at, "ConstraintDate")
            if kind in _PINNED:
                self.remarks.append(f"`{name}` must be on a day there; here it is not before it.")
        if kind == "1":
            self.remarks.append(f"`{name}` is as late as possible there; here it is as soon as it can be.")
        return found | ({"finishNoLater": _day(deadline, "Deadline")} if deadline else {})

    def _linked(self, tasks: list[Task], lines: list[_Line]) -> Iterator[Task]:
        """Yield tasks with their links; a link of or to a heading is one of or to everything below it."""
        below, given = _below(lines), _inherited(lines)
        for task in tasks:
            links = []
            for element, name in given.get(task.key, ()):
                on = _text(element, "PredecessorUID")
                if on not in below:
                    self.remarks.append(f"`{name}` waits for something outside this file.")
                links += [
                    Link(key, _TYPES.get(_text(element, "Type"), "FS"), self._lag(element, name))
                    for key in below.get(on, ())
                    if key != task.key
                ]
            yield replace(task, links=tuple(dict.fromkeys(links)))

    def _lag(self, element: Element, name: str) -> int:
        lag = _number(_text(element, "LinkLag") or "0", "LinkLag")
        if lag and _text(element, "LagFormat") in _PERCENT:
            self.remarks.append(f"A lag of `{name}` is in percent there; it is left out.")
            return 0
        days = lag / mspdi.LAG_UNIT / self.day
        if days != days.to_integral_value():
            self.remarks.append(f"A lag of `{name}` is {days:.2f} days there; it is rounded.")
        return int(days.to_integral_value())


def _phases(lines: Iterable[_Line]) -> Iterator[Phase]:
    """Yield a phase for each heading of the first level; what stands above the first has a phase of its own."""
    phase = Phase("", [])
    for line in lines:
        if line.is_heading and line.level == 1:
            yield phase
            phase = Phase(line.task.name, [], line.task.id)
        elif not line.is_heading:
            phase.tasks.append(line.task)
    yield phase


def _below(lines: list[_Line]) -> dict[str, list[str]]:
    """Return the tasks that stand below each line, by key; a task stands below itself."""
    found: dict[str, list[str]] = {}
    open_headings: list[_Line] = []
    for line in lines:
        while open_headings and open_headings[-1].level >= line.level:
            open_headings.pop()
        found[line.task.key] = [] if line.is_heading else [line.task.key]
        if line.is_heading:
            open_headings.append(line)
        else:
            for heading in open_headings:
                found[heading.task.key].append(line.task.key)
    return found


def _inherited(lines: list[_Line]) -> dict[str, list[tuple[Element, str]]]:
    """Return the links of each task: its own, and those of the headings above it."""
    found: dict[str, list[tuple[Element, str]]] = {}
    below = _below(lines)
    for line in lines:
        for key in below[line.task.key]:
            found.setdefault(key, []).extend(line.links)
    return found


def _text(element: Element, name: str) -> str:
    found: str | None = element.findtext(f"p:{name}", namespaces=_NS)
    return (found or "").strip()


def _number(text: str, what: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) > 10**12:
        raise InputError(f"{what} is {text[:40]!r}, which is no number.", hint="Save the file again in Project.")
    return found


def _money(text: str) -> Decimal:
    return _number(text, "A cost") / mspdi.MONEY_UNIT


def _day(text: str, what: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise InputError(
            f"{what} is {text[:40]!r}, which is no day.", hint="Save the file again in Project."
        ) from error
