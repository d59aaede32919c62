"""Records the calls of a connection while somebody wants that; no call fails because of it."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Final

from cauce.connection import Connection
from cauce.connector import JSON, Operation
from cauce.errors import CauceError, RemoteError
from cauce.limits import BusyError
from cauce.recording import tape
from cauce.recording.exchanges import described
from cauce.recording.masking import Masker
from cauce.recording.references import secrets_of
from cauce.recording.rules import rules
from cauce.registry import Resolver
from cauce.store import recordings
from cauce.store.session import Store

log = logging.getLogger(__name__)
usual_most: Final = 200
usual_max_bytes: Final = 262_144


@dataclass(frozen=True, slots=True)
class Recorder:
    """Keeps the exchanges of one connection: those of `operations`, or of all when there are none."""

    store: Store
    connection: str
    masker: Masker
    operations: frozenset[str] = frozenset()
    counted: bool = False
    most: int = usual_most
    max_bytes: int = usual_max_bytes

    async def call(
        self, call: Callable[[Operation, JSON], Awaitable[JSON]], operation: Operation, given: JSON, request: JSON
    ) -> JSON:
        """Call through, and keep what was sent and what came of it; `given` is what the process passed."""
        if self.operations and operation.name not in self.operations:
            return await call(operation, request)
        at, started = datetime.now(UTC), perf_counter()
        exchange = {"operation": operation.name, "at": at.isoformat(timespec="milliseconds"), "request": request}
        if given != request:
            exchange["with"] = given
        with tape.running() as running:
            try:
                answer = await call(operation, request)
            except BusyError:
                # Nothing was sent: the call is made again when there is room.
                raise
            except RemoteError as error:
                await self._keep({**exchange, "error": described(error)}, running, started)
                raise
        await self._keep({**exchange, "response": answer}, running, started)
        return answer

    async def _keep(self, exchange: dict[str, JSON], running: tape.Tape, started: float) -> None:
        exchange["tookMs"] = round((perf_counter() - started) * 1000, 1)
        if running.wire and not running.lost:
            exchange["wire"] = running.wire
        try:
            masked = await asyncio.to_thread(self._masked, exchange)
            if masked is None:
                log.warning("%s@%s: too large to be recorded", exchange["operation"], self.connection)
                return
            async with self.store.transaction() as db:
                if not self.counted or await recordings.take_turn(db, self.connection):
                    await recordings.keep(db, self.connection, masked, most=self.most)
        except CauceError as error:
            log.warning("%s@%s was not recorded: %s", exchange["operation"], self.connection, error.problem)
        except Exception as error:  # noqa: BLE001 - the call itself is done, and must not fail of what it is not about
            log.warning("%s@%s was not recorded: %s", exchange["operation"], self.connection, type(error).__name__)

    def _masked(self, exchange: JSON) -> JSON:
        """Return the exchange as it may be kept; without its wire when it is large, None when it is too large."""
        if _size(exchange) > self.max_bytes:
            exchange = {name: value for name, value in exchange.items() if name != "wire"}
            if _size(exchange) > self.max_bytes:
                return None
        return self.masker.exchange(exchange)


async def recorder(store: Store, connection: Connection, resolver: Resolver) -> Recorder | None:
    """Return what records a connection now; None when nobody wants it."""
    wanted = connection.record
    always = bool(wanted.get("always"))
    async with store.read() as db:
        row = await recordings.switch(db, connection.name)
    if row is None and not always:
        return None
    async with store.transaction() as db:
        key = await recordings.masking_key(db)
    secrets = tuple(secrets_of(connection.settings, resolver))
    return Recorder(
        store,
        connection.name,
        Masker(key, rules(wanted, f"connection {connection.name}: record"), secrets),
        frozenset(() if always or row is None else row.operations) or frozenset(wanted.get("operations") or ()),
        counted=not always,
        most=wanted.get("most", usual_most),
        max_bytes=wanted.get("maxBytes", usual_max_bytes),
    )


def _size(exchange: JSON) -> int:
    return len(json.dumps(exchange, ensure_ascii=False, default=str))
