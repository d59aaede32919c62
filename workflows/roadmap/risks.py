"""How much is at risk, and which risks are none any more because they have come."""

from collections.abc import Mapping, Sequence
from typing import Any

JSON = Any


def exposure(risks: Sequence[Mapping[str, JSON]]) -> int:
    """Return the sum of probability times impact."""
    return sum(risk["probability"] * risk["impact"] for risk in risks)


def fired(risks: Sequence[Mapping[str, JSON]], metrics: Mapping[str, float]) -> list[str]:
    """Return the ids of the risks whose trigger is reached by the metrics that are known."""
    return [risk["id"] for risk in risks if _is_reached(risk.get("trigger") or {}, metrics)]


def _is_reached(trigger: Mapping[str, JSON], metrics: Mapping[str, float]) -> bool:
    value = metrics.get(label(trigger))
    if value is None:
        return False
    return ("above" in trigger and value > trigger["above"]) or ("below" in trigger and value < trigger["below"])


def label(trigger: Mapping[str, JSON]) -> str:
    """Return the name of the figure that a trigger watches: of one thing, or of all; empty when it watches none."""
    metric, of = str(trigger.get("metric", "")), trigger.get("of", "")
    return f"{metric} of {of}" if of else metric
