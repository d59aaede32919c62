"""Hands the figures of a process over to the store, every few seconds and at its end."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from cauce.errors import CauceError
from cauce.metering import Meter
from cauce.store import measures
from cauce.store.base import utc_now
from cauce.store.session import Store

EVERY_S: Final = 5.0
_FORGET_EVERY_S: Final = 600.0
log = logging.getLogger(__name__)


@asynccontextmanager
async def handing_over(store: Store, meter: Meter, every_s: float = EVERY_S) -> AsyncIterator[None]:
    """Hand figures over while the block runs, and what is left at its end."""
    task = asyncio.create_task(_run(store, meter, every_s))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await hand_over(store, meter)


async def hand_over(store: Store, meter: Meter) -> int:
    """Add what was counted to the store, and return how many rows of figures that was; a store that is away waits."""
    taken = meter.take()
    if not taken:
        return 0
    try:
        async with store.transaction() as db:
            await measures.add(db, taken)
    except CauceError as error:
        meter.give_back(taken)
        log.warning("figures could not be kept: %s", error.problem)
        return 0
    except asyncio.CancelledError:
        # Whether they were added is not known; twice would be worse than not at all.
        log.warning("figures of some seconds may be missing")
        raise
    return len(taken)


async def _run(store: Store, meter: Meter, every_s: float) -> None:
    forgotten = 0.0
    while True:
        await asyncio.sleep(every_s)
        try:
            await hand_over(store, meter)
            if time.monotonic() - forgotten > _FORGET_EVERY_S:
                forgotten = time.monotonic()
                async with store.transaction() as db:
                    await measures.forget(db, utc_now())
        except CauceError as error:
            log.warning("old figures could not be forgotten: %s", error.problem)
        except Exception:
            log.exception("figures could not be kept")
