"""What people did in other systems instead of a call: whether those have it by now, and who says that all is well."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from cauce import connection as connections
from cauce import registry
from cauce.connector import BaseConnector, BaseSettings, Operation
from cauce.errors import CauceError, ConflictError, InputError, NotFoundError, TransientError
from cauce.expressions import compile_expression
from cauce.permissions import Thing
from cauce.personal import Veil
from cauce.services.hub import Actor, Hub, Role
from cauce.services.permissions import covering
from cauce.store import audit, by_hand, definitions
from cauce.store.by_hand import UNSETTLED, State
from cauce.store.models import DoneByHand

JSON = Any
READERS: tuple[Role, ...] = ("operator", "integrator", "manager", "staff", "auditor", "designer")
_DECIDERS: tuple[Role, ...] = ("operator", "integrator")
_AT_ONCE: Final = 200
_LONGEST_REASON: Final = 1_000


@dataclass(frozen=True, slots=True)
class DoneView:
    """A write that a person did by hand: what they said came of it, and what the system has."""

    id: int
    connection: str
    operation: str
    key: str
    instance: str
    task: str
    answer: JSON
    by: str
    at: datetime
    state: str
    found: JSON
    problem: str
    checked_at: datetime | None
    settled_by: str
    reason: str


async def list_done(
    hub: Hub, actor: Actor, states: Collection[str] = UNSETTLED, *, after: int = 0, limit: int = 50
) -> list[DoneView]:
    """Return what was done by hand, the oldest first; what is settled or confirmed only when asked for."""
    actor.require("see what was done by hand", *READERS)
    sight = actor.sight
    async with hub.store.read() as db:
        veil = await covering.veil_of_all(db, actor)
        found = [_view(row) for row in await by_hand.page(db, states, after=after, limit=limit, sight=sight)]
    return [_covered(each, veil) for each in found]


async def reconcile(hub: Hub, actor: Actor) -> list[DoneView]:
    """Ask the systems now whether they have what was done by hand; return what is not settled after that."""
    actor.require("reconcile what was done by hand", *_DECIDERS)
    await ask(hub)
    async with hub.store.transaction() as db:
        await audit.append(db, actor.name, "by-hand.reconcile", "")
    return await list_done(hub, actor)


async def settle(hub: Hub, actor: Actor, id_: int, reason: str) -> DoneView:
    """Note that somebody looked, and all is well; that takes a reason."""
    actor.require("settle what was done by hand", *_DECIDERS)
    if not reason.strip() or len(reason) > _LONGEST_REASON:
        hint = f"Say what you found, in at most {_LONGEST_REASON} characters."
        raise InputError("Settling this takes a reason.", hint=hint, where="reason")
    async with hub.store.transaction() as db:
        row = await by_hand.find(db, id_)
        if row is None or actor.decide("see", Thing.of_instance(row.instance)).closed:
            raise NotFoundError(f"Nothing was done by hand under the number {id_}.", hint="Look at the list.")
        if row.state not in UNSETTLED:
            raise ConflictError(f"Number {id_} is {row.state} already.", hint="There is nothing left to settle.")
        await by_hand.settle(db, row, actor.name, reason.strip())
        said = {"number": id_, "reason": reason.strip()}
        await audit.append(db, actor.name, "by-hand.settle", row.instance, said)
        return _covered(_view(row), await covering.veil_of_all(db, actor))


def _covered(done: DoneView, veil: Veil) -> DoneView:
    answer, found, problem = veil.cover(done.answer, done.found, done.problem)
    return replace(done, answer=answer, found=found, problem=problem)


async def ask(hub: Hub) -> None:
    """Ask every system concerned, by the `find` of the operation, and note what it says."""
    async with hub.store.read() as db:
        rows = await by_hand.longest_unasked(db, _AT_ONCE)
        published = {row.name: row.document for row in await definitions.latest(db, "connection")}
    for name in dict.fromkeys(row.connection for row in rows):
        await _ask_one(hub, published.get(name), [row for row in rows if row.connection == name])


async def _ask_one(hub: Hub, document: Mapping[str, JSON] | None, rows: Sequence[DoneByHand]) -> None:
    if document is None:
        for row in rows:
            await _note(hub, row.id, _state(row), problem="The connection is not published any more.")
        return
    connection = connections.parse(document)
    down = ""
    try:
        connector = registry.open_connection(connection, hub.resolver)
    except CauceError as error:
        for row in rows:
            await _note(hub, row.id, _state(row), found=row.found, problem=error.problem)
        return
    async with connector:
        for row in rows:
            if down:
                # A system that is down is asked once, not for each.
                await _note(hub, row.id, _state(row), found=row.found, problem=down)
                continue
            try:
                found = await _found(connector, connection, row)
            except CauceError as error:
                # What was known of it before is still known.
                await _note(hub, row.id, _state(row), found=row.found, problem=error.problem)
                down = error.problem if isinstance(error, TransientError) else ""
                continue
            await _note(hub, row.id, _verdict(row.answer, found), found=found)


async def _found(connector: BaseConnector[BaseSettings], connection: connections.Connection, row: DoneByHand) -> JSON:
    find = _find(connection, row.operation)
    request = compile_expression(find.request).first(row.params, {})
    return compile_expression(find.response).first(await connector.call(find, request), {})


def _find(connection: connections.Connection, name: str) -> Operation:
    operation = connection.operation(name)
    if operation.find is None:
        problem = f"`{name}` has no `find`, so a person has to look."
        raise ConflictError(problem, hint="Settle it, or give the operation a `find`.")
    return connection.operation(operation.find)


def _verdict(answer: JSON, found: JSON) -> State:
    """Compare what the person said with what the system has, in what both of them say."""
    if found is None:
        return "missing"
    if isinstance(answer, Mapping) and isinstance(found, Mapping):
        both = [name for name in answer if name in found]
        same = bool(both) and all(str(answer[name]) == str(found[name]) for name in both)
        return "confirmed" if same else "different"
    return "confirmed" if answer == found else "different"


def _state(row: DoneByHand) -> State:
    match row.state:
        case "missing" | "different":
            return row.state
        case _:
            return "open"


async def _note(hub: Hub, id_: int, state: State, *, found: JSON = None, problem: str = "") -> None:
    async with hub.store.transaction() as db:
        row = await by_hand.find(db, id_)
        # Somebody may have settled it meanwhile.
        if row is not None and row.state in UNSETTLED:
            await by_hand.note(db, row, state, found=found, problem=problem)


def _view(row: DoneByHand) -> DoneView:
    return DoneView(**{name: getattr(row, name) for name in DoneView.__slots__})
