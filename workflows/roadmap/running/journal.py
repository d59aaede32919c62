"""What has happened to a roadmap: a state that is made by its events alone, in their order.

Whoever has the events has the state: the store keeps them, and a new run of the workflow begins with the state. Nothing
changes it but `folds.record`.
"""

from dataclasses import dataclass, field, fields
from typing import Any

from cauce.roadmaps import RoadmapStart, run_name

JSON = Any
Event = dict[str, JSON]


@dataclass(slots=True)
class Journal:
    """All that a roadmap remembers, as JSON.

    `activities` is what has become of activities and gates, as the plan takes it; `overrides` are the days and costs
    that approved changes gave them. `kept` are activities of earlier definitions that had begun. `tasks` are the tasks
    of the inbox that are open, by what they ask for. `costs` is what the entries of each activity come to (`booked`, up
    to the entry of that number), and how much of it a later report of all that it has cost has in it (`reported`).
    `processes` are those that do activities, the last one of each: asked for, running, ended, leaving or left.
    `risks` are those that have come, `answers` what was decided on each of them, whether it is over or not. `measured`
    are the figures that the hub has of itself, `metrics` those that people report. A gate that `asksLater` has
    tasks for what it was approved without.
    """

    roadmap: str
    key: str
    version: str
    document: JSON
    calendar: JSON
    start: str
    number: int = 0
    today: str = ""
    state: str = "running"
    activities: dict[str, JSON] = field(default_factory=dict)
    overrides: dict[str, JSON] = field(default_factory=dict)
    kept: dict[str, JSON] = field(default_factory=dict)
    gates: dict[str, JSON] = field(default_factory=dict)
    baselines: list[JSON] = field(default_factory=list)
    changes: dict[str, JSON] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    risks: dict[str, JSON] = field(default_factory=dict)
    periods: list[JSON] = field(default_factory=list)
    stop: JSON = None
    tasks: dict[str, JSON] = field(default_factory=dict)
    costs: dict[str, JSON] = field(default_factory=dict)
    booked: int = 0
    processes: dict[str, JSON] = field(default_factory=dict)
    answers: dict[str, list[JSON]] = field(default_factory=dict)
    measured: dict[str, float] = field(default_factory=dict)

    @classmethod
    def begun(cls, start: RoadmapStart) -> "Journal":
        """Return where a roadmap begins, or goes on."""
        if start.journal is not None:
            return cls(**start.journal)
        return cls(start.roadmap, start.key, start.version, start.document, start.calendar, start.start)

    @property
    def name(self) -> str:
        """Return by which name it has a register of its own, whatever other runs of the roadmap there are."""
        return run_name(self.roadmap, self.key)

    def to_json(self) -> dict[str, JSON]:
        """Return it as a new run takes it; what is in it stays the journal's own."""
        return {each.name: getattr(self, each.name) for each in fields(self)}
