"""A test file as the runner uses it: what is given to a process, what everybody answers, and what must come of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cauce.errors import Place
from schemas import Source
from schemas.durations import seconds
from schemas.source import step

JSON = Any
_OF_CALLS: Final = ("output", "error", "recording")
_OF_PEOPLE: Final = ("answer", "returnTo")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to a call or to a person's task.

    `says` is `output`, `error` or `recording` for a call, `answer` or `returnTo` (with its `reason`) for a person.
    """

    place: Place
    says: str
    value: JSON
    when: JSON = None
    call: int | None = None
    by: str = ""
    after_s: float = 0.0
    refused: bool = False
    reason: str = ""

    @property
    def is_a_persons(self) -> bool:
        """Whether a person gives it."""
        return self.says in _OF_PEOPLE

    @property
    def is_plain(self) -> bool:
        """Whether it is meant for any call, in its turn."""
        return self.when is None and self.call is None


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a test file, with the defaults of the file in it."""

    name: str
    place: Place
    input: JSON = None
    key: str = ""
    answers: Mapping[str, tuple[Answer, ...]] = field(default_factory=dict)
    secrets: Mapping[str, str | None] = field(default_factory=dict)
    events: tuple[Mapping[str, JSON], ...] = ()
    until_s: float | None = None
    expect: Mapping[str, JSON] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """How it has to end."""
        if "status" in self.expect:
            return str(self.expect["status"])
        if "error" in self.expect:
            return "faulted"
        return "waiting" if "open" in self.expect else "completed"


@dataclass(frozen=True, slots=True)
class TestFile:
    """A test file that was checked."""

    # It is no test itself, whatever its name says to the test runner.
    __test__ = False

    source: Source
    name: str
    process: str
    cases: tuple[Case, ...]


def parse(source: Source) -> TestFile:
    """Read a test file that fits its schema."""
    data = source.data
    defaults = data.get("defaults") or {}
    cases = tuple(_case(source, index, defaults) for index in range(len(data["cases"])))
    return TestFile(source, data["test"], data["process"], cases)


def _case(source: Source, index: int, defaults: Mapping[str, JSON]) -> Case:
    case, pointer = source.data["cases"][index], f"/cases/{index}"
    shared = _answers(source, defaults.get("answers") or {}, "/defaults/answers")
    return Case(
        name=case["name"],
        place=source.place(pointer),
        input=case.get("input", defaults.get("input")),
        key=case.get("key", defaults.get("key", "")),
        answers={**shared, **_answers(source, case.get("answers") or {}, f"{pointer}/answers")},
        secrets={**(defaults.get("secrets") or {}), **(case.get("secrets") or {})},
        events=tuple(case.get("events") or ()),
        until_s=duration_s(case.get("until")),
        expect=case.get("expect") or {},
    )


def _answers(source: Source, given: Mapping[str, JSON], pointer: str) -> dict[str, tuple[Answer, ...]]:
    found = {}
    for name, written in given.items():
        here = f"{pointer}{step(name)}"
        if isinstance(written, list):
            found[name] = tuple(_answer(source, one, f"{here}/{index}") for index, one in enumerate(written))
        else:
            found[name] = (_answer(source, written, here),)
    return found


def _answer(source: Source, written: Mapping[str, JSON], pointer: str) -> Answer:
    says = next((word for word in (*_OF_CALLS, *_OF_PEOPLE) if word in written), "output")
    return Answer(
        place=source.place(pointer),
        says=says,
        value=written.get(says),
        when=written.get("when"),
        call=written.get("call"),
        by=written.get("by", ""),
        after_s=duration_s(written.get("after")) or 0.0,
        refused=bool(written.get("refused", False)),
        reason=written.get("reason", ""),
    )


def duration_s(text: str | None) -> float | None:
    """Return how long a duration of a test file lasts."""
    return None if text is None else seconds(text)
