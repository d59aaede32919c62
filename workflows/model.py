"""A process as the interpreter runs it: frozen, with every expression compiled once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from cauce.contract import JSON
from cauce.event_filters import Filter
from cauce.expressions import Expression
from cauce.expressions.templates import Template
from workflows.durations import Duration

Value = Expression | Template
STRATEGIES: Final[tuple[Literal["one", "any", "all"], ...]] = ("one", "any", "all")


@dataclass(frozen=True, slots=True)
class Common:
    """What every task may have besides its own keyword; `reference` is its JSON pointer in the document."""

    name: str
    reference: str
    definition: Mapping[str, JSON]
    condition: Expression | None = None
    input_schema: JSON = None
    input_from: Value | None = None
    output_schema: JSON = None
    output_as: Value | None = None
    export_schema: JSON = None
    export_as: Value | None = None
    timeout: Duration | None = None
    then: str | None = None
    extensions: tuple["Extension", ...] = ()


@dataclass(frozen=True, slots=True)
class Extension:
    """Tasks that run before and after each task of a kind, where its condition holds."""

    name: str
    extend: str
    when: Expression | None
    before: "TaskList | None"
    after: "TaskList | None"


@dataclass(frozen=True, slots=True)
class TaskList:
    """Tasks in order, and where each name stands, for `then`."""

    tasks: tuple["Task", ...]
    index: Mapping[str, int]


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


@dataclass(frozen=True, slots=True)
class HttpTask:
    """Makes one HTTP exchange; `secrets` are those that its arguments may name, `scheme` how it is authorized."""

    common: Common
    arguments: Template
    secrets: tuple[str, ...] = ()
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class OpenApiTask:
    """Makes the HTTP exchange that is an operation of an OpenAPI document; `operation` is what was published of it."""

    common: Common
    operation: Mapping[str, JSON]
    arguments: Template
    secrets: tuple[str, ...] = ()
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class ProtocolTask:
    """Makes a call in a protocol of its own, such as `mcp`; `description` is what was pinned of the other side."""

    common: Common
    protocol: str
    arguments: Template
    secrets: tuple[str, ...] = ()
    description: JSON = None


@dataclass(frozen=True, slots=True)
class Compensation:
    """The call that undoes an operation, with its arguments still to be filled in from the operation's output."""

    operation: str
    connection: str
    arguments: Template


@dataclass(frozen=True, slots=True)
class OperationTask:
    """Calls an operation of a connection."""

    common: Common
    operation: str
    connection: str
    arguments: Template
    effect: str = "write"
    timeout_s: float = 30.0
    compensation: Compensation | None = None


@dataclass(frozen=True, slots=True)
class HumanTaskCall:
    """Gives a person something to do and waits for the answer."""

    common: Common
    form: str
    form_document: Mapping[str, JSON]
    arguments: Template
    due_after: Duration | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a decision table."""

    id: str
    when: Expression | None
    then: Template


@dataclass(frozen=True, slots=True)
class DecisionTask:
    """Looks its data up in a decision table."""

    common: Common
    table: str
    data: Template
    inputs: Mapping[str, Expression]
    rules: tuple[Rule, ...]
    hit: str = "first"


@dataclass(frozen=True, slots=True)
class StageTask:
    """Moves the case to a stage of its catalogue."""

    common: Common
    arguments: Template
    stages: Mapping[str, Mapping[str, JSON]]


@dataclass(frozen=True, slots=True)
class CompensateTask:
    """Undoes what was recorded, newest first."""

    common: Common


@dataclass(frozen=True, slots=True)
class FunctionTask:
    """Runs a function with the arguments of the call as its input; `secrets` says whether it may use any."""

    common: Common
    arguments: Template
    body: "Task"
    secrets: bool = True


@dataclass(frozen=True, slots=True)
class RunProcessTask:
    """Runs another process as a child, and waits for it unless told not to."""

    common: Common
    namespace: str
    name: str
    version: str
    input: Template
    wait: bool = True


@dataclass(frozen=True, slots=True)
class Container:
    """What a container has besides what every process has; `command` is for a shell in it."""

    options: Template
    command: Template | str = ""
    cleanup: str = "never"
    after: Duration | None = None
    pull: str = "ifNotPresent"
    interactive: bool = False


@dataclass(frozen=True, slots=True)
class RunTask:
    """Runs a command, a script or a container; what is plain text is never looked into."""

    common: Common
    what: str
    text: Template | str
    arguments: Template
    environment: Template
    stdin: Template
    returns: str = "stdout"
    wait: bool = True
    secrets: tuple[str, ...] = ()
    container: Container | None = None


@dataclass(frozen=True, slots=True)
class EmitTask:
    """Sends an event."""

    common: Common
    event: Template


@dataclass(frozen=True, slots=True)
class Strategy:
    """Which events are wanted: the one, any or all of its filters."""

    kind: Literal["one", "any", "all"]
    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Foreach:
    """What is done with each event that was taken, one after the other."""

    item: str
    at: str
    body: TaskList | None = None
    output_schema: JSON = None
    output_as: Value | None = None
    export_schema: JSON = None
    export_as: Value | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionTask:
    """Consumes messages of a channel that an AsyncAPI document describes, until there are enough."""

    common: Common
    arguments: Template
    description: JSON
    secrets: tuple[str, ...] = ()
    filter: Expression | None = None
    amount: int | None = None
    duration: Duration | None = None
    while_: Expression | None = None
    until: Expression | None = None
    foreach: Foreach | None = None


@dataclass(frozen=True, slots=True)
class ListenTask:
    """Waits for events; `any` of them may go on until a condition holds or other events came."""

    common: Common
    to: Strategy
    until: Expression | None = None
    until_events: Strategy | None = None
    read: Literal["data", "envelope", "raw"] = "data"
    foreach: Foreach | None = None


Task = (
    DoTask
    | SetTask
    | SwitchTask
    | ForTask
    | ForkTask
    | TryTask
    | RaiseTask
    | WaitTask
    | HttpTask
    | OpenApiTask
    | ProtocolTask
    | SubscriptionTask
    | OperationTask
    | HumanTaskCall
    | DecisionTask
    | StageTask
    | CompensateTask
    | FunctionTask
    | RunProcessTask
    | RunTask
    | EmitTask
    | ListenTask
)


@dataclass(frozen=True, slots=True)
class Process:
    """One published version of a process."""

    namespace: str
    name: str
    version: str
    document: Mapping[str, JSON]
    forms: Mapping[str, Mapping[str, JSON]]
    body: TaskList
    input_schema: JSON = None
    input_from: Value | None = None
    output_schema: JSON = None
    output_as: Value | None = None
    timeout: Duration | None = None
    secrets: tuple[str, ...] = ()
    effects: Mapping[str, str] = field(default_factory=dict)
    timeouts_s: Mapping[str, float] = field(default_factory=dict)
    listens: bool = False

    @property
    def title(self) -> str:
        """The type of its workflows: `namespace.name`."""
        return f"{self.namespace}.{self.name}"
