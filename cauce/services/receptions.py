"""What becomes of a delivery: an event in the log, or the start of a process whose output is waited for.

It goes once in effect: the same delivery is the same event, and the instance that it started is found again.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid4, uuid5

from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError

from cauce.connection import Connection
from cauce.contract import Start
from cauce.errors import (
    BusinessError,
    ConflictError,
    ExpressionError,
    InputError,
    NotFoundError,
    PermanentError,
)
from cauce.expressions import Budget, compile_expression, strip_delimiters
from cauce.receiving import Delivery, Done, Emitted, Reception, Started
from cauce.services import definitions, events, instances
from cauce.services.hub import Actor, Hub
from cauce.services.temporal_errors import explained
from cauce.store import audit
from schemas import validate_data

JSON = Any
longest_id: Final = 500
# Expressions run where requests are answered: others wait meanwhile.
_budget: Final = Budget(steps=200_000)


async def take(hub: Hub, connection: Connection, delivery: Delivery) -> Done:
    """Do what a delivery asks for; doing it again changes nothing.

    Raises TransientError when the sender should send it again, another error when that would not help.
    """
    if delivery.flaw:
        raise delivery.flaw
    reception = _reception(connection, delivery)
    if reception is None:
        return Done("ignored")
    if reception.input is not None:
        validate_data(reception.input, delivery.payload, where=f"{reception.name}@{connection.name}")
    body = _value(reception.answer.body, delivery.content) if reception.answer else None
    actor = Actor(f"connection/{connection.name}", frozenset({"staff"}))
    if reception.starts:
        return await _start(hub, actor, connection, reception, reception.starts, delivery)
    if reception.event is None:
        return Done("accepted", reception, body=body)
    event = _event(connection, reception, reception.event, delivery)
    receipt = await events.receive(hub, actor, event)
    started = tuple(each.instance for each in receipt.caused if each.state == "started")
    state = "accepted" if receipt.new else "repeated"
    return Done(state, reception, event["id"], receipt.sequence, started, body=body)


def identity(connection: Connection, delivery: Delivery) -> str:
    """Return what tells a delivery from others, in a length that every index takes."""
    found = delivery.id
    if not delivery.flaw:
        try:
            reception = _reception(connection, delivery)
            value = _value(reception.id, delivery.content) if reception and reception.id else None
        except ExpressionError:
            value = None
        found = found if value in (None, "") else _text(value)
    return found if len(found.encode(errors="replace")) <= longest_id else hashlib.sha256(found.encode()).hexdigest()


def _reception(connection: Connection, delivery: Delivery) -> Reception | None:
    if delivery.reception:
        return connection.receives.get(delivery.reception)
    for each in connection.receives.values():
        if each.when is None or _value(each.when, delivery.content):
            return each
    return None


def _event(connection: Connection, reception: Reception, emitted: Emitted, delivery: Delivery) -> dict[str, JSON]:
    id_ = identity(connection, delivery)
    if not id_:
        raise InputError(
            "The delivery has no id, so it could not be told from its repetition.",
            hint=f"Send one in a header (Idempotency-Key), or set receives.{reception.name}.id in the connection.",
        )
    subject = _value(emitted.subject, delivery.content)
    return {
        "specversion": "1.0",
        "id": id_,
        "source": emitted.source or f"/in/{connection.name}",
        "type": emitted.type,
        **({} if subject in (None, "") else {"subject": _text(subject)}),
        "data": _value(emitted.data, delivery.content) if emitted.data else delivery.payload,
    }


async def _start(
    hub: Hub, actor: Actor, connection: Connection, reception: Reception, starts: Started, delivery: Delivery
) -> Done:
    data = _value(starts.input, delivery.content) if starts.input else delivery.payload
    known_as = identity(connection, delivery) or str(uuid4())
    cause = f"/in/{connection.name}\n{known_as}"
    named = _value(starts.key, delivery.content)
    key = instances.business_key(str(uuid5(NAMESPACE_URL, cause)) if named in (None, "") else _text(named))
    process = await definitions.definition(hub, starts.process)
    if not process.active:
        raise NotFoundError(f"There is no active version of {starts.process}.", hint="Publish it, or restore it.")
    instances.check_input(process.document, data)
    instance, new = f"{starts.process}/{key}", True
    try:
        memo = {instances.memo_event: cause}
        await instances.launch(hub, process.bundle, Start(input=data, key=key), again=False, memo=memo)
    except ConflictError:
        if await instances.started_by(hub, instance, cause) is None:
            raise
        new = False
    if new:
        async with hub.store.transaction() as db:
            await audit.append(db, actor.name, "instance.start", instance, {"version": process.version})
    output, ended = await _output(hub, instance, starts.timeout_s)
    if not ended:
        return Done("running", reception, instances=(instance,))
    if starts.response != ".":
        output = _value(starts.response, output)
    return Done("completed", reception, instances=(instance,), output=output)


async def _output(hub: Hub, instance: str, timeout_s: float) -> tuple[JSON, bool]:
    """Return the output of an instance and whether there is one yet."""
    handle = hub.temporal.get_workflow_handle(instance)
    with explained(instance):
        try:
            async with asyncio.timeout(timeout_s):
                return await handle.result(), True
        except TimeoutError:
            return None, False
        except WorkflowFailureError as error:
            raise _failed(error, instance) from error


def _failed(error: WorkflowFailureError, instance: str) -> BusinessError | PermanentError:
    """Return what the end of an instance means to who waited for it: its own fault, without what only operators see."""
    cause = error.cause
    problem = cause.details[0] if isinstance(cause, ApplicationError) and cause.details else None
    if not isinstance(problem, Mapping):
        return PermanentError("The process ended without an output.", hint="Ask its operator.", where=instance)
    code = str(problem.get("type", "")).rpartition("/")[2]
    title = str(problem.get("title") or "The process failed")
    return BusinessError(f"{title.rstrip('.')}.", hint="Ask its operator.", where=instance, remote_code=code)


def _value(text: str | None, content: JSON) -> JSON:
    return None if text is None else compile_expression(strip_delimiters(text)).first(content, {}, _budget)


def _text(value: JSON) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(
            "An id, a subject or a key is a text or a number.", hint="Correct the connection's expression."
        )
    return str(value)
