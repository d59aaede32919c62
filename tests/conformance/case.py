"""Conformance cases: example processes with what has to come of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from schemas import load_all

JSON = Any
HERE: Final = Path(__file__).parent
STANDARD: Final = "https://serverlessworkflow.io/spec/1.0.0/errors/"
STAND_IN: Final = "http://stand-in"
DSL: Final = "1.0.3"


@dataclass(frozen=True, slots=True)
class Case:
    """One behaviour: a process, what it is given, and what is expected.

    Attributes:
        row: which part of the reference it covers.
        process: top-level properties of the process; the head is added.
        http: "METHOD /path" -> answers in order (the last is given again): status, body, text, headers, delay; or the
            messages that a WebSocket gives.
        received: requests that the stand-in must have seen, in order; every property given must be as given.
        early: events that are in the log as soon as the instance is there.
        events: events in their order; each comes when the instance waits for one, or `$at` seconds after its start.
        emitted: what the instance has put into the log, in order; every property given must be as given.
        inbox: name of each human task -> state of its row at the end, or what else its row has to be.
        given: name of each human task -> who it was given to, a person or `group GROUP`, with ` (how)` behind it.
        shows: texts that the output has in it, where the rest of it does not matter.
        unsteady: properties of the output that are different each time.
        tasks: "name status" or "/reference status" of each task, in the order they started.
        sandbox: it runs in Temporal's sandbox, too.
        exact_time: it measures time, which the dev server lets jump by itself when a new run takes over.
        unchecked: the check would refuse it, and the interpreter has to cope all the same.
    """

    id: str
    title: str
    row: str
    process: Mapping[str, JSON]
    input: JSON = None
    http: Mapping[str, list[Mapping[str, JSON]]] = field(default_factory=dict)
    received: list[Mapping[str, JSON]] | None = None
    answers: Mapping[str, JSON] = field(default_factory=dict)
    early: list[Mapping[str, JSON]] = field(default_factory=list)
    events: list[Mapping[str, JSON]] = field(default_factory=list)
    emitted: list[Mapping[str, JSON]] | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)
    output: JSON = None
    shows: list[str] | None = None
    unsteady: list[str] = field(default_factory=list)
    error: Mapping[str, JSON] | None = None
    status: str = "completed"
    tasks: list[str] | None = None
    context: JSON = None
    inbox: Mapping[str, JSON] | None = None
    given: Mapping[str, str] | None = None
    unchecked: bool = False
    sandbox: bool = False
    exact_time: bool = False

    def document(self, base: str) -> JSON:
        """Return the process as a document of its own, with the stand-in's address in it."""
        head = {"dsl": DSL, "namespace": "conformance", "name": self.id, "version": "1.0.0"}
        return _at({"document": head, **self.process}, base)

    def whole(self, events: list[Mapping[str, JSON]], name: str) -> list[Mapping[str, JSON]]:
        """Return events with all that an event needs; they are the case's own unless it says otherwise."""
        head = {"source": f"https://stand-in.example/{self.id}"}
        return [{"id": f"{self.id}-{name}-{number}", **head, **event} for number, event in enumerate(events)]


@cache
def cases() -> list[Case]:
    """Return all cases, in the order of their files."""
    return [case for file in sorted((HERE / "cases").rglob("*.yaml")) for case in of_file(file)]


def of_file(file: Path) -> Iterator[Case]:
    """Yield the cases of one file."""
    for number, source in enumerate(load_all(file.read_text(encoding="utf-8"), str(file)), 1):
        document = dict(source.data)
        process = document.pop("process", {})
        if "do" in document:
            process = {**process, "do": document.pop("do")}
        document.setdefault("status", "faulted" if "error" in document else "completed")
        yield Case(id=f"{file.stem}-{number}", process=process, **document)


def _at(value: JSON, base: str) -> JSON:
    match value:
        case str():
            return value.replace(STAND_IN, base)
        case dict():
            return {key: _at(item, base) for key, item in value.items()}
        case list():
            return [_at(item, base) for item in value]
        case _:
            return value
