"""What systems outside send to connections: who sends is proved, what came is taken once, and everybody can see it.

A delivery of somebody known that cannot be taken goes to the dead-letter desk; strangers are only counted.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cauce import connection as connections
from cauce import registry
from cauce.connection import Connection
from cauce.errors import CauceError, NotFoundError, RemoteError, TransientError
from cauce.receiving import Answer, Delivery, Done, Receiver, Request
from cauce.services import receptions
from cauce.services.hub import Actor, Hub, Role
from cauce.store import dead_letters, definitions, deliveries
from cauce.store.dead_letters import NewLetter
from cauce.store.deliveries import Note
from cauce.store.models import Received

JSON = Any
log = logging.getLogger(__name__)
readers: tuple[Role, ...] = ("integrator", "operator", "auditor", "designer", "manager")
most_rows: Final = 200


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A delivery and what became of it last: accepted, repeated, ignored, completed, running, refused or failed."""

    id: str
    state: str
    reception: str
    event: int | None
    instance: str
    problem: str
    size: int
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class ReceiverView:
    """A connection that systems outside send to, and under which address."""

    connection: str
    kind: str
    address: str
    receives: tuple[str, ...]
    lately: tuple[DeliveryView, ...]


def address_of(hub: Hub, name: str) -> str:
    """Return the address under which a connection is reached."""
    return f"{hub.settings.public_url.rstrip('/')}/in/{name}"


async def describe(hub: Hub, name: str, request: Request) -> Answer:
    """Answer who asks what can be sent to a connection."""
    _, receiver = await _opened(hub, name)
    return receiver.describe(request)


async def receive(hub: Hub, name: str, request: Request) -> Answer:
    """Take what was sent to a connection, and answer it in the words of its kind."""
    connection, receiver = await _opened(hub, name)
    size = len(request.body)
    try:
        delivery = receiver.read(request)
    except CauceError as error:
        # One row a minute, however many there are: nobody knows who they are.
        identity = f"refused:{error.code}:{request.now:%Y-%m-%dT%H:%MZ}"
        await _note(hub, Note(name, identity, "refused", problem=error.problem, size=size))
        return receiver.refuse(request, error)
    identity = receptions.identity(connection, delivery) or request.now.isoformat()
    try:
        done = await receptions.take(hub, connection, delivery)
    except RemoteError as error:
        # It may come again, or is about the instance that it started, which shows for itself how it ended.
        await _note(hub, Note(name, identity, "failed", delivery.reception, problem=error.problem, size=size))
        return receiver.refuse(request, error)
    except CauceError as error:
        await _put_aside(hub, connection, delivery, identity, error, size)
        return receiver.refuse(request, error)
    reception = done.reception.name if done.reception else ""
    instance = done.instances[0] if done.instances else ""
    await _note(hub, Note(name, identity, done.state, reception, done.sequence, instance, size=size))
    try:
        return receiver.accept(request, done)
    except CauceError as error:
        return receiver.refuse(request, error)


async def take_again(hub: Hub, letter_of: str, content: JSON, about: dict[str, JSON]) -> Done:
    """Take a delivery that was put aside, by what the connection says now."""
    async with hub.store.read() as db:
        row = await definitions.find(db, "connection", "", letter_of)
    if row is None or not row.document.get("receives"):
        raise NotFoundError(
            f"Connection {letter_of} receives nothing any more.", hint="Publish it, or drop the letter."
        )
    delivery = Delivery(content, id=about["id"], at=about["at"], reception=about["reception"])
    return await receptions.take(hub, connections.parse(row.document), delivery)


async def list_receivers(hub: Hub, actor: Actor, name: str | None = None, *, limit: int = 20) -> list[ReceiverView]:
    """Return the connections that receive something, with what came lately."""
    actor.require("see deliveries", *readers)
    async with hub.store.read() as db:
        rows = [row for row in await definitions.latest(db, "connection") if row.document.get("receives")]
        if name is not None and name not in {row.name for row in rows}:
            hint = connections.did_you_mean(name, [row.name for row in rows])
            raise NotFoundError(f"There is no connection '{name}' that receives something.", hint=hint)
        size = max(1, min(limit, most_rows))
        wanted = [row for row in rows if name in {None, row.name}]
        lately = {row.name: await deliveries.latest(db, row.name, size) for row in wanted}
    return [
        ReceiverView(
            row.name,
            str(row.document["kind"]),
            address_of(hub, row.name),
            tuple(row.document["receives"]),
            tuple(_view(each) for each in lately[row.name]),
        )
        for row in wanted
    ]


async def _opened(hub: Hub, name: str) -> tuple[Connection, Receiver]:
    async with hub.store.read() as db:
        row = await definitions.find(db, "connection", "", name)
    # The same answer for one that receives nothing: strangers need not know which connections there are.
    nobody = NotFoundError("Nothing is received at this address.", hint="Ask whom it belongs to for the right one.")
    if row is None or not row.document.get("receives"):
        raise nobody
    connection = connections.parse(row.document)
    try:
        return connection, registry.open_receiver(connection, hub.resolver)
    except NotFoundError:
        raise nobody from None
    except CauceError as error:
        log.error("connection %s cannot receive: %s", name, error)  # noqa: TRY400 - said in one sentence
        problem = "This address is not set up completely."
        raise TransientError(problem, hint="Its operator finds out why in the log.") from None


async def _put_aside(
    hub: Hub, connection: Connection, delivery: Delivery, identity: str, error: CauceError, size: int
) -> None:
    about = {"id": delivery.id, "at": delivery.at, "reception": delivery.reception}
    letter = NewLetter("delivery", connection.name, identity, delivery.content, error, delivery.reception, about=about)
    async with hub.store.transaction() as db:
        await dead_letters.add(db, letter)
        problem = dead_letters.without_particulars(error.problem)
        await deliveries.note(
            db, Note(connection.name, identity, "failed", delivery.reception, problem=problem, size=size)
        )


async def _note(hub: Hub, seen: Note) -> None:
    async with hub.store.transaction() as db:
        await deliveries.note(db, seen)


def _view(row: Received) -> DeliveryView:
    return DeliveryView(
        row.identity,
        row.state,
        row.reception,
        row.event,
        row.instance,
        row.problem,
        row.size,
        row.count,
        row.first_at,
        row.last_at,
    )
