"""Answers of a case that come from recordings: mapped as in production, so that the mappings are tested as well."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from activities.problems import refused
from cauce import connection as connections
from cauce.connection import Connection, classify
from cauce.contract import Outcome
from cauce.errors import CauceError, NotFoundError, PermanentError, RemoteError
from cauce.expressions import compile_expression
from cauce.recording.fixtures import Fixture, Replay, outcome, read
from cauce.testing.case import Answer, Case
from cauce.testing.session import Call, CaseFailure
from schemas import Source, kind_of

JSON = Any


@dataclass(frozen=True, slots=True)
class Library:
    """The recordings that tests name, and the connections whose mappings they go through."""

    fixtures: Mapping[str, Fixture]
    connections: Mapping[str, Connection]


@dataclass(slots=True)
class Replays:
    """The recordings of one case, each from its beginning."""

    library: Library
    _running: dict[str, Replay] = field(default_factory=dict)

    def answer(self, answer: Answer, call: Call) -> Outcome:
        """Return what the recording answers to a call of a connection."""
        operation_name, _, connection_name = call.name.partition("@")
        connection = self.library.connections.get(connection_name)
        if connection is None:
            raise CaseFailure(f"{answer.place}: a recording answers calls of connections; {call.name} is none.")
        replay = self._running.get(answer.value) or self.library.fixtures[answer.value].replay()
        self._running[answer.value] = replay
        operation = connection.operation(operation_name)
        try:
            exchange = replay.exchange(operation_name, compile_expression(operation.request).first(call.arguments, {}))
        except PermanentError as error:
            raise CaseFailure(f"{answer.place}: {error}") from error
        except CauceError as error:
            return refused(error)
        try:
            return Outcome(output=compile_expression(operation.response).first(outcome(exchange), {}))
        except RemoteError as error:
            return refused(classify(error, operation))
        except CauceError as error:
            return refused(error)


def library(tests: Sequence[tuple[Path, Sequence[Case]]], sources: Sequence[Source]) -> Library:
    """Read the recordings that cases name: in `recordings` beside the test, or beside the folder that it is in.

    Raises:
        CauceError: One is not there, or cannot be read.
    """
    fixtures: dict[str, Fixture] = {}
    for file, cases in tests:
        for answer in _named(cases):
            if answer.value not in fixtures:
                fixtures[answer.value] = _read(file, answer)
    documents = [each.data for each in sources if fixtures and kind_of(each.data) == "connection"]
    return Library(fixtures, {each["connection"]: connections.parse(each) for each in documents})


def _named(cases: Sequence[Case]) -> Iterator[Answer]:
    for case in cases:
        for answers in case.answers.values():
            yield from (each for each in answers if each.says == "recording")


def _read(file: Path, answer: Answer) -> Fixture:
    paths = [folder / "recordings" / f"{answer.value}.yaml" for folder in (file.parent, file.parent.parent)]
    there = [path for path in paths if path.is_file()] or [path for path in paths if path.parent.is_dir()]
    try:
        return read((there or paths)[0])
    except NotFoundError as error:
        raise NotFoundError(error.problem, hint=error.hint, where=str(answer.place)) from error
