"""What the interpreter needs of the engine below it; Temporal is one, a test's fake is another."""

from datetime import datetime, timedelta
from typing import Protocol

from cauce.contract import (
    JSON,
    ByHand,
    ClockNews,
    CloseTask,
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


class Runtime(Protocol):
    """Effects and time; every method gives the same answer when the instance is replayed."""

    @property
    def instance_id(self) -> str:
        """The workflow id."""
        ...

    @property
    def run_id(self) -> str:
        """The id of this run."""
        ...

    def now(self) -> datetime:
        """Return the workflow's time, in UTC."""
        ...

    def time(self) -> float:
        """Return the workflow's time in seconds since the epoch."""
        ...

    def random(self) -> float:
        """Return a number in [0, 1) that a replay gives again."""
        ...

    def patched(self, name: str) -> bool:
        """Tell whether this run does what `name` says, or began before there was that."""
        ...

    def wants_new_run(self) -> bool:
        """Tell whether the history has grown so long that the instance should go on in a new run."""
        ...

    async def call_operation(self, call: OperationCall, timeout_s: float) -> Outcome:
        """Call an operation of a connection."""
        ...

    async def call_http(self, call: HttpCall) -> Outcome:
        """Make one HTTP exchange."""
        ...

    async def call_protocol(self, call: ProtocolCall) -> Outcome:
        """Make a call in a protocol of its own."""
        ...

    async def run_process(self, call: RunCall) -> Outcome:
        """Run a process of the operating system."""
        ...

    async def open_task(self, task: HumanTask) -> None:
        """Put a human task into the inbox; the same id twice is one task."""
        ...

    async def close_task(self, task: CloseTask) -> None:
        """Take a human task out of the inbox."""
        ...

    async def change_task(self, change: TaskChange) -> None:
        """Change a human task that goes on waiting; the same step twice is one."""
        ...

    async def settle(self) -> None:
        """Return once all that happened so far is recorded, so that no crash makes it undone."""
        ...

    async def record_by_hand(self, done: ByHand) -> None:
        """Note in the ledger that a person did what could not be called; the same twice is one."""
        ...

    async def find_policy(self, wanted: FindPolicy) -> JSON:
        """Return what a policy says of a form today, as `{row, calendar}`, or None."""
        ...

    async def find_definition(self, wanted: FindDefinition) -> JSON:
        """Return the bundle of a published process, or None."""
        ...

    async def record_lifecycle(self, events: list[JSON]) -> None:
        """Put lifecycle events into the log; the same event twice is one."""
        ...

    async def record_clocks(self, news: ClockNews) -> None:
        """Put what happened to clocks into the store, and do what follows from it; the same twice is one."""
        ...

    async def emit(self, wanted: Emit) -> None:
        """Put an event into the log; the same event twice is one."""
        ...

    async def listen(self, wanted: Listen) -> Heard:
        """Return the events that fit, and begin to be told of others."""
        ...

    async def stop_listening(self, over: StopListening) -> None:
        """Be told of no more events."""
        ...

    async def events_position(self) -> int:
        """Return the place of the last event in the log."""
        ...

    async def run_child(self, bundle: JSON, start: Start, *, token: str, wait: bool) -> JSON:
        """Run another process as a child; raises `Fault` when it faults."""
        ...

    def record_stage(self, stage: str) -> None:
        """Make the stage visible to searches."""
        ...

    def record_status(self, status: str) -> None:
        """Make the status visible to searches."""
        ...

    async def sleep(self, duration: timedelta) -> None:
        """Let workflow time pass."""
        ...
