"""Tasks that do something outside, or have a function, a person or another process do it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cauce.contract import JSON
from cauce.expressions import Expression
from cauce.expressions.templates import Template
from workflows.durations import Duration
from workflows.model.basics import Common
from workflows.working_time import WorkingTime

if TYPE_CHECKING:
    from workflows.model import Task


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
class Fallback:
    """The human task that takes the place of a call that cannot be made, once it was tried for a while (`after`)."""

    form: str
    form_document: Mapping[str, JSON]
    arguments: Template
    after: Duration | None = None
    due: Duration | None = None


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
    fallback: Fallback | None = None


@dataclass(frozen=True, slots=True)
class HumanTaskCall:
    """Gives a person something to do and waits for the answer; `wheres` are those of its rules of assignment.

    `calendar` is that of `due` and of the steps that follow it, `calendars` those of other arguments; `approves` tells
    of an answer whether it is a yes, where several people answer.
    """

    common: Common
    form: str
    form_document: Mapping[str, JSON]
    arguments: Template
    due_after: Duration | None = None
    calendar: WorkingTime | None = None
    wheres: tuple[str | None, ...] = ()
    calendars: Mapping[str, WorkingTime] = field(default_factory=dict)
    approves: str = ""


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
class RenderTask:
    """Makes a message of a template, whose document is `template`."""

    common: Common
    template: Mapping[str, JSON]
    arguments: Template


@dataclass(frozen=True, slots=True)
class Mail:
    """The operation that sends mail."""

    operation: str
    connection: str
    timeout_s: float


@dataclass(frozen=True, slots=True)
class NotifyTask:
    """Tells people something: in the hub, or by `mail`; without a template its own title and text are the message."""

    common: Common
    template: Mapping[str, JSON] | None
    arguments: Template
    mail: Mail | None = None


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
