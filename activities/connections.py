"""The open connections of a worker: looked up in the store, opened once, opened anew when their file changes."""

import asyncio
import time
from dataclasses import dataclass, field
from functools import partial

from activities.recordings import Recorder, recorder
from cauce import connection as connections
from cauce import registry
from cauce.connection import Connection
from cauce.connector import JSON, Operation
from cauce.errors import NotFoundError
from cauce.limits import Gate
from cauce.limits.shared import Boards
from cauce.measured import Measured
from cauce.metering import Meter
from cauce.store import definitions
from cauce.store.session import Store

_FRESH_S = 5.0


@dataclass(slots=True)
class Opened:
    """A connection that is in use, and the digest of the file it was opened from."""

    digest: str
    connection: Connection
    connector: Measured
    looked_at: float
    recorder: Recorder | None = None

    @property
    def gate(self) -> Gate:
        """What holds its calls to its limits."""
        return self.connector.limited.gate

    async def call(
        self,
        operation: Operation,
        given: JSON,
        request: JSON,
        *,
        again: bool = False,
        patience_s: float | None = None,
    ) -> JSON:
        """Call an operation with a mapped request, as `Limited.call`; `given` is what it was mapped from."""
        call = partial(self.connector.call, again=again, patience_s=patience_s)
        if self.recorder is None:
            return await call(operation, request)
        return await self.recorder.call(call, operation, given, request)


@dataclass(slots=True)
class Connections:
    """Opens connections by name, with limits shared with other workers; a published change is seen within seconds."""

    store: Store
    resolver: registry.Resolver
    boards: Boards = field(init=False)
    opened: dict[str, Opened] = field(default_factory=dict)
    locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    meter: Meter = field(default_factory=Meter)

    def __post_init__(self) -> None:
        self.boards = Boards(self.store)

    async def open(self, name: str) -> Opened:
        """Return the connection, opened; raises `NotFoundError` when none of that name is published."""
        known = self.opened.get(name)
        if known is not None and time.monotonic() - known.looked_at < _FRESH_S:
            return known
        async with self.locks.setdefault(name, asyncio.Lock()):
            return await self._refresh(name)

    async def _refresh(self, name: str) -> Opened:
        known = self.opened.get(name)
        if known is not None and time.monotonic() - known.looked_at < _FRESH_S:
            return known
        async with self.store.read() as db:
            row = await definitions.find(db, "connection", "", name)
        if row is None:
            raise NotFoundError(
                f"There is no connection '{name}' in this environment.",
                hint=f"Publish a file with `connection: {name}`, then retry the instance.",
            )
        parsed = connections.parse(row.document)
        records = await recorder(self.store, parsed, self.resolver)
        if known is not None and known.digest == row.digest:
            known.looked_at, known.recorder = time.monotonic(), records
            return known
        limited = registry.open_connection(parsed, self.resolver, self.boards.gate(name, parsed.limits))
        connector = Measured(limited, self.meter)
        self.opened[name] = Opened(row.digest, parsed, connector, time.monotonic(), records)
        if known is not None:
            await known.connector.close()
        return self.opened[name]

    async def close(self) -> None:
        """Close every connector."""
        for each in self.opened.values():
            await each.connector.close()
        self.opened.clear()
        await self.boards.close()
