"""The connections of this environment: what there is, and whether it works."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cauce import connection as connections
from cauce import registry
from cauce.connector import Effect, Probe
from cauce.errors import CauceError, NotFoundError
from cauce.sdk.quality import Report, judge
from cauce.services import published
from cauce.services.certification import Implemented, implemented
from cauce.services.hub import Actor, Hub
from cauce.services.limits import LimitsView, Loads, standing
from cauce.store import audit, definitions
from cauce.store.models import Definition

JSON = Any


@dataclass(frozen=True, slots=True)
class OperationView:
    """One operation of a connection, as a list shows it."""

    name: str
    effect: Effect
    calls: str


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A published connection; its settings are not part of it, because people who may see it may not see those."""

    name: str
    kind: str
    title: JSON
    version: str
    operations: tuple[OperationView, ...]
    implements: tuple[Implemented, ...]
    published_at: datetime
    published_by: str
    limits: LimitsView


async def list_connections(hub: Hub, actor: Actor) -> list[ConnectionView]:
    """Return the published connections by name."""
    actor.require("see connections", "designer", "integrator", "manager", "operator", "auditor", "staff")
    async with hub.store.read() as db:
        rows = await definitions.latest(db, "connection")
        capabilities = await implemented(db, rows)
        found = await standing(db)
        return [view(row, capabilities[row.name], found) for row in rows]


async def qualities(kinds: Iterable[str]) -> dict[str, Report | None]:
    """Return how kinds keep the eight rules; None for one that is not installed any more."""
    found = await asyncio.to_thread(lambda: [_quality(kind) for kind in dict.fromkeys(kinds)])
    return dict(found)


async def test(hub: Hub, actor: Actor, name: str) -> list[Probe]:
    """Test a connection in stages; the last probe says what is wrong, if anything is."""
    actor.require("test connections", "integrator", "operator")
    async with hub.store.read() as db:
        row = await published.connection(db, name)
    probes = await _probe(hub, row.document)
    async with hub.store.transaction() as db:
        await audit.append(db, actor.name, "connection.test", name, {"ok": all(probe.ok for probe in probes)})
    return probes


async def _probe(hub: Hub, document: JSON) -> list[Probe]:
    try:
        connector = registry.open_connection(connections.parse(document), hub.resolver)
    except CauceError as error:
        return [Probe("settings", ok=False, sentence=str(error))]
    async with connector:
        return await connector.check()


def _quality(kind: str) -> tuple[str, Report | None]:
    try:
        return kind, judge(kind)
    except NotFoundError:
        return kind, None


def view(row: Definition, capabilities: tuple[Implemented, ...], standing_: Loads) -> ConnectionView:
    """Return a row of the store as the services hand it out."""
    found = connections.parse(row.document)
    operations = [
        OperationView(operation.name, operation.effect, operation.calls) for operation in found.operations.values()
    ]
    return ConnectionView(
        found.name,
        found.kind,
        found.title,
        row.version,
        tuple(operations),
        capabilities,
        row.published_at,
        row.published_by,
        standing_.of(found.name, found.limits),
    )
