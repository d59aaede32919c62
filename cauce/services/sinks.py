"""Events going out: what instances emit, and what becomes of alerts, is sent to the connections that ask for it.

It is sent in order, until it has arrived.

Nothing waits for it: the log is the outbox, and each connection has its place in it. While a system is down its place
stays, and the pauses between attempts grow; what it refuses becomes a dead letter, to be mended and sent again.
"""

import asyncio
import base64
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Final

from activities.connections import Connections
from cauce import correlation
from cauce.bound_filters import LIFECYCLE
from cauce.errors import BusinessError, CauceError, LoginError, PermanentError, RemoteError
from cauce.metering import Meter
from cauce.services.hub import Actor, Hub, Role
from cauce.store import dead_letters, definitions, sinks
from cauce.store.dead_letters import NewLetter
from cauce.store.models import Event

JSON = Any
readers: tuple[Role, ...] = ("integrator", "operator", "auditor", "designer", "manager")
ALERT: Final = "dev.cauce.alert."
_AT_ONCE: Final = 20
_LOGIN_STATUSES: Final = frozenset({"401", "403"})
_LOOK_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 300.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RefusedView:
    """An event that a connection refused: its place in the log, its number among the dead letters, and why."""

    event: int
    problem: str
    at: datetime
    letter: int


@dataclass(frozen=True, slots=True)
class SinkView:
    """Where events go: how many wait, what keeps them, and which dead letters of it are open."""

    connection: str
    types: tuple[str, ...]
    waiting: int
    failures: int
    problem: str
    refused: int
    lately: tuple[RefusedView, ...]


async def list_sinks(hub: Hub, actor: Actor) -> list[SinkView]:
    """Return where events go, and how that is."""
    actor.require("see where events go", *readers)
    views = []
    async with hub.store.read() as db:
        known = {each.connection: each for each in await sinks.all_of(db)}
        for row in await definitions.latest(db, "connection"):
            wanted, sink = row.document.get("events"), known.get(row.name)
            if wanted is None:
                continue
            refused = dead_letters.Filters(state="open", origin="event-sink", name=row.name)
            lately = [
                RefusedView(int(each.identity), each.wanted["problem"], each.created_at, each.id)
                for each in await dead_letters.page(db, refused)
            ]
            views.append(
                SinkView(
                    connection=row.name,
                    types=tuple(wanted["types"]),
                    waiting=await sinks.count_waiting(db, sink.position) if sink else 0,
                    failures=sink.failures if sink else 0,
                    problem=sink.problem if sink else "",
                    refused=await dead_letters.count(db, refused),
                    lately=tuple(lately),
                )
            )
    return views


@asynccontextmanager
async def sending(hub: Hub, meter: Meter) -> AsyncIterator[None]:
    """Send events while the block runs."""
    opened = Connections(hub.store, hub.resolver, meter=meter)
    task = asyncio.create_task(_run(hub, opened))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await opened.close()


async def send(hub: Hub, opened: Connections) -> int:
    """Send some of what waits, to each connection that asks for it; returns how many events were looked at."""
    async with hub.store.read() as db:
        rows = [row for row in await definitions.latest(db, "connection") if row.document.get("events")]
    looked = await asyncio.gather(*(_send_to(hub, opened, row.name, row.document["events"]) for row in rows))
    return sum(looked)


def is_wanted(types: list[str], kind: str) -> bool:
    """Tell whether a connection asks for a type; lifecycle events and alerts only where they are named."""
    apart = next((each for each in (LIFECYCLE, ALERT) if kind.startswith(each)), "")
    return any(fnmatchcase(kind, each) for each in types if each.startswith(apart))


def message(event: Mapping[str, JSON], mode: str) -> dict[str, JSON]:
    """Return headers and body of a request that carries an event, as the HTTP binding of CloudEvents has it."""
    if mode == "structured":
        return {"headers": {"Content-Type": "application/cloudevents+json"}, "body": dict(event)}
    headers = {
        f"ce-{name}": value if isinstance(value, str) else json.dumps(value)
        for name, value in event.items()
        if name not in {"data", "data_base64", "datacontenttype"}
    }
    headers = {name: _header(value) for name, value in headers.items()}
    kind = str(event.get("datacontenttype") or "application/json")
    headers["Content-Type"] = kind
    return {"headers": headers, "body": _body(event, kind)}


def _body(event: Mapping[str, JSON], kind: str) -> JSON:
    data = event.get("data")
    if data is None and isinstance(event.get("data_base64"), str):
        return base64.b64decode(event["data_base64"])
    is_json = kind.partition(";")[0].strip().endswith(("/json", "+json"))
    return json.dumps(data, ensure_ascii=False) if is_json and isinstance(data, str) else data


def _header(value: str) -> str:
    """Write what a header cannot hold in percent signs, as the binding asks for."""
    return "".join(each if " " < each <= "~" and each not in '"%' else _percent(each) for each in value)


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode(errors="replace"))


def is_login(error: RemoteError) -> bool:
    """Tell whether a system refused who asks, and not what is asked."""
    return isinstance(error, LoginError) or error.remote_code in _LOGIN_STATUSES


async def _run(hub: Hub, opened: Connections) -> None:
    while True:
        try:
            looked = await send(hub, opened)
        except CauceError as error:
            log.warning("events could not be sent: %s", error.problem)
            looked = 0
        except Exception:
            log.exception("events could not be sent")
            looked = 0
        if not looked:
            await asyncio.sleep(_LOOK_S)


async def _send_to(hub: Hub, opened: Connections, connection: str, wanted: Mapping[str, JSON]) -> int:
    async with hub.store.read() as db:
        sink = next((each for each in await sinks.all_of(db) if each.connection == connection), None)
        if sink is not None and not await sinks.waiting(db, sink.position, 1):
            return 0
    async with hub.store.transaction() as db:
        sink = await sinks.known(db, connection)
        if not await sinks.take(db, connection):
            return 0
        position = sink.position
    async with hub.store.read() as db:
        rows = await sinks.waiting(db, position, _AT_ONCE)
    done = position
    for row in rows:
        try:
            if is_wanted(wanted["types"], row.type):
                await _deliver(hub, opened, connection, wanted, row)
        except CauceError as error:
            pause = timedelta(seconds=min(2.0 ** min(sink.failures, 10), _LONGEST_PAUSE_S))
            log.warning("events wait for connection %s: %s", connection, error.problem)
            async with hub.store.transaction() as db:
                await sinks.fail(db, connection, done, error.problem, pause)
            return 0
        done = row.id
    async with hub.store.transaction() as db:
        await sinks.advance(db, connection, done)
    return len(rows)


async def _deliver(hub: Hub, opened: Connections, connection: str, wanted: Mapping[str, JSON], row: Event) -> None:
    """Send one event, or set it aside when the connection does not take it; raises when it cannot be reached."""
    there = await opened.open(connection)
    operation = there.connection.operation(wanted["operation"])
    refused: CauceError | None = None
    try:
        with correlation.within(correlation.of_event(row.document)):
            await there.connector.call(operation, message(row.document, wanted.get("mode", "structured")))
    except (PermanentError, BusinessError) as error:
        # Whoever mends the login wants the event to arrive all the same.
        if is_login(error):
            raise
        refused = error
    # At once, so that little is sent twice when this process dies.
    async with hub.store.transaction() as db:
        if refused:
            about = {"event": row.id}
            letter = NewLetter(
                "event-sink", connection, str(row.id), row.document, refused, operation.name, about=about
            )
            await dead_letters.add(db, letter)
        await sinks.pass_by(db, connection, row.id)
