"""Collects what is found in one document, with its places."""

from dataclasses import dataclass, field
from typing import Any

from cauce.errors import Finding, Place
from schemas import Source
from workflows.checking.codes import WARNINGS

JSON = Any


@dataclass(slots=True)
class Report:
    """The findings of one document."""

    source: Source
    findings: list[Finding] = field(default_factory=list)

    def key(self, code: str, pointer: str, problem: str, hint: str = "") -> None:
        """Report something about the key at a JSON pointer."""
        self._add(code, self.source.place(pointer), pointer, problem, hint)

    def value(self, code: str, pointer: str, problem: str, hint: str = "") -> None:
        """Report something about the value at a JSON pointer."""
        self._add(code, self.source.value_place(pointer), pointer, problem, hint)

    def text(self, code: str, pointer: str, offset: int, problem: str, hint: str = "") -> None:
        """Report something about a character of the text at a JSON pointer."""
        self._add(code, self.source.text_place(pointer, offset), pointer, problem, hint)

    def warn(self, code: str, pointer: str, problem: str, hint: str = "") -> None:
        """Report something about the key at a JSON pointer that may be as it should."""
        self._add(code, self.source.place(pointer), pointer, problem, hint, severity="warning")

    def _add(self, code: str, place: Place, pointer: str, problem: str, hint: str, severity: str = "") -> None:
        severity = severity or ("warning" if code in WARNINGS else "error")
        self.findings.append(Finding(code, problem, hint, place, pointer, severity))
