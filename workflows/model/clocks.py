"""Clocks: how long something may take, and what happens on the way there."""

from collections.abc import Mapping
from dataclasses import dataclass

from cauce.contract import JSON
from cauce.expressions.templates import Template
from workflows.model.basics import Common
from workflows.working_time import WorkingTime


@dataclass(frozen=True, slots=True)
class ClockStep:
    """What happens when a share of the target has passed (`at`, in percent), or so long `before` its end.

    With `again`, who is told is told anew every so often until the clock is stopped.
    """

    key: str
    what: str
    at: float | None = None
    before: JSON = None
    does: Mapping[str, JSON] | None = None
    again: JSON = None


@dataclass(frozen=True, slots=True)
class ClockRules:
    """A clock as it was published: its targets by severity ("" for one that does not matter), reasons, and steps."""

    name: str
    title: JSON
    targets: Mapping[str, JSON]
    pauses: Mapping[str, Mapping[str, JSON]]
    steps: tuple[ClockStep, ...]
    calendar: WorkingTime | None = None

    def target(self, severity: str | None) -> JSON:
        """Return how long it may take; None when there is no target for that severity."""
        return self.targets.get("", self.targets.get(severity or ""))


@dataclass(frozen=True, slots=True)
class ClockTask:
    """Does something to a clock of the instance."""

    common: Common
    clock: str
    action: str
    arguments: Template
