"""A roadmap as it is computed with: one flat list of activities and gates, with waves written out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from cauce.cost_entries import FACTORS as FACTORS  # noqa: PLC0414 - a word of the model, too

JSON = Any
LinkType = Literal["FS", "SS", "FF", "SF"]
State = Literal["waiting", "started", "done"]
Rule = Literal["0/100", "50/50", "milestones", "deliverables"]
PILLARS: Final = ("strategy", "processes", "people", "technology")


@dataclass(frozen=True, slots=True)
class Link:
    """What something waits for: from the finish or start of `on` to its own start or finish, `lag` working days."""

    on: str
    type: LinkType = "FS"
    lag: int = 0


@dataclass(frozen=True, slots=True)
class Constraint:
    """Days that something has to keep to."""

    start_no_earlier: date | None = None
    start_no_later: date | None = None
    finish_no_earlier: date | None = None
    finish_no_later: date | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that is done, or a gate that is decided; `days` are working days, none for a milestone.

    `cost` is by factor. `parts` are the weights of its milestones or deliverables, as `rule` counts them; `run` is the
    process that does it: {process, input}.
    """

    id: str
    phase: str = ""
    title: JSON = ""
    days: int = 0
    links: tuple[Link, ...] = ()
    constraint: Constraint = Constraint()
    pillar: str = ""
    owner: str = ""
    gate: bool = False
    wave: str = ""
    cost: Mapping[str, Decimal] = field(default_factory=dict)
    rule: Rule = "0/100"
    parts: tuple[Decimal, ...] = ()
    run: Mapping[str, JSON] | None = None

    @property
    def budget(self) -> Decimal:
        """What it is to cost in all."""
        return sum(self.cost.values(), Decimal())


@dataclass(frozen=True, slots=True)
class Roadmap:
    """A whole roadmap, in the order in which it is written."""

    name: str
    title: JSON
    activities: tuple[Activity, ...]
    start: date | None = None
    calendar: str = ""
    currency: str = "EUR"
    contingency: Decimal = Decimal()
    phases: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Actual:
    """What has become of an activity so far.

    `remaining` are working days; without them, `percent` says how much of its planned length is done. `parts` are the
    milestones or deliverables that are there, counted from 1, and `cost` is what it has cost, by factor.
    """

    started: date | None = None
    finished: date | None = None
    percent: Decimal | None = None
    remaining: int | None = None
    parts: frozenset[int] | None = None
    cost: Mapping[str, Decimal] | None = None
