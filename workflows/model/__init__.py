"""A process as the interpreter runs it: frozen, with every expression compiled once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cauce.contract import JSON
from workflows.durations import Duration
from workflows.model.basics import (
    Common,
    Extension,
    TaskList,
    Value,
)
from workflows.model.calls import (
    CompensateTask,
    Compensation,
    Container,
    DecisionTask,
    Fallback,
    FunctionTask,
    HttpTask,
    HumanTaskCall,
    Mail,
    NotifyTask,
    OpenApiTask,
    OperationTask,
    ProtocolTask,
    RenderTask,
    Rule,
    RunProcessTask,
    RunTask,
    StageTask,
)
from workflows.model.clocks import ClockRules, ClockTask
from workflows.model.events import (
    STRATEGIES,
    EmitTask,
    Foreach,
    ListenTask,
    Strategy,
    SubscriptionTask,
)
from workflows.model.steps import (
    Case,
    Catch,
    DoTask,
    ForkTask,
    ForTask,
    RaiseTask,
    Retry,
    SetTask,
    SwitchTask,
    TryTask,
    WaitTask,
)

__all__ = [
    "STRATEGIES",
    "Case",
    "Catch",
    "ClockTask",
    "Common",
    "CompensateTask",
    "Compensation",
    "Container",
    "DecisionTask",
    "DoTask",
    "EmitTask",
    "Extension",
    "Fallback",
    "ForTask",
    "Foreach",
    "ForkTask",
    "FunctionTask",
    "HttpTask",
    "HumanTaskCall",
    "ListenTask",
    "Mail",
    "NotifyTask",
    "OpenApiTask",
    "OperationTask",
    "Process",
    "ProtocolTask",
    "RaiseTask",
    "RenderTask",
    "Retry",
    "Rule",
    "RunProcessTask",
    "RunTask",
    "SetTask",
    "StageTask",
    "Strategy",
    "SubscriptionTask",
    "SwitchTask",
    "Task",
    "TaskList",
    "TryTask",
    "Value",
    "WaitTask",
]

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
    | RenderTask
    | NotifyTask
    | CompensateTask
    | ClockTask
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
    waits_s: Mapping[str, float] = field(default_factory=dict)
    outputs: Mapping[str, JSON] = field(default_factory=dict)
    listens: bool = False
    clocks: Mapping[str, ClockRules] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The type of its workflows: `namespace.name`."""
        return f"{self.namespace}.{self.name}"
