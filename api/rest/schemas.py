"""What the REST API takes and gives; made from the values of the services, whose attributes have the same names."""

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from cauce.errors import Finding

JSON = Any
T = TypeVar("T")


class Model(BaseModel):
    """Something that is read from a value of the services."""

    model_config = ConfigDict(from_attributes=True)


class Page(BaseModel, Generic[T]):
    """A page of a list."""

    items: list[T]
    next: str | None = Field(
        default=None, description="The address of the next page; null at the end.", examples=["/api/v1/tasks?after=MjA"]
    )


class Health(BaseModel):
    """Whether the API can work."""

    status: Literal["ok", "degraded"] = Field(description="`degraded`: something it needs does not answer.")
    store: bool
    engine: bool = Field(description="Whether Temporal answers; the inbox works without it.")


class TaskSummary(Model):
    """A human task, as the inbox lists it."""

    id: str = Field(examples=["6f9619ff-8b86-5d01-b42d-00c04fc964ff"])
    instance: str = Field(examples=["sales.lead-to-order/lead:2041"])
    definition: str = Field(examples=["sales.lead-to-order"])
    version: str = Field(examples=["1.2.0"])
    name: str = Field(description="The task's name in the process.", examples=["qualify"])
    title: JSON = Field(
        description="Text, or one text for each language.", examples=[{"en": "Qualify", "es": "Calificar"}]
    )
    form: str = Field(examples=["qualify-lead"])
    group: str | None = Field(examples=["sales"])
    user: str | None = Field(description="The one person it is meant for, if there is one.")
    claimed_by: str | None = Field(examples=["ana"])
    state: Literal["open", "claimed", "completed", "sent-back", "cancelled", "expired"]
    priority: int = Field(examples=[50])
    due_at: datetime | None
    created_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    business_key: str = Field(examples=["lead:2041"])
    may_act: bool = Field(description="Whether you may claim and complete it.")
    owner: str | None = Field(default=None, description="Who delegated it, if somebody did.", examples=["rosa"])
    follow_up_at: datetime | None = Field(default=None, description="Until when it is kept out of the inbox.")
    expires_at: datetime | None = Field(default=None, description="When nobody is asked any more.")
    approvals: JSON = Field(
        default=None,
        description="How many of how many people have to agree, when several answer; the groups of `also` in turn. "
        "With `groups` these are asked at the same time, and this task is the `part` with that number, counted from 0.",
        examples=[{"need": 2, "of": 3}],
    )
    answered_by: list[str] = Field(default=[], description="Who has given their answer, of several.")
    urgent_at: datetime | None = Field(default=None, description="When it comes up, which is what the inbox sorts by.")
    severity: str | None = Field(default=None, description="low, medium, high or critical.", examples=["high"])
    value: float | None = Field(default=None, description="What is at stake.", examples=[12500])
    customer: str = Field(default="", description="Whom it is about, as far as is known.")


class TaskPage(Page[TaskSummary]):
    """A page of tasks, which also knows the way back."""

    previous: str | None = Field(default=None, description="Where the page before is; null on the first.")


class Task(TaskSummary):
    """A human task with its form and the case's data."""

    reference: str = Field(description="The task's place in the process.", examples=["/do/0/qualify"])
    form_document: JSON = Field(description="The form; `schema` is the JSON Schema of the answer.")
    data: JSON = Field(description="What the process gave to the task.")
    answer: JSON = Field(description="What was answered, when it is completed.")
    assignment: JSON = Field(
        None,
        description="Why it was given to whom: `how`, the number of the `rule`, and what was `tried` before.",
        examples=[{"how": "least-loaded", "rule": 2, "user": "ana", "load": 3, "there": 4, "tried": []}],
    )
    note: str = Field(default="", description="What was said when it was handed over or given back.")
    return_to: list[str] = Field(
        default=[], description="Earlier tasks that the case may be sent back to.", examples=[["enter-order"]]
    )
    returned: JSON = Field(default=None, description="Why the case came back to this task: task, by, at, reason.")
    told: list[JSON] = Field(default=[], description="Who was told that it is left lying.")


class Completion(BaseModel):
    """The answer to a task."""

    answer: JSON = Field(
        description="Data that fits the form's schema.", examples=[{"score": 80, "need": "40 bearings"}]
    )


class Attachment(BaseModel):
    """A file, as answers and data hold it."""

    name: str = Field(examples=["scan.pdf"])
    sha256: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
    size: int = Field(examples=[48213], description="In bytes.")
    type: str = Field(examples=["application/pdf"])


class Return(BaseModel):
    """Why a task is given back."""

    reason: str = Field(min_length=1, max_length=500, examples=["I am on leave from tomorrow."])


class Start(BaseModel):
    """What to start."""

    definition: str = Field(examples=["sales.lead-to-order"])
    version: str | None = Field(default=None, description="The latest, unless one is named.", examples=["1.2.0"])
    key: str | None = Field(
        default=None,
        description="The number under which people know the case; only one instance with it runs at a time.",
        examples=["lead:2041"],
    )
    input: JSON = Field(
        default=None, description="Data that fits the process's `input.schema`.", examples=[{"id": "2041"}]
    )


class Started(Model):
    """An instance that was started."""

    id: str = Field(examples=["sales.lead-to-order/lead:2041"])
    run_id: str
    definition: str
    version: str
    key: str


class Instance(Model):
    """An instance, as a list shows it."""

    id: str = Field(examples=["sales.lead-to-order/lead:2041"])
    definition: str = Field(examples=["sales.lead-to-order"])
    version: str = Field(examples=["1.2.0"])
    key: str = Field(examples=["lead:2041"])
    status: str = Field(
        examples=["waiting"], description="running, waiting, suspended, completed, faulted or cancelled."
    )
    stage: str | None = Field(examples=["qualified"])
    customer: str | None
    started_at: datetime
    closed_at: datetime | None


class Skip(Model):
    """Which task counts as done, and with which output."""

    path: str = Field(
        "",
        examples=["/do/2/create-order"],
        description="One of `state.open`, or its pointer in the document; not needed when only one is open.",
    )
    output: JSON = None
    context: JSON = Field(None, description="The context from now on, if it shall change as well.")


class Reset(Model):
    """At which task an instance begins again."""

    path: str = Field(examples=["/do/2/create-order"], description="One of `state.resettable`, or its pointer.")
    input: JSON = Field(None, description="What the task begins with; what it began with before, when left out.")
    context: JSON = Field(None, description="The context from then on; what it was before, when left out.")


class Context(Model):
    """The context of an instance."""

    context: JSON = Field(examples=[{"qualification": {"score": 70}}])


class Repaired(Model):
    """An instance that goes on after a repair."""

    id: str = Field(examples=["sales.lead-to-order/lead:2041"])
    path: str = Field(description="The task that it was about.")


class InstanceTask(Model):
    """A human task of an instance."""

    id: str
    name: str
    reference: str
    title: JSON
    state: str
    claimed_by: str | None
    due_at: datetime | None
    created_at: datetime
    closed_at: datetime | None
    closed_by: str | None


class InstanceDetail(Model):
    """All that is known of an instance."""

    summary: Instance
    live: bool = Field(description="False when no worker answered; `state` then lacks what only the instance knows.")
    state: JSON = Field(description="Tasks in the order they started, the current ones, the context, the stage.")
    human_tasks: list[InstanceTask]
    output: JSON
    problem: JSON = Field(description="Problem details, when it failed.")


class Operation(Model):
    """One operation of a connection."""

    name: str = Field(examples=["create-order"])
    effect: Literal["read", "write"]
    calls: str = Field(examples=["SalesOrder.Create"])


class Implemented(Model):
    """A capability that a connection implements, and whether it was certified for it."""

    capability: str = Field(examples=["orders"])
    state: str = Field(examples=["certified"], description="certified, failed, outdated (changed since) or never.")
    version: str = Field(examples=["3"], description="The version of the connection that was tried.")
    at: datetime | None
    by: str


class Limits(Model):
    """The limits of a connection, for all workers together, and how its calls stand with them."""

    rate_per_s: float | None = Field(examples=[20.0], description="Null when there is none.")
    concurrency: int = Field(examples=[4])
    circuit: Literal["closed", "open", "half-open"] = Field(
        description="Calls are made, refused until `open_until`, or one of them tries whether it works again."
    )
    failures: int = Field(examples=[0], description="In a row.")
    open_until: datetime | None
    problem: str = Field(examples=[""], description="Of the last failure.")
    workers: int = Field(examples=[2], description="How many workers called it in the last seconds.")
    places: int = Field(examples=[4], description="How many of `concurrency` they hold.")
    calls: int = Field(examples=[120], description="In this window of the retry budget and the one before.")
    retries: int = Field(examples=[3], description="How many of these were repetitions.")


class Connection(Model):
    """A connection, without its settings."""

    name: str = Field(examples=["erp"])
    kind: str = Field(examples=["soap"])
    title: JSON
    version: str = Field(examples=["3"])
    operations: list[Operation]
    implements: list[Implemented]
    published_at: datetime
    published_by: str
    limits: Limits


class Probe(Model):
    """One stage of a connection test."""

    stage: str = Field(examples=["tcp"])
    ok: bool
    sentence: str = Field(examples=["127.0.0.1 takes connections on port 8090."])
    milliseconds: float


class Test(BaseModel):
    """The result of a connection test."""

    ok: bool
    probes: list[Probe]


class Record(BaseModel):
    """How long a connection is recorded: ten minutes when nothing is said."""

    lasts: str | None = Field(default=None, alias="for", description="A duration.", examples=["PT10M"])
    calls: int | None = Field(default=None, description="For as many calls at most.", examples=[50])
    operations: list[str] = Field(default_factory=list, description="Only these.", examples=[["create-order"]])


class Recording(Model):
    """Whether a connection is recorded, and what there is of it."""

    connection: str = Field(examples=["erp"])
    on: bool
    always: bool = Field(description="Whether its file says so.")
    until: datetime | None
    calls_left: int | None = Field(examples=[50])
    operations: list[str] = Field(description="Only these; all when there are none.", examples=[["create-order"]])
    by: str = Field(description="Who switched it on.", examples=["ines"])
    recorded: dict[str, int] = Field(
        description="How many exchanges there are of each operation.", examples=[{"create-order": 12}]
    )


class Sample(Model):
    """A recorded call, masked."""

    id: int
    at: datetime
    operation: str = Field(examples=["create-order"])
    given: JSON = Field(description="What the process passed.", examples=[{"reference": "opp:1"}])
    request: JSON = Field(description="What was sent: mapped by `request`.", examples=[{"Reference": "opp:1"}])
    response: JSON = Field(
        description="What was answered, before it is mapped by `response`.", examples=[{"OrderNumber": "SO-1"}]
    )
    error: JSON = Field(description="What went wrong instead.", examples=[None])
    took_ms: float = Field(examples=[31.5])


class Caused(Model):
    """What an event did to one process."""

    definition: str = Field(examples=["sales.lead-to-order"])
    instance: str = Field(examples=["sales.lead-to-order/lead:2041"])
    state: str = Field(description="started, refused, or pending while somebody is at it.", examples=["started"])
    problem: str = ""


class Receipt(Model):
    """That an event was received."""

    sequence: int = Field(description="Its place in the event log.", examples=[42])
    new: bool = Field(description="False when the same event was received before, which changes nothing.")
    caused: list[Caused]


class RefusedEvent(Model):
    """An event that a connection refused."""

    event: int = Field(description="Its place in the event log.")
    problem: str
    at: datetime
    letter: int = Field(description="Its number among the dead letters, where it can be mended and sent again.")


class Sink(Model):
    """A connection that events are sent to."""

    connection: str = Field(examples=["monitoring"])
    types: list[str] = Field(examples=[["com.example.*"]])
    waiting: int = Field(description="How many events of the log it has not come to yet.")
    failures: int = Field(description="How often in a row it could not be reached.")
    problem: str = Field(description="Why; empty when it could.")
    refused: int = Field(description="How many of its dead letters are open.")
    lately: list[RefusedEvent] = Field(description="What it refused last, as far as nobody has decided.")


class Me(BaseModel):
    """Who is asking."""

    name: str = Field(examples=["ana"])
    roles: list[str] = Field(examples=[["staff"]])
    groups: list[str] = Field(examples=[["sales"]])
    locale: str = Field(examples=["es"])


class NewToken(BaseModel):
    """The token to make."""

    label: str = Field(default="", max_length=100, examples=["nightly import"])
    scopes: list[str] = Field(default_factory=list, description="Roles to limit it to.", examples=[["staff"]])
    expires_in_days: int | None = Field(default=None, ge=1, le=3650, examples=[90])


class Token(BaseModel):
    """A new token."""

    token: str = Field(description="Shown this once.", examples=["cauce_…"])


class DefinitionSummary(Model):
    """A published version, as a list shows it."""

    kind: str = Field(examples=["process"])
    full_name: str = Field(examples=["sales.lead-to-order"])
    version: str = Field(examples=["1.2.0"])
    title: JSON
    digest: str = Field(description="Of the content; also its ETag.")
    published_at: datetime
    published_by: str
    latest: bool
    active: bool = Field(description="False when it is retired: nothing new starts on it.")


class Definition(DefinitionSummary):
    """A published version with its text."""

    source: str = Field(description="The YAML as it was published.")
    document: JSON = Field(description="The same, parsed.")


class Published(Model):
    """A version that was published."""

    kind: str = Field(examples=["process"])
    full_name: str = Field(examples=["sales.lead-to-order"])
    version: str = Field(examples=["1.2.0"])
    digest: str
    new: bool = Field(description="False when the same content was published before.")
    outdated: bool = Field(description="True when what it names has changed since; raise its version to use that.")


class Found(BaseModel):
    """One thing that is wrong (or unwise) in a definition."""

    code: str = Field(examples=["unknown-property"])
    severity: str = Field(examples=["error"])
    problem: str
    hint: str
    pointer: str = Field(examples=["/do/0/qualify/with"])
    file: str = Field(examples=["definition.yaml"])
    line: int | None
    column: int | None

    @classmethod
    def of(cls, finding: Finding) -> "Found":
        """Return a finding with its place spread out."""
        place = finding.place
        return cls(
            code=finding.code,
            severity=finding.severity,
            problem=finding.problem,
            hint=finding.hint,
            pointer=finding.pointer,
            file=place.file if place else "",
            line=place.line if place else None,
            column=place.column if place else None,
        )


class Checked(BaseModel):
    """What a check found."""

    ok: bool = Field(description="Whether it can be published; there may be warnings.")
    findings: list[Found]
