"""Figures that may not exist: what cannot be computed has a reason instead of a value."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Figure:
    """A value, or the sentence that says why there is none."""

    value: Decimal | None
    reason: str = ""


def ratio(above: Decimal, below: Decimal, reason: str) -> Figure:
    """Return a quotient; `reason` says what it means that the divisor is nothing."""
    return Figure(above / below) if below else Figure(None, reason)
