"""Delivers what is in the event log and not yet delivered: what instances emitted, and what somebody died over.

Any number of processes may run one; whoever takes an event holds it for a while, and after that another takes over.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from cauce.errors import CauceError, TransientError
from cauce.services.hub import Hub
from cauce.services.routing import route
from cauce.store import events
from cauce.store.models import Event

_AT_ONCE: Final = 20
_LOOK_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 60.0
log = logging.getLogger(__name__)


class Router:
    """The loop of one process that delivers events."""

    def __init__(self) -> None:
        self._awake = asyncio.Event()

    def wake(self) -> None:
        """Look at once, because something was emitted here."""
        self._awake.set()

    @asynccontextmanager
    async def running(self, hub: Hub) -> AsyncIterator[None]:
        """Deliver events while the block runs."""
        task = asyncio.create_task(self._run(hub))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self, hub: Hub) -> None:
        while True:
            self._awake.clear()
            if not await deliver(hub):
                # Not `wait_for`, which before Python 3.12 forgets that it was cancelled when it is woken just then.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await self._awake.wait()


async def deliver(hub: Hub) -> int:
    """Deliver some of what waits; returns how many events were looked at."""
    try:
        async with hub.store.read() as db:
            # Reading takes no lock, and mostly there is nothing.
            if not await events.has_unrouted(db, waiting=True):
                return 0
        async with hub.store.transaction() as db:
            rows = await events.take_unrouted(db, _AT_ONCE)
    except CauceError as error:
        log.warning("the event log could not be read: %s", error.problem)
        return 0
    await asyncio.gather(*(deliver_one(hub, row) for row in rows))
    return len(rows)


async def deliver_one(hub: Hub, row: Event) -> None:
    """Deliver one event; what goes wrong is tried again later, and keeps no other event waiting."""
    try:
        await route(hub, row.id, row.document)
    except TransientError as error:
        log.warning("event %s could not be delivered: %s", row.id, error.problem)
    except Exception:
        log.exception("event %s could not be delivered", row.id)
    else:
        return
    pause = min(2.0 ** min(row.attempts, 10), _LONGEST_PAUSE_S)
    with contextlib.suppress(CauceError):
        async with hub.store.transaction() as db:
            await events.hold_longer(db, row.id, timedelta(seconds=pause))
