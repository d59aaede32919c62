"""A roadmap of three years worked through on a server whose time is driven: for its test, and to record a history."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from temporalio.client import WorkflowHandle
from temporalio.testing import TimeSkipper, TimeSkippingConfig
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.roadmaps import RoadmapActivities
from cauce import roadmaps
from cauce.roadmaps import Done, Request, RoadmapStart
from cauce.services.hub import Hub
from cauce.serving import BUILD
from cauce.worker import of_roadmaps
from workflows.roadmap_workflow import RoadmapWorkflow

JSON = Any
_LONG = 60
_FACTORS = ("training", "data", "integration", "management")


def document(phases: int, activities: int, days: int = _LONG) -> JSON:
    """Return a roadmap whose activities come one after the other."""
    return {
        "roadmap": "years",
        "title": "Years",
        "owners": {"sponsor": {"title": "S", "group": "sponsors"}, "crew": {"title": "C", "group": "crew"}},
        "phases": [
            {
                "id": f"P{phase}",
                "title": f"Phase {phase}",
                "activities": [
                    {"id": f"a{phase}{number}", "title": "A", "pillar": "strategy", "owner": "crew", "days": days}
                    | {"cost": dict.fromkeys(_FACTORS, 100)}
                    | ({"after": [f"a{phase}{number - 1}"]} if number else {})
                    for number in range(activities)
                ],
                "gate": {"id": f"G{phase}", "title": "G", "approvers": ["sponsor"]}
                | {"evidence": [{"fact": "dead-letters", "of": "years", "most": 0}]},
            }
            for phase in range(phases)
        ],
        "thresholds": {"cpi": {"amber": 0.95, "red": 0.9}, "spi": {"amber": 0.95, "red": 0.9}},
    }


@dataclass(frozen=True, slots=True)
class Years:
    """A roadmap whose clock is moved by hand."""

    handle: WorkflowHandle[Any, Any]
    skipper: TimeSkipper

    async def act(self, name: str, request: Request) -> Done:
        """Do something with it."""
        done: Done = await self.handle.execute_update(name, request, result_type=Done)
        return done

    async def journal(self) -> JSON:
        """Return what it remembers."""
        return await self.handle.query("state")

    async def wait(self, days: int) -> None:
        """Let so many working days pass, up to the morning of the last one; none: up to a morning."""
        now = await self.skipper.get_current_time(self.handle)
        left = datetime.combine(_working(now.date(), days), time(9), UTC) - now
        if left > timedelta():
            await self.skipper.fast_forward(self.handle, left)

    async def work(self, activity: str, days: int = _LONG) -> None:
        """Begin an activity on the next working day, and finish it when it was planned to be done."""
        await self.wait(0)
        await self.act(roadmaps.START_ACTIVITY, roadmaps.StartActivity(activity, "cris"))
        await self.work_on(activity, days)

    async def work_on(self, activity: str, days: int) -> None:
        """Finish an activity that has begun today."""
        await self.wait(days - 1)
        cost = {"management": "380"}
        await self.act(roadmaps.FINISH_ACTIVITY, roadmaps.FinishActivity(activity, "cris", cost=cost))
        await self.wait(1)

    async def pass_gate(self, gate: str) -> Done:
        """Ask for a gate and approve it."""
        await self.act(roadmaps.REQUEST_GATE, roadmaps.RequestGate(gate, "cris"))
        done = await self.act(roadmaps.DECIDE_GATE, roadmaps.DecideGate(gate, "sam", "sponsor", approve=True))
        if done.state == "running":
            await self.wait(1)
        return done


@asynccontextmanager
async def running(hub: Hub, written: JSON) -> AsyncIterator[Years]:
    """Start a roadmap today, on a worker of its own."""
    queue = f"years-{uuid4()}"
    skipper = TimeSkipper(hub.temporal, config=TimeSkippingConfig(enabled=False))
    start = _working(datetime.now(UTC).date(), 0)
    key = uuid4().hex[:6]
    given = RoadmapStart("years", key, "1", written, None, start.isoformat(), "ana")
    activities: list[Callable[..., Any]] = [
        RoadmapActivities(hub.store).record_roadmap,
        *of_roadmaps(hub),
    ]
    async with Worker(
        hub.temporal,
        task_queue=queue,
        workflows=[RoadmapWorkflow],
        activities=activities,
        workflow_runner=UnsandboxedWorkflowRunner(),
        deployment_config=BUILD,
    ):
        handle: WorkflowHandle[Any, Any] = await skipper.client.start_workflow(
            roadmaps.ROADMAP, given, id=roadmaps.roadmap_id("years", key), task_queue=queue
        )
        yield Years(handle, skipper)


def _working(day: date, more: int) -> date:
    """Return a day, or the next one on which people work, and so many working days later."""
    while True:
        if day.weekday() < 5:
            if not more:
                return day
            more -= 1
        day += timedelta(days=1)
