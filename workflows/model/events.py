"""Tasks that tell of events and wait for them."""

from dataclasses import dataclass
from typing import Final, Literal

from cauce.contract import JSON
from cauce.event_filters import Filter
from cauce.expressions import Expression
from cauce.expressions.templates import Template
from workflows.durations import Duration
from workflows.model.basics import Common, TaskList, Value

STRATEGIES: Final[tuple[Literal["one", "any", "all"], ...]] = ("one", "any", "all")


@dataclass(frozen=True, slots=True)
class EmitTask:
    """Sends an event."""

    common: Common
    event: Template


@dataclass(frozen=True, slots=True)
class Strategy:
    """Which events are wanted: the one, any or all of its filters."""

    kind: Literal["one", "any", "all"]
    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Foreach:
    """What is done with each event that was taken, one after the other."""

    item: str
    at: str
    body: TaskList | None = None
    output_schema: JSON = None
    output_as: Value | None = None
    export_schema: JSON = None
    export_as: Value | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionTask:
    """Consumes messages of a channel that an AsyncAPI document describes, until there are enough."""

    common: Common
    arguments: Template
    description: JSON
    secrets: tuple[str, ...] = ()
    filter: Expression | None = None
    amount: int | None = None
    duration: Duration | None = None
    while_: Expression | None = None
    until: Expression | None = None
    foreach: Foreach | None = None


@dataclass(frozen=True, slots=True)
class ListenTask:
    """Waits for events; `any` of them may go on until a condition holds or other events came."""

    common: Common
    to: Strategy
    until: Expression | None = None
    until_events: Strategy | None = None
    read: Literal["data", "envelope", "raw"] = "data"
    foreach: Foreach | None = None
