"""Tells roadmaps that run what their entries come to: many entries at once, and again until they know."""

import logging
from datetime import timedelta
from typing import Final

from cauce.errors import CauceError, TransientError
from cauce.roadmaps import BOOK_COSTS, BookCosts
from cauce.services.hub import Hub
from cauce.services.temporal_errors import explained
from cauce.services.waiting import update_timeout
from cauce.store import roadmap_costs
from cauce.store import roadmaps as stored
from cauce.store.base import utc_now

_BY: Final = "cauce"
# What could not be told for so long is tried less often.
_SOON: Final = timedelta(minutes=1)
log = logging.getLogger(__name__)


async def tell(hub: Hub, run: str) -> None:
    """Tell one roadmap, if there is anything that it does not know."""
    async with hub.store.read() as db:
        row = await stored.find(db, run)
        if row is None or row.cost_entries <= row.costs_told:
            return
        through, totals = row.cost_entries, await roadmap_costs.totals(db, run)
    with explained(run):
        handle = hub.temporal.get_workflow_handle(run)
        request = BookCosts(_BY, totals, through)
        await handle.execute_update(BOOK_COSTS, request, id=f"costs-{through}", rpc_timeout=update_timeout)
    async with hub.store.transaction() as db:
        await roadmap_costs.told(db, run, through)


async def look(hub: Hub, *, thorough: bool) -> None:
    """Tell those that do not know of all of their entries; raises `TransientError` when Temporal does not answer."""
    async with hub.store.read() as db:
        runs = await roadmap_costs.untold(db, None if thorough else utc_now() - _SOON)
    for run in runs:
        try:
            await tell(hub, run)
        except TransientError:
            raise
        except CauceError as error:
            log.warning("%s could not be told what its entries come to: %s", run, error.problem)
