"""A plan as other programs hold it: tasks below headings, with links between them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from workflows.roadmap.model import Link

JSON = Any
most_tasks = 10_000


@dataclass(frozen=True, slots=True)
class Task:
    """A task that is done; `key` is what links name (`on`), `id` what it is to be called if that is known.

    `constraint` has the names that roadmaps use, as has `run`. `gate` says that it is decided, not done.
    """

    key: str
    name: str
    days: int
    id: str = ""
    pillar: str = ""
    owner: str = ""
    gate: bool = False
    links: tuple[Link, ...] = ()
    cost: Mapping[str, Decimal] = field(default_factory=dict)
    constraint: Mapping[str, date] = field(default_factory=dict)
    run: Mapping[str, JSON] | None = None


@dataclass(frozen=True, slots=True)
class Phase:
    """The tasks below one heading."""

    name: str
    tasks: list[Task]
    id: str = ""


@dataclass(frozen=True, slots=True)
class Project:
    """A whole plan; `remarks` say what could not be taken over as it was, `owners` the titles of ids that are known."""

    name: str
    phases: list[Phase]
    start: date | None = None
    currency: str = ""
    owners: Mapping[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
