"""How connections stand with their limits: circuits, places in use, repetitions, and who serves the queue."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.service import RPCError

from cauce.connection import Limits
from cauce.contract import operation_queue
from cauce.limits.board import Condition
from cauce.limits.circuit import State
from cauce.limits.shared import condition_of
from cauce.services.hub import Hub
from cauce.store import limits as store_limits
from cauce.store.models.limits import ConnectionShare
from cauce.store.session import Db

_PATIENCE_S: Final = 3.0
# A poller stays listed for minutes after its end; one that lives asks again within a minute.
_POLLED_S: Final = 70.0


@dataclass(frozen=True, slots=True)
class LimitsView:
    """The limits of a connection, and how its calls stand with them."""

    rate_per_s: float | None
    concurrency: int
    circuit: State
    failures: int
    open_until: datetime | None
    problem: str
    workers: int
    places: int
    calls: int
    retries: int


async def standing(db: Db) -> "Loads":
    """Return how all connections stand with their limits."""
    now = await store_limits.now(db)
    rows = await store_limits.states(db)
    return Loads({name: condition_of(row) for name, row in rows.items()}, await store_limits.shares(db, now))


@dataclass(frozen=True, slots=True)
class Loads:
    """What the store knows of all connections at a moment."""

    conditions: dict[str, Condition]
    shares: Sequence[ConnectionShare]

    def of(self, connection: str, limits: Limits) -> LimitsView:
        """Return how one connection stands."""
        condition = self.conditions.get(connection, Condition())
        circuit, window = condition.circuit, condition.window
        held = [each.places for each in self.shares if each.connection == connection]
        until = max(circuit.open_until, circuit.trying_until or 0.0) if circuit.open_until else None
        return LimitsView(
            rate_per_s=limits.rate_per_s,
            concurrency=limits.concurrency,
            circuit=circuit.state(time.time()),
            failures=circuit.failed,
            open_until=None if until is None else datetime.fromtimestamp(until, UTC),
            problem=circuit.problem,
            workers=len(held),
            places=sum(held),
            calls=window.calls + window.calls_before,
            retries=window.retries + window.retries_before,
        )


async def serving(hub: Hub, connection: str) -> int | None:
    """Return how many workers ask for the calls of a connection; None when Temporal does not say."""
    request = DescribeTaskQueueRequest(
        namespace=hub.temporal.namespace,
        task_queue=TaskQueue(name=operation_queue(connection)),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    )
    try:
        async with asyncio.timeout(_PATIENCE_S):
            answer = await hub.temporal.workflow_service.describe_task_queue(request)
    except (RPCError, RuntimeError, TimeoutError):
        return None
    lately = time.time() - _POLLED_S
    return len({poller.identity for poller in answer.pollers if poller.last_access_time.seconds >= lately})
