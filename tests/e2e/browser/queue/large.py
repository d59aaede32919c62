"""A roadmap of 2,000 activities, ten phases of which the first is behind it, as it goes on in a new run."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cauce import roadmaps
from cauce.roadmaps import RoadmapStart
from cauce.services.hub import Hub
from cauce.services.roadmaps.taking_over import taken_over
from cauce.store import roadmaps as stored
from workflows.roadmap.model import Actual
from workflows.roadmap.running.course import Course, Moment
from workflows.roadmap.running.journal import Journal
from workflows.roadmap.running.turns import Turns

NAME, KEY = "large", "1"
PHASES, ACTIVITIES, CHAIN = 10, 200, 20


def document() -> Any:
    """Return its definition: in each phase ten chains of activities, which begin side by side."""
    return {
        "roadmap": NAME,
        "title": "Large",
        # Its tasks are nobody's, so that they are in no inbox of the office.
        "owners": {"crew": {"title": "Crew", "group": "large-crew"}},
        "phases": [
            {
                "id": f"P{phase}",
                "title": f"Part {phase}",
                "activities": [_activity(phase, number) for number in range(ACTIVITIES)],
                "gate": {"id": f"G{phase}", "title": f"Gate {phase}", "approvers": ["crew"]},
            }
            for phase in range(1, PHASES + 1)
        ],
    }


def _activity(phase: int, number: int) -> Any:
    about = {"id": f"p{phase}a{number}", "title": f"Work {number} of {phase}", "pillar": "technology", "owner": "crew"}
    first = number % CHAIN == 0
    # The chains differ in length, so one of them is critical.
    days = 2 if number < CHAIN else 1
    return {**about, "days": days, "cost": {"data": 10}, **({} if first else {"after": [f"p{phase}a{number - 1}"]})}


async def start(hub: Hub) -> None:
    """Start it, and write what lists show of it.

    Its first turn is taken here: it takes long, and what a busy machine does not manage within two seconds Temporal
    tries again.
    """
    now = datetime.now(UTC)
    first = now.date() - timedelta(days=30)
    given = RoadmapStart(NAME, KEY, "1", document(), None, first.isoformat(), "admin")
    done = {name: Actual(started=first, finished=first) for name in (*first_phase(), "G1")}
    identity = roadmaps.roadmap_id(NAME, KEY)
    course = Course(Journal.begun(given), identity=identity)
    happened = taken_over(given, done, now.date())
    news = Turns(course).begin("admin", Moment(now.isoformat(), course.day(now)), happened).news
    async with hub.store.transaction() as db:
        await stored.record(db, news)
    await hub.temporal.start_workflow(
        roadmaps.ROADMAP,
        replace(given, journal=course.journal.to_json()),
        id=identity,
        task_queue=hub.task_queue,
    )


def first_phase() -> list[str]:
    """Return the activities of the phase that is behind it."""
    return [f"p1a{number}" for number in range(ACTIVITIES)]
