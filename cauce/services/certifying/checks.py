"""What certification finds out, one check at a time."""

from dataclasses import dataclass
from typing import Any, Literal

JSON = Any
Result = Literal["passed", "failed", "warning", "skipped"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried, and what came of it in one sentence."""

    operation: str
    name: str
    result: Result
    sentence: str


@dataclass(frozen=True, slots=True)
class Certification:
    """All that was tried for one capability; `mark` is in every document that was written for it."""

    connection: str
    version: str
    capability: str
    mark: str
    seconds: float
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return all(check.result != "failed" for check in self.checks)
