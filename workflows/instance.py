"""One execution of a process: what its tasks share, and how it answers people and operators."""

import asyncio
import uuid
from collections.abc import Collection, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Protocol, TypeVar

from cauce.contract import JSON, CloseTask, CompleteTask, OperationCall, Outcome, Start, TaskChange
from cauce.errors import ConflictError, ForbiddenError
from schemas import validate_data
from workflows import approvals
from workflows.approvals import check_return
from workflows.clocks import Clocks
from workflows.inbox import Inbox
from workflows.journal import Journal
from workflows.lifecycle import MOST_NOTES, Lifecycle
from workflows.model import Process, Task, TaskList
from workflows.names import BEFORE_TASK, Names, moment
from workflows.runtime import Runtime

Effect = TypeVar("Effect")
# So many tasks may follow each other without waiting for anything before the instance lets others have a turn.
_BREATH: Final = 500
_MOMENT: Final = timedelta(milliseconds=1)


class WayOut(Exception):  # noqa: N818 (no error)
    """Raised to leave the tasks that are open, however deep."""


class EndProcess(WayOut):
    """Raised by `then: end`; carries the process's output."""

    def __init__(self, output: JSON) -> None:
        super().__init__()
        self.output = output


class GoBack(WayOut):
    """Raised when a person sends the case back to an earlier task: `task` of the open list `home`."""

    def __init__(self, home: str, task: str, note: dict[str, JSON]) -> None:
        super().__init__()
        self.home = home
        self.task = task
        self.note = note


@dataclass(slots=True)
class Frame:
    """A task while it runs; `path` is its reference with the number of each iteration in it."""

    instance: "Instance"
    task: Task
    path: str
    raw: JSON
    variables: Mapping[str, JSON]
    started_at: float
    input: JSON = None
    output: JSON = None
    then: str | None = None
    recorded: bool = True

    @property
    def state(self) -> dict[str, JSON]:
        """What the task must remember to go on after a new run began."""
        return self.instance.journal.states.setdefault(self.path, {})

    def names(self, **extra: JSON) -> Names:
        """Return the variables that the task's expressions see."""
        return Names(self.instance, self, extra)

    def names_before(self) -> Names:
        """Return the variables of what comes before the task has its input."""
        return Names(self.instance, self, hidden=BEFORE_TASK)

    def token(self) -> str:
        """Return the id of this run of this task: the same however often the task is resumed."""
        state = self.state
        if "token" not in state:
            state["token"] = self.instance.new_token()
        return str(state["token"])

    def describe(self) -> dict[str, JSON]:
        """Return the standard's task descriptor."""
        common = self.task.common
        return {
            "name": common.name,
            "reference": common.reference,
            "definition": common.definition,
            "input": self.raw,
            "output": self.output,
            "startedAt": moment(self.started_at),
        }


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A human task that waits for its answer: what the answer must look like, and who may not give it.

    `output` is the schema of what the answer takes the place of, if it is the output of a call. `approvals` is what the
    task remembers of them, when several people answer; `return_to` are the tasks that the case may be sent back to.
    `asked` is the id under which the process waits, where several groups have a part each.
    """

    schema: JSON
    different_from: Collection[str]
    output: JSON = None
    approvals: dict[str, JSON] | None = None
    return_to: Collection[str] = ()
    asked: str = ""


class Walk(Protocol):
    """How a task that holds other tasks has them run; the interpreter is it."""

    async def run_list(
        self, instance: "Instance", tasks: TaskList, path: str, data: JSON, variables: Mapping[str, JSON]
    ) -> JSON:
        """Run tasks in order; returns the output of the last."""
        ...

    async def run_scope(
        self, instance: "Instance", tasks: TaskList, path: str, data: JSON, variables: Mapping[str, JSON]
    ) -> tuple[JSON, bool]:
        """Run tasks in order; returns the output of the last, and whether `exit` ended the list."""
        ...

    async def run_task(self, frame: Frame) -> JSON:
        """Run one task."""
        ...


class Instance:
    """The shared part of one execution; the interpreter walks the process, this remembers where it is."""

    def __init__(self, process: Process, start: Start, runtime: Runtime, walk: Walk) -> None:
        self.process = process
        self.walk = walk
        self.runtime = runtime
        self.key = runtime.instance_id.partition("/")[2] if start.scheduled else start.key
        self.keep_trace = start.trace
        self.open_tasks: dict[str, OpenTask] = {}
        self.inbox = Inbox()
        self.in_flight = 0
        self.frozen = False
        self.alarms: list[float] = []
        self.again: frozenset[str] = frozenset()
        self._children = 0
        self._accepting: set[str] = set()
        self._changed = asyncio.Event()
        self._busy = 0
        self.shows_status = start.shows_status
        if start.journal is None:
            origin, now = runtime.run_id, runtime.time()
            self.journal = Journal(origin, now, input=start.input, events_after=start.events_after)
            self.journal.ancestors = list(start.ancestors)
        else:
            self._take_over(Journal.from_json(start.journal))
        self.lifecycle = Lifecycle(start.lifecycle, process, self.key, self.journal, runtime)
        self.clocks = Clocks(self)

    @property
    def business_key(self) -> str:
        """What its case is known by: its own key, or of a sub-process that of the instance which began it all."""
        root = self.journal.ancestors[0] if self.journal.ancestors else ""
        return self.key or root.partition("/")[2]

    def _take_over(self, journal: Journal) -> None:
        self.journal = journal
        if journal.problem is not None:
            journal.try_again()
            self.again = frozenset(journal.states)
        # An answer may come before the walk has reached its task again.
        for state in journal.states.values():
            if "form" in state:
                self.wait_for_answer(state)

    def new_token(self) -> str:
        """Return an id that no other task of any instance has."""
        self.journal.counter += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.journal.origin}/{self.journal.counter}"))

    # Boundaries between tasks ---------------------------------------------------------------------------------------

    def must_pause(self) -> bool:
        """Tell whether the next task may not begin now; asked once before each."""
        self._busy += 1
        return self._busy > _BREATH or self._held()

    def _held(self) -> bool:
        return self.journal.suspended or self.frozen or self.runtime.wants_new_run()

    @property
    def ready_for_new_run(self) -> bool:
        """Whether the journal says everything, so that a new run can take over."""
        return self.in_flight == 0 and not self.lifecycle.writing and self.runtime.wants_new_run()

    async def pause(self) -> None:
        """Wait until tasks may begin again (for ever, when a new run takes over)."""
        if self._busy > _BREATH:
            # A loop of tasks that wait for nothing would never let the worker do anything else.
            await self.effect(self.runtime.sleep(_MOMENT))
        while self._held():
            self._changed.clear()
            await self._changed.wait()

    def freeze(self) -> None:
        """Let no further task begin in this run, because another one goes on from a journal that was edited."""
        self.frozen = True

    def suspend(self) -> None:
        """Let no further task begin; what is in flight goes on."""
        if not self.journal.suspended:
            self.journal.suspended = True
            self.journal.lifecycle["shown"] = "suspended"
            self.runtime.record_status("suspended")
            self.lifecycle.suspended(self._open_references())

    def resume(self) -> None:
        """Let tasks begin again."""
        if self.journal.suspended:
            self.journal.suspended = False
            self.journal.lifecycle["shown"] = "running"
            self.runtime.record_status("running")
            self.lifecycle.resumed(self._open_references())
            self._changed.set()

    # At rest --------------------------------------------------------------------------------------------------------

    @property
    def at_rest(self) -> str:
        """What the status is, asked when nothing can happen by itself: who is not at work then waits."""
        if self.journal.suspended:
            return "suspended"
        return "running" if self.in_flight else "waiting"

    def has_news(self) -> bool:
        """Tell, at rest, whether the status or something else is to be told."""
        pending = len(self.lifecycle.pending)
        told = self.at_rest == self.lifecycle.status and self.at_rest == self._shown
        return not told or pending > MOST_NOTES or (pending > 0 and self.is_slow)

    @property
    def _shown(self) -> str:
        return str(self.journal.lifecycle.get("shown", "running")) if self.shows_status else self.at_rest

    async def tell_news(self) -> None:
        """Tell what the status is, and write down what happened."""
        self.lifecycle.goes(self.at_rest)
        self._show(self.at_rest)
        if self.is_slow or len(self.lifecycle.pending) > MOST_NOTES:
            await self.lifecycle.write()

    def _show(self, status: str) -> None:
        """Let lists show a status; that costs an entry of the history, so only what lasts is shown."""
        if self._shown != status:
            self.journal.lifecycle["shown"] = status
            self.runtime.record_status(status)

    @property
    def is_slow(self) -> bool:
        """Whether what the instance waits for may take longer than somebody wants to wait for its events."""
        return self.in_flight == self._children

    def _open_references(self) -> list[str]:
        """Return the references of the tasks that are open, in the order in which they started."""
        return [record["reference"] for record in self.journal.trace if record["status"] == "running"]

    # Time -----------------------------------------------------------------------------------------------------------

    @contextmanager
    def alarm(self, seconds: float) -> Iterator[None]:
        """Let `state` show that something happens when this many seconds have passed."""
        at = self.runtime.time() + seconds
        self.alarms.append(at)
        try:
            yield
        finally:
            self.alarms.remove(at)

    async def sleep_until(self, at: float) -> None:
        """Wait until a moment of workflow time, if it is still to come."""
        left = at - self.runtime.time()
        if left > 0:
            self._busy = 0
            with self.alarm(left):
                await self.runtime.sleep(timedelta(seconds=left))

    async def effect(self, work: Coroutine[None, None, Effect]) -> Effect:
        """Await something that happens in the world; while it is in flight no new run takes over."""
        self.in_flight += 1
        self._busy = 0
        try:
            return await work
        finally:
            self.in_flight -= 1

    async def child(self, work: Coroutine[None, None, Effect]) -> Effect:
        """Await another instance, which may take any time."""
        self._children += 1
        try:
            return await self.effect(work)
        finally:
            self._children -= 1

    async def call(self, call: OperationCall, timeout_s: float) -> Outcome:
        """Call an operation of a connection."""
        wait_s = self.process.waits_s.get(f"{call.operation}@{call.connection}", call.wait_s)
        call = replace(call, wait_s=wait_s)
        return await self.effect(self.runtime.call_operation(call, timeout_s))

    # Human tasks ----------------------------------------------------------------------------------------------------

    def wait_for_answer(self, state: dict[str, JSON]) -> None:
        """Let the human task with this state be answered."""
        form = self.process.forms[state["form"]]
        output, counted, asked = (
            self.process.outputs.get(state.get("instead", "")),
            state.get("approvals"),
            state["token"],
        )
        for each in approvals.waiting(counted, asked):
            self.open_tasks[each] = OpenTask(
                form.get("schema"), state["excluded"], output, counted, state.get("returnTo", ()), asked
            )

    def check_answer(self, answer: CompleteTask) -> None:
        """Refuse an answer that the instance cannot take; raises `CauceError`, changes nothing."""
        waiting = self.open_tasks.get(answer.task_id)
        if (
            self.frozen
            or waiting is None
            or waiting.asked in self.journal.answers
            or self._accepting_key(answer) in self._accepting
        ):
            raise _not_open()
        if answer.by in waiting.different_from:
            raise ForbiddenError(
                f"'{answer.by}' did an earlier part of this case and may not decide this one.",
                hint="Another person has to complete it (four eyes).",
            )
        if answer.return_to:
            check_return(answer, waiting.return_to)
            return
        for schema in (waiting.schema, waiting.output):
            if schema is not None:
                validate_data(schema, answer.answer, where="answer")
        if waiting.approvals is not None:
            approvals.check(waiting.approvals, answer)

    def _accepting_key(self, answer: CompleteTask) -> str:
        """Return what only one answer at a time may have: the task, or a person's part of it."""
        waiting = self.open_tasks[answer.task_id]
        return f"{waiting.asked}/{answer.by}" if waiting.approvals is not None else answer.task_id

    async def accept_answer(self, answer: CompleteTask) -> list[CloseTask | TaskChange]:
        """Take a checked answer once it is recorded; raises `ConflictError` when the task is over by then."""
        # A killed server forgets what is not recorded; a task that the answer had closed could never be answered again.
        key = self._accepting_key(answer)
        self._accepting.add(key)
        try:
            await self.runtime.settle()
        finally:
            self._accepting.discard(key)
        return self.take_answer(answer)

    def take_answer(self, answer: CompleteTask) -> list[CloseTask | TaskChange]:
        """Keep an answer for the task that waits for it; returns what becomes of the task in the inbox, that first."""
        waiting = self.open_tasks.get(answer.task_id)
        if waiting is None or waiting.asked in self.journal.answers:
            raise _not_open()
        given = {"answer": answer.answer, "by": answer.by, "at": answer.at, "behalf": list(answer.behalf)}
        kept, changes = approvals.taken(waiting.approvals, answer, given)
        if kept is not None:
            self.journal.answers[waiting.asked] = kept
            self._changed.set()
        elif isinstance(changes[0], CloseTask):
            # Of several groups this one is done.
            del self.open_tasks[answer.task_id]
        return changes

    async def answer(self, task_id: str) -> dict[str, JSON]:
        """Wait for the answer to a human task, and take it."""
        while task_id not in self.journal.answers:
            self._changed.clear()
            await self._changed.wait()
        return self.journal.answers.pop(task_id)

    def note_way(self, reference: str, way: str) -> None:
        """Note which way a task went, where every task is recorded: tests of definitions tell what they never tried."""
        if self.keep_trace:
            ways = self.journal.ways.setdefault(reference, [])
            if way not in ways:
                ways.append(way)


def _not_open() -> ConflictError:
    return ConflictError("The task is not open any more.", hint="Reload the inbox.")


def cancellations() -> int:
    """Return how often the running asyncio task was cancelled; a write in flight ends before it lets that through."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()
