"""A roll-out that people work through: who they are, what they do by themselves, and how its clock is moved.

They act through the services, as the pages do: each sees the tasks of their groups and answers those.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.service import RPCError
from temporalio.testing import TimeSkipper, TimeSkippingConfig
from temporalio.worker import Worker

from activities.connections import Connections
from activities.syncs.run import SyncActivities
from cauce import contract, single
from cauce.contract import SyncRequest
from cauce.cost_entries import FACTORS
from cauce.errors import ConflictError, ForbiddenError, TransientError
from cauce.roadmaps import Done, ReportActivity, Request
from cauce.services import attachments, definitions, instances, reconciling, tasks
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import running
from cauce.services.roadmaps.running import RunDetail, StepView
from cauce.services.roadmaps.standing import Standing, standing
from cauce.services.tasks import TaskView
from cauce.store import reconciliations
from cauce.store.inbox import Filters
from cauce.testing.watching import Watch
from demo.company import Company
from schemas import load_file
from tests.conformance.roll_out_people import ANSWERS, ASIDE, BOARD, EVERYBODY, FILE, PEOPLE, PLANNER, TOGETHER, Answers
from workflows.sync_workflow import SyncWorkflow

JSON = Any
NAME: Final = "crm-rollout"
# A run that waits for its first turn has fewer events than that.
_FIRST: Final = 3
_LONGEST_LULL: Final = timedelta(days=180)
_WEEK: Final = timedelta(days=7)
_BLINK_S: Final = 0.05
_LONGEST_WAIT_S: Final = 31 * 24 * 3600
_MOST_BLINKS: Final = 400
_MOST_REFUSALS: Final = 20
_SYNCS: Final = "course-syncs"
First = Mapping[str, Callable[[], Awaitable[None]]]
MADRID: Final = ZoneInfo("Europe/Madrid")
DEFINITIONS: Final = Path(__file__).parents[2] / "definitions"


@dataclass(slots=True)
class RollOut:
    """A roll-out under way: `spent` and `finished` are what its people did, in their own words.

    `lying` is what they leave lying, `rate` what an activity costs instead of its budget, `unfiled` whose file they
    forget.
    """

    hub: Hub
    skipper: TimeSkipper
    id: str
    handle: WorkflowHandle[Any, Any]
    watch: Watch
    lying: set[str] = field(default_factory=set)
    dearer: dict[str, Decimal] = field(default_factory=dict)
    unfiled: set[str] = field(default_factory=set)
    spent: dict[str, Decimal] = field(default_factory=dict)
    finished: dict[str, date] = field(default_factory=dict)
    seen: dict[str, date] = field(default_factory=dict)
    budgets: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def today(self) -> date:
        """Which day it is in the office."""
        return self.now.astimezone(MADRID).date()

    async def look(self) -> RunDetail:
        """Return how it stands in the lists."""
        return await running.running(self.hub, PLANNER, self.id)

    async def step(self, name: str) -> StepView:
        """Return an activity or a gate."""
        return next(each for each in (await self.look()).steps if each.id == name)

    async def standing(self) -> Standing:
        """Return how it stands on the pages."""
        for _ in range(20):
            # A new run that nobody has taken up yet, and one that has ended on a busy machine, are looked at again.
            with suppress(TransientError):
                return await standing(self.hub, PLANNER, self.id)
            await asyncio.sleep(0.25)
        return await standing(self.hub, PLANNER, self.id)

    async def wait_until(self, day: date) -> None:
        """Let time pass up to the morning of a day."""
        morning = datetime.combine(day, time(9), MADRID)
        # A new run may stop on the way; and its clock goes on by itself as ours does, too.
        while (left := morning - await self.skipper.get_current_time(self.handle)) > timedelta():
            await self.skipper.fast_forward(self.handle, left)
        self.now = morning.astimezone(UTC)
        # What the days brought is in the lists once nothing of it is on its way.
        while True:
            described = (await self.handle.describe()).raw_description
            begun = described.workflow_execution_info.history_length > _FIRST
            if begun and not described.HasField("pending_workflow_task") and not described.pending_activities:
                return
            await asyncio.sleep(0.02)

    async def act(self, actor: Actor, request: Request) -> Done:
        """Do something that is no answer to a task."""
        return await running.act(self.hub, actor, self.id, request)

    async def inbox(self, actor: Actor = EVERYBODY) -> dict[str, TaskView]:
        """Return what of it waits for somebody, by what it asks for."""
        found = await tasks.inbox(self.hub, actor, Filters(instance=self.id), limit=tasks.most_rows)
        return {each.name: each for each in found.tasks}

    async def answer(self, name: str, answer: JSON, *, by: Actor | None = None) -> None:
        """Answer a task, as the person that it waits for or another one; it may be on its way still."""
        task = None
        for _ in range(_MOST_BLINKS):
            if task := (await self.inbox()).get(name):
                break
            await asyncio.sleep(_BLINK_S)
        assert task, f"{name} is not asked"
        await tasks.complete(self.hub, by or whose(task), task.id, answer)

    async def compare(self, sync: str) -> None:
        """Run a sync to its end, and compare both sides on the day that it is in the roll-out."""
        given = [SyncRequest(sync, PLANNER.name), None, None]
        await self.hub.temporal.execute_workflow(
            contract.SYNC, args=given, id=contract.sync_id(sync), task_queue=_SYNCS
        )
        await reconciling.compared(self.hub, sync, PLANNER.name)
        async with self.hub.store.transaction() as db:
            kept = await reconciliations.last(db, sync)
            assert kept is not None
            kept.at = self.now

    async def align(self, instance: str, *, hours: int = 0) -> None:
        """Bring the clock of a process, which began when ours is, to that of the roll-out or some hours before."""
        handle: WorkflowHandle[Any, Any] = self.hub.temporal.get_workflow_handle(instance)
        left = self.now - timedelta(hours=hours) - await self.skipper.get_current_time(handle)
        await self.skipper.fast_forward(handle, left)

    async def asked_by(self, process: str, name: str, count: int) -> list[TaskView]:
        """Return tasks of the instances of a process, once there are so many."""
        for _ in range(_MOST_BLINKS):
            found = (await tasks.inbox(self.hub, EVERYBODY, Filters(definition=process), limit=tasks.most_rows)).tasks
            if len(asked := [each for each in found if each.name == name]) == count:
                return asked
            await asyncio.sleep(_BLINK_S)
        raise AssertionError(f"{process} does not ask for {name}.")

    async def begun_by_itself(self, name: str) -> StepView:
        """Return an activity once the roadmap has started its process, which it does as soon as the day has come."""
        await self._once(lambda detail: (_found(detail, name).process or {}).get("state") == "running")
        return await self.step(name)

    async def _once(self, so: Callable[[RunDetail], bool]) -> None:
        """Wait until the lists show what has happened a moment before."""
        for _ in range(_MOST_BLINKS):
            if so(await self.look()):
                return
            await asyncio.sleep(_BLINK_S)
        raise AssertionError("It has not come to the lists.")

    async def work_until(self, over: Callable[[RunDetail], bool], *, latest: date = date.max) -> None:
        """Let people work, day after day, until something is so or a day has come."""
        last = self.today
        while True:
            detail, waiting = await self.look(), await self.inbox()
            if await self._do_what_is_due(detail, waiting):
                last = self.today
                continue
            if self.today - last > _LONGEST_LULL:
                open_ = [each for each in detail.steps if each.state != "done"]
                still = "; ".join(f"{each.id} is {each.state} {each.process or ''}" for each in open_)
                raise AssertionError(f"Nothing is done any more: {still}; asked: {', '.join(waiting)}")
            if over(detail) or self.today >= latest:
                return
            await self.wait_until(min([*self._next_days(detail, waiting), latest]))

    async def work_through(self, day: date) -> None:
        """Let people work until a day has come."""
        await self.work_until(lambda _: False, latest=day)

    async def work_until_ready(self, gate: str) -> None:
        """Let people work until a gate can be asked for."""
        await self.work_until(lambda detail: _state(detail, gate) != "waiting")

    async def _do_what_is_due(self, detail: RunDetail, waiting: Mapping[str, TaskView]) -> int:
        """Do what is due today, and answer what is asked off the course; return how much that was."""
        steps, done = {each.id: each for each in detail.steps}, 0
        for name, task in waiting.items():
            kind, _, activity = name.partition(":")
            if kind in ASIDE:
                await tasks.complete(self.hub, whose(task), task.id, ASIDE[kind])
                done += 1
                continue
            self.seen.setdefault(name, self.today)
            before = steps.get(TOGETHER.get(activity, ""))
            if kind != "activity" or activity in self.lying or (before and before.state != "done"):
                continue
            if task.due_at is not None and task.due_at.astimezone(MADRID).date() <= self.today:
                await self.finish(task, steps[activity])
                done += 1
        for step in detail.steps:
            before = steps.get(TOGETHER.get(step.id, ""))
            if self._is_due(step) and not (before and before.state != "done"):
                await self.have_done(step, ANSWERS[step.process["process"]])
                done += 1
        return done

    def _is_due(self, step: StepView) -> bool:
        """Tell whether a process has an activity under way that is to be done by today."""
        runs = bool(step.process) and step.process["state"] == "running" and step.id not in self.lying
        return runs and step.state == "started" and step.finish is not None and step.finish <= self.today

    async def have_done(self, step: StepView, answers: Answers) -> JSON:
        """Answer what the process of an activity asks, to its end, and return its output; it costs what it was to."""
        owner = (await self.look()).owners[step.owner]["group"]
        cost = self._cost_of(step.id)
        said = {factor: str(amount) for factor, amount in cost.items()}
        await self.act(PEOPLE[owner], ReportActivity(step.id, "", cost=said))
        output = await self.attend(step.process["instance"], answers)
        if output["passed"]:
            # The process tells the roadmap, which has noted it a moment later.
            await self._once(lambda detail: _state(detail, step.id) == "done")
            self.finished[step.id] = self.today
        self.spent[step.id] = sum(cost.values(), Decimal())
        return output

    async def finish(self, task: TaskView, step: StepView) -> None:
        """Finish an activity: it has cost what it was to cost, and its file is there."""
        person, cost, files = whose(task), self._cost_of(step.id), []
        if step.id not in self.unfiled:
            text = f"{step.id}, done on {self.today}".encode()
            files = [await attachments.attach(self.hub, person, task.id, "/documents/0", f"{step.id}.txt", text)]
        amounts = {factor: float(amount) for factor, amount in cost.items()}
        await tasks.complete(
            self.hub, person, task.id, {**amounts, "started": self.seen[task.name].isoformat(), "documents": files}
        )
        self.spent[step.id], self.finished[step.id] = sum(cost.values(), Decimal()), self.today

    def _cost_of(self, activity: str) -> dict[str, Decimal]:
        rate = self.dearer.get(activity, Decimal(1))
        return {factor: amount * rate for factor, amount in self.budgets[activity].items()}

    def _next_days(self, detail: RunDetail, waiting: Mapping[str, TaskView]) -> list[date]:
        """Return the days on which something begins, or is to be done."""
        activities = [each for each in detail.steps if each.state == "ready" and each.kind == "activity"]
        starts = [each.start for each in activities if each.start]
        starts += [each.finish for each in detail.steps if each.finish and each.process and each.state == "started"]
        ends = [task.due_at.astimezone(MADRID).date() for task in waiting.values() if task.due_at]
        return [day for day in (*starts, *ends, self.today + _WEEK) if day > self.today]

    async def asked(self, gate: str) -> None:
        """Ask for a gate, as who plans does, and sign what is to be signed."""
        known = [name for name in await self.inbox(PLANNER) if name.startswith(f"prepare:{gate}:")]
        await self.answer(known[0], {})
        for name in [each for each in await self.inbox() if each.startswith(f"sign:{gate}:")]:
            await self.answer(name, {"signed": True})

    async def decided(self, gate: str, *, approved: bool = True, reason: str = "") -> None:
        """Let each approver answer until the gate is decided."""
        said = {"approved": approved} | ({"reason": reason} if reason else {})
        while waiting := [name for name in await self.inbox() if name.startswith(f"gate:{gate}:")]:
            by = BOARD if ":management:" in waiting[0] else None
            await self.answer(waiting[0], said, by=by)

    async def pass_gate(self, gate: str) -> None:
        """Work up to a gate, ask for it and let it be approved."""
        await self.work_until_ready(gate)
        await self.asked(gate)
        await self.decided(gate)
        assert (await self.step(gate)).state == "done"

    async def run_process(
        self,
        name: str,
        given: JSON,
        answers: Answers,
        first: First = MappingProxyType({}),
    ) -> JSON:
        """Run a process beside it, and return what it came to; `first` is what is done before a task is answered."""
        return await self.attend((await instances.start(self.hub, PLANNER, name, given)).id, answers, first)

    async def attend(
        self,
        instance: str,
        answers: Answers,
        first: First = MappingProxyType({}),
    ) -> JSON:
        """Answer the tasks of a process until it ends, and return what it came to; the clock of its own goes along.

        Each task has its answers, the last one again; where one says `FILE`, a file is attached.
        """
        handle: WorkflowHandle[Any, Any] = self.hub.temporal.get_workflow_handle(instance)
        result, turns = asyncio.create_task(handle.result()), dict.fromkeys(answers, 0)
        refused: Counter[str] = Counter()
        while not (await asyncio.wait({result}, timeout=_BLINK_S))[0]:
            found = await self.inbox_of(instance)
            if not found:
                await self._let_pass(handle)
            for task in found:
                several = answers[task.name]
                chosen = several[min(turns[task.name], len(several) - 1)]
                turns[task.name] += 1
                if task.name in first:
                    await first[task.name]()
                # What nobody waits for any more since the answer before: of a vendor that has withdrawn.
                try:
                    said = await self._with_files(task, chosen(task.data) if callable(chosen) else chosen)
                    await tasks.complete(self.hub, whose(task), task.id, said)
                except (ConflictError, ForbiddenError) as error:
                    refused[task.id] += 1
                    if refused[task.id] > _MOST_REFUSALS:
                        raise AssertionError(f"{task.name} of {instance} is refused: {error}") from error
        try:
            return result.result()
        except WorkflowFailureError as error:
            raise AssertionError(f"{instance}: {error.cause} {getattr(error.cause, 'details', '')}") from error

    async def _let_pass(self, handle: WorkflowHandle[Any, Any]) -> None:
        """Move the clock of a process that waits for it alone to what comes next."""
        # It may have come to its end since it was looked at.
        with suppress(RPCError):
            stands = await self.watch.look(handle)
            if stands is None or stands.busy or stands.open_tasks or stands.wakes_at is None:
                return
            left = stands.wakes_at - (await self.skipper.get_current_time(handle)).timestamp()
            # What is later than any of their waits is that they take too long.
            if 0 < left < _LONGEST_WAIT_S:
                await self.skipper.fast_forward(handle, left)

    async def inbox_of(self, instance: str) -> Sequence[TaskView]:
        """Return what waits for somebody in an instance."""
        return (await tasks.inbox(self.hub, EVERYBODY, Filters(instance=instance))).tasks

    async def _with_files(self, task: TaskView, said: JSON) -> JSON:
        """Return an answer with a file attached wherever it says `FILE`."""

        async def attached(place: str) -> JSON:
            name = f"{task.name}.txt"
            return await attachments.attach(self.hub, whose(task), task.id, place, name, f"{task.id}".encode())

        filled = {}
        for key, value in said.items():
            if value == [FILE]:
                filled[key] = [await attached(f"/{key}/0")]
            else:
                filled[key] = await attached(f"/{key}") if value == FILE else value
        return filled


def whose(task: TaskView) -> Actor:
    """Return the person of the group that a task waits for."""
    return PEOPLE[str(task.group)]


def written_budgets() -> dict[str, dict[str, Decimal]]:
    """Return what each activity is to cost by factor, as it is written; those of waves once for each."""
    document = load_file(DEFINITIONS / "roadmaps" / f"{NAME}.yaml").data
    found = {}
    for phase in document["phases"]:
        for activity in phase["activities"]:
            cost = {factor: Decimal(str(activity["cost"].get(factor, 0))) for factor in FACTORS}
            for wave in phase.get("waves") or [{}]:
                scale = Decimal(str(wave.get("scale", 1)))
                name = f"{activity['id']}.{wave['id']}" if wave else activity["id"]
                found[name] = {factor: amount * scale for factor, amount in cost.items() if amount}
    return found


def _found(detail: RunDetail, name: str) -> StepView:
    return next(each for each in detail.steps if each.id == name)


def _state(detail: RunDetail, name: str) -> str:
    return _found(detail, name).state


@asynccontextmanager
async def begun(place: single.Bench, folder: Path, patch: pytest.MonkeyPatch) -> AsyncIterator[RollOut]:
    """Start the shipped roll-out of the demo company, with its systems, on the second Monday of the next January."""
    settings = place.hub.settings.model_copy(update={"data_dir": folder, "definitions_dir": folder})
    address = place.client.service_client.config.target_host
    async with Company.start(folder / "company") as company, single.empty_store() as store:
        # Where the connection `hub` looks, which processes note things through.
        patch.setenv("CAUCE_STORE_URL", store.url.render_as_string(hide_password=False))
        (folder / "settings.json").write_text(json.dumps(company.settings()), encoding="utf-8")
        for name, secret in company.secrets().items():
            patch.setenv(f"CAUCE_SECRET_{name.upper().replace('-', '_')}", secret)
        sources, _ = definitions.load([DEFINITIONS])
        await definitions.publish(replace(place.hub, store=store), EVERYBODY, sources)
        async with single.bench(settings, address, store) as own, _syncing(own):
            skipper = TimeSkipper(own.client, config=TimeSkippingConfig(enabled=False))
            hub = replace(own.hub, temporal=skipper.client)
            january = date(datetime.now(UTC).year + 1, 1, 8)
            first = january + timedelta(days=-january.weekday() % 7)
            view = await running.start(hub, PLANNER, NAME, key=str(first.year), day=first)
            assert own.watch is not None
            handle = hub.temporal.get_workflow_handle(view.id)
            made = RollOut(hub, skipper, view.id, handle, own.watch, budgets=written_budgets())
            await made.wait_until(first)
            yield made


@asynccontextmanager
async def _syncing(own: single.Bench) -> AsyncIterator[None]:
    """Let syncs be run, which a bench does not; they are on queues of their own."""
    connections = Connections(own.hub.store, own.hub.resolver)
    activities = SyncActivities(own.hub.store, connections)
    runs = Worker(own.client, task_queue=_SYNCS, workflows=[SyncWorkflow], activities=[activities.begin])
    rows = Worker(own.client, task_queue=contract.sync_queue("hub"), activities=[activities.batch])
    async with runs, rows:
        yield
    await connections.close()
