"""The workflow of a roadmap that runs; knows Temporal so that `workflows.roadmap.running` need not.

It lives for years, so it has one timer (the next day on which something happens by itself), and goes on in a new run
every few hundred updates. Acts are taken one after the other: what one of them comes to is in the store before the
next is looked at.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

from cauce import roadmaps
from cauce.contract import COMPLETE_TASK, JOURNAL, JSON, STATE, CompleteTask
from cauce.errors import CauceError
from cauce.roadmaps import (
    ApplyDefinition,
    AskEvidence,
    BookCosts,
    CancelRoadmap,
    DecideChange,
    DecideGate,
    DecideStop,
    Done,
    FinishActivity,
    ReportActivity,
    ReportMetrics,
    Request,
    RequestChange,
    RequestGate,
    RoadmapStart,
    SetBaseline,
    SignGate,
    StartActivity,
    WaiveEvidence,
)
from workflows.roadmap.running import gates
from workflows.roadmap.running.course import Course, Moment
from workflows.roadmap.running.daily import next_day, overspent
from workflows.roadmap.running.journal import Journal
from workflows.roadmap.running.turns import Turn, Turns, request_of

# So that a history never grows beyond what a worker loads in a moment.
most_turns: Final = 500
_LIMIT: Final = timedelta(seconds=30)
_PLATFORM: Final = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=10))
# A fact that cannot be asked for is not there; a person is waiting.
_ASKING: Final = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_attempts=3)


@workflow.defn(name=roadmaps.ROADMAP)
class RoadmapWorkflow:
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
            if self._wants_new_run():
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(replace(self.start, journal=self.course.journal.to_json()))
            count = self.taken
            try:
                await workflow.wait_condition(lambda: self.taken != count, timeout=self._until_next_day())  # noqa: B023 - awaited here
            except TimeoutError:
                await self._pass_day()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return {"state": self.course.journal.state, "event": self.course.journal.number}

    @workflow.update(name=roadmaps.BEGIN)
    async def begin(self) -> int:
        """Return once the roadmap has begun, with the number of its last event."""
        await self._begin()
        return self.course.journal.number

    @workflow.update(name=roadmaps.START_ACTIVITY)
    async def start_activity(self, request: StartActivity) -> Done:
        """Note that an activity has begun."""
        return await self._act(request)

    @workflow.update(name=roadmaps.REPORT_ACTIVITY)
    async def report_activity(self, request: ReportActivity) -> Done:
        """Note how far an activity is."""
        return await self._act(request)

    @workflow.update(name=roadmaps.FINISH_ACTIVITY)
    async def finish_activity(self, request: FinishActivity) -> Done:
        """Note that an activity is done."""
        return await self._act(request)

    @workflow.update(name=roadmaps.REQUEST_GATE)
    async def request_gate(self, request: RequestGate) -> Done:
        """Put a gate to those who decide it."""
        return await self._act(request)

    @workflow.update(name=roadmaps.SIGN_GATE)
    async def sign_gate(self, request: SignGate) -> Done:
        """Take a signature."""
        return await self._act(request)

    @workflow.update(name=roadmaps.WAIVE_EVIDENCE)
    async def waive_evidence(self, request: WaiveEvidence) -> Done:
        """Let a gate do without a piece of its evidence for a while."""
        return await self._act(request)

    @workflow.update(name=roadmaps.DECIDE_GATE)
    async def decide_gate(self, request: DecideGate) -> Done:
        """Take an approver's word on a gate."""
        return await self._act(request)

    @workflow.update(name=roadmaps.SET_BASELINE)
    async def set_baseline(self, request: SetBaseline) -> Done:
        """Keep the plan as it is, to be measured by."""
        return await self._act(request)

    @workflow.update(name=roadmaps.REQUEST_CHANGE)
    async def request_change(self, request: RequestChange) -> Done:
        """Ask for a change of the plan."""
        return await self._act(request)

    @workflow.update(name=roadmaps.DECIDE_CHANGE)
    async def decide_change(self, request: DecideChange) -> Done:
        """Decide on a change."""
        return await self._act(request)

    @workflow.update(name=roadmaps.APPLY_DEFINITION)
    async def apply_definition(self, request: ApplyDefinition) -> Done:
        """Put another version of the definition in force."""
        return await self._act(request)

    @workflow.update(name=roadmaps.REPORT_METRICS)
    async def report_metrics(self, request: ReportMetrics) -> Done:
        """Take figures that risks watch."""
        return await self._act(request)

    @workflow.update(name=roadmaps.BOOK_COSTS)
    async def book_costs(self, request: BookCosts) -> Done:
        """Take what the entries of activities come to."""
        return await self._act(request)

    @workflow.update(name=roadmaps.DECIDE_STOP)
    async def decide_stop(self, request: DecideStop) -> Done:
        """Take the answer to the question whether to go on."""
        return await self._act(request)

    @workflow.update(name=roadmaps.CANCEL_ROADMAP)
    async def cancel(self, request: CancelRoadmap) -> Done:
        """End it."""
        return await self._act(request)

    @start_activity.validator
    def check_start_activity(self, request: StartActivity) -> None:
        """Refuse what cannot be, without a trace in the history; as the ones below."""
        self._check(request)

    @report_activity.validator
    def check_report_activity(self, request: ReportActivity) -> None:
        """Refuse what cannot be."""
        self._check(request)

    @finish_activity.validator
    def check_finish_activity(self, request: FinishActivity) -> None:
        """Refuse what cannot be."""
        self._check(request)

    @request_gate.validator
    def check_request_gate(self, request: RequestGate) -> None:
        """Refuse what cannot be."""
        self._check(request)

    @sign_gate.validator
    def check_sign_gate(self, request: SignGate) -> None:
        """Refuse what cannot be."""
        self._check(request)

    @waive_evidence.validator
    def check_waive_evidence(self, request: WaiveEvidence) -> None:
        """Refuse what cannot be."""
        self._check(request)

    @decide_gate.validator
    def check_decide_gate(self, request: DecideGate) -> None:
        """Refuse what cannot be."""
        self._check(request)

    @set_baseline.validator
    def check_set_baseline(self, request: SetBaseline) -> None:
        """Refuse what cannot be."""
        self._check(request)

    @request_change.validator
    def check_request_change(self, request: RequestChange) -> None:
        """Refuse what cannot be."""
        self._check(request)

    @decide_change.validator
    def check_decide_change(self, request: DecideChange) -> None:
        """Refuse what cannot be."""
        self._check(request)

    @apply_definition.validator
    def check_apply_definition(self, request: ApplyDefinition) -> None:
        """Refuse what cannot be."""
        self._check(request)

    @report_metrics.validator
    def check_report_metrics(self, request: ReportMetrics) -> None:
        """Refuse what cannot be."""
        self._check(request)

    @book_costs.validator
    def check_book_costs(self, request: BookCosts) -> None:
        """Refuse what cannot be."""
        self._check(request)

    @decide_stop.validator
    def check_decide_stop(self, request: DecideStop) -> None:
        """Refuse what cannot be."""
        self._check(request)

    @cancel.validator
    def check_cancel(self, request: CancelRoadmap) -> None:
        """Refuse what cannot be."""
        self._check(request)

    @workflow.update(name=COMPLETE_TASK)
    async def complete_task(self, answer: CompleteTask) -> str:
        """Take a person's answer to a task of the inbox."""
        try:
            request = request_of(self.course, answer)
        except CauceError as error:
            raise _refusal(error) from error
        await self._act(request)
        return "completed"

    @complete_task.validator
    def check_complete_task(self, answer: CompleteTask) -> None:
        """Refuse an answer that does not fit."""
        try:
            self.turns.check(request_of(self.course, answer), self._moment())
        except CauceError as error:
            raise _refusal(error) from error

    @workflow.query(name=STATE)
    def state(self) -> JSON:
        """Return all that a roadmap remembers, and the day on which it was last looked at."""
        return self.course.journal.to_json()

    @workflow.query(name=JOURNAL)
    def journal(self) -> JSON:
        """Return what a new run would go on from."""
        return self.course.journal.to_json()

    def _check(self, request: Request) -> None:
        try:
            self.turns.check(request, self._moment())
        except CauceError as error:
            raise _refusal(error) from error

    async def _act(self, request: Request) -> Done:
        await self._begin()
        async with self.busy:
            answers: list[JSON] = []
            if isinstance(request, RequestGate | DecideGate):
                answers = await self._evidence(request.gate)
            try:
                turn = self.turns.take(request, self._moment(), answers)
            except CauceError as error:
                raise _refusal(error) from error
            await self._tell(turn)
        return turn.done

    async def _begin(self) -> None:
        await self._once(self._first)

    async def _first(self) -> None:
        if not self.begun:
            self.begun = True
            await self._tell(self.turns.begin(self.start.by, self._moment(), self.start.happened))

    async def _pass_day(self) -> None:
        async def passing() -> None:
            await self._tell(self.turns.pass_day(self._moment()))

        await self._once(passing)

    async def _once(self, work: Callable[[], Awaitable[None]]) -> None:
        async with self.busy:
            await work()

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
        wanted = AskEvidence(self.course.journal.roadmap, piece["fact"], piece.get("of", ""), limits)
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


def _refusal(error: CauceError) -> ApplicationError:
    return ApplicationError(error.problem, error.problem_details(), type=error.code)
