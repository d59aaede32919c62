"""One execution of a process: what its tasks share, and how it answers people and operators."""

import asyncio
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from cauce.contract import JSON, CompleteTask, HttpCall, OperationCall, Outcome, Start
from cauce.errors import CauceError, ConflictError, ForbiddenError, NotFoundError
from schemas import validate_data
from workflows.journal import TRACE_LIMIT, Journal
from workflows.model import HumanTaskCall, Process, Task, TaskList
from workflows.names import Names, moment
from workflows.runtime import Runtime


class EndProcess(Exception):  # noqa: N818 (a way out, not an error)
    """Raised by `then: end`; carries the process's output."""

    def __init__(self, output: JSON) -> None:
        super().__init__()
        self.output = output


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

    @property
    def state(self) -> dict[str, JSON]:
        """What the task's handler must remember to go on after a new run began."""
        return self.instance.journal.states.setdefault(self.path, {})

    def names(self, **extra: JSON) -> Names:
        """Return the variables that the task's expressions see."""
        return Names(self.instance, self, extra)

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


@dataclass(slots=True)
class OpenTask:
    """A human task that waits for its answer."""

    call: HumanTaskCall
    different_from: list[str] = field(default_factory=list)


class Walk(Protocol):
    """How a task that holds other tasks has them run; the interpreter is it."""

    async def run_list(
        self, instance: "Instance", tasks: TaskList, path: str, data: JSON, variables: Mapping[str, JSON]
    ) -> JSON:
        """Run tasks in order; returns the output of the last."""
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
        self.key = start.key
        self.keep_trace = start.trace
        self.open_tasks: dict[str, OpenTask] = {}
        self.in_flight = 0
        self._alarms: list[float] = []
        if start.journal is None:
            self.journal = Journal(origin=runtime.run_id, started_at=runtime.time(), input=start.input)
        else:
            self.journal = Journal.from_json(start.journal)
            self.journal.trace = [record for record in self.journal.trace if record["status"] != "running"]
        self._changed = asyncio.Event()

    def new_token(self) -> str:
        """Return an id that no other task of any instance has."""
        self.journal.counter += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.journal.origin}/{self.journal.counter}"))

    # Boundaries between tasks ---------------------------------------------------------------------------------------

    @property
    def must_pause(self) -> bool:
        """Whether no further task may begin now."""
        return self.journal.suspended or self.runtime.wants_new_run()

    @property
    def ready_for_new_run(self) -> bool:
        """Whether the journal says everything, so that a new run can take over."""
        return self.in_flight == 0 and self.runtime.wants_new_run()

    async def pause(self) -> None:
        """Wait until tasks may begin again (for ever, when a new run takes over)."""
        while self.must_pause:
            self._changed.clear()
            await self._changed.wait()

    def suspend(self) -> None:
        """Let no further task begin; what is in flight goes on."""
        if not self.journal.suspended:
            self.journal.suspended = True
            self.runtime.record_status("suspended")

    def resume(self) -> None:
        """Let tasks begin again."""
        if self.journal.suspended:
            self.journal.suspended = False
            self.runtime.record_status("running")
            self._changed.set()

    # Time -----------------------------------------------------------------------------------------------------------

    @contextmanager
    def alarm(self, seconds: float) -> Iterator[None]:
        """Let `state` show that something happens when this many seconds have passed."""
        moment = self.runtime.time() + seconds
        self._alarms.append(moment)
        try:
            yield
        finally:
            self._alarms.remove(moment)

    async def sleep_until(self, moment: float) -> None:
        """Wait until a moment of workflow time, if it is still to come."""
        left = moment - self.runtime.time()
        if left > 0:
            with self.alarm(left):
                await self.runtime.sleep(timedelta(seconds=left))

    # Effects --------------------------------------------------------------------------------------------------------

    async def call_operation(self, call: OperationCall, timeout_s: float) -> Outcome:
        """Call an operation; while it is in flight no new run takes over."""
        self.in_flight += 1
        try:
            return await self.runtime.call_operation(call, timeout_s)
        finally:
            self.in_flight -= 1

    async def call_http(self, call: HttpCall) -> Outcome:
        """Make an HTTP exchange; while it is in flight no new run takes over."""
        self.in_flight += 1
        try:
            return await self.runtime.call_http(call)
        finally:
            self.in_flight -= 1

    # Human tasks ----------------------------------------------------------------------------------------------------

    def check_answer(self, answer: CompleteTask) -> None:
        """Refuse an answer that the instance cannot take; raises `CauceError`, changes nothing."""
        waiting = self.open_tasks.get(answer.task_id)
        if waiting is None or answer.task_id in self.journal.answers:
            raise ConflictError("The task is not open any more.", hint="Reload the inbox.")
        if answer.by in waiting.different_from:
            raise ForbiddenError(
                f"'{answer.by}' did an earlier part of this case and may not decide this one.",
                hint="Another person has to complete it (four eyes).",
            )
        schema = waiting.call.form_document.get("schema")
        if schema is not None:
            validate_data(schema, answer.answer, where="answer")

    def take_answer(self, answer: CompleteTask) -> None:
        """Keep an answer for the task that waits for it."""
        if answer.task_id not in self.open_tasks:
            raise NotFoundError("There is no such open task.")
        self.journal.answers[answer.task_id] = {"answer": answer.answer, "by": answer.by, "at": answer.at}
        self._changed.set()

    async def answer(self, task_id: str) -> dict[str, JSON]:
        """Wait for the answer to a human task, and take it."""
        while task_id not in self.journal.answers:
            self._changed.clear()
            await self._changed.wait()
        return self.journal.answers.pop(task_id)

    # The record -----------------------------------------------------------------------------------------------------

    def trace_start(self, frame: Frame) -> dict[str, JSON]:
        """Note that a task began."""
        trace = self.journal.trace
        if len(trace) >= TRACE_LIMIT and not self.keep_trace:
            del trace[: TRACE_LIMIT // 4]
        record = {
            "name": frame.task.common.name,
            "reference": frame.task.common.reference,
            "status": "running",
            "startedAt": frame.started_at,
        }
        trace.append(record)
        return record

    def state(self) -> dict[str, JSON]:
        """Return what people are shown of the instance."""
        journal = self.journal
        return {
            "status": "suspended" if journal.suspended else "waiting" if self.open_tasks else "running",
            "stage": journal.stage,
            "context": journal.context,
            "input": journal.input,
            "current": [record["reference"] for record in journal.trace if record["status"] == "running"],
            "tasks": journal.trace,
            "openTasks": list(self.open_tasks),
            "now": self.runtime.time(),
            "wakesAt": min(self._alarms, default=None),
        }


def problem_of(error: CauceError, reference: str) -> dict[str, JSON]:
    """Return the problem details of an error that one task of a process met."""
    return {**error.problem_details(), "instance": reference}
