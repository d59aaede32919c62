"""One difference between two versions of a definition."""

from dataclasses import dataclass
from typing import Any, Literal

JSON = Any
Kind = Literal["added", "removed", "moved", "renamed", "changed"]


class Absent:
    """What is not there; unlike null, which is."""

    def __repr__(self) -> str:
        """Return how it is written in a list of changes."""
        return "nothing"


ABSENT = Absent()


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: of which task (by its names) or part of the document, which property, from what to what.

    `path` is that of the newer version where the task is in both.
    """

    kind: Kind
    path: str
    property: str = ""
    before: JSON = ABSENT
    after: JSON = ABSENT
