"""The workflow of a roadmap that runs; knows Temporal so that `workflows.roadmap.running` need not.

It lives for years, so it has one timer (the next day on which something happens by itself), and goes on in a new run
every few hundred updates. Acts are taken one after the other: what one of them comes to is in the store before the
next is looked at.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.converter import DefaultPayloadConverter
from temporalio.exceptions import ApplicationError, FailureError

from cauce import roadmaps
from cauce.contract import COMPLETE_TASK, JOURNAL, JSON, STATE, CompleteTask
from cauce.errors import CauceError
from cauce.roadmaps import (
    AskEvidence,
    AskMetrics,
    DecideGate,
    Done,
    ProcessEnded,
    ProcessStarted,
    Request,
    RequestGate,
    RoadmapStart,
)
from workflows.roadmap.running import gates, processes
from workflows.roadmap.running.course import Course, Moment
from workflows.roadmap.running.daily import next_day, overspent, watched
from workflows.roadmap.running.journal import Journal
from workflows.roadmap.running.turns import Turn, Turns, request_of

# So that a history never grows beyond what a worker loads in a moment.
most_turns: Final = 500
_LIMIT: Final = timedelta(seconds=30)
_PLATFORM: Final = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=10))
# A fact that cannot be asked for is not there; a person is waiting.
_ASKING: Final = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_attempts=3)


class _Updates:
    """Takes each kind of request as an update of its own, with a validator; they are put here below."""


def _update(name: str, kind: type[Request]) -> object:
    async def take(self: "RoadmapWorkflow", request: Request) -> Done:
        return await self.act(request)

    def check(self: "RoadmapWorkflow", request: Request) -> None:
        # Refused here, it leaves no trace in the history.
        self.check(request)

    for each in (take, check):
        # The SDK reads from the signature what an argument is to become, and takes no `self` that says what it is.
        del each.__annotations__["self"]
        each.__annotations__["request"] = kind
    update = workflow.update(name=name)(take)
    update.validator(check)
    return update


for _kind, _name in roadmaps.UPDATES.items():
    setattr(_Updates, _name.replace("-", "_"), _update(_name, _kind))


@workflow.defn(name=roadmaps.ROADMAP)
class RoadmapWorkflow(_Updates):
    """One roadmap, from its start to its end."""

    @workflow.init
    def __init__(self, start: RoadmapStart) -> None:
        # In the constructor, because an update may be handled before `run` begins.
        self.start = start
        self.course = Course(Journal.begun(start), identity=workflow.info().workflow_id)
        self.turns = Turns(self.course)
        self.busy = asyncio.Lock()
        self.taken = 0
        self.begun = start.journal is not None

    @workflow.run
    async def run(self, start: RoadmapStart) -> JSON:
        """Let days pass, until the roadmap has ended or a new run has to take over."""
        del start  # `__init__` has it
        await self._begin()
        while self.course.journal.state == "running":
            await self._run_processes()
            if self._wants_new_run():
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(replace(self.start, journal=self.course.journal.to_json()))
            count = self.taken
            try:
                await workflow.wait_condition(lambda: self.taken != count, timeout=self._until_next_day())  # noqa: B023 - awaited here
            except TimeoutError:
                await self._pass_day()
        await self._run_processes()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return {"state": self.course.journal.state, "event": self.course.journal.number}

    @workflow.update(name=roadmaps.BEGIN)
    async def begin(self) -> int:
        """Return once the roadmap has begun, with the number of its last event."""
        await self._begin()
        return self.course.journal.number

    @workflow.update(name=COMPLETE_TASK)
    async def complete_task(self, answer: CompleteTask) -> str:
        """Take a person's answer to a task of the inbox."""
        try:
            request = request_of(self.course, answer)
        except CauceError as error:
            raise _refusal(error) from error
        await self.act(request)
        return "completed"

    @complete_task.validator
    def check_complete_task(self, answer: CompleteTask) -> None:
        """Refuse an answer that does not fit."""
        try:
            self.turns.check(request_of(self.course, answer), self._moment())
        except CauceError as error:
            raise _refusal(error) from error

    @workflow.signal(name=roadmaps.PROCESS_ENDED)
    async def process_ended(self, told: ProcessEnded) -> None:
        """Hear that a process has ended that does an activity."""
        await self._begin()
        async with self.busy:
            await self._tell(self.turns.end_process(told, self._moment()))

    @workflow.query(name=STATE)
    def state(self) -> JSON:
        """Return all that a roadmap remembers, and the day on which it was last looked at."""
        return self._whole()

    @workflow.query(name=JOURNAL)
    def journal(self) -> JSON:
        """Return what a new run would go on from."""
        return self._whole()

    def _whole(self) -> RawValue:
        # As it is: the limit is for each of the values in it.
        return RawValue(DefaultPayloadConverter().to_payload(self.course.journal.to_json()))

    def check(self, request: Request) -> None:
        """Raise why a request would be refused now."""
        try:
            self.turns.check(request, self._moment())
        except CauceError as error:
            raise _refusal(error) from error

    async def act(self, request: Request) -> Done:
        """Do what somebody asks for."""
        await self._begin()
        async with self.busy:
            answers: list[JSON] = []
            if isinstance(request, RequestGate | DecideGate):
                answers = await self._evidence(request.gate)
            try:
                # Gates that were decided before ask for nothing afterwards, and their histories have no such tasks.
                later = isinstance(request, DecideGate) and workflow.patched("evidence-later")
                turn = self.turns.take(request, self._moment(), answers, asks_later=later)
            except CauceError as error:
                raise _refusal(error) from error
            await self._tell(turn)
        return turn.done

    async def _begin(self) -> None:
        async with self.busy:
            if not self.begun:
                self.begun = True
                await self._tell(self.turns.begin(self.start.by, self._moment(), self.start.happened))

    async def _run_processes(self) -> None:
        """Start the processes that are asked for, and cancel those that nobody wants; it is noted when it is done."""
        while name := processes.pending(self.course):
            known, said = self.course.journal.processes[name], None
            if known["state"] == "asked":
                said = await workflow.execute_activity(
                    roadmaps.ROADMAP_PROCESS,
                    processes.start_of(self.course, name),
                    result_type=ProcessStarted,
                    start_to_close_timeout=_LIMIT,
                    retry_policy=_PLATFORM,
                )
            else:
                await _cancel(known["instance"])
            async with self.busy:
                await self._tell(self.turns.settle_process(name, said, self._moment()))

    async def _pass_day(self) -> None:
        async with self.busy:
            measured = await self._measure()
            await self._tell(self.turns.pass_day(self._moment(), measured))
            for told in await self._look():
                await self._tell(self.turns.end_process(told, self._moment()))

    async def _look(self) -> list[ProcessEnded]:
        """Return the ends of processes that could not tell them."""
        known = processes.running(self.course)
        if not known:
            return []
        try:
            found: list[ProcessEnded] = await workflow.execute_local_activity(
                roadmaps.ROADMAP_LOOK,
                known,
                result_type=list[ProcessEnded],
                start_to_close_timeout=_LIMIT,
                retry_policy=_ASKING,
            )
        except FailureError:
            return []
        return found

    async def _measure(self) -> dict[str, float] | None:
        """Ask for the figures that risks and stop criteria watch; None when none is, or nobody answers today."""
        wanted = watched(self.course)
        # Histories of those that began before the hub was asked have no such step.
        if not wanted or not workflow.patched("live-metrics"):
            return None
        asked = AskMetrics(self.course.journal.name, wanted)
        try:
            found: dict[str, float] = await workflow.execute_local_activity(
                roadmaps.ROADMAP_METRICS, asked, start_to_close_timeout=_LIMIT, retry_policy=_ASKING
            )
        except FailureError:
            return None
        return found

    async def _tell(self, turn: Turn) -> None:
        """Put what happened into the store.

        Never as a local activity: a killed worker runs those again, and then another act may have come first and have
        the same number.
        """
        if turn.news.events:
            await workflow.execute_activity(
                roadmaps.RECORD_ROADMAP, turn.news, start_to_close_timeout=_LIMIT, retry_policy=_PLATFORM
            )
        self.taken += 1

    async def _evidence(self, gate: str) -> list[JSON]:
        """Ask for everything that a gate rests on, and for what earlier ones were let go without until a day."""
        evidence = self.course.gate(gate).get("evidence") or []
        asked = {number: piece for number, piece in enumerate(evidence) if "fact" in piece}
        answers = await asyncio.gather(*(self._ask(piece) for piece in asked.values()))
        facts = dict(zip(asked, answers, strict=True))
        found = gates.known_answers(self.course, gate, self._moment(), facts)
        for earlier, number in gates.run_out(self.course, gate, self._moment()):
            piece = self.course.gate(earlier)["evidence"][number]
            again = {number: await self._ask(piece)} if "fact" in piece else {}
            answer = gates.known_answers(self.course, earlier, self._moment(), again)[number]
            found.append({**answer, "gate": earlier})
        return found

    async def _ask(self, piece: JSON) -> JSON:
        if piece["fact"] == "budget-variance":
            return overspent(self.course, piece, self._moment())
        limits = {name: float(piece[name]) for name in ("least", "most") if name in piece}
        journal, at = self.course.journal, self._moment().at
        wanted = AskEvidence(journal.name, piece["fact"], piece.get("of", ""), limits, at)
        return await workflow.execute_local_activity(
            roadmaps.ROADMAP_EVIDENCE, wanted, start_to_close_timeout=_LIMIT, retry_policy=_ASKING
        )

    def _wants_new_run(self) -> bool:
        return self.taken >= most_turns or workflow.info().is_continue_as_new_suggested()

    def _moment(self) -> Moment:
        now = workflow.now()
        return Moment(now.astimezone(UTC).isoformat(), self.course.day(now))

    def _until_next_day(self) -> timedelta:
        now = workflow.now()
        day: date = next_day(self.course, self.course.day(now))
        zone = self.course.zone
        return max(datetime.combine(day, time(), zone) - now, timedelta(seconds=1))


async def _cancel(instance: str) -> None:
    try:
        await workflow.get_external_workflow_handle(instance).cancel()
    except FailureError:
        # It has ended by itself meanwhile.
        return


def _refusal(error: CauceError) -> ApplicationError:
    return ApplicationError(error.problem, error.problem_details(), type=error.code)
