"""Tasks that say what comes next: order, choice, repetition, errors and time."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cauce.expressions import Expression
from cauce.expressions.templates import Template
from workflows.durations import Duration
from workflows.model.basics import Common, TaskList, Value

if TYPE_CHECKING:
    from workflows.model import Task


@dataclass(frozen=True, slots=True)
class DoTask:
    """Runs its tasks one after the other."""

    common: Common
    body: TaskList


@dataclass(frozen=True, slots=True)
class SetTask:
    """Makes its output from a template."""

    common: Common
    value: Value


@dataclass(frozen=True, slots=True)
class Case:
    """One way out of a switch; without `when` it is the default."""

    name: str
    when: Expression | None
    then: str


@dataclass(frozen=True, slots=True)
class SwitchTask:
    """Goes on where the first case that holds says."""

    common: Common
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class ForTask:
    """Runs its tasks once for each item; each iteration's output is the next one's input."""

    common: Common
    each: str
    at: str
    items: Expression
    condition: Expression | None
    body: TaskList


@dataclass(frozen=True, slots=True)
class ForkTask:
    """Runs its branches at the same time; competing ones until the first has ended."""

    common: Common
    branches: tuple["Task", ...]
    compete: bool


@dataclass(frozen=True, slots=True)
class Retry:
    """When, how often and how fast to try again; times are durations of the document."""

    when: Expression | None = None
    except_when: Expression | None = None
    delay: Duration | None = None
    backoff: Literal["constant", "linear", "exponential"] = "constant"
    factor: float = 2.0
    increment: Duration | None = None
    cap: Duration | None = None
    count: int | None = None
    attempt_duration: Duration | None = None
    duration: Duration | None = None
    jitter: tuple[Duration, Duration] | None = None
    default_jitter: bool = False


@dataclass(frozen=True, slots=True)
class Catch:
    """Which errors a `try` takes, and what it does about them."""

    filter: Template | None = None
    variable: str = "error"
    when: Expression | None = None
    except_when: Expression | None = None
    retry: Retry | None = None
    body: TaskList | None = None
    then: str | None = None


@dataclass(frozen=True, slots=True)
class TryTask:
    """Runs its tasks and takes the errors that its `catch` names."""

    common: Common
    body: TaskList
    catch: Catch


@dataclass(frozen=True, slots=True)
class RaiseTask:
    """Ends its scope with an error."""

    common: Common
    error: Value


@dataclass(frozen=True, slots=True)
class WaitTask:
    """Lets time pass."""

    common: Common
    duration: Duration
