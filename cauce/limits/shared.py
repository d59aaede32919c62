"""The limits of connections that hold across workers: their boards in the store, and what keeps a worker's places."""

import asyncio
import logging
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar

from cauce.connection import Limits
from cauce.errors import CauceError, TransientError
from cauce.limits.board import Change, Claim, Condition, Granted, counted
from cauce.limits.budget import Window
from cauce.limits.circuit import Circuit
from cauce.limits.gate import Gate
from cauce.limits.places import Share, share
from cauce.store import events
from cauce.store import limits as store_limits
from cauce.store.models.limits import ConnectionState
from cauce.store.session import Db, Store

LEASE_S: Final = 15.0
_BEAT_S: Final = 3.0
# How often the larger parts of places that cannot be divided go round.
_ROUND_S: Final = 10.0
CIRCUIT_OPENED: Final = "dev.cauce.connection.circuit-opened.v1"
CIRCUIT_CLOSED: Final = "dev.cauce.connection.circuit-closed.v1"
T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(slots=True)
class StoreBoard:
    """The board of one connection in the store, as one worker uses it."""

    store: Store
    connection: str
    worker: str
    limit: int

    async def change(self, change: Change[T]) -> tuple[Condition, T]:
        """Apply a change; what it does to the circuit is told to the event log in the same transaction."""
        async with self.store.transaction() as db:
            row = await store_limits.hold(db, self.connection)
            before = condition_of(row)
            after, given = change(before)
            _put(row, after)
            await self._tell(db, before.circuit, after.circuit)
        return after, given

    async def claim(self, claim: Claim) -> Granted:
        """Take a fair share of the places; the row of the connection makes workers do so in turn."""
        async with self.store.transaction() as db:
            row = await store_limits.hold(db, self.connection)
            now = await store_limits.now(db)
            condition = counted(condition_of(row), claim, now)
            _put(row, condition)
            await store_limits.drop_old_shares(db, self.connection, now)
            known = await store_limits.shares(db, now, self.connection)
            others = {each.worker: Share(each.places, each.wanted) for each in known if each.worker != self.worker}
            places = share(self.limit, self.worker, claim.share, others, int(now // _ROUND_S))
            lease = (places, claim.share.wanted, now + LEASE_S)
            await store_limits.put_share(db, self.connection, self.worker, *lease)
        return Granted(places, LEASE_S, condition)

    async def release(self) -> None:
        """Give all places back."""
        async with self.store.transaction() as db:
            await store_limits.drop_share(db, self.connection, self.worker)

    async def _tell(self, db: Db, before: Circuit, after: Circuit) -> None:
        if (before.open_until is None) == (after.open_until is None):
            return
        opened = after.open_until is not None
        about = {"failures": after.failed, "problem": after.problem} if opened else {}
        document = {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": f"/connections/{self.connection}",
            "type": CIRCUIT_OPENED if opened else CIRCUIT_CLOSED,
            "subject": self.connection,
            "time": datetime.now(UTC).isoformat(),
            "datacontenttype": "application/json",
            "data": {"connection": self.connection, **about},
        }
        await events.append(db, document)
        log.warning("the circuit of connection %s is %s", self.connection, "open" if opened else "closed again")


@dataclass(slots=True)
class Boards:
    """All boards that one process uses, and the beat that keeps its places while calls use them."""

    store: Store
    worker: str = field(default_factory=lambda: uuid.uuid4().hex)
    gates: dict[str, Gate] = field(default_factory=dict)
    beating: asyncio.Task[None] | None = None

    def gate(self, connection: str, limits: Limits) -> Gate:
        """Return the gate of a connection: the same for ever, because calls may be on their way when limits change."""
        board = StoreBoard(self.store, connection, self.worker, limits.concurrency)
        if connection in self.gates:
            self.gates[connection].limits, self.gates[connection].board = limits, board
        else:
            self.gates[connection] = Gate(connection, limits, board)
        if self.beating is None:
            self.beating = asyncio.create_task(self._beat())
        return self.gates[connection]

    async def close(self) -> None:
        """Give all places back."""
        if self.beating is not None:
            self.beating.cancel()
            with suppress(asyncio.CancelledError):
                await self.beating
        for gate in self.gates.values():
            if gate.places:
                with suppress(CauceError):
                    await gate.board.release()
        self.gates.clear()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(_BEAT_S)
            for gate in list(self.gates.values()):
                try:
                    await gate.beat()
                except TransientError as error:
                    log.warning("the limits of %s could not be kept: %s", gate.name, error.problem)


def condition_of(row: ConnectionState) -> Condition:
    """Return what a row of the store says."""
    return Condition(
        Circuit(row.failed, row.open_until, row.trying_until, row.problem),
        row.given_until,
        Window(row.window_begun, row.calls, row.retries, row.calls_before, row.retries_before),
    )


def _put(row: ConnectionState, condition: Condition) -> None:
    circuit, window = condition.circuit, condition.window
    row.failed, row.problem = circuit.failed, circuit.problem[: store_limits.longest_problem]
    row.open_until, row.trying_until = circuit.open_until, circuit.trying_until
    row.given_until = condition.given_until
    row.window_begun, row.calls, row.retries = window.begun, window.calls, window.retries
    row.calls_before, row.retries_before = window.calls_before, window.retries_before
