"""The engine below the interpreter as a fake: time passes at once, and new runs take over when a test wants it.

`World.run` drives an instance from its start to its end, through any number of runs, as `process_workflow` does on
Temporal: only what went through the journal, as JSON text, gets from one run to the next.
"""

import asyncio
import json
import selectors
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cauce.bound_filters import bound
from cauce.contract import (
    ByHand,
    ClockNews,
    CloseTask,
    CompleteTask,
    Emit,
    FindDefinition,
    FindPolicy,
    Heard,
    HttpCall,
    HumanTask,
    Listen,
    OperationCall,
    Outcome,
    ProtocolCall,
    RunCall,
    Start,
    StopListening,
    TaskChange,
)
from workflows import interpreter
from workflows.compile import compile_bundle
from workflows.fault import Fault
from workflows.instance import Instance
from workflows.model import Process
from workflows.tasks.compensate import undo_all

JSON = Any
BEGIN = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


class _Skipping(selectors.DefaultSelector):
    """Never waits: where a loop would, its clock goes on instead."""

    def __init__(self, loop_is_idle: Callable[[float | None], None]) -> None:
        super().__init__()
        self._loop_is_idle = loop_is_idle

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self._loop_is_idle(timeout)
        return super().select(0)


class FakeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer when nothing else can happen."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.when_idle: Callable[[], bool] = lambda: False
        super().__init__(_Skipping(self._idle))

    def time(self) -> float:
        return self.passed

    def _idle(self, timeout: float | None) -> None:
        if not self.when_idle():
            if timeout is None:
                message = "the process waits for something that nobody will do"
                raise AssertionError(message)
            # A little more than asked for, because the loop compares sums of floats.
            self.passed += timeout + 1e-6


@dataclass(slots=True)
class World:
    """What is outside of the instance: systems, an inbox, people, other processes, and the wish for new runs.

    Attributes:
        operations: "operation@connection" -> what its system does; returns an output or an Outcome.
        people: name of a human task -> the answer that is given as soon as nothing else can happen.
        acts: name of a human task -> what people do with it one after the other, as soon as nothing else can happen;
            where it has parts, the `group` says with which.
        log: events that came; `coming` are those that will, one whenever the instance listens and nothing else happens.
        used: places of events that were used up -> the turn.
        journal: what the query would give, at the end.
        new_run_after: a new run takes over whenever so many tasks have ended or effects happened since the last one.
        unknown: changes of the interpreter that the run began before.
        cancel_at: seconds after the start at which the instance is cancelled.
    """

    operations: dict[str, Callable[[OperationCall], Any]] = field(default_factory=dict)
    people: dict[str, JSON] = field(default_factory=dict)
    acts: dict[str, list[dict[str, JSON]]] = field(default_factory=dict)
    processes: dict[str, JSON] = field(default_factory=dict)
    policies: dict[str, JSON] = field(default_factory=dict)
    new_run_after: int | None = None
    unknown: frozenset[str] = frozenset()
    cancel_at: float | None = None
    slow_s: float = 0.0
    begin: float = BEGIN
    calls: list[OperationCall] = field(default_factory=list)
    requests: list[HttpCall | ProtocolCall] = field(default_factory=list)
    processes_run: list[RunCall] = field(default_factory=list)
    inbox: dict[str, tuple[HumanTask, str]] = field(default_factory=dict)
    changes: list[TaskChange] = field(default_factory=list)
    opened: int = 0
    runs: int = 0
    stages: list[str] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    log: list[dict[str, JSON]] = field(default_factory=list)
    coming: list[dict[str, JSON]] = field(default_factory=list)
    used: dict[int, int] = field(default_factory=dict)
    listening: set[str] = field(default_factory=set)
    instance: Instance | None = None
    journal: JSON = None
    by_hand: list[ByHand] = field(default_factory=list)
    clock_news: list[JSON] = field(default_factory=list)
    children: list[Start] = field(default_factory=list)
    runtimes: list["FakeRuntime"] = field(default_factory=list)
    frozen: set["asyncio.Task[Any]"] = field(default_factory=set)

    def run(self, bundle: Mapping[str, JSON], start: Start) -> JSON:
        """Run to the end; returns the output, raises `Fault` or `CancelledError`."""
        process = compile_bundle(bundle)
        loop = FakeLoop()
        try:
            return loop.run_until_complete(self._runs(loop, process, start))
        finally:
            self.journal = self._journal()
            self._bury(loop)

    def _journal(self) -> JSON:
        assert self.instance is not None
        return json.loads(json.dumps(self.instance.journal.to_json()))

    def _bury(self, loop: FakeLoop) -> None:
        """End what is left of all runs; nothing of it reaches the world any more."""
        loop.when_idle = lambda: True
        for runtime in self.runtimes:
            runtime.over = True
        for task in (left := asyncio.all_tasks(loop)):
            task.cancel()
        loop.run_until_complete(_all_ended(left))
        loop.close()

    async def _runs(self, loop: FakeLoop, process: Process, start: Start) -> JSON:
        while True:
            self.runs += 1
            runtime = FakeRuntime(self, loop, f"run-{self.runs}")
            self.runtimes.append(runtime)
            instance = self.instance = Instance(process, start, runtime, interpreter)
            done, output = await self._one_run(loop, instance, runtime)
            if done:
                return output
            start = replace(start, input=None, journal=self._journal())

    async def _one_run(self, loop: FakeLoop, instance: Instance, runtime: "FakeRuntime") -> tuple[bool, JSON]:
        over = loop.create_future()
        main = asyncio.create_task(interpreter.run_process(instance))
        # Asked for its error, because nobody else asks a run that another one has taken over from.
        main.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        main.add_done_callback(lambda _: None if over.done() else over.set_result(True))
        if self.cancel_at is not None and self.runs == 1:
            loop.call_later(self.cancel_at, lambda: None if over.done() else over.set_result(None))

        def idle() -> bool:
            if instance.ready_for_new_run and not over.done():
                over.set_result(False)
                return True
            return self._people_act(instance)

        loop.when_idle = idle
        ended = await over
        if ended is None:
            main.cancel()
            await asyncio.gather(main, return_exceptions=True)
            await undo_all(instance, "/")
            await instance.clocks.end()
            raise asyncio.CancelledError
        runtime.over = not ended
        # Held, because the loop itself would let them be collected while they wait.
        self.frozen |= asyncio.all_tasks()
        return bool(ended), main.result() if ended else None

    def _people_act(self, instance: Instance) -> bool:
        for id_ in list(instance.open_tasks):
            task, _ = self.inbox[id_]
            if instance.open_tasks[id_].asked in instance.journal.answers:
                continue
            acts = self.acts.get(task.name)
            if acts and acts[0].get("group") not in {None, task.group}:
                continue
            if acts or task.name in self.people:
                act = dict(acts.pop(0)) if acts else {"answer": self.people[task.name]}
                act.pop("group", None)
                answer = CompleteTask(id_, **{"answer": None, "by": "ana", "at": "2026-01-02T00:00:00Z", **act})
                instance.check_answer(answer)
                for change in instance.take_answer(answer):
                    self.changes += [change] if isinstance(change, TaskChange) else []
                    state = change.state if isinstance(change, CloseTask) else "open"
                    self.inbox[change.id] = (self.inbox[change.id][0], state)
                return True
        if self.coming and instance.inbox.listeners:
            self.log.append(self.coming.pop(0))
            for token in instance.inbox.listeners:
                instance.inbox.tell(token, len(self.log))
            return True
        return False


async def _all_ended(tasks: Collection["asyncio.Task[Any]"]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(slots=True)
class FakeRuntime:
    """Implements `workflows.runtime.Runtime`."""

    world: World
    loop: FakeLoop
    run_id: str
    over: bool = False
    instance_id: str = "test.process/1"
    progress_before: int | None = None

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time(), UTC)

    def time(self) -> float:
        return self.world.begin + self.loop.passed

    def random(self) -> float:
        return 0.5

    def patched(self, name: str) -> bool:
        return name not in self.world.unknown

    def wants_new_run(self) -> bool:
        limit, instance = self.world.new_run_after, self.world.instance
        if limit is None or instance is None or instance.runtime is not self:
            return False
        if self.progress_before is None:
            self.progress_before = self._progress(instance)
        return self._progress(instance) >= self.progress_before + limit

    def _progress(self, instance: Instance) -> int:
        ended = len([record for record in instance.journal.trace if record["status"] != "running"])
        return ended + self.world.opened + len(self.world.calls)

    async def call_operation(self, call: OperationCall, timeout_s: float) -> Outcome:
        del timeout_s
        if call.effect == "write":
            await self._happens_to_its_end()
        else:
            await self._happens()
        self.world.calls.append(call)
        answer = self.world.operations[f"{call.operation}@{call.connection}"](call)
        return answer if isinstance(answer, Outcome) else Outcome(output=answer)

    async def call_http(self, call: HttpCall) -> Outcome:
        await self._happens()
        self.world.requests.append(call)
        return Outcome(output=None)

    async def call_protocol(self, call: ProtocolCall) -> Outcome:
        await self._happens()
        self.world.requests.append(call)
        return Outcome(output=None)

    async def run_process(self, call: RunCall) -> Outcome:
        await self._happens_to_its_end()
        self.world.processes_run.append(call)
        return Outcome(output=call.text)

    async def open_task(self, task: HumanTask) -> None:
        await self._happens()
        assert task.id not in self.world.inbox
        self.world.opened += 1
        self.world.inbox[task.id] = (task, "open")

    async def close_task(self, task: CloseTask) -> None:
        await self._happens()
        wanted, _ = self.world.inbox[task.id]
        self.world.inbox[task.id] = (wanted, task.state)

    async def change_task(self, change: TaskChange) -> None:
        await self._happens()
        self.world.changes.append(change)

    async def settle(self) -> None:
        await self._happens()

    async def record_by_hand(self, done: ByHand) -> None:
        await asyncio.sleep(0)
        self.world.by_hand.append(done)

    async def find_policy(self, wanted: FindPolicy) -> JSON:
        await self._happens()
        return self.world.policies.get(wanted.policy)

    async def find_definition(self, wanted: FindDefinition) -> JSON:
        await self._happens()
        return self.world.processes.get(wanted.name)

    async def record_lifecycle(self, events: list[JSON]) -> None:
        raise NotImplementedError

    async def record_clocks(self, news: ClockNews) -> None:
        await self._happens()
        self.world.clock_news += news.notes

    async def emit(self, wanted: Emit) -> None:
        await self._happens_to_its_end()
        self.world.log.append(wanted.event)

    async def listen(self, wanted: Listen) -> Heard:
        await self._happens()
        self.world.listening.add(wanted.token)
        self.world.opened += 1
        found = [
            {"sequence": place, "event": event, "filters": numbers}
            for place, event in enumerate(self.world.log, 1)
            if place > wanted.after and self.world.used.get(place, wanted.turn + 1) > wanted.turn
            if (numbers := [n for n, each in enumerate(wanted.filters) if bound(each).matches(event)])
        ]
        return Heard(len(self.world.log), found)

    async def stop_listening(self, over: StopListening) -> None:
        await self._happens()
        self.world.used = dict.fromkeys(over.consumed, over.turn) | self.world.used
        if not over.goes_on:
            self.world.listening.discard(over.token)

    async def events_position(self) -> int:
        return len(self.world.log)

    async def run_child(self, bundle: JSON, start: Start, *, token: str, wait: bool) -> JSON:
        del token, wait
        self.world.children.append(start)
        await self._happens()
        if bundle.get("fails"):
            raise Fault(dict(bundle["fails"]))
        return {"child": start.input}

    def record_stage(self, stage: str) -> None:
        self.world.stages.append(stage)

    def record_status(self, status: str) -> None:
        self.world.statuses.append(status)

    async def sleep(self, duration: timedelta) -> None:
        await asyncio.sleep(duration.total_seconds())

    async def _happens(self) -> None:
        if self.over:
            raise asyncio.CancelledError
        await asyncio.sleep(self.world.slow_s)

    async def _happens_to_its_end(self) -> None:
        """Happen as a write does on Temporal: a cancellation waits for its result."""
        work = asyncio.ensure_future(self._happens())
        while not work.done():
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                if self.over:
                    raise
