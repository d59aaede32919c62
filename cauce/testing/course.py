"""Takes one instance from its start to its end: people answer, events arrive, and time jumps to what happens next."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from temporalio.client import WorkflowFailureError, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError, CancelledError, TerminatedError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper

from cauce import contract
from cauce.contract import CompleteTask
from cauce.form_rules import rules_of
from cauce.testing import advice
from cauce.testing.case import duration_s
from cauce.testing.session import CaseFailure, Session, Waiting, rendered, task_name
from cauce.testing.watching import Sighting, Watch
from workflows.fault import fault

JSON = Any
Handle = WorkflowHandle[Any, Any]
# How long to wait before looking again: short after something happened, longer while nothing does.
_SOON_S: Final = 0.005
_LATER_S: Final = 0.1
# A jump ends a little after the moment that it is for.
_STEP_S: Final = 0.001
_LONGEST_S: Final = 240.0
_PATIENCE_S: Final = 5.0
_MOST_ROUNDS: Final = 20_000
# How long to wait, after a jump, for the instance to notice that its time has come.
_NOTICES_S: Final = 5.0
_NOBODY: Final = "somebody"


@dataclass(slots=True)
class Course:
    """How an instance went: `state` and `journal` are what it holds at the end, `moments` what it held in between.

    `real_s` is how long it really took: workflow time that passed while nobody let it jump.
    """

    status: str = ""
    output: JSON = None
    error: JSON = None
    state: Mapping[str, JSON] = field(default_factory=dict)
    journal: Mapping[str, JSON] = field(default_factory=dict)
    moments: list[Mapping[str, JSON]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    took_s: float = 0.0
    real_s: float = 0.0


@dataclass(slots=True)
class Arrival:
    """An event that is going to arrive: `at` is known once the task that it waits for is waiting itself."""

    event: dict[str, JSON]
    after_s: float
    waits_for: str | None
    at: float | None = None

    @classmethod
    def of(cls, number: int, written: Mapping[str, JSON]) -> "Arrival":
        """Make the event that a test file describes."""
        own = {key: value for key, value in written.items() if key not in ("after", "when")}
        event = {"specversion": "1.0", "id": f"event-{number}", "source": "urn:cauce:test", **own}
        return cls(event, duration_s(written.get("after")) or 0.0, written.get("when"))


class Guide:
    """Guides one instance; its case says what happens when."""

    def __init__(
        self, session: Session, handle: Handle, skipper: TimeSkipper, watch: Watch, *, by_itself: bool = False
    ) -> None:
        self.session = session
        self.handle = handle
        self.skipper = skipper
        self.watch = watch
        self.by_itself = by_itself
        self.course = Course()
        self.started_at: float | None = None
        self.now = 0.0
        self.jumped_at = 0.0
        self.arrivals = [Arrival.of(number, each) for number, each in enumerate(session.case.events, 1)]
        moments = session.case.expect.get("moments") or []
        self.moments = sorted(duration_s(each["after"]) or 0.0 for each in moments)

    async def go(self) -> Course:
        """Go to the end; raises `CaseFailure` when the case cannot be ended."""
        begun = time.monotonic()
        result = asyncio.create_task(self.handle.result())
        try:
            async with asyncio.timeout(_LONGEST_S):
                await self._follow(result)
            await self._hear()
        except TimeoutError as error:
            raise self.session.fail(f"The case did not end within {_LONGEST_S:g} s of real time.") from error
        finally:
            result.cancel()
            self.course.real_s = time.monotonic() - begun
            if not self.course.status:
                await self._stop()
        return self.course

    async def _hear(self) -> None:
        """Wait for processes that were begun last and nobody waits for: what they were given counts, too."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                while self.session.unheard > 0:
                    self.session.changed.clear()
                    await self.session.changed.wait()

    async def _follow(self, result: "asyncio.Task[JSON]") -> None:
        pause = _SOON_S
        for _ in range(_MOST_ROUNDS):
            changed = asyncio.create_task(self.session.changed.wait())
            await asyncio.wait(
                {result, changed}, timeout=None if self.by_itself else pause, return_when=asyncio.FIRST_COMPLETED
            )
            pause = _SOON_S if changed.done() else min(2 * pause, _LATER_S)
            changed.cancel()
            self.session.changed.clear()
            if self.session.failure:
                raise CaseFailure(self.session.failure)
            if result.done():
                self._end(result)
                return
            if self.handle.id in self.watch.ended:
                # The server does not know yet.
                await asyncio.wait({result}, timeout=_LATER_S)
                continue
            with suppress_gone():
                if not self.by_itself and await self._round():
                    return
        raise self.session.fail(f"The case did not end after {_MOST_ROUNDS:,} rounds of answers.")

    async def _round(self) -> bool:
        """Do the next thing that has to be done from outside; tells whether the case is over without the process."""
        standing = await self.watch.look(self.handle)
        if standing is None or standing.busy:
            return False
        # The instance does not notice that time jumped until something happens to it.
        now = self.now = max(standing.now, self.now)
        if self._is_due(standing):
            return False
        if self.started_at is None:
            self.started_at = now
        waiting = self._people(standing.open_tasks, now)
        if await self._events_arrive(standing, now) or await self._someone_answers(waiting, now):
            return False
        return await self._goes_on(standing, waiting)

    async def _goes_on(self, standing: Sighting, waiting: list[Waiting]) -> bool:
        """Let time jump to what happens next; tells whether the case is over because nothing does."""
        assert self.started_at is not None  # noqa: S101 (set in the round)
        at = self._next(standing, waiting)
        looks = bool(self.moments) and at is not None and self.started_at + self.moments[0] <= at
        if at is not None and at <= self.now and not looks:
            return False
        if not await self._is_at_rest(standing):
            return False
        if at is None:
            return await self._nothing_happens(standing, waiting)
        if not looks:
            await self._jump(at)
            return False
        at = self.started_at + self.moments.pop(0)
        await self._jump(at)
        met = await self.handle.query(contract.STATE)
        self.course.moments.append({**met, "open": [each.task.name for each in self._people(met["openTasks"], at)]})
        return False

    def _is_due(self, standing: Sighting) -> bool:
        """Tell whether the instance is about to go on by itself: nobody does anything before it has."""
        noticed = standing.wakes_at is None or standing.wakes_at > self.now
        return not noticed and time.monotonic() < self.jumped_at + _NOTICES_S

    async def _is_at_rest(self, standing: Sighting) -> bool:
        """Tell whether nothing is on its way between the server and the instance.

        While the instance is at work, even if it has shown already what comes of that, a server that is asked to let
        time jump goes to the next timer first, past people's answers, and counts the jump from there.
        """
        described = await self.handle.describe()
        at_work = described.raw_description.HasField("pending_workflow_task")
        return not at_work and self.watch.standing.get(self.handle.id, standing) is standing

    def _people(self, open_tasks: Iterable[str], now: float) -> list[Waiting]:
        found = [self.session.people[each] for each in open_tasks if each in self.session.people]
        for each in found:
            if each.since is None:
                each.since = now
        return found

    async def _events_arrive(self, standing: Sighting, now: float) -> bool:
        """Let the events arrive whose time has come, and tell who listens; tells whether there was anything."""
        assert self.started_at is not None  # noqa: S101 (set in the round)
        begun = {task_name(each) for each in standing.begun}
        log = self.session.log
        for arrival in self.arrivals:
            if arrival.at is None and (arrival.waits_for is None or arrival.waits_for in begun):
                arrival.at = (self.started_at if arrival.waits_for is None else now) + arrival.after_s
        for arrival in [each for each in self.arrivals if each.at is not None and each.at <= now + _STEP_S]:
            self.arrivals.remove(arrival)
            log.append({**arrival.event, "time": datetime.fromtimestamp(now, UTC).isoformat()})
        told = bool(log.to_tell)
        while log.to_tell:
            instance, came = log.to_tell.pop(0)
            await self.skipper.client.get_workflow_handle(instance).signal(contract.EVENT_CAME, came)
        return told

    async def _someone_answers(self, waiting: list[Waiting], now: float) -> bool:
        for each in waiting:
            answer = each.answer
            if answer is not None and each.since is not None and each.since + answer.after_s <= now + 0.001:
                await self._answer(each)
                return True
        return False

    async def _answer(self, waiting: Waiting) -> None:
        task, answer = waiting.task, waiting.answer
        assert answer is not None and waiting.since is not None  # noqa: S101, PT018 (the caller asked)
        given = _given(waiting, datetime.fromtimestamp(waiting.since + answer.after_s, UTC).isoformat())
        refusal = counted = ""
        try:
            counted = await self.handle.execute_update(contract.COMPLETE_TASK, given)
        except WorkflowUpdateFailedError as error:
            refusal = str(error.cause)
            if isinstance(error.cause, ApplicationError) and error.cause.details:
                problem = error.cause.details[0]
                each = "".join(f"\n  {one.get('pointer')}: {one.get('problem')}" for one in problem.get("errors") or ())
                refusal = f"{problem.get('detail')}{each}"
        if refusal and not answer.refused:
            raise self.session.fail(f"{answer.place}: the answer to '{task.name}' is refused: {refusal}")
        if answer.refused and not refusal:
            raise self.session.fail(f"{answer.place}: the answer to '{task.name}' must be refused, and was taken.")
        if refusal or counted == "counted":
            # Somebody else answers, or gives the next of several approvals.
            asked = {"data": task.data, "group": task.group}
            waiting.answer = self.session.answer_for([task.reference, task.name], asked, person=True)

    def _next(self, standing: Sighting, waiting: list[Waiting]) -> float | None:
        """Return the moment of the next thing to happen, by itself or from outside."""
        people = [each.since + each.answer.after_s for each in waiting if each.answer and each.since is not None]
        people += [each.at for each in self.arrivals if each.at is not None]
        times = [*people, *([standing.wakes_at] if standing.wakes_at is not None else [])]
        assert self.started_at is not None  # noqa: S101 (set in the round)
        case = self.session.case
        if case.status == "waiting":
            # Time goes on only as far as the case says; what would happen later is not waited for.
            end = self.started_at + max([case.until_s or 0.0, *self.moments])
            times = [each for each in times if each <= end or each in people]
        if not times and self.moments:
            return self.started_at + self.moments[0]
        return min(times, default=None)

    async def _nothing_happens(self, standing: Sighting, waiting: list[Waiting]) -> bool:
        if self.session.case.status == "waiting":
            assert self.started_at is not None  # noqa: S101 (set in the round)
            end = self.started_at + (self.session.case.until_s or 0.0)
            if self.now < end:
                await self._jump(end)
                return False
            self.course.status = "waiting"
            self.course.open = [each.task.name for each in waiting]
            self.course.state = await self.handle.query(contract.STATE)
            self.course.journal = await self.handle.query(contract.JOURNAL)
            self.course.took_s = self.now - self.started_at
            await self._stop()
            return True
        if waiting:
            task = waiting[0].task
            raise self.session.fail(advice.nobody(task.name, task.form, (task.form_document or {}).get("schema")))
        if standing.listening:
            raise self.session.fail(advice.no_event([task_name(each) for each in standing.listening]))
        # Not busy and nothing to wait for: what is to come is on its way from the server.
        return False

    async def _jump(self, at: float) -> None:
        """Let time jump to a moment, if it is still to come."""
        if at <= self.now:
            return
        await self.skipper.fast_forward(self.handle, timedelta(seconds=at - self.now + _STEP_S))
        self.now = at + _STEP_S
        self.jumped_at = time.monotonic()

    def _end(self, result: "asyncio.Task[JSON]") -> None:
        course = self.course
        try:
            course.output = result.result()
            course.status = "completed"
        except WorkflowFailureError as error:
            match error.cause:
                case ApplicationError(details=[dict() as problem, *_]):
                    course.status, course.error = "faulted", problem
                case CancelledError() | ApplicationError(type="cancelled"):
                    course.status = "cancelled"
                case TerminatedError():
                    course.status = "terminated"
                case cause:
                    course.status, course.error = "faulted", fault("runtime", str(cause), instance="/").problem

    async def _stop(self) -> None:
        """Let an instance that goes on end: by cancelling it, so that the worker lets go of it in good order."""
        self.session.over = True
        with suppress(RPCError):
            await self.handle.cancel()
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await self.handle.result()
            except WorkflowFailureError:
                pass
            except TimeoutError:
                await self.handle.terminate("the case is over")


def _given(waiting: Waiting, at: str) -> CompleteTask:
    """Return what a person sends."""
    task, answer = waiting.task, waiting.answer
    assert answer is not None  # noqa: S101 (the caller asked)
    by = answer.by or _NOBODY
    if answer.says == "returnTo":
        return CompleteTask(task.id, None, by, at, return_to=str(answer.value), reason=answer.reason)
    return CompleteTask(
        task.id, rules_of(task.form_document, task.data).settle(rendered(answer, {"data": task.data})), by, at
    )


class suppress_gone:  # noqa: N801 (used like a function)
    """Pass over that an instance ended while something was about to be done to it."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        return isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND
