"""Recordings: having a connection recorded for a while, and what was recorded, as samples and as fixtures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cauce import connection as connections
from cauce.errors import InputError
from cauce.services import published
from cauce.services.hub import Actor, Hub
from cauce.store import audit, recordings
from cauce.store.base import utc_now
from cauce.store.models import Definition
from cauce.store.session import Db

JSON = Any
usual_s: Final = 600.0
longest_s: Final = 86_400.0
most_calls: Final = 10_000
most_samples: Final = 100


@dataclass(frozen=True, slots=True)
class Recording:
    """Whether a connection is recorded now, until when, for how many more calls, and what there is of it."""

    connection: str
    always: bool
    until: datetime | None
    calls_left: int | None
    operations: tuple[str, ...]
    by: str
    recorded: dict[str, int]

    @property
    def on(self) -> bool:
        """Whether it is recorded now."""
        return self.always or self.until is not None


@dataclass(frozen=True, slots=True)
class Sample:
    """One recorded call, masked: what the process gave, what was sent, and what was answered or went wrong."""

    id: int
    at: datetime
    operation: str
    given: JSON
    request: JSON
    response: JSON
    error: JSON
    took_ms: float


async def start(
    hub: Hub,
    actor: Actor,
    name: str,
    *,
    lasts_s: float | None = None,
    calls: int | None = None,
    operations: Sequence[str] = (),
) -> Recording:
    """Have a connection recorded: for a time (ten minutes when nothing is said), for a number of calls, or both."""
    actor.require("record connections", "integrator")
    if lasts_s is not None and not 0 < lasts_s <= longest_s:
        raise InputError("A recording lasts a day at most.", hint="Say for example PT10M.", where="for")
    if calls is not None and not 0 < calls <= most_calls:
        raise InputError(f"A recording has {most_calls:,} calls at most.", where="calls")
    row = await connection_of(hub, name)
    for each in operations:
        connections.parse(row.document).operation(each)
    until = utc_now() + timedelta(seconds=lasts_s or (longest_s if calls else usual_s))
    async with hub.store.transaction() as db:
        await recordings.switch_on(db, name, until=until, left=calls, operations=operations, by=actor.name)
        said = {"until": until.isoformat(), "calls": calls, "operations": list(operations)}
        await audit.append(db, actor.name, "recording.start", name, said)
        return await _recording(db, row)


async def stop(hub: Hub, actor: Actor, name: str) -> Recording:
    """Have a connection not recorded any more, unless its file says always; what was recorded stays."""
    actor.require("record connections", "integrator")
    row = await connection_of(hub, name)
    async with hub.store.transaction() as db:
        if await recordings.switch_off(db, name):
            await audit.append(db, actor.name, "recording.stop", name, {})
        return await _recording(db, row)


async def forget(hub: Hub, actor: Actor, name: str) -> int:
    """Delete what was recorded of a connection; return how many exchanges that were."""
    actor.require("record connections", "integrator")
    async with hub.store.transaction() as db:
        gone = await recordings.forget(db, name)
        await audit.append(db, actor.name, "recording.forget", name, {"exchanges": gone})
        return gone


async def recording(hub: Hub, actor: Actor, name: str) -> Recording:
    """Return whether a connection is recorded, and what there is of it."""
    actor.require("see recordings", "integrator", "designer", "operator")
    row = await connection_of(hub, name)
    async with hub.store.read() as db:
        return await _recording(db, row)


async def list_samples(hub: Hub, actor: Actor, name: str, operation: str, *, limit: int = 20) -> list[Sample]:
    """Return the newest recorded calls of an operation, the newest first."""
    actor.require("see recordings", "integrator", "designer")
    connections.parse((await connection_of(hub, name)).document).operation(operation)
    async with hub.store.read() as db:
        return await samples(db, name, operation, limit=limit)


async def samples(db: Db, connection: str, operation: str, *, limit: int = 20) -> list[Sample]:
    """Return the newest recorded calls of an operation, masked, the newest first."""
    rows = await recordings.exchanges(db, connection, [operation], limit=min(limit, most_samples))
    return [sample(row.id, row.at, row.document) for row in rows]


def sample(id_: int, at: datetime, document: JSON) -> Sample:
    """Return an exchange as people see it."""
    request = document.get("request")
    return Sample(
        id_,
        at,
        document["operation"],
        document.get("with", request),
        request,
        document.get("response"),
        document.get("error"),
        document.get("tookMs", 0.0),
    )


async def connection_of(hub: Hub, name: str) -> Definition:
    """Return the connection of this name as it is published."""
    async with hub.store.read() as db:
        return await published.connection(db, name)


async def _recording(db: Db, row: Definition) -> Recording:
    wanted = connections.parse(row.document).record
    now = await recordings.switch(db, row.name)
    return Recording(
        row.name,
        bool(wanted.get("always")),
        now.until if now else None,
        now.left if now else None,
        tuple(now.operations if now else wanted.get("operations") or ()),
        now.by if now else "",
        await recordings.counts(db, row.name),
    )
