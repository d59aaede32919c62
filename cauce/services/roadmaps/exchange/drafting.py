"""Makes a draft of a roadmap out of a plan of another program; what that lacks is told, for a person to add."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from cauce.errors import InputError
from cauce.importing import slug
from cauce.services import yaml_text
from cauce.services.roadmaps.exchange.project import Phase, Project, Task
from workflows.roadmap.model import PILLARS, Link

JSON = Any
_LONGEST: Final = 64
_MOST_REMARKS: Final = 40
_NOBODY: Final = "project-manager"
_no_id: Final = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Draft:
    """A roadmap to go on with, and what has to be looked at before it is published."""

    document: Mapping[str, JSON]
    remarks: list[str]

    def text(self) -> str:
        """Return it as a definition file, with the remarks on top."""
        said = self.remarks[:_MOST_REMARKS]
        if len(self.remarks) > _MOST_REMARKS:
            said.append(f"There are {len(self.remarks) - _MOST_REMARKS} more remarks like these.")
        top = [line for remark in said for line in yaml_text.comment(remark, 0)]
        body = [line for key, value in self.document.items() for line in yaml_text.lines(key, value, 0)]
        return "\n".join([*top, *body]) + "\n"


def draft(project: Project, name: str = "") -> Draft:
    """Return a draft under a name, or under that of the project.

    Raises:
        InputError: There is nothing in the plan, or no name in its title.
    """
    if not project.phases:
        raise InputError("There are no tasks in this plan.", hint="Give a plan with tasks below headings.")
    found = name or slug(project.name)
    if not found:
        raise InputError("There is no name for the roadmap in this.", hint="Give one: --name NAME.")
    return _Drafting(project).draft(found)


@dataclass(slots=True)
class _Names:
    """Ids that are given once each."""

    taken: set[str] = field(default_factory=set)

    def free(self, *wishes: str) -> str:
        stem = next(each for each in map(_as_id, wishes) if each)
        found, number = stem, 1
        while found in self.taken:
            number += 1
            found = f"{stem[: _LONGEST - 5]}-{number}"
        self.taken.add(found)
        return found


class _Drafting:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.names, self.phases = _Names(), _Names()
        self.owners: dict[str, JSON] = {}
        self.without: dict[str, int] = {"pillar": 0, "owner": 0, "cost": 0}
        self.remarks = list(project.remarks)
        self.gates = [_gate_of(phase) for phase in project.phases]
        self.ids: dict[str, str] = {}
        for number, phase in enumerate(project.phases):
            for task in phase.tasks:
                wish = _gate_id(number) if task is self.gates[number] and not task.id else ""
                self.ids[task.key] = self.names.free(task.id, wish, slug(task.name), f"task-{task.key}")

    def draft(self, name: str) -> Draft:
        project = self.project
        phases: list[JSON] = []
        for number, phase in enumerate(project.phases):
            phases.append(self._phase(number, phase, phases[-1] if phases else None))
        document = {"roadmap": name, "title": project.name}
        document |= {"currency": project.currency} if re.fullmatch("[A-Z]{3}", project.currency) else {}
        document |= {"start": project.start.isoformat()} if project.start else {}
        said = {
            "pillar": "Activities without a pillar: {}. They are taken for processes.",
            "owner": f"Tasks without anybody who does them: {{}}. They are given to {_NOBODY}.",
            "cost": "Activities without a cost: {}. They cost nothing here.",
        }
        self.remarks += [said[what].format(count) for what, count in self.without.items() if count]
        self.remarks.append(
            "Such a file has no waves, evidence, deliverables, rules of earning, risks, quality, thresholds, benefits."
        )
        self.remarks.append(
            "Check it: cauce check FILE. What costs nothing of a factor needs a reason, gates need evidence."
        )
        return Draft({**document, "owners": self.owners, "phases": phases}, self.remarks)

    def _phase(self, number: int, phase: Phase, before: JSON) -> dict[str, JSON]:
        gate = self.gates[number]
        identity = self.phases.free(phase.id, f"P{number + 1}")
        previous = before["gate"]["id"] if before else ""
        activities = [self._activity(task, previous) for task in phase.tasks if task is not gate]
        found: dict[str, JSON] = {"id": identity, "title": phase.name or f"Phase {number + 1}"}
        found |= {"connectsTo": [{"phase": before["id"]}]} if before else {}
        return {**found, "activities": activities, "gate": self._gate(number, phase, gate)}

    def _activity(self, task: Task, previous: str) -> dict[str, JSON]:
        self.without["pillar"] += task.pillar not in PILLARS
        self.without["cost"] += not task.cost
        found: dict[str, JSON] = {
            "id": self.ids[task.key],
            "title": task.name,
            "pillar": task.pillar if task.pillar in PILLARS else "processes",
            "owner": self._owner(task.owner),
            "days": task.days,
        }
        after = list(self._after(task))
        found |= {"after": after} if after != ([previous] if previous else []) else {}
        found |= _constraint(task)
        found |= {"cost": {factor: _plain(amount) for factor, amount in task.cost.items()} or {"management": 0}}
        return found | ({"run": task.run} if task.run else {})

    def _gate(self, number: int, phase: Phase, gate: Task | None) -> dict[str, JSON]:
        if gate is None:
            title = phase.name or f"Phase {number + 1}"
            self.remarks.append(f"No milestone ends `{title}`; a gate is added to it.")
            identity = self.names.free(_gate_id(number))
            return {"id": identity, "title": title, "approvers": [self._owner(phase.tasks[-1].owner)]}
        found: dict[str, JSON] = {"id": self.ids[gate.key], "title": gate.name}
        found |= {"pillar": gate.pillar} if gate.pillar in PILLARS else {}
        within = {self.ids[each.key] for each in phase.tasks if each is not gate}
        after = list(self._after(gate))
        if after and not (all(isinstance(each, str) for each in after) and set(after) == within):
            found["after"] = after
        found |= {"days": gate.days} if gate.days else {}
        return {**found, **_constraint(gate), "approvers": [self._owner(gate.owner)]}

    def _owner(self, given: str) -> str:
        self.without["owner"] += not given
        identity = _as_id(given) or _NOBODY
        if identity not in self.owners:
            title = self.project.owners.get(given) or given or "Project manager"
            self.owners[identity] = {"title": title, "group": slug(given) or f"{_NOBODY}s"}
        return identity

    def _after(self, task: Task) -> Iterator[JSON]:
        for link in task.links:
            yield self._said(link)

    def _said(self, link: Link) -> JSON:
        on = self.ids[link.on]
        if link.type == "FS" and not link.lag:
            return on
        found: dict[str, JSON] = {"activity": on}
        found |= {"type": link.type} if link.type != "FS" else {}
        return found | ({"lag": link.lag} if link.lag else {})


def _gate_of(phase: Phase) -> Task | None:
    """Return the task of a phase that is its gate: one that is marked so, or the milestone that it ends with."""
    marked = [task for task in phase.tasks if task.gate]
    last = phase.tasks[-1]
    found = marked[-1] if marked else last if not last.days else None
    return found if len(phase.tasks) > 1 else None


def _gate_id(number: int) -> str:
    return f"G{number + 1}"


def _constraint(task: Task) -> dict[str, JSON]:
    return {"constraint": {name: day.isoformat() for name, day in task.constraint.items()}} if task.constraint else {}


def _as_id(text: str) -> str:
    return _no_id.sub("-", text).strip("-")[:_LONGEST].strip("-")


def _plain(amount: Decimal) -> int | float:
    return int(amount) if amount == amount.to_integral_value() else float(amount)
