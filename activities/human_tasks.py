"""Puts human tasks into the inbox and takes them out."""

from temporalio import activity

from cauce import calendars
from cauce.contract import CLOSE_TASK, FIND_POLICY, JSON, OPEN_TASK, SETTLE, CloseTask, FindPolicy, HumanTask
from cauce.policies import row_of
from cauce.store import definitions, tasks
from cauce.store.session import Store


class HumanTaskActivities:
    """The activities behind `call: human-task`; each may run twice and then changes nothing."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @activity.defn(name=OPEN_TASK)
    async def open_task(self, task: HumanTask) -> None:
        """Put a task into the inbox."""
        async with self.store.transaction() as db:
            await tasks.add_task(db, task)

    @activity.defn(name=CLOSE_TASK)
    async def close_task(self, over: CloseTask) -> None:
        """Take a task out of the inbox, with its answer."""
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
