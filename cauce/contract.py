"""What travels between workflows, activities and clients of Temporal; fields are only ever added, with a default.

`workflows` and `activities` meet here and nowhere else, so names of activities, updates, signals, queries, search
attributes and task queues are here too.
"""

from dataclasses import dataclass, field
from typing import Any, Final

JSON = Any

TASK_QUEUE: Final = "cauce"
CALL_WAIT_S: Final = 3600.0

DEFINITION: Final = "CauceDefinition"
VERSION: Final = "CauceVersion"
BUSINESS_KEY: Final = "CauceBusinessKey"
STAGE: Final = "CauceStage"
STATUS: Final = "CauceStatus"
CUSTOMER: Final = "CauceCustomer"
SEARCH_ATTRIBUTES: Final = (DEFINITION, VERSION, BUSINESS_KEY, STAGE, STATUS, CUSTOMER)

COMPLETE_TASK: Final = "complete-task"
SUSPEND: Final = "suspend"
RESUME: Final = "resume"
STATE: Final = "state"
JOURNAL: Final = "journal"
REPAIR: Final = "repair"

# The type of the failure with which a call goes back to its queue: nothing was sent.
BUSY: Final = "busy"

REPEAT: Final = "cauce-repeat"
REPEAT_NEWS: Final = "news"
REPEAT_NEXT: Final = "next"

UPKEEP: Final = "cauce-upkeep"
LIST_CONTRACTS: Final = "list-contracts"
READ_CONTRACT: Final = "read-contract"
RECONCILE: Final = "cauce-reconcile"
RECONCILE_BY_HAND: Final = "reconcile-by-hand"
SWEEP: Final = "cauce-sweep"
SWEEP_FILES: Final = "sweep-files"
CERTIFY: Final = "cauce-certify"
CERTIFY_CAPABILITY: Final = "certify-capability"
LETTER: Final = "cauce-letter"
WRITE_LETTER: Final = "write-letter"
END_LETTER: Final = "end-letter"
SYNC: Final = "cauce-sync"
SYNC_DUE: Final = "cauce-sync-due"
SYNC_AGAIN: Final = "again"
SYNC_BEGIN: Final = "sync-begin"
SYNC_BATCH: Final = "sync-batch"
COMPARE: Final = "cauce-compare"
COMPARE_SIDES: Final = "compare-sides"

CALL_OPERATION: Final = "call-operation"
CALL_HTTP: Final = "call-http"
RUN_PROCESS: Final = "run-process"
OPEN_TASK: Final = "open-task"
CLOSE_TASK: Final = "close-task"
FIND_POLICY: Final = "find-policy"
CHANGE_TASK: Final = "change-task"
SETTLE: Final = "settle"
RECORD_BY_HAND: Final = "record-by-hand"
FIND_DEFINITION: Final = "find-definition"
RECORD_LIFECYCLE: Final = "record-lifecycle"
RECORD_CLOCKS: Final = "record-clocks"
EMIT: Final = "emit"
LISTEN: Final = "listen"
STOP_LISTENING: Final = "stop-listening"
EVENTS_POSITION: Final = "events-position"
EVENT_CAME: Final = "event-came"


def operation_queue(connection: str) -> str:
    """Return the task queue on which the writes of one connection run."""
    return f"{TASK_QUEUE}-{connection}"


def sync_queue(connection: str) -> str:
    """Return the task queue for the steps of syncs that write to a connection; no connection has a name with /."""
    return f"{TASK_QUEUE}/sync/{connection}"


def sync_id(sync: str) -> str:
    """Return the id of the workflow that runs a sync; there is one at a time."""
    return f"{SYNC}/{sync}"


def compare_id(sync: str) -> str:
    """Return the id of the workflow that compares both sides of a sync; there is one at a time."""
    return f"{COMPARE}/{sync}"


def protocol_activity(protocol: str) -> str:
    """Return the name of the activity that makes the calls of one protocol."""
    return f"call-{protocol}"


def run_queue(queue: str) -> str:
    """Return the task queue of the processes that the instances of a queue start; no connection has such a name."""
    return f"{queue}--run"


def upkeep_queue(queue: str) -> str:
    """Return the task queue of what is looked after by itself; no instance is on it, and no connection is called so."""
    return f"{queue}--upkeep"


@dataclass(frozen=True, slots=True)
class Trial:
    """The argument of the workflow that certifies a connection; `by` asked for it and was allowed to.

    `anyway` writes documents although the connection does not say that it is a test system.
    """

    connection: str
    capabilities: list[str]
    by: str
    anyway: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """The second argument of a process workflow (the first is the published bundle).

    `journal` is the state to go on from, as the `journal` query gives it; `trace` keeps every task in the record, not
    only the newest; `cancelling` undoes what the journal says was done, then ends the instance as cancelled. What is
    `scheduled` has its key from Temporal: the end of its id. `lifecycle` says which lifecycle events it gives (off,
    workflow or all), `shows_status` that lists are told when it waits; both stay what they were at its start.
    `events_after` is the place in the event log behind which the instance's events begin. `ancestors` are the instances
    that it was run by as a sub-process, the nearest last.
    """

    input: JSON = None
    key: str = ""
    journal: JSON = None
    trace: bool = False
    cancelling: bool = False
    scheduled: bool = False
    lifecycle: str = "off"
    shows_status: bool = False
    events_after: int | None = None
    ancestors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Repeat:
    """A process that starts again after each instance has closed; `closed_at` is when the last one did."""

    namespace: str
    name: str
    start: Start
    paused: bool = False
    closed_at: float | None = None


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """A run of a sync that somebody or something (`by`) asks for; `full` reads everything."""

    sync: str
    by: str
    full: bool = False
    accept_columns: bool = False


@dataclass(frozen=True, slots=True)
class SyncTurn:
    """The run that is under way; its steps are made by those who serve `queue`."""

    sync: str
    run: int
    version: str
    queue: str = ""


@dataclass(frozen=True, slots=True)
class SyncStep:
    """What came of a step: whether the run is `over`; then `following` are the syncs whose turn it is.

    With `compare`, it is time to look whether both sides hold the same.
    """

    over: bool
    following: list[str] = field(default_factory=list)
    compare: bool = False


@dataclass(frozen=True, slots=True)
class CompareSides:
    """Both sides of a sync are to be compared; what is `patient` waits for a side that is not there."""

    sync: str
    by: str
    patient: bool = False


@dataclass(frozen=True, slots=True)
class OperationCall:
    """One call of `operation@connection`; `token` names it for ever, however often it is tried.

    `wait_s` is how long it may wait in the connection's queue until a worker has room for it; `again` tells that the
    process tries once more what failed before. With `files`, its attachments name files of the store.
    """

    connection: str
    operation: str
    params: JSON
    instance: str
    reference: str
    token: str
    effect: str = "read"
    wait_s: float = CALL_WAIT_S
    again: bool = False
    files: bool = False


@dataclass(frozen=True, slots=True)
class ByHand:
    """A write that a person did in the other system instead of the call, and what came of it."""

    call: OperationCall
    output: JSON
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class HttpCall:
    """One `call: http`, with its expressions evaluated; `secrets` are the names that `nonce` tokens may stand for."""

    method: str
    uri: str
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, JSON] = field(default_factory=dict)
    body: JSON = None
    output: str = "content"
    redirect: bool = False
    timeout_s: float = 30.0
    authentication: JSON = None
    secrets: list[str] = field(default_factory=list)
    nonce: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class ProtocolCall:
    """One call in a protocol of its own, with its expressions evaluated; `secrets` and `nonce` as in `HttpCall`.

    What `lasts` runs apart from the workflow's own step and tells that it lives, so that cancelling ends it.
    """

    protocol: str
    arguments: dict[str, JSON]
    reference: str = ""
    effect: str = "write"
    lasts: bool = False
    timeout_s: float = 60.0
    secrets: list[str] = field(default_factory=list)
    nonce: str = ""


@dataclass(frozen=True, slots=True)
class RunCall:
    """One process to start: `what` is shell, script:LANGUAGE or container, `text` its command, code or image.

    Without `wait` the call is over when the process has begun.
    """

    what: str
    text: str
    instance: str
    reference: str
    arguments: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    stdin: str | None = None
    options: JSON = None
    returns: str = "stdout"
    wait: bool = True
    secrets: list[str] = field(default_factory=list)
    nonce: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: an output, or the error as problem details (never both).

    One that belongs `elsewhere` has not begun: it has to wait, or this worker does not serve the connection, so it is
    for the connection's own queue.
    """

    output: JSON = None
    error: JSON = None
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class HumanTask:
    """One task for a person, as the process asks for it.

    `assign` are the rules by which somebody is found, if `group` and `user` do not say it all; `at` is when it was
    asked for, and `policy` where its rules are from. `approvals` says how many of how many people have to agree
    ({need, of}), `return_to` which earlier tasks a person may send the case back to. `returned` is why a person was
    asked again, `expires_at` when nobody is asked any more. `severity`, `value` and `leads` make it more or less urgent
    (`cauce.urgency`). `ancestors` are the instances that run this one as a sub-process.
    """

    id: str
    instance: str
    definition: str
    version: str
    name: str
    reference: str
    form: str
    title: JSON = None
    form_document: JSON = None
    data: JSON = None
    group: str | None = None
    user: str | None = None
    priority: int = 50
    due_at: str | None = None
    different_from: list[str] = field(default_factory=list)
    business_key: str = ""
    assign: list[JSON] = field(default_factory=list)
    at: str = ""
    policy: str = ""
    follow_up_at: str | None = None
    expires_at: str | None = None
    approvals: JSON = None
    return_to: list[str] = field(default_factory=list)
    returned: JSON = None
    severity: str | None = None
    value: float | None = None
    leads: list[int] = field(default_factory=list)
    ancestors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TaskChange:
    """What the process changes of a human task that goes on waiting.

    A step of its ladder (`rung`, counted from 1) is done once, however often it is sent: who is told (`notify`), whom
    the task goes to, and by how much its priority is raised. `answered` are all who have given their answer by now, and
    `approvals` what is shown of them where it has changed; a `group` without a step is the one that signs next.
    """

    id: str
    rung: int = 0
    notify: JSON = None
    group: str | None = None
    user: str | None = None
    raised: int = 0
    answered: list[str] = field(default_factory=list)
    approvals: JSON = None


@dataclass(frozen=True, slots=True)
class CloseTask:
    """A human task that is over: `state` is completed, sent-back, cancelled or expired."""

    id: str
    state: str
    answer: JSON = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class CompleteTask:
    """A person's answer to a human task; the argument of the `complete-task` update.

    With `return_to` the person sends the case back to an earlier task instead, and says why. Those in `behalf` had the
    task before and delegated it: four eyes count them as its doers, too. `seen` is how many approvals there were when
    it was looked up whether they may give one.
    """

    task_id: str
    answer: JSON
    by: str
    at: str
    return_to: str = ""
    reason: str = ""
    behalf: list[str] = field(default_factory=list)
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class FindPolicy:
    """What a policy says of the tasks with a form."""

    policy: str
    form: str


@dataclass(frozen=True, slots=True)
class FindDefinition:
    """Which published process a `run: workflow` means; `latest` is a version too."""

    namespace: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Repair:
    """What an operator changes of where an instance is; the argument of the `repair` update.

    `action` is skip (the task at `path` counts as done, with `value` as its output), reset (it begins again, with
    `value` as its input if there is one), or context (nothing but the context changes).
    """

    action: str
    path: str = ""
    value: JSON = None
    with_value: bool = False
    context: JSON = None
    with_context: bool = False


@dataclass(frozen=True, slots=True)
class LifecycleEvents:
    """Lifecycle events of an instance, as CloudEvents, in the order in which they happened."""

    instance: str
    events: list[JSON]


@dataclass(frozen=True, slots=True)
class ClockNews:
    """What happened to clocks of an instance, in order: its event, the clock as it is then, and what to do."""

    instance: str
    definition: str
    version: str
    business_key: str
    notes: list[JSON]


@dataclass(frozen=True, slots=True)
class Emit:
    """An event for the log; the same `source` and `id` twice is one event."""

    event: JSON
    instance: str


@dataclass(frozen=True, slots=True)
class Listen:
    """What one listener wants of the log behind `after`.

    With `begin` it wants to be told of what comes from now on. What the instance used up until its `turn` it does not
    want.
    """

    token: str
    instance: str
    filters: list[JSON]
    after: int
    turn: int
    begin: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """What is in the log up to `position`: each event with its place and the numbers of the filters it fits.

    With `more`, there is more to read.
    """

    position: int
    events: list[JSON] = field(default_factory=list)
    more: bool = False


@dataclass(frozen=True, slots=True)
class StopListening:
    """Places of the events that a listener has used up; it is over unless it `goes_on`."""

    token: str
    instance: str
    turn: int
    consumed: list[int] = field(default_factory=list)
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class EventCame:
    """The argument of the `event-came` signal: something is in the log for one of the instance's listeners."""

    token: str
    sequence: int
