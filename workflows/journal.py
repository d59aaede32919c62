"""The state of an instance: everything needed to go on from here, as plain JSON data.

Only what is open is in it. A list that has ended, a task that is done and an iteration that is over leave nothing
behind but their output, which is the next task's input. Continue-as-new, an operator's repair and a change of version
are one mechanism: start again with a journal.
"""

from dataclasses import dataclass, field, fields
from typing import Self

from cauce.contract import JSON
from workflows import marks, parts
from workflows.assigning import LAST
from workflows.marks import Marks
from workflows.parts import Parts

TRACE_LIMIT = 400
# The path of the process itself, beside the paths of its tasks.
ROOT = ""


@dataclass(slots=True)
class Journal:
    """Where an instance is.

    Attributes:
        origin: run id of the instance's first run; ids made by the instance derive from it.
        started_at: seconds since the epoch, workflow time.
        input: raw input of the instance.
        context: what `$context` is now.
        counter: how many ids the instance has made.
        problem: the error that the instance ended with; whoever starts again from here wants another try.
        lists: path of each open task list -> [index of the current task, its raw input].
        states: path of each open task -> what must be remembered of it.
        writes: path of a task -> id under which its write was sent; a retry sends it under the same one.
        answers: id of a human task -> answer that came and was not yet used.
        performers: name of a human task -> who completed it last.
        others: name of a human task -> who else counts as its doer: gave an answer before, or delegated it.
        parts: name of a human task that a `for` repeats -> who did it, by iteration.
        returned: why the case was sent back and to which path, until the person who has to mend it is told.
        compensations: calls that undo what was done, oldest first.
        lifecycle: what is to be told of the instance, and what of it was told.
        turns: how often listeners have used events up.
        events_after: place in the event log behind which the instance's events begin.
        trace: one record per task that ran, oldest first.
        ways: reference of a task -> the ways it went (cases, conditions, handlers); kept when every task is recorded.
        stages: the stages entered, in order; kept like the ways.
        marks: with what each task of the open lists began.
        skips: path of a task that an operator skipped -> the output that stands for its own.
        deaf: listeners that a repair took out of the instance, each with the places of the events it had used up.
        clocks: name of a clock -> when it began, its pauses, and what has happened to it.
        clock_notes: what is still to be told of them.
        ancestors: the instances that it was run by as a sub-process, the nearest last.
        closing: human tasks that have to leave the inbox, because a repair took them out of the instance.
    """

    origin: str
    started_at: float
    input: JSON = None
    context: JSON = None
    stage: str | None = None
    counter: int = 0
    suspended: bool = False
    problem: dict[str, JSON] | None = None
    lists: dict[str, list[JSON]] = field(default_factory=dict)
    states: dict[str, dict[str, JSON]] = field(default_factory=dict)
    writes: dict[str, str] = field(default_factory=dict)
    answers: dict[str, dict[str, JSON]] = field(default_factory=dict)
    performers: dict[str, str] = field(default_factory=dict)
    others: dict[str, list[str]] = field(default_factory=dict)
    parts: Parts = field(default_factory=dict)
    returned: dict[str, JSON] = field(default_factory=dict)
    compensations: list[dict[str, JSON]] = field(default_factory=list)
    lifecycle: dict[str, JSON] = field(default_factory=dict)
    turns: int = 0
    events_after: int | None = None
    trace: list[dict[str, JSON]] = field(default_factory=list)
    ways: dict[str, list[str]] = field(default_factory=dict)
    stages: list[str] = field(default_factory=list)
    marks: Marks = field(default_factory=dict)
    skips: dict[str, JSON] = field(default_factory=dict)
    closing: list[str] = field(default_factory=list)
    deaf: list[list[JSON]] = field(default_factory=list)
    clocks: dict[str, dict[str, JSON]] = field(default_factory=dict)
    clock_notes: list[JSON] = field(default_factory=list)
    ancestors: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, JSON]:
        """Return the journal as JSON data."""
        return {f.name: getattr(self, f.name) for f in fields(self)} | {"marks": marks.to_json(self.marks)}

    @classmethod
    def from_json(cls, data: dict[str, JSON]) -> Self:
        """Read a journal; fields that a newer release wrote and this one lacks are passed over."""
        known = {f.name for f in fields(cls)}
        given = {key: value for key, value in data.items() if key in known}
        return cls(**given | {"marks": marks.from_json(data.get("marks") or {})})

    def performed(self, task: str, by: str, others: list[str], path: str) -> None:
        """Note who did a human task at a path, and who else counts as its doer."""
        parts.note(self.parts, task, path, list(dict.fromkeys([by, *others])))
        self.performers |= {task: by, LAST: by}
        self.others.pop(task, None)
        if others:
            self.others[task] = list(dict.fromkeys(others))

    def doers(self, tasks: list[str], path: str = ROOT) -> list[str]:
        """Return everybody who did one of these human tasks, seen from a path."""
        known = [name for name in tasks if name in self.performers]
        last = {name: [self.performers[name], *self.others.get(name, ())] for name in known}
        found = [each for name in known for each in parts.found(self.parts, name, path) or last[name]]
        return list(dict.fromkeys(found))

    def try_again(self) -> None:
        """Forget that the instance ended with an error: what is open begins anew, with all of its time."""
        self.problem = None
        self.lifecycle.pop("shown", None)
        for state in self.states.values():
            state.pop("startedAt", None)

    def forget_below(self, path: str, *, writes: bool) -> None:
        """Drop what is open below `path`, because the scope there has ended; `writes` are kept for another attempt."""
        prefix = path + "/"
        tables: list[dict[str, JSON]] = [self.lists, self.states, self.marks, *([self.writes] if writes else [])]
        for table in tables:
            for key in [key for key in table if key.startswith(prefix)]:
                del table[key]
