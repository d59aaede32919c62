"""Writes a plan as Microsoft Project's XML, element by element in the order that its schema demands."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

from lxml import etree

from cauce.services.roadmaps.exchange import mspdi, runs
from cauce.services.roadmaps.plans import PlanView, Step
from cauce.services.roadmaps.rendering import label

Element = Any
_MORNING, _EVENING = "T08:00:00", "T17:00:00"
_HOURS: Final = (("08:00:00", "12:00:00"), ("13:00:00", "17:00:00"))
_WEEKEND: Final = frozenset({1, 7})
_FIXED_DURATION: Final = "1"
_AT_THE_END: Final = "3"


def as_mspdi(plan: PlanView, language: str) -> str:
    """Return a project with a heading for each phase and wave; what Project has no field for is in custom ones."""
    return _Writer(plan, language).text()


class _Writer:
    def __init__(self, plan: PlanView, language: str) -> None:
        self.plan, self.language = plan, language
        self.root = etree.Element("Project", {"xmlns": mspdi.NAMESPACE})
        self.number: dict[str, int] = {}
        self.owners = {each: at for at, each in enumerate(dict.fromkeys(step.owner for step in plan.steps), 1)}

    def text(self) -> str:
        plan = self.plan
        _fill(
            self.root,
            {
                "SaveVersion": 14,
                "Name": f"{plan.roadmap}.xml",
                "Title": label(plan.title, self.language),
                "ScheduleFromStart": 1,
                "StartDate": f"{plan.start}{_MORNING}",
                "FinishDate": f"{plan.finish}{_EVENING}",
                "CurrencyDigits": 2,
                "CurrencyCode": plan.currency,
                "CalendarUID": 1,
                "DefaultStartTime": "08:00:00",
                "DefaultFinishTime": "17:00:00",
                "MinutesPerDay": mspdi.DAY_MINUTES,
                "MinutesPerWeek": 5 * mspdi.DAY_MINUTES,
                "DaysPerMonth": 20,
            },
        )
        fields = etree.SubElement(self.root, "ExtendedAttributes")
        for number, (name, alias) in mspdi.FIELDS.items():
            _fill(etree.SubElement(fields, "ExtendedAttribute"), {"FieldID": number, "FieldName": name, "Alias": alias})
        self._calendar()
        self._tasks()
        self._people()
        written: str = etree.tostring(self.root, encoding="unicode", pretty_print=True)
        return '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + written

    def _calendar(self) -> None:
        calendar = etree.SubElement(etree.SubElement(self.root, "Calendars"), "Calendar")
        _fill(calendar, {"UID": 1, "Name": self.plan.calendar or "Standard", "IsBaseCalendar": 1})
        week = etree.SubElement(calendar, "WeekDays")
        for weekday in range(1, 8):
            works = weekday not in _WEEKEND
            _working(_fill(etree.SubElement(week, "WeekDay"), {"DayType": weekday}), works=works)
        days = sorted([*self.plan.days_off, *self.plan.days_on])
        exceptions: Element = etree.SubElement(calendar, "Exceptions") if days else None
        for day in days:
            each = _fill(etree.SubElement(exceptions, "Exception"), {"EnteredByOccurrences": 0})
            _fill(etree.SubElement(each, "TimePeriod"), {"FromDate": f"{day}T00:00:00", "ToDate": f"{day}T23:59:00"})
            _working(_fill(each, {"Occurrences": 1, "Type": 1}), works=day in self.plan.days_on)

    def _tasks(self) -> None:
        tasks = etree.SubElement(self.root, "Tasks")
        rows = list(self._rows())
        self.number = {step.id: at for at, (_, step, _) in enumerate(rows, 1) if step}
        for at, (level, step, heading) in enumerate(rows, 1):
            task = etree.SubElement(tasks, "Task")
            if step is None:
                name, identity = heading
                _fill(task, {"UID": at, "ID": at, "Name": name, "OutlineLevel": level, "Summary": 1})
                _fill(etree.SubElement(task, "ExtendedAttribute"), {"FieldID": mspdi.TEXTS["id"], "Value": identity})
            else:
                self._task(_fill(task, {"UID": at, "ID": at}), step, level)

    def _rows(self) -> Iterator[tuple[int, Step | None, tuple[str, str]]]:
        """Yield what is to be written, by outline level: a step, or the name and id of a heading."""
        for phase, steps in groupby(self.plan.steps, key=lambda step: step.phase):
            yield 1, None, (label(self.plan.phases[phase], self.language), phase)
            for wave, those in groupby(steps, key=lambda step: step.wave):
                if wave:
                    yield 2, None, (wave, wave)
                for step in those:
                    yield 3 if wave else 2, step, ("", "")

    def _task(self, task: Element, step: Step, level: int) -> None:
        is_moment = not step.days
        cost = sum(step.cost.values(), Decimal())
        values: dict[str, object] = {
            "Name": label(step.title, self.language),
            "Type": _FIXED_DURATION,
            "OutlineLevel": level,
            "Start": f"{step.start}{_EVENING if is_moment else _MORNING}",
            "Finish": f"{step.finish}{_EVENING}",
            "Duration": f"PT{step.days * mspdi.DAY_HOURS}H0M0S",
            "DurationFormat": mspdi.IN_DAYS,
            "Milestone": int(is_moment),
            "Summary": 0,
            "Critical": int(step.critical),
            "FixedCost": _money(cost),
            "FixedCostAccrual": _AT_THE_END,
            "PercentComplete": 100 if step.state == "done" else 0,
        }
        if step.state != "waiting":
            values["ActualStart"] = f"{step.start}{_EVENING if is_moment else _MORNING}"
        if step.state == "done":
            values["ActualFinish"] = f"{step.finish}{_EVENING}"
        _fill(task, values | _constraint(step.constraint))
        for link in step.links:
            _fill(
                etree.SubElement(task, "PredecessorLink"),
                {
                    "PredecessorUID": self.number[link.on],
                    "Type": mspdi.LINKS[link.type],
                    "CrossProject": 0,
                    "LinkLag": link.lag * mspdi.DAY_MINUTES * mspdi.LAG_UNIT,
                    "LagFormat": mspdi.IN_DAYS,
                },
            )
        for number, value in _custom(step):
            _fill(etree.SubElement(task, "ExtendedAttribute"), {"FieldID": number, "Value": value})

    def _people(self) -> None:
        resources, assignments = (etree.SubElement(self.root, name) for name in ("Resources", "Assignments"))
        for owner, at in self.owners.items():
            name = label(self.plan.owners.get(owner, owner), self.language)
            _fill(
                etree.SubElement(resources, "Resource"), {"UID": at, "ID": at, "Name": name, "Type": 1, "Code": owner}
            )
        for at, step in enumerate(self.plan.steps, 1):
            _fill(
                etree.SubElement(assignments, "Assignment"),
                {"UID": at, "TaskUID": self.number[step.id], "ResourceUID": self.owners[step.owner], "Units": 1},
            )


def _custom(step: Step) -> Iterator[tuple[str, object]]:
    yield mspdi.TEXTS["id"], step.id
    if step.pillar:
        yield mspdi.TEXTS["pillar"], step.pillar
    yield mspdi.TEXTS["owner"], step.owner
    if step.kind == "gate":
        yield mspdi.GATE, 1
    process, told = runs.written(step.run, step.wave, longest=runs.field_length)
    if process:
        yield mspdi.TEXTS["run"], process
    if told:
        yield mspdi.TEXTS["input"], told
    for factor, amount in step.cost.items():
        yield mspdi.COSTS[factor], _money(amount)


def _constraint(given: Mapping[str, date]) -> dict[str, object]:
    """Return the one constraint that a task may have there, and the deadline, which is beside it."""
    last = given.get("finishNoLater")
    rest = [name for name in mspdi.CONSTRAINTS if name in given and name != "finishNoLater"]
    found: dict[str, object] = {}
    if rest:
        found |= {"ConstraintType": mspdi.CONSTRAINTS[rest[0]]}
        found |= {"ConstraintDate": f"{given[rest[0]]}{_MORNING if rest[0].startswith('start') else _EVENING}"}
    return found | ({"Deadline": f"{last}{_EVENING}"} if last else {})


def _working(day: Element, *, works: bool) -> None:
    _fill(day, {"DayWorking": int(works)})
    times: Element = etree.SubElement(day, "WorkingTimes") if works else None
    for begin, end in _HOURS if works else ():
        _fill(etree.SubElement(times, "WorkingTime"), {"FromTime": begin, "ToTime": end})


def _money(amount: Decimal) -> str:
    return f"{amount * mspdi.MONEY_UNIT:f}"


def _fill(element: Element, values: Mapping[str, object]) -> Element:
    for name, value in values.items():
        etree.SubElement(element, name).text = _legal(str(value))
    return element


def _legal(text: str) -> str:
    """Return text without what XML cannot hold."""
    return "".join(each for each in text if each >= " " or each in "\t\n\r").replace("\ufffe", "").replace("\uffff", "")
