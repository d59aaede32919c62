"""The budget of one evaluation: deterministic, so that running out is a result like any other.

Steps are counted, never seconds: the same expression on the same data uses the same number on every machine.
Straight-line code is charged where it is entered (loop iteration, call), by its size known since compilation.
"""

import sys
from dataclasses import dataclass
from typing import Any, NoReturn

from cauce.expressions.faults import over_budget

JSON = Any
Env = tuple[Any, ...]

# One call counts for at least this many of the interpreter's own frames; see `Run.frames`.
frames_per_call = 12
# jq's own limit on how deep values nest; also ours for reading and writing JSON text.
max_nesting = 10_000
# Deep expressions need more Python frames than the default 1,000; 200 calls of 12 frames and their callers fit well,
# and the C stack that nested generators take stays below 2 MB.
needed_recursion = 12_000


@dataclass(frozen=True, slots=True)
class Budget:
    """How much one evaluation may use.

    `steps`: units of work; `depth`: calls open at the same time, and levels of the result; `size`: items of one array
    or of the whole result; `string`: characters of one string.
    """

    steps: int = 1_000_000
    depth: int = 200
    size: int = 100_000
    string: int = 1_000_000


DEFAULT = Budget()


class Run:
    """What one evaluation has left; the first slot of every environment.

    An environment is a tuple `(run, parent, value, frames)`: a chain of bindings that is never changed, so that
    generators can be suspended and resumed in any order. `frames` is how deep the interpreter stands.
    """

    __slots__ = ("budget", "frames", "globals", "size", "steps", "string")

    def __init__(self, budget: Budget, values: tuple[JSON, ...]) -> None:
        self.budget = budget
        self.steps = budget.steps
        self.frames = budget.depth * frames_per_call
        self.size = budget.size
        self.string = budget.string
        self.globals = values

    def charge(self, amount: int) -> None:
        """Use `amount` steps."""
        self.steps -= amount
        if self.steps < 0:
            self.out_of_steps()

    def out_of_steps(self) -> NoReturn:
        """Raise the error for a spent budget."""
        self.steps = -1
        raise over_budget(
            "needs more steps than it may use",
            f"{self.budget.steps:,}",
            "Does it end? Put less data through it, or let a connection's operation do the work.",
        )

    def too_deep(self) -> NoReturn:
        """Raise the error for too many calls inside each other."""
        raise over_budget(
            "calls functions too deep inside each other",
            f"{self.budget.depth:,}",
            "Does the recursion end? Use `reduce`, `until` or `recurse` instead of a function that calls itself.",
        )

    def check_size(self, items: int) -> None:
        """Refuse an array of more than the allowed items."""
        if items > self.size:
            raise over_budget("builds an array with too many items", f"{self.size:,}", "Select less, or in portions.")

    def check_string(self, length: int) -> None:
        """Refuse a string of more than the allowed characters."""
        if length > self.string:
            raise over_budget("builds a string that is too long", f"{self.string:,} characters", "Select less.")

    def collect(self, items: JSON) -> list[JSON]:
        """Make a list of what an iterable gives, charging for each item."""
        if type(items) is not list and not hasattr(items, "__len__"):
            return self._collect_lazily(items)
        count = len(items)
        self.check_size(count)
        self.charge(count)
        return list(items)

    def _collect_lazily(self, items: JSON) -> list[JSON]:
        out: list[JSON] = []
        append = out.append
        size = self.size
        for item in items:
            self.steps -= 1
            if self.steps < 0:
                self.out_of_steps()
            append(item)
            if len(out) > size:
                self.check_size(len(out))
        return out


def allow_depth() -> None:
    """Make room on Python's stack for the deepest evaluation the budget allows; never takes room away."""
    if sys.getrecursionlimit() < needed_recursion:
        sys.setrecursionlimit(needed_recursion)
