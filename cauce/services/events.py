"""Events from outside: each goes into the log once, and starts each process that waits for its like once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from cauce.cloud_events import check
from cauce.contract import Start
from cauce.errors import CauceError, ConflictError, TransientError
from cauce.services import instances
from cauce.services.hub import Actor, Hub
from cauce.store import audit, definitions, events
from cauce.store.models import Definition

JSON = Any


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


async def receive(hub: Hub, actor: Actor, event: Mapping[str, JSON]) -> Receipt:
    """Take a CloudEvent.

    Whoever sends it may send it again whenever no receipt came: what was not started then is started now.
    """
    actor.require("send events", "integrator", "operator", "staff", "manager")
    document = check(event)
    async with hub.store.transaction() as db:
        logged = await events.append(db, document)
        waiting = [row for row in await definitions.latest(db, "process") if waits_for(row.document, document)]
        if logged.new:
            data = {"type": document["type"], "sequence": logged.id}
            await audit.append(db, actor.name, "event.receive", f"{document['source']} {document['id']}", data)
    unavailable: TransientError | None = None
    for row in waiting:
        try:
            await _start(hub, logged.id, row, document)
        except TransientError as error:
            unavailable = error
    if unavailable:
        raise unavailable
    async with hub.store.read() as db:
        rows = await events.starts_of(db, logged.id)
    return Receipt(logged.id, logged.new, tuple(Caused(r.definition, r.instance, r.state, r.problem) for r in rows))


def waits_for(document: JSON, event: Mapping[str, JSON]) -> bool:
    """Return whether a process is started by events like this: all attributes that it names are equal."""
    on = (document.get("schedule") or {}).get("on") or {}
    filters = [on["one"]] if "one" in on else on.get("any") or []
    return any(fits(each.get("with") or {}, event) for each in filters)


def fits(wanted: JSON, met: JSON) -> bool:
    """Return whether everything that is wanted is there and equal; objects may have more."""
    if isinstance(wanted, Mapping):
        return isinstance(met, Mapping) and all(key in met and fits(value, met[key]) for key, value in wanted.items())
    return bool(wanted == met)


async def _start(hub: Hub, sequence: int, row: Definition, event: Mapping[str, JSON]) -> None:
    name = f"{row.namespace}.{row.name}"
    identity = f"{event['source']}\n{event['id']}"
    subject = event.get("subject")
    # Without a subject the id belongs to this event alone, so Temporal itself refuses a second start for ever.
    begin = Start(input=[event.get("data")], key=subject or str(uuid5(NAMESPACE_URL, identity)))
    instance = f"{name}/{begin.key}"
    async with hub.store.transaction() as db:
        turn = await events.lease_start(db, sequence, name, instance)
    if turn in {"done", "busy"}:
        return
    try:
        instances.business_key(begin.key)
        started = turn == "again" and await instances.started_by(hub, instance, identity) is not None
        if not started:
            instances.check_input(row.document, begin.input)
            memo = {instances.memo_event: identity}
            await instances.launch(hub, row.bundle, begin, again=subject is not None, memo=memo)
        problem = ""
    except TransientError:
        async with hub.store.transaction() as db:
            await events.give_up_lease(db, sequence, name)
        raise
    except ConflictError as error:
        # Temporal answers so to the second half of a start whose first answer was lost, too.
        problem = "" if await instances.started_by(hub, instance, identity) else error.problem
    except CauceError as error:
        problem = error.problem
    async with hub.store.transaction() as db:
        await events.settle_start(db, sequence, name, "refused" if problem else "started", problem)
