"""The state of an instance: everything needed to go on from here, as plain JSON data.

Only what is open is in it. A list that has ended, a task that is done and an iteration that is over leave nothing
behind but their output, which is the next task's input. Continue-as-new, an operator's repair and a change of version
are one mechanism: start again with a journal.
"""

from dataclasses import dataclass, field, fields
from typing import Self

from cauce.contract import JSON

TRACE_LIMIT = 400


@dataclass(slots=True)
class Journal:
    """Where an instance is.

    Attributes:
        origin: run id of the instance's first run; ids made by the instance derive from it.
        started_at: seconds since the epoch, workflow time.
        input: raw input of the instance.
        context: what `$context` is now.
        counter: how many ids the instance has made.
        lists: path of each open task list -> [index of the current task, its raw input].
        states: path of each open task -> what its handler must remember.
        answers: id of a human task -> answer that came and was not yet used.
        performers: name of a human task -> who completed it last.
        compensations: calls that undo what was done, oldest first.
        trace: one record per task that ran, oldest first.
    """

    origin: str
    started_at: float
    input: JSON = None
    context: JSON = None
    stage: str | None = None
    counter: int = 0
    suspended: bool = False
    lists: dict[str, list[JSON]] = field(default_factory=dict)
    states: dict[str, dict[str, JSON]] = field(default_factory=dict)
    answers: dict[str, dict[str, JSON]] = field(default_factory=dict)
    performers: dict[str, str] = field(default_factory=dict)
    compensations: list[dict[str, JSON]] = field(default_factory=list)
    trace: list[dict[str, JSON]] = field(default_factory=list)

    def to_json(self) -> dict[str, JSON]:
        """Return the journal as JSON data."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_json(cls, data: dict[str, JSON]) -> Self:
        """Read a journal; fields that a newer release wrote and this one lacks are passed over."""
        known = {f.name for f in fields(cls)}
        return cls(**{key: value for key, value in data.items() if key in known})

    def forget_below(self, path: str) -> None:
        """Drop what is open below `path`, because the scope there has ended."""
        prefix = path + "/"
        for table in (self.lists, self.states):
            for key in [key for key in table if key.startswith(prefix)]:
                del table[key]
