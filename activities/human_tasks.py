"""Puts human tasks into the inbox, changes them while they wait, and takes them out."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from temporalio import activity

from cauce import calendars
from cauce.contract import (
    CHANGE_TASK,
    CLOSE_TASK,
    FIND_POLICY,
    OPEN_TASK,
    SETTLE,
    CloseTask,
    FindPolicy,
    HumanTask,
    TaskChange,
)
from cauce.policies import row_of
from cauce.store import audit, definitions, given_tasks, holders, notifications, people, task_acts, tasks
from cauce.store.base import JSON, utc_now
from cauce.store.models import Task
from cauce.store.session import Db, Store

_LEFT_LYING: Final = {
    "en": "This task of {case} is left lying.",
    "es": "Esta tarea de {case} está sin hacer.",
}


class HumanTaskActivities:
    """The activities behind `call: human-task`; each may run twice and then changes nothing."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @activity.defn(name=OPEN_TASK)
    async def open_task(self, task: HumanTask) -> None:
        """Put a task into the inbox."""
        async with self.store.transaction() as db:
            if await tasks.add_task(db, task) and (row := await tasks.find_task(db, task.id)) is not None:
                await given_tasks.tell(db, row)

    @activity.defn(name=CHANGE_TASK)
    async def change_task(self, change: TaskChange) -> None:
        """Change a task that goes on waiting: a step of its ladder, or who has answered by now."""
        async with self.store.transaction() as db:
            if change.user and change.user not in await people.everybody(db, with_load=False):
                # An account that is not there, or has left: the task stays with those who see it.
                change = replace(change, user=None)
            row, told = await escalate(db, change)
            if row is None:
                return
            given = {
                "notify": holders.named(told) if told else None,
                "group": change.group,
                "user": change.user,
                "raised": change.raised,
            }
            said = {key: value for key, value in given.items() if value}
            await audit.append(db, row.definition, "task.escalate", row.id, {"instance": row.instance, **said})

    @activity.defn(name=CLOSE_TASK)
    async def close_task(self, over: CloseTask) -> None:
        """Take a human task out of the inbox, with its answer."""
        async with self.store.transaction() as db:
            await tasks.close(db, over.id, over.state, by=over.by, answer=over.answer)

    @activity.defn(name=FIND_POLICY)
    async def find_policy(self, wanted: FindPolicy) -> JSON:
        """Return what a policy says of a form today, with the calendar that its deadlines count in."""
        async with self.store.read() as db:
            policy = await definitions.find(db, "policy", "", wanted.policy)
            rows = await definitions.latest(db, "calendar")
        documents = {each.name: each.document for each in rows}
        return row_of(policy.document, wanted.form, calendars.of(documents)) if policy else None

    @activity.defn(name=SETTLE)
    async def settle(self) -> None:
        """Do nothing: that it runs at all proves that the server has recorded what came before."""


async def escalate(db: Db, change: TaskChange) -> tuple[Task | None, list[dict[str, JSON]]]:
    """Change a task that goes on waiting; returns it, and who was told, when a step of its ladder was new."""
    # Before it is given to others: who has it until now is told.
    before = await tasks.find_task(db, change.id)
    told = await holders.told(db, change.notify, before.instance, [before]) if before else []
    row = await task_acts.change(db, change)
    if row is not None:
        for whom in told:
            await _tell(db, row, change, whom)
    return row, told


async def _tell(db: Db, task: Task, change: TaskChange, whom: Mapping[str, JSON]) -> None:
    """Tell a group or a person that a task is left lying: they may look at it from now on."""
    group, person = (whom.get(key) for key in ("group", "user"))
    task.told = [*task.told, {**whom, "at": utc_now().isoformat()}]
    for each in await notifications.readers(db, group=group, person=person):
        title = notifications.label(task.title, each.locale) or task.name
        text = _LEFT_LYING.get(each.locale, _LEFT_LYING["en"]).format(case=task.business_key or task.instance)
        known = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{task.id}/{change.rung}/{each.name}"))
        note = notifications.Told(known, each.name, title, text, f"/tasks/{task.id}", task.instance, "late")
        await notifications.add(db, note, each.by_mail("late"))
