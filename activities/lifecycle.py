"""Puts lifecycle events of instances into the event log."""

import asyncio

from temporalio import activity

from cauce.contract import RECORD_LIFECYCLE, LifecycleEvents
from cauce.store import lifecycle
from cauce.store.session import Store


class LifecycleActivities:
    """The activity behind lifecycle events; it may run twice and then changes nothing.

    While one transaction is under way the events of other instances gather for the next: what a busy worker writes
    is few large transactions.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._gathered: list[LifecycleEvents] = []
        self._next: asyncio.Task[None] | None = None
        self._busy = asyncio.Lock()

    @activity.defn(name=RECORD_LIFECYCLE)
    async def record_lifecycle(self, happened: LifecycleEvents) -> None:
        """Write events, in their order; they are in the log when this returns."""
        self._gathered.append(happened)
        if self._next is None:
            self._next = asyncio.create_task(self._write())
        # Who is cancelled must not take the others along.
        await asyncio.shield(self._next)

    async def _write(self) -> None:
        async with self._busy:
            gathered, self._gathered, self._next = self._gathered, [], None
            async with self.store.transaction() as db:
                await lifecycle.record(db, gathered)
