"""Puts events into the log, and reads there what the listeners of instances want."""

from collections.abc import Callable

from temporalio import activity

from cauce import correlation
from cauce.contract import (
    EMIT,
    EVENTS_POSITION,
    LISTEN,
    STOP_LISTENING,
    Emit,
    Heard,
    Listen,
    StopListening,
)
from cauce.store import events, subscriptions
from cauce.store.session import Store
from cauce.store.subscriptions import Listener


class EventActivities:
    """The activities behind `emit` and `listen`; each may run twice and then changes nothing.

    `emitted` is called when there is something to deliver, so that whoever delivers in this process begins at once.
    """

    def __init__(self, store: Store, emitted: Callable[[], None]) -> None:
        self.store = store
        self.emitted = emitted

    @activity.defn(name=EMIT)
    async def emit(self, wanted: Emit) -> None:
        """Put an event into the log, from where it is delivered."""
        async with self.store.transaction() as db:
            await events.append(db, correlation.traced(wanted.event), instance=wanted.instance)
        self.emitted()

    @activity.defn(name=LISTEN)
    async def listen(self, wanted: Listen) -> Heard:
        """Return what is in the log for a listener.

        A new listener is in the store before the log is read: an event that is not yet in the log then finds it there.
        """
        if wanted.begin:
            async with self.store.transaction() as db:
                await subscriptions.subscribe(db, Listener(wanted.instance, wanted.token), wanted.filters)
        async with self.store.read() as db:
            found = await subscriptions.fitting(db, wanted.instance, wanted.filters, wanted.after, wanted.turn)
        return Heard(found.position, found.events, found.more)

    @activity.defn(name=STOP_LISTENING)
    async def stop_listening(self, over: StopListening) -> None:
        """Forget a listener, and keep what it has used up from those that follow."""
        async with self.store.transaction() as db:
            await subscriptions.consume(db, over.instance, over.consumed, over.turn)
            if not over.goes_on:
                await subscriptions.unsubscribe(db, over.token)

    @activity.defn(name=EVENTS_POSITION)
    async def events_position(self) -> int:
        """Return the place of the last event in the log."""
        async with self.store.read() as db:
            return await events.position(db)
