"""The one workflow type of Temporal that runs every process; knows Temporal so that the interpreter need not."""

import asyncio
import json
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.converter import DefaultPayloadConverter
from temporalio.exceptions import ApplicationError, FailureError

from cauce.contract import (
    COMPLETE_TASK,
    EVENT_CAME,
    JOURNAL,
    JSON,
    REPAIR,
    RESUME,
    STATE,
    SUSPEND,
    CloseTask,
    CompleteTask,
    EventCame,
    Repair,
    Start,
)
from cauce.errors import CauceError, ConflictError, TooLargeError
from cauce.roadmaps import PROCESS_ENDED
from workflows import interpreter
from workflows.compile import process_of
from workflows.fault import Fault
from workflows.instance import Instance
from workflows.journal import Journal
from workflows.record import state_of
from workflows.repair import repair
from workflows.reporting import end_of, told_to
from workflows.tasks.compensate import undo_all
from workflows.temporal_runtime import TemporalRuntime, too_large


@workflow.defn(dynamic=True)
class ProcessWorkflow:
    """One instance of a process; the workflow's type is the process's name, its first argument the published bundle."""

    @workflow.init
    def __init__(self, args: Sequence[RawValue]) -> None:
        # In the constructor, because an update or a signal may be handled before `run` begins.
        self.start: Start = workflow.payload_converter().from_payload(args[1].payload, Start)
        self.output: JSON = None
        self.instance = Instance(process_of(args[0].payload.data), self.start, TemporalRuntime(), interpreter)
        self.repaired: JSON = None
        self._answering = 0

    @workflow.run
    async def run(self, args: Sequence[RawValue]) -> JSON:
        """Run the process to its end, or until a new run has to take over."""
        instance, start = self.instance, self.start
        main = asyncio.create_task(self._work(instance, start))
        news = asyncio.create_task(self._tell_news(main)) if _has_listeners(start) else None
        try:
            await workflow.wait_condition(
                lambda: (
                    (main.done() or self.repaired is not None or instance.ready_for_new_run)
                    and workflow.all_handlers_finished()
                )
            )
        except asyncio.CancelledError:
            # Too late when all tasks are done: then the process has ended, and nothing of it is undone.
            if not main.done():
                return await self._cancel(instance, main, news)
            await workflow.wait_condition(workflow.all_handlers_finished)
        if not main.done():
            journal = self.repaired or instance.journal.to_json()
            workflow.continue_as_new(args=[args[0], replace(start, input=None, journal=journal)])
        await self._tell_end(news, main.exception())
        return main.result()

    async def _tell_news(self, main: "asyncio.Task[JSON]") -> None:
        """Tell what happens whenever the instance is at rest: then nothing has to wait for it."""
        while True:
            await workflow.wait_condition(lambda: not main.done() and self.instance.has_news())
            await self.instance.tell_news()

    async def _tell_end(self, news: "asyncio.Task[None] | None", error: BaseException | None) -> None:
        """Tell how the instance ended; what is no error of ours is a bug, and the step is tried again."""
        if not isinstance(error, ApplicationError | asyncio.CancelledError | None):
            return
        if news is not None:
            await _to_the_end(self._last_news(news, error))
        if roadmap := told_to(self.instance):
            await _to_the_end(self._tell_roadmap(roadmap, error))

    async def _tell_roadmap(self, roadmap: str, error: ApplicationError | asyncio.CancelledError | None) -> None:
        problem, cancelled = None, isinstance(error, asyncio.CancelledError)
        if isinstance(error, ApplicationError):
            cancelled = error.type == "cancelled"
            problem = next((each for each in error.details if isinstance(each, dict)), {"detail": error.message})
        told = end_of(self.instance, self.output, problem, cancelled=cancelled)
        try:
            await workflow.get_external_workflow_handle(roadmap).signal(PROCESS_ENDED, told)
        except FailureError:
            # It has ended, and nobody waits for this any more.
            return

    async def _last_news(self, news: "asyncio.Task[None]", error: BaseException | None) -> None:
        lifecycle = self.instance.lifecycle
        await workflow.wait_condition(lambda: not lifecycle.writing)
        news.cancel()
        match error:
            case None:
                lifecycle.ends("completed", self.output)
            case ApplicationError(details=[dict() as problem, *_]):
                lifecycle.ends("faulted", problem)
            case _:
                lifecycle.ends("cancelled")
        await lifecycle.write()

    async def _work(self, instance: Instance, start: Start) -> JSON:
        try:
            if start.cancelling:
                await undo_all(instance, "/")
                await instance.clocks.end()
                raise ApplicationError("The instance was cancelled.", type="cancelled", non_retryable=True)
            self.output = await interpreter.run_process(instance)
            return RawValue(workflow.payload_converter().to_payload(self.output))
        except Fault as error:
            raise _failure(error) from error
        except TooLargeError as error:
            instance.journal.problem = {**too_large(error).problem, "instance": "/"}
            raise _failure(Fault(instance.journal.problem)) from error

    async def _cancel(self, instance: Instance, main: "asyncio.Task[JSON]", news: "asyncio.Task[None] | None") -> JSON:
        """End the instance: its tasks leave the inbox, what it did is undone, then it counts as cancelled."""
        main.cancel()
        await asyncio.gather(main, return_exceptions=True)
        try:
            await undo_all(instance, "/")
            await instance.clocks.end()
        except Fault as error:
            failure = _failure(error)
            await self._tell_end(news, failure)
            raise failure from error
        await workflow.wait_condition(workflow.all_handlers_finished)
        cancelled = asyncio.CancelledError()
        await self._tell_end(news, cancelled)
        raise cancelled

    @workflow.update(name=COMPLETE_TASK)
    async def complete_task(self, answer: CompleteTask) -> str:
        """Take a person's answer; the task is out of the inbox when this returns."""
        instance = self.instance
        self._answering += 1
        try:
            changes = await instance.accept_answer(answer)
            for each in changes:
                if isinstance(each, CloseTask):
                    await instance.runtime.close_task(each)
                else:
                    await instance.runtime.change_task(each)
        except CauceError as error:
            raise _refusal(error) from error
        finally:
            self._answering -= 1
        return changes[0].state if isinstance(changes[0], CloseTask) else "counted"

    @complete_task.validator
    def check_complete_task(self, answer: CompleteTask) -> None:
        """Refuse an answer that does not fit, without a trace in the history."""
        try:
            self.instance.check_answer(answer)
        except CauceError as error:
            raise _refusal(error) from error

    @workflow.update(name=REPAIR)
    async def repair(self, wanted: Repair) -> str:
        """Change where the instance is, and let it go on from there in a new run."""
        self.instance.freeze()
        await workflow.wait_condition(lambda: self.instance.in_flight == 0 and self._answering == 0)
        edited = self._copy()
        try:
            path = repair(edited, wanted)
        except CauceError as error:
            # What was in flight has changed more than the validator could see; the new run goes on without the repair.
            self.repaired = edited.to_json()
            raise _refusal(error) from error
        self.repaired = edited.to_json()
        return path

    @repair.validator
    def check_repair(self, wanted: Repair) -> None:
        """Refuse what cannot be done, without a trace in the history."""
        try:
            if self.instance.frozen:
                raise ConflictError("Another repair is under way.", hint="Look at the instance, then try again.")
            if self.instance.in_flight:
                raise ConflictError(
                    "A call is under way, and nobody knows yet what comes of it.",
                    hint="Suspend the instance, and repair it when the call has ended.",
                )
            repair(self._copy(), wanted)
        except CauceError as error:
            raise _refusal(error) from error

    def _copy(self) -> Journal:
        return Journal.from_json(json.loads(json.dumps(self.instance.journal.to_json())))

    @workflow.signal(name=SUSPEND)
    def suspend(self) -> None:
        """Let no further task begin."""
        self.instance.suspend()

    @workflow.signal(name=RESUME)
    def resume(self) -> None:
        """Let tasks begin again."""
        self.instance.resume()

    @workflow.signal(name=EVENT_CAME)
    def event_came(self, came: EventCame) -> None:
        """Let one of the listeners read the event log."""
        self.instance.inbox.tell(came.token, came.sequence)

    @workflow.query(name=STATE)
    def state(self) -> JSON:
        """Return what people are shown of the instance."""
        return _whole(state_of(self.instance))

    @workflow.query(name=JOURNAL)
    def journal(self) -> JSON:
        """Return all that is needed to go on from here in another run."""
        return _whole(self.instance.journal.to_json())


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    telling = asyncio.create_task(work)
    try:
        await asyncio.shield(telling)
    except asyncio.CancelledError:
        # Somebody cancels what has ended already.
        await telling


def _has_listeners(start: Start) -> bool:
    return start.lifecycle != "off" or start.shows_status


def _whole(state: JSON) -> RawValue:
    """Return all that the instance holds, as it is: the limit is for each of the values in it."""
    return RawValue(DefaultPayloadConverter().to_payload(state))


def _refusal(error: CauceError) -> ApplicationError:
    return ApplicationError(error.problem, error.problem_details(), type=error.code)


def _failure(error: Fault) -> ApplicationError:
    problem = error.problem
    try:
        workflow.payload_converter().to_payload(problem)
    except TooLargeError as cause:
        problem = {**too_large(cause).problem, "instance": problem.get("instance", "/")}
    return ApplicationError(str(Fault(problem)), problem, type=str(problem.get("type", "")), non_retryable=True)
