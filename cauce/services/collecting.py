"""Starts that take several events: collected in the store until there are enough, then started once.

An event is added to one set of a process, in one transaction, whoever receives it and however often. What a complete
set starts has an id that follows from its first event, so Temporal refuses a second start.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from cauce import cloud_events, correlation
from cauce.contract import Start
from cauce.errors import CauceError, ConflictError, ExpressionError, TransientError
from cauce.expressions import Budget, compile_expression, strip_delimiters
from cauce.services import instances
from cauce.services.hub import Hub
from cauce.store import dead_letters, event_sets, events
from cauce.store.dead_letters import NewLetter
from cauce.store.models import Definition
from cauce.store.models.starting import EventSet
from cauce.store.session import Db
from cauce.store.start_rules import Match, Strategy, strategy_of

JSON = Any
_BUDGET: Final = Budget(steps=1_000_000)


async def collect(hub: Hub, sequence: int, match: Match, process: Definition) -> None:
    """Add an event to what a process waits for, and start what is complete; again changes nothing."""
    strategy = strategy_of(process.document["schedule"]["on"])
    async with hub.store.transaction() as db:
        await event_sets.one_at_a_time(db, match.definition)
        if await events.note_collected(db, sequence, match.definition):
            await _add(db, sequence, match, strategy, process)
    async with hub.store.read() as db:
        ready = [(each, await event_sets.documents(db, each.events)) for each in await _complete(db, match)]
    for each, documents in ready:
        await _start(hub, process, each, documents)


def reading(process: Definition) -> str:
    """Return what a process wants of each event: the envelope, which is all of it, its data, or that raw."""
    metadata = process.document["document"].get("metadata") or {}
    return str((metadata.get("cauce") or {}).get("read") or "envelope")


def read(event: Mapping[str, JSON], how: str) -> JSON:
    """Return an event as a process wants it."""
    if how == "envelope":
        return event
    return cloud_events.raw_data_of(event) if how == "raw" else cloud_events.data_of(event)


def start_refused(
    process: str,
    instance: str,
    places: Sequence[int],
    documents: Sequence[Mapping[str, JSON]],
    error: CauceError,
    *,
    collected: bool,
) -> NewLetter:
    """Return the dead letter of a start that was refused."""
    about = {"events": list(places), "collected": collected}
    sent = [dict(each) for each in documents]
    return NewLetter("event-start", process, str(places[0]), sent, error, instance=instance, about=about)


async def _complete(db: Db, match: Match) -> Sequence[EventSet]:
    return await event_sets.complete(db, match.definition)


async def _add(db: Db, sequence: int, match: Match, strategy: Strategy, process: Definition) -> None:
    wanted = len(strategy.filters)
    # An event that ends the waiting is not one of those that were waited for.
    for number in (each for each in match.found if each >= wanted):
        found = await _set_for(db, match, number, alone=True)
        if found is not None:
            _take(found, match, number)
            found.slots = {**found.slots, str(number): sequence}
            if _has_all(strategy.until_kind, strategy.until_filters, found.slots, wanted):
                await _end(db, found)
            return
    for number in (each for each in match.found if each < wanted):
        alone = strategy.kind == "all"
        found = await _set_for(db, match, number, alone=alone)
        if found is not None:
            _take(found, match, number)
            found.events = [*found.events, sequence]
            if alone:
                found.slots = {**found.slots, str(number): sequence}
            if await _is_enough(db, found, strategy, process):
                found.state = "complete"
            return


async def _set_for(db: Db, match: Match, number: int, *, alone: bool) -> EventSet | None:
    """Return the set that an event goes into, a new one if there is none."""
    values = match.found[number]
    for each in await event_sets.open_sets(db, match.definition, match.rule, values):
        taken = alone and str(number) in each.slots
        if not taken and all(each.known.get(name, value) == value for name, value in values.items()):
            return each
    return await event_sets.open_new(db, match.definition, match.rule)


def _take(found: EventSet, match: Match, number: int) -> None:
    found.known = {**found.known, **match.found[number]}
    found.key = event_sets.key_of(found.known)


async def _end(db: Db, found: EventSet) -> None:
    """End the waiting; where nothing came before that, nothing starts."""
    if found.events:
        found.state = "complete"
    else:
        await db.delete(found)


async def _is_enough(db: Db, found: EventSet, strategy: Strategy, process: Definition) -> bool:
    if len(found.events) >= event_sets.largest_set:
        return True
    if strategy.kind == "all":
        return _has_all("all", strategy.filters, found.slots, 0)
    if strategy.until is None:
        return False
    expression = compile_expression(strip_delimiters(strategy.until), variables=())
    how = reading(process)
    data = [read(each, how) for each in await event_sets.documents(db, found.events)]
    try:
        value = expression.first(data, {}, _BUDGET)
    except ExpressionError:
        return False
    return value is not None and value is not False


def _has_all(kind: str, filters: Sequence[JSON], slots: Mapping[str, JSON], first: int) -> bool:
    got = sum(str(number) in slots for number in range(first, first + len(filters)))
    return got >= (len(filters) if kind == "all" else 1)


async def _start(hub: Hub, process: Definition, found: EventSet, documents: Sequence[Mapping[str, JSON]]) -> None:
    name, how = f"{process.namespace}.{process.name}", reading(process)
    identity = f"{documents[0]['source']}\n{documents[0]['id']}"
    begin = Start(
        input=[read(each, how) for each in documents],
        key=str(uuid5(NAMESPACE_URL, identity)),
        events_after=max(found.events),
    )
    instance = f"{name}/{begin.key}"
    refused: CauceError | None = None
    try:
        instances.check_input(process.document, begin.input)
        with correlation.within(correlation.of_event(documents[-1])):
            await instances.launch(hub, process.bundle, begin, again=False, memo={instances.memo_event: identity})
    except TransientError:
        raise
    except ConflictError as error:
        # Temporal answers so to whoever comes second, too.
        refused = None if await instances.started_by(hub, instance, identity) else error
    except CauceError as error:
        refused = error
    async with hub.store.transaction() as db:
        if refused is not None:
            await dead_letters.add(db, start_refused(name, instance, found.events, documents, refused, collected=True))
        await event_sets.settle(db, found.id)
        for sequence in found.events:
            await events.settle_collected(db, sequence, name, instance, refused.problem if refused else "")
