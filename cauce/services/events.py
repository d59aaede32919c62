"""Events from outside: each goes into the log once, and is delivered to everybody who waits for its like."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cauce import correlation
from cauce.cloud_events import check
from cauce.depth import check_entered
from cauce.errors import InputError
from cauce.services.hub import Actor, Hub, Role
from cauce.services.permissions import covering
from cauce.services.routing import route
from cauce.store import alerts, audit, events

JSON = Any
readers: tuple[Role, ...] = ("integrator", "operator", "auditor", "designer", "manager")
most_rows = 200


@dataclass(frozen=True, slots=True)
class Caused:
    """What one event did to one process: `started`, `refused` (and why), or `pending` while somebody is at it."""

    definition: str
    instance: str
    state: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """That an event was received; not `new` when it was received before, which changes nothing."""

    sequence: int
    new: bool
    caused: tuple[Caused, ...]


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event of the log; `instance` is who emitted it, `routed` whether everybody who wanted it was told."""

    sequence: int
    received_at: datetime
    instance: str | None
    routed: bool
    event: JSON


@dataclass(frozen=True, slots=True)
class Page:
    """Some events and, when there are older ones, where to go on."""

    events: tuple[LoggedEvent, ...]
    next: str | None = None


async def receive(hub: Hub, actor: Actor, event: Mapping[str, JSON]) -> Receipt:
    """Take a CloudEvent.

    Whoever sends it may send it again whenever no receipt came: what was not started then is started now. It need not:
    once an event is in the log, workers deliver it as soon as they can.
    """
    actor.require("send events", "integrator", "operator", "staff", "manager")
    document = check(correlation.traced(event))
    check_entered(document, "event")
    if document["source"] == alerts.SOURCE:
        raise InputError(
            f"Only Cauce's own alerts have the source {alerts.SOURCE}.",
            hint="Give the event a source of its own, such as the address of the system it comes from.",
        )
    async with hub.store.transaction() as db:
        logged = await events.append(db, document, held=events.lease)
        if logged.new:
            data = {"type": document["type"], "sequence": logged.id}
            await audit.append(db, actor.name, "event.receive", f"{document['source']} {document['id']}", data)
    await route(hub, logged.id, document)
    async with hub.store.read() as db:
        rows = await events.starts_of(db, logged.id)
    return Receipt(logged.id, logged.new, tuple(Caused(r.definition, r.instance, r.state, r.problem) for r in rows))


async def list_events(
    hub: Hub,
    actor: Actor,
    *,
    type_: str | None = None,
    source: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Return events of the log, the newest first; `after` is where the last page ended."""
    actor.require("see events", *readers)
    if after is not None and not (after.isascii() and after.isdigit()):
        raise InputError("The page token is not one that Cauce gave out.", hint="Start at the first page.")
    size = max(1, min(limit, most_rows))
    before = min(int(after), 2**31 - 1) if after else None
    async with hub.store.read() as db:
        rows = await events.page(db, type_=type_, source=source, before=before, limit=size + 1, sight=actor.sight)
        veil = await covering.veil_of_all(db, actor)
    shown = tuple(
        LoggedEvent(row.id, row.received_at, row.instance, row.routed_at is not None, *veil.cover(row.document))
        for row in rows[:size]
    )
    return Page(shown, str(shown[-1].sequence) if len(rows) > size else None)
