"""Puts what happened to roadmaps into the store, and what they ask of people into the inbox."""

from datetime import UTC, datetime

from temporalio import activity

from activities.human_tasks import escalate
from cauce.roadmaps import RECORD_ROADMAP, RoadmapNews
from cauce.store import given_tasks, roadmaps, task_acts, tasks, urgency
from cauce.store.base import JSON
from cauce.store.session import Db, Store


class RoadmapActivities:
    """The activity behind a turn of a roadmap; it may run twice and then changes nothing."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @activity.defn(name=RECORD_ROADMAP)
    async def record_roadmap(self, news: RoadmapNews) -> None:
        """Write what happened, all of it or nothing."""
        async with self.store.transaction() as db:
            if not await roadmaps.record(db, news):
                return
            for over in news.closed:
                await tasks.close(db, over.id, over.state, by=over.by, answer=over.answer)
            for task in news.opened:
                if await tasks.add_task(db, task) and (row := await tasks.find_task(db, task.id)) is not None:
                    await given_tasks.tell(db, row)
            for move in news.moved:
                await _move(db, move)
            for change in news.escalated:
                await escalate(db, change)


async def _move(db: Db, move: JSON) -> None:
    """Give a task another date, and make it more or less urgent, if it is open still."""
    row = await task_acts.locked(db, move["id"])
    if row is None:
        return
    if move["dueAt"]:
        row.due_at = datetime.fromisoformat(move["dueAt"]).astimezone(UTC)
    row.priority = max(0, min(row.priority + move["raised"], task_acts.highest_priority))
    urgency.place(row)
