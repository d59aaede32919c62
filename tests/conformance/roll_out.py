"""A roll-out that people work through: who they are, what they do by themselves, and how its clock is moved.

They act through the services, as the pages do: each sees the tasks of their groups and answers those.
"""

import asyncio
import json
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
from temporalio.client import WorkflowHandle
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from cauce import single
from cauce.cost_entries import FACTORS
from cauce.errors import ConflictError, TransientError
from cauce.roadmaps import Done, Request
from cauce.services import attachments, definitions, instances, tasks
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import running
from cauce.services.roadmaps.running import RunDetail, StepView
from cauce.services.roadmaps.standing import Standing, standing
from cauce.services.tasks import TaskView
from cauce.store import register
from cauce.store.inbox import Filters
from schemas import Source, kind_of, load_file, load_yaml

JSON = Any
NAME: Final = "crm-rollout"
# A run that waits for its first turn has fewer events than that.
_FIRST: Final = 3
_WEEK: Final = timedelta(days=7)
MADRID: Final = ZoneInfo("Europe/Madrid")
DEFINITIONS: Final = Path(__file__).parents[2] / "definitions"
# In the place of the systems that the shipped connections lead to: one that can be certified in a moment.
CONNECTION: Final = """\
connection: NAME
kind: http
implements: [stock]
certification: {environment: test, data: {sku: P1}}
settings: {base_url: 'URL', timeout: PT5S}
operations: {stock-level: {calls: GET /stock, effect: read}}
"""


def _of(name: str, group: str, *roles: str) -> Actor:
    return Actor(name, frozenset({"staff", *roles}), frozenset({group}))


PEOPLE: Final[Mapping[str, Actor]] = {
    "management": _of("mara", "management"),
    "sponsors": _of("sam", "sponsors"),
    "project-managers": _of("pia", "project-managers", "manager"),
    "finance": _of("fina", "finance"),
    "steering": _of("sara", "steering"),
    "marketing": _of("marta", "marketing"),
    "privacy": _of("dora", "privacy"),
    "key-users": _of("keiko", "key-users"),
    "process-owners": _of("berta", "process-owners"),
    "designers": _of("dana", "designers", "designer"),
    "data-owners": _of("dario", "data-owners"),
    "quality": _of("quim", "quality"),
    "hr": _of("hugo", "hr"),
    "communications": _of("carla", "communications"),
    "it": _of("ivan", "it"),
    "architects": _of("arno", "architects"),
    "integrators": _of("igor", "integrators", "integrator"),
    "pilot-users": _of("pilar", "pilot-users"),
    "support": _of("sonia", "support"),
}
PLANNER: Final = PEOPLE["project-managers"]
# Who does work of a phase does not decide on it alone.
BOARD: Final = _of("bruno", "management")
EVERYBODY: Final = Actor("ana", frozenset({"admin"}))


# What people answer to what is asked of them beside the work.
ASIDE: Final[Mapping[str, JSON]] = {
    "risk": {"decision": "accepted", "note": "It is watched"},
    "correct": {"note": "It is known why"},
}
# What is finished only when something else is, though both may be due on the same day.
TOGETHER: Final = {"audit-quality": "accept"}


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
    lying: set[str] = field(default_factory=set)
    dearer: dict[str, Decimal] = field(default_factory=dict)
    unfiled: set[str] = field(default_factory=set)
    spent: dict[str, Decimal] = field(default_factory=dict)
    finished: dict[str, date] = field(default_factory=dict)
    seen: dict[str, date] = field(default_factory=dict)
    budgets: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    notes: int = 0
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
        """Answer a task, as the person that it waits for or as another one."""
        task = (await self.inbox())[name]
        await tasks.complete(self.hub, by or whose(task), task.id, answer)

    async def note(self, kind: str, code: str, state: str, *, days_ago: int = 0, **data: JSON) -> None:
        """Note something in the register, as the processes of a roll-out do."""
        self.notes += 1
        at = self.now - timedelta(days=days_ago)
        step = register.Step(NAME, kind, code, state, f"course:{self.notes}", at, title=code, data=data)
        async with self.hub.store.transaction() as db:
            await register.note(db, step)

    async def work_until(self, over: Callable[[RunDetail], bool], *, latest: date = date.max) -> None:
        """Let people work, day after day, until something is so or a day has come."""
        while True:
            detail, waiting = await self.look(), await self.inbox()
            if await self._do_what_is_due(detail, waiting):
                continue
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
        return done

    async def finish(self, task: TaskView, step: StepView) -> None:
        """Finish an activity: it has cost what it was to cost, and its file is there."""
        rate, person = self.dearer.get(step.id, Decimal(1)), whose(task)
        cost = {factor: amount * rate for factor, amount in self.budgets[step.id].items()}
        files = []
        if step.id not in self.unfiled:
            text = f"{step.id}, done on {self.today}".encode()
            files = [await attachments.attach(self.hub, person, task.id, "/documents/0", f"{step.id}.txt", text)]
        amounts = {factor: float(amount) for factor, amount in cost.items()}
        await tasks.complete(
            self.hub, person, task.id, {**amounts, "started": self.seen[task.name].isoformat(), "documents": files}
        )
        self.spent[step.id], self.finished[step.id] = sum(cost.values(), Decimal()), self.today

    def _next_days(self, detail: RunDetail, waiting: Mapping[str, TaskView]) -> list[date]:
        """Return the days on which something begins, or is to be done."""
        activities = [each for each in detail.steps if each.state == "ready" and each.kind == "activity"]
        starts = [each.start for each in activities if each.start]
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
        answers: Mapping[str, Sequence[JSON]],
        first: Mapping[str, Callable[[], Awaitable[None]]] = MappingProxyType({}),
    ) -> JSON:
        """Run a process beside it, and return what it came to; each task has its answers, the last one again.

        `first` is what is done before a task is answered.
        """
        return await self.attend((await instances.start(self.hub, PLANNER, name, given)).id, answers, first)

    async def attend(
        self,
        instance: str,
        answers: Mapping[str, Sequence[JSON]],
        first: Mapping[str, Callable[[], Awaitable[None]]] = MappingProxyType({}),
    ) -> JSON:
        """Answer the tasks of a process until it ends, and return what it came to."""
        handle: WorkflowHandle[Any, Any] = self.hub.temporal.get_workflow_handle(instance)
        result, turns = asyncio.create_task(handle.result()), dict.fromkeys(answers, 0)
        while not (await asyncio.wait({result}, timeout=0.05))[0]:
            for task in (await tasks.inbox(self.hub, EVERYBODY, Filters(instance=instance))).tasks:
                several = answers[task.name]
                chosen = several[min(turns[task.name], len(several) - 1)]
                turns[task.name] += 1
                if task.name in first:
                    await first[task.name]()
                said = chosen(task.data) if callable(chosen) else chosen
                # What nobody waits for any more since the answer before: of a vendor that has withdrawn.
                with suppress(ConflictError):
                    await tasks.complete(self.hub, whose(task), task.id, said)
        return result.result()


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


def _shipped() -> list[Source]:
    """Return what of the shipped definitions a roll-out works with: its processes, and what these name."""
    found = [(kind_of(each.data) or "", each) for each in definitions.load([DEFINITIONS])[0]]
    known = {"calendar": "office-madrid", "roadmap": NAME, "policy": "roll-out"}
    rolled = [each for kind, each in found if kind == "process" and each.data["document"]["namespace"] == "roadmap"]
    rolled += [each for kind, each in found if known.get(kind) == each.data.get(kind, "")]
    words = json.dumps([each.data for each in rolled])
    named = [
        each for kind, each in found if kind in ("form", "decision", "template") and f'"{each.data[kind]}"' in words
    ]
    return (
        rolled + named + [each for kind, each in found if kind == "connection" and each.data[kind] in ("hub", "mail")]
    )


def _state(detail: RunDetail, name: str) -> str:
    return next(each.state for each in detail.steps if each.id == name)


@asynccontextmanager
async def begun(place: single.Bench, folder: Path, warehouse: str, patch: pytest.MonkeyPatch) -> AsyncIterator[RollOut]:
    """Start the shipped roll-out, on a worker and a store of its own, on the second Monday of the next January."""
    settings = place.hub.settings.model_copy(update={"data_dir": folder, "definitions_dir": folder})
    address = place.client.service_client.config.target_host
    async with single.empty_store() as store:
        # Where the connection `hub` looks, which processes note things through.
        patch.setenv("CAUCE_STORE_URL", store.url.render_as_string(hide_password=False))
        sources = _shipped()
        for each in ("erp", "accounting"):
            sources.append(load_yaml(CONNECTION.replace("NAME", each).replace("URL", warehouse), f"{each}.yaml"))
        await definitions.publish(replace(place.hub, store=store), EVERYBODY, sources)
        async with single.bench(settings, address, store) as own:
            skipper = TimeSkipper(own.client, config=TimeSkippingConfig(enabled=False))
            hub = replace(own.hub, temporal=skipper.client)
            january = date(datetime.now(UTC).year + 1, 1, 8)
            first = january + timedelta(days=-january.weekday() % 7)
            view = await running.start(hub, PLANNER, NAME, key=str(first.year), day=first)
            made = RollOut(hub, skipper, view.id, hub.temporal.get_workflow_handle(view.id), budgets=written_budgets())
            await made.wait_until(first)
            yield made
