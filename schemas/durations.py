"""Durations with a fixed length, as connections and stages use them: weeks, days, hours, minutes, seconds."""

import re
from typing import Final

_NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
_PATTERN: Final = re.compile(
    rf"P(?=[0-9T])(?:{_NUMBER}W)?(?:{_NUMBER}D)?(?:T(?=[0-9])(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?\Z"
)
_LENGTHS: Final = (604_800, 86_400, 3_600, 60, 1)


def seconds(text: str) -> float | None:
    """Return how many seconds ISO 8601 text stands for; None when it is none, or counts months or years."""
    found = _PATTERN.match(text)
    if found is None:
        return None
    return sum(float(part) * length for part, length in zip(found.groups(), _LENGTHS, strict=True) if part)
