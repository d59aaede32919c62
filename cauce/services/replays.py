"""How a dead letter is sent again: an event to the system that refused it, or as the start of a process.

Either goes only once in effect. A system that was sent something from here is known by the ledger; an instance has the
id that it would have had.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from activities.connections import Connections
from cauce import cloud_events
from cauce import connection as connections
from cauce.connection import classify
from cauce.connector import Operation
from cauce.contract import Start
from cauce.errors import AmbiguousError, ConflictError, InputError, NotFoundError, RemoteError
from cauce.expressions import compile_expression
from cauce.services import inbound, instances, row_replays
from cauce.services.collecting import read, reading
from cauce.services.differences import Contract
from cauce.services.hub import Actor, Hub
from cauce.services.sinks import message
from cauce.store import dead_letters, definitions, events, ledger
from cauce.store.models import DeadLetter, Definition
from cauce.store.session import Db
from schemas import validate_data

JSON = Any
# What goes through a version of a definition, which somebody may choose.
VERSIONED: Final = frozenset({"sync", "event-start"})


@dataclass(frozen=True, slots=True)
class Applied:
    """That it was taken; not `now` when it had been before."""

    now: bool
    answer: JSON
    instance: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of a write: its state, and the answer of the system."""

    state: str
    answer: JSON
    instance: str


async def contract_of(db: Db, letter: DeadLetter, payload: JSON) -> Contract | None:
    """Return what the other side wants of a payload; None where nothing is declared, or nothing there any more."""
    if letter.origin == "event-sink":
        return await _contract_of_sink(db, letter, payload)
    if letter.origin == "sync":
        return await row_replays.contract_of(db, letter, payload)
    if letter.origin == "call":
        operation = await _operation(db, letter)
        return Contract(operation.input, payload) if operation and operation.input is not None else None
    if letter.origin == "delivery":
        return await _contract_of_delivery(db, letter, payload)
    process = await _process(db, letter.name)
    schema = (process.document.get("input") or {}).get("schema") if process else None
    if process is None or schema is None:
        return None
    how = reading(process)
    places = [] if how == "envelope" else [(f"/{index}", f"/{index}/data") for index in range(len(payload))]
    return Contract(schema.get("document", schema), [read(each, how) for each in payload], places)


async def known_of(db: Db, letter: DeadLetter, payload: JSON) -> Known | None:
    """Return what the ledger knows of the write that a letter is about."""
    if letter.origin == "call":
        called = await _operation(db, letter)
        value = (
            compile_expression(called.idempotency_key).first(payload, {}) if called and called.idempotency_key else ""
        )
        key = f"task:{letter.about['token']}" if value in (None, "") else _text(value)
        entry = await ledger.find(db, letter.name, letter.operation, key)
        return Known(entry.state, entry.answer, entry.instance) if entry else None
    if letter.origin == "sync":
        found = await row_replays.ledger_entry(db, letter, payload)
        return Known(found.state, found.answer, found.instance) if found else None
    row = await definitions.find(db, "connection", "", letter.name) if letter.origin == "event-sink" else None
    wanted = row.document.get("events") if row else None
    if row is None or wanted is None:
        return None
    operation = connections.parse(row.document).operation(wanted["operation"])
    entry = await ledger.find(db, letter.name, operation.name, _key(operation, wanted, payload, letter))
    return Known(entry.state, entry.answer, entry.instance) if entry else None


async def check_payload(db: Db, letter: DeadLetter, sent: JSON, payload: JSON) -> JSON:
    """Return what a person made of a payload, or raise InputError when it is not what this letter may hold.

    An event stays the event it is: by `id` and `source` everybody knows it, and tells that it comes again.
    """
    if letter.origin == "call":
        raise InputError(
            "What a process sends follows from its data.",
            hint=f"`cauce instances context` or `reset … --input` changes that of {letter.instance}, which goes on.",
        )
    if letter.origin == "delivery":
        if (at := letter.about["at"]) and not (isinstance(payload, dict) and at in payload):
            problem = f"This letter holds what was sent as `{at}`, and what came with it."
            raise InputError(problem, hint="Change what is in it, and leave its outer form as it is.")
        return payload
    if letter.origin == "sync":
        await row_replays.check(db, letter, payload)
        return payload
    before, after = (sent, payload) if letter.origin == "event-start" else ([sent], [payload])
    if not isinstance(after, list) or len(after) != len(before) or not all(isinstance(each, dict) for each in after):
        raise InputError(
            f"This letter holds {'a list of events' if before is sent else 'one event'}.",
            hint="Change what is in it, and leave its outer form as it is.",
        )
    checked = [cloud_events.check(each) for each in after]
    for old, new in zip(before, checked, strict=True):
        if (old["id"], old["source"]) != (new["id"], new["source"]):
            raise InputError("The `id` and `source` of an event stay what they are.", hint="Change its data.")
    return checked if before is sent else checked[0]


async def check_version(db: Db, letter: DeadLetter, version: str | None) -> None:
    """Raise InputError or NotFoundError when a letter cannot go through a version that somebody has chosen."""
    if version is None:
        return
    if letter.origin not in VERSIONED:
        raise InputError("Only rows of syncs and starts of processes go through a version.", hint="Leave it out.")
    if version not in await versions_of(db, letter.origin, letter.name):
        raise NotFoundError(f"There is no version {version} of {letter.name}.", hint="Look at its versions.")


async def versions_of(db: Db, origin: str, full_name: str) -> list[str]:
    """Return the versions through which letters can go, the highest first."""
    if origin not in VERSIONED:
        return []
    namespace, _, name = ("", "", full_name) if origin == "sync" else full_name.partition(".")
    kind = "sync" if origin == "sync" else "process"
    return [each.version for each in await definitions.versions(db, kind, namespace, name)]


async def replay(
    hub: Hub, opened: Connections, actor: Actor, letter: DeadLetter, payload: JSON, version: str | None = None
) -> Applied:
    """Send what a letter holds again; raises what the other side says when it refuses.

    A row goes through a version of its sync, an event into one of its process: the one that is active, unless another
    is named. A call is made again by its instance, where that stopped; whether it is taken then, the instance shows.
    """
    if letter.origin == "call":
        started = await instances.retry(hub, actor, letter.instance)
        return Applied(now=True, answer=None, instance=started.id)
    if letter.origin == "event-sink":
        return await _to_system(hub, opened, letter, payload)
    if letter.origin == "delivery":
        done = await inbound.take_again(hub, letter.name, payload, letter.about)
        answer = {"event": done.event, "sequence": done.sequence} if done.event else done.output
        return Applied(done.state != "repeated", answer, next(iter(done.instances), ""))
    if letter.origin == "sync":
        row = await row_replays.replay(hub, opened, letter, payload, version)
        return Applied(row.state == "written", {"id": row.target} if row.target else None)
    return await _to_process(hub, letter, payload, version)


async def _to_system(hub: Hub, opened: Connections, letter: DeadLetter, payload: JSON) -> Applied:
    there = await opened.open(letter.name)
    async with hub.store.read() as db:
        row = await definitions.find(db, "connection", "", letter.name)
    wanted = row.document.get("events") if row else None
    if wanted is None:
        raise ConflictError(
            f"Connection {letter.name} takes no events any more.", hint="Drop the letter, or give it `events` again."
        )
    operation = there.connection.operation(wanted["operation"])
    request = _request(payload, wanted)
    if operation.input is not None:
        validate_data(operation.input, _checked(request), where=f"{operation.name}@{letter.name}")
    async with hub.store.transaction() as db:
        entry = await ledger.begin(
            db,
            letter.name,
            operation.name,
            _key(operation, wanted, payload, letter),
            instance=f"dead-letter/{letter.id}",
            task="",
            request_digest=hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest(),
        )
        if entry.state not in ledger.DONE:
            # An event may arrive twice, so what got lost on its way is simply sent again.
            await ledger.mark_sent(db, entry.id)
    if entry.state in ledger.DONE:
        return Applied(now=False, answer=entry.answer)
    try:
        answer = _json(await there.connector.call(operation, request))
    except RemoteError as error:
        told = classify(error, operation)
        if not isinstance(told, AmbiguousError):
            async with hub.store.transaction() as db:
                await ledger.finish(db, entry.id, "failed")
        raise told from told.__cause__
    async with hub.store.transaction() as db:
        await ledger.finish(db, entry.id, "done", answer)
    return Applied(now=True, answer=answer)


async def _to_process(hub: Hub, letter: DeadLetter, payload: JSON, version: str | None) -> Applied:
    async with hub.store.read() as db:
        process = await _process(db, letter.name, version)
        # What the event log holds is the event, whatever a person made of it.
        first = (await dead_letters.payload_of(db, letter.request))[0]
    if process is None:
        which = "active version" if version is None else f"version {version}"
        raise NotFoundError(f"There is no {which} of {letter.name}.", hint="Publish it, or drop the letter.")
    identity, subject = f"{first['source']}\n{first['id']}", payload[0].get("subject")
    own = subject is None or letter.about.get("collected")
    key = instances.business_key(str(uuid5(NAMESPACE_URL, identity)) if own else str(subject))
    instance = f"{letter.name}/{key}"
    for each in {instance, letter.instance} - {""}:
        if await instances.started_by(hub, each, identity) is not None:
            await _settle(hub, letter, each)
            return Applied(now=False, answer=None, instance=each)
    how = reading(process)
    begin = Start(input=[read(each, how) for each in payload], key=key, events_after=max(letter.about["events"]))
    instances.check_input(process.document, begin.input)
    await instances.launch(hub, process.bundle, begin, again=not own, memo={instances.memo_event: identity})
    await _settle(hub, letter, instance)
    return Applied(now=True, answer=None, instance=instance)


async def _settle(hub: Hub, letter: DeadLetter, instance: str) -> None:
    async with hub.store.transaction() as db:
        await events.settle_replayed(db, letter.about["events"], letter.name, instance)


async def _contract_of_sink(db: Db, letter: DeadLetter, payload: JSON) -> Contract | None:
    row = await definitions.find(db, "connection", "", letter.name)
    wanted = row.document.get("events") if row else None
    if row is None or wanted is None:
        return None
    operation = connections.parse(row.document).operations.get(wanted["operation"])
    if operation is None or operation.input is None:
        return None
    binary = wanted.get("mode") == "binary"
    return Contract(operation.input, _checked(_request(payload, wanted)), [("/body", "/data" if binary else "")])


async def _contract_of_delivery(db: Db, letter: DeadLetter, payload: JSON) -> Contract | None:
    row = await definitions.find(db, "connection", "", letter.name)
    receives = connections.parse(row.document).receives if row else {}
    at, reception = letter.about["at"], receives.get(letter.about["reception"])
    if reception is None and len(receives) == 1:
        reception = next(iter(receives.values()))
    if reception is None or reception.input is None:
        return None
    return Contract(reception.input, payload[at] if at else payload, [("", f"/{at}")] if at else [])


async def _operation(db: Db, letter: DeadLetter) -> Operation | None:
    row = await definitions.find(db, "connection", "", letter.name)
    return connections.parse(row.document).operations.get(letter.operation) if row else None


async def _process(db: Db, full_name: str, version: str | None = None) -> Definition | None:
    namespace, _, name = full_name.partition(".")
    return await definitions.find(db, "process", namespace, name, version)


def _request(payload: JSON, wanted: Mapping[str, JSON]) -> dict[str, JSON]:
    return message(payload, wanted.get("mode", "structured"))


def _key(operation: Operation, wanted: Mapping[str, JSON], payload: JSON, letter: DeadLetter) -> str:
    value = None
    if operation.idempotency_key is not None:
        value = compile_expression(operation.idempotency_key).first(_checked(_request(payload, wanted)), {})
    if value in (None, ""):
        return f"event:{letter.identity}"
    return _text(value)


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _checked(request: dict[str, JSON]) -> dict[str, JSON]:
    """Return a request as a schema can look at it: what is no JSON as text."""
    body = request["body"]
    return {**request, "body": base64.b64encode(body).decode()} if isinstance(body, bytes) else request


def _json(answer: JSON) -> JSON:
    return base64.b64encode(answer).decode() if isinstance(answer, bytes) else answer
