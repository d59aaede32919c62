"""The open connections of a worker: looked up in the store, opened once, opened anew when their file changes."""

import asyncio
import time
from dataclasses import dataclass, field

from activities.recordings import Recorder, recorder
from cauce import connection as connections
from cauce import registry
from cauce.connection import Connection
from cauce.connector import JSON, BaseConnector, BaseSettings, Operation
from cauce.errors import NotFoundError
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
    connector: BaseConnector[BaseSettings]
    looked_at: float
    recorder: Recorder | None = None

    async def call(self, operation: Operation, given: JSON, request: JSON) -> JSON:
        """Call an operation with a mapped request; `given` is what it was mapped from, for recordings."""
        if self.recorder is None:
            return await self.connector.call(operation, request)
        return await self.recorder.call(self.connector, operation, given, request)


@dataclass(slots=True)
class Connections:
    """Opens connections by name; a published change is seen within seconds."""

    store: Store
    resolver: registry.Resolver
    opened: dict[str, Opened] = field(default_factory=dict)
    locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    meter: Meter = field(default_factory=Meter)

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
        connector = Measured(registry.open_connection(parsed, self.resolver), self.meter)
        self.opened[name] = Opened(row.digest, parsed, connector, time.monotonic(), records)
        if known is not None:
            await known.connector.close()
        return self.opened[name]

    async def close(self) -> None:
        """Close every connector."""
        for each in self.opened.values():
            await each.connector.close()
        self.opened.clear()
