"""Who wants an event: processes that it starts, and listeners of instances, which are told that it is in the log."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from cauce import correlation
from cauce.contract import EVENT_CAME, EventCame, Start
from cauce.errors import CauceError, ConflictError, NotFoundError, TransientError
from cauce.services import instances, syncs
from cauce.services.collecting import collect, read, reading, start_refused
from cauce.services.hub import Hub
from cauce.services.temporal_errors import explained
from cauce.services.waiting import call_timeout
from cauce.store import dead_letters, definitions, events, start_rules, subscriptions
from cauce.store.models import Definition
from cauce.store.session import Db
from cauce.store.start_rules import Match
from cauce.store.subscriptions import Listener

JSON = Any
# Signals on their way at the same time: many instances may wait for the same event.
_at_once: Final = 20
_GONE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who wants an event: processes to start, listeners to tell, syncs to run."""

    processes: Sequence[tuple[Match, Definition]]
    listeners: Sequence[Listener]
    syncs: Sequence[str] = ()


async def wanted_by(db: Db, event: Mapping[str, JSON]) -> Wanted:
    """Return who wants an event; the one place that knows. Only the definitions that it starts are read."""
    processes, ours = [], []
    for match in await start_rules.matches(db, event):
        if match.definition.startswith(definitions.SYNC_PREFIX):
            ours.append(match.definition.removeprefix(definitions.SYNC_PREFIX))
            continue
        namespace, _, name = match.definition.partition(".")
        row = await definitions.find(db, "process", namespace, name)
        if row is not None:
            processes.append((match, row))
    return Wanted(processes, await subscriptions.listeners_of(db, event), ours)


async def route(hub: Hub, sequence: int, event: Mapping[str, JSON]) -> None:
    """Deliver an event of the log to everybody who wants it; again changes nothing.

    Raises TransientError when somebody could not be reached; the others were.
    """
    async with hub.store.read() as db:
        wanted = await wanted_by(db, event)
    unavailable: TransientError | None = None
    for match, row in wanted.processes:
        try:
            if start_rules.strategy_of(row.document["schedule"]["on"]).collects:
                await collect(hub, sequence, match, row)
            else:
                await _start(hub, sequence, row, event)
        except TransientError as error:
            unavailable = error
    unavailable = await _run(hub, wanted.syncs, event) or unavailable
    for begin in range(0, len(wanted.listeners), _at_once):
        portion = wanted.listeners[begin : begin + _at_once]
        told = await asyncio.gather(*(_tell(hub, each, sequence) for each in portion), return_exceptions=True)
        for answer in told:
            if isinstance(answer, TransientError):
                unavailable = answer
            elif answer is not None:
                raise answer
    if unavailable:
        raise unavailable
    async with hub.store.transaction() as db:
        await events.settle_routing(db, sequence)


async def _run(hub: Hub, names: Sequence[str], event: Mapping[str, JSON]) -> TransientError | None:
    """Have syncs run, and return what kept one of them from it."""
    unavailable: TransientError | None = None
    for name in names:
        try:
            await syncs.ask(hub, name, f"event {event['type']}")
        except TransientError as error:
            unavailable = error
    return unavailable


async def _tell(hub: Hub, listener: Listener, sequence: int) -> None:
    """Tell a listener; one whose instance is gone is forgotten."""
    handle = hub.temporal.get_workflow_handle(listener.instance)
    try:
        with explained(listener.instance):
            await handle.signal(EVENT_CAME, EventCame(listener.token, sequence), rpc_timeout=call_timeout)
    except (ConflictError, NotFoundError):
        async with hub.store.transaction() as db:
            # Not what is new: an instance that failed may have been started again this very moment.
            await subscriptions.forget_instance(db, listener.instance, older_than=_GONE)


async def _start(hub: Hub, sequence: int, row: Definition, event: Mapping[str, JSON]) -> None:
    name = f"{row.namespace}.{row.name}"
    identity = f"{event['source']}\n{event['id']}"
    subject = event.get("subject")
    # Without a subject the id belongs to this event alone, so Temporal itself refuses a second start for ever.
    key = subject or str(uuid5(NAMESPACE_URL, identity))
    begin = Start(input=[read(event, reading(row))], key=key, events_after=sequence)
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
            with correlation.within(correlation.of_event(event)):
                await instances.launch(hub, row.bundle, begin, again=subject is not None, memo=memo)
        refused: CauceError | None = None
    except TransientError:
        async with hub.store.transaction() as db:
            await events.give_up_lease(db, sequence, name)
        raise
    except ConflictError as error:
        # Temporal answers so to the second half of a start whose first answer was lost, too.
        refused = None if await instances.started_by(hub, instance, identity) else error
    except CauceError as error:
        refused = error
    async with hub.store.transaction() as db:
        if refused is None:
            await events.settle_start(db, sequence, name, "started")
            return
        await events.settle_start(db, sequence, name, "refused", refused.problem)
        await dead_letters.add(db, start_refused(name, instance, [sequence], [event], refused, collected=False))
