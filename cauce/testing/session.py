"""What one case asks of everything outside, and what it is answered: the memory of the stubs."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from cauce.contract import HumanTask, Outcome
from cauce.errors import CauceError
from cauce.expressions.templates import compile_template
from cauce.testing.case import Answer, Case
from cauce.testing.event_log import EventLog
from cauce.testing.matching import mismatches
from schemas.source import unescape
from workflows.checking.fallback import fallback_of
from workflows.checking.texts import texts
from workflows.checking.walk import all_tasks

JSON = Any
_MOST_CALLS: Final = 2_000
_SECRET: Final = re.compile("\u2068secret:([^:\u2069]+):[^\u2069]*\u2069")


@dataclass(frozen=True, slots=True)
class Call:
    """One call that the process made: by which task, of what, and with which arguments; `undoes` something or not."""

    task: str
    reference: str
    name: str
    arguments: JSON
    undoes: bool = False


@dataclass(slots=True)
class Waiting:
    """A human task in the inbox, and the answer it is going to get; `since` is when it was first seen."""

    task: HumanTask
    answer: Answer | None
    since: float | None = None


class Replaying(Protocol):
    """Answers calls from the recordings that a case names."""

    def answer(self, answer: Answer, call: Call) -> Outcome:
        """Return what a recording answers to a call; raises `CaseFailure` when it holds nothing like it."""


class CaseFailure(Exception):  # noqa: N818 (a finding, not an error of the runner)
    """The case cannot go on; the message says why, and what to add to the test file."""


def no_policy(_policy: str, _form: str) -> JSON:
    """Say nothing of any form."""


@dataclass(slots=True)
class Session:
    """One case while it runs.

    Attributes:
        processes: `namespace.name` -> bundle of every process at hand, for `run: workflow`.
        finds: operation -> the one that looks up what became of a call whose answer got lost.
        replays: what answers from recordings.
        policy: gives what a policy says of a form.
        people: id of each open human task -> the task and the answer it will get.
        answered: reference of a human task -> the answers that were taken.
        unheard: how many processes that others run have begun in name, and have not told their input yet.
    """

    case: Case
    bundle: Mapping[str, JSON]
    processes: Mapping[str, Mapping[str, JSON]] = field(default_factory=dict)
    finds: Mapping[str, str] = field(default_factory=dict)
    replays: Replaying | None = None
    policy: Callable[[str, str], JSON] = no_policy
    calls: list[Call] = field(default_factory=list)
    people: dict[str, Waiting] = field(default_factory=dict)
    answered: dict[str, list[JSON]] = field(default_factory=dict)
    log: EventLog = field(default_factory=EventLog)
    failure: str = ""
    over: bool = False
    unheard: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _counts: Counter[tuple[str, bool]] = field(default_factory=Counter)
    _turns: Counter[tuple[str, bool]] = field(default_factory=Counter)
    _given: dict[Hashable, JSON] = field(default_factory=dict)
    _tasks: dict[int, dict[str, JSON]] = field(default_factory=dict)

    async def once(self, identity: Hashable, answer: Callable[[], Awaitable[JSON]]) -> JSON:
        """Return the answer to one question of a worker; asked again for the same, it is the same and counts once."""
        if identity not in self._given:
            self._given[identity] = await answer()
        return self._given[identity]

    def bundle_of(self, instance: str) -> Mapping[str, JSON]:
        """Return the bundle that an instance runs: the one under test, or that of a child."""
        return self.processes.get(instance.rpartition("/")[0], self.bundle)

    def task_at(self, instance: str, reference: str) -> JSON:
        """Return the task that a reference points to in what an instance runs; None where there is no task."""
        bundle = self.bundle_of(instance)
        # The case keeps its bundles, so that no other comes to the same place in memory.
        tasks = self._tasks.get(id(bundle))
        if tasks is None:
            tasks = {pointer: task for pointer, _, task in all_tasks(bundle["document"])}
            self._tasks[id(bundle)] = tasks
        return tasks.get(reference)

    def answer_for(self, keys: Sequence[str], arguments: JSON, *, person: bool = False) -> Answer | None:
        """Return the answer to one more call that goes by these names (the closest first); None without one.

        Where calls and a `person` who does them by hand are answered under one name, each gets its own.
        """
        for key in keys:
            self._counts[key, person] += 1
        for key in keys:
            found = self._of(key, arguments, person=person)
            if found is not None:
                return found
        return None

    def _of(self, key: str, arguments: JSON, *, person: bool) -> Answer | None:
        given: Sequence[Answer] = self.case.answers.get(key, ())
        if len({answer.is_a_persons for answer in given}) > 1:
            given = [answer for answer in given if answer.is_a_persons is person]
        for answer in given:
            meant = answer.call is None or answer.call == self._counts[key, person]
            if not answer.is_plain and meant and (answer.when is None or not mismatches(answer.when, arguments, "")):
                return answer
        plain = [answer for answer in given if answer.is_plain]
        if not plain:
            return None
        turn = self._turns[key, person]
        self._turns[key, person] += 1
        return plain[min(turn, len(plain) - 1)]

    def record(self, call: Call) -> None:
        """Remember a call; raises `CaseFailure` when there are so many that the process must go round in circles."""
        if self.over:
            raise CaseFailure("The case is over.")
        self.calls.append(call)
        if len(self.calls) > _MOST_CALLS:
            raise CaseFailure(f"The process made more than {_MOST_CALLS:,} calls; the last is {call.name}.")

    def fail(self, reason: str) -> CaseFailure:
        """Note why the case failed, if nothing was wrong before."""
        self.failure = self.failure or reason
        self.changed.set()
        return CaseFailure(reason)

    def readable(self, value: JSON) -> JSON:
        """Put the secrets of the test where their tokens stand, so that arguments can be compared."""
        match value:
            case str():
                return _SECRET.sub(lambda found: self._secret(found[1]), value)
            case dict():
                return {key: self.readable(item) for key, item in value.items()}
            case list():
                return [self.readable(item) for item in value]
            case _:
                return value

    def missing_secrets(self, value: JSON) -> list[str]:
        """Return the secrets that a value needs and the test says are not there."""
        named = {found[1] for text in texts(value) for found in _SECRET.finditer(text)}
        return sorted(name for name in named if name in self.case.secrets and self.case.secrets[name] is None)

    def _secret(self, name: str) -> str:
        given = self.case.secrets.get(name)
        return f"<secret {name}>" if given is None else given


def rendered(answer: Answer, arguments: JSON) -> JSON:
    """Return an answer's value with the expressions in it evaluated on the arguments of the call."""
    try:
        return compile_template(answer.value).render(arguments)
    except CauceError as error:
        raise CaseFailure(f"{answer.place}: the answer cannot be made: {error.problem}") from error


def task_name(reference: str) -> str:
    """Return the name of the task that a reference points to."""
    return unescape(reference.rpartition("/")[2])


def stands_in(task: JSON) -> bool:
    """Tell whether a human task is there because a call could not be made."""
    return isinstance(task, dict) and fallback_of(task) is not None
