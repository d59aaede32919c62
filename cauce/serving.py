"""The queues of connections: which of them a worker serves, with how many calls and syncs at a time."""

import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from importlib.metadata import version
from typing import Any, Final, Self

from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.worker import PollerBehaviorAutoscaling, Worker, WorkerDeploymentConfig

from cauce import connection as connections
from cauce.connection import Limits
from cauce.contract import operation_queue, sync_queue
from cauce.errors import TransientError
from cauce.settings import Settings
from cauce.store import definitions, syncs
from cauce.store.session import Db, Store
from cauce.sync import parse

LET_FINISH: Final = timedelta(seconds=5)
# How often Temporal hears that an activity lives. The SDK would keep that back for four fifths of what it may take, so
# that a busy worker had little time left to be heard in.
HEARD: Final = timedelta(seconds=2)
# Named here, because the SDK would otherwise hash every loaded module at each start. Not used for versioning: an
# instance is pinned to its definition, and changes of the interpreter are guarded by `workflow.patched`.
BUILD: Final = WorkerDeploymentConfig(
    version=WorkerDeploymentVersion(deployment_name="cauce", build_id=version("cauce")), use_worker_versioning=False
)
Serves = Callable[[str], bool]
# A step of a sync waits most of its time; of more syncs into one system at once the others wait.
_SYNCS_AT_ONCE: Final = 8
log = logging.getLogger(__name__)


def serves_of(settings: Settings) -> Serves:
    """Return what tells whether a worker with these settings makes the calls of a connection."""
    return lambda name: any(fnmatchcase(name, pattern) for pattern in settings.worker_connections)


@dataclass(slots=True)
class _Served:
    limits: Limits
    running: AsyncExitStack


@dataclass(slots=True)
class Serving:
    """A worker for each published connection that is served here, and one for the syncs that write there.

    Each serves from the publication on. Syncs are apart, so that their long steps take no room from calls.
    """

    client: Client
    store: Store
    call: Callable[..., Any]
    sync: Callable[..., Any]
    serves: Serves
    served: dict[str, _Served] = field(default_factory=dict)
    synced: dict[str, AsyncExitStack] = field(default_factory=dict)

    async def look(self) -> None:
        """Serve what was published since the last look, and anew what has other limits now."""
        try:
            async with self.store.read() as db:
                rows, targets = await definitions.latest(db, "connection"), await _targets(db)
        except TransientError as error:
            log.warning("connections could not be read: %s", error.problem)
            return
        for row in rows:
            if self.serves(row.name):
                limits = connections.parse(row.document).limits
                known = self.served.get(row.name)
                if known is None or _slots(known.limits) != _slots(limits):
                    await self._serve(row.name, limits)
        for name in targets.difference(self.synced):
            if self.serves(name):
                self.synced[name] = running = AsyncExitStack()
                await running.enter_async_context(self._worker(sync_queue(name), self.sync, _SYNCS_AT_ONCE))
                log.info("worker serves syncs to connection %s", name)

    async def _serve(self, name: str, limits: Limits) -> None:
        earlier = self.served.pop(name, None)
        if earlier is not None:
            await earlier.running.aclose()
        running = AsyncExitStack()
        await running.enter_async_context(
            self._worker(operation_queue(name), self.call, limits.concurrency, limits.rate_per_s)
        )
        self.served[name] = _Served(limits, running)
        log.info("worker serves connection %s", name)

    def _worker(self, queue: str, work: Callable[..., Any], at_once: int, rate_per_s: float | None = None) -> Worker:
        return Worker(
            self.client,
            task_queue=queue,
            activities=[work],
            max_concurrent_activities=at_once,
            max_task_queue_activities_per_second=rate_per_s,
            activity_task_poller_behavior=PollerBehaviorAutoscaling(minimum=1, maximum=5, initial=1),
            max_heartbeat_throttle_interval=HEARD,
            graceful_shutdown_timeout=LET_FINISH,
            deployment_config=BUILD,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for each in [*(served.running for served in self.served.values()), *self.synced.values()]:
            await each.aclose()
        self.served.clear()
        self.synced.clear()


async def _targets(db: Db) -> set[str]:
    """Return the connections that syncs write to: those that are published, and the versions that still run."""
    rows = list(await definitions.latest(db, "sync"))
    for run in (await syncs.last_runs(db, "running")).values():
        row = await definitions.find(db, "sync", "", run.sync, run.version)
        rows += [row] if row is not None else []
    return {parse(row.document, row.bundle).target.connection for row in rows}


def _slots(limits: Limits) -> tuple[int, float | None]:
    return limits.concurrency, limits.rate_per_s
