"""Puts what happened to clocks of instances into the store."""

from temporalio import activity

from cauce.contract import RECORD_CLOCKS, ClockNews
from cauce.store import clocks
from cauce.store.session import Store


class ClockActivities:
    """The activity behind clocks; it may run twice and then changes nothing."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @activity.defn(name=RECORD_CLOCKS)
    async def record_clocks(self, news: ClockNews) -> None:
        """Note what happened, and do what escalates."""
        async with self.store.transaction() as db:
            await clocks.record(db, news)
