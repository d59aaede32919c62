"""A contract that is not what was agreed becomes a case, until somebody accepts it or it is mended."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from cauce import connection as connections
from cauce.errors import CauceError, ConflictError, InputError, NotFoundError
from cauce.services import published
from cauce.services.drift import reading, touching
from cauce.services.drift.reading import Change
from cauce.services.drift.touching import Met, Running, Use
from cauce.services.hub import Actor, Hub, Role
from cauce.store import audit, definitions, drift, events
from cauce.store.base import utc_now
from cauce.store.models import Contract, Definition, DriftCase
from cauce.store.session import Db

JSON = Any
EVENT: Final = "dev.cauce.connection.drifted.v1"
READERS: tuple[Role, ...] = ("designer", "integrator", "manager", "operator", "auditor")
LOOKERS: tuple[Role, ...] = ("integrator", "operator")
_LONGEST_REASON: Final = 1_000


@dataclass(frozen=True, slots=True)
class Case:
    """A contract that drifted, with what that touches as long as the case is not settled.

    `problem` says why the running instances are not known.
    """

    number: int
    state: str
    breaking: bool
    changes: tuple[Change, ...]
    opened_at: datetime
    seen_at: datetime
    decided_by: str
    decided_at: datetime | None
    reason: str
    mappings: tuple[Met, ...] = ()
    definitions: tuple[Use, ...] = ()
    instances: tuple[Running, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Drift:
    """What is known of a connection's contract: when it was read, the case that is not settled, and earlier ones.

    A connection that is not `watched` has no contract to be read. `problem` says why it could not be read last time.
    """

    connection: str
    owner: str
    watched: bool
    read_at: datetime | None
    problem: str
    case: Case | None
    settled: tuple[Case, ...]


async def states(hub: Hub, actor: Actor) -> Mapping[str, str]:
    """Return for each connection with an unsettled case whether that is breaking or compatible."""
    actor.require("see drift", *READERS, "staff")
    async with hub.store.read() as db:
        found = await drift.breaking(db)
    return {name: "breaking" if is_breaking else "compatible" for name, is_breaking in found.items()}


async def show(hub: Hub, actor: Actor, name: str) -> Drift:
    """Return what is known of a connection's contract, and what its changes touch."""
    actor.require("see drift", *READERS)
    async with hub.store.read() as db:
        row = await published.connection(db, name)
        known, found = await drift.contract(db, name), await drift.unsettled(db, name)
        settled = await drift.settled(db, name)
        case = None if found is None else await _touching(db, row, _case(found))
    if case is not None and case.changes:
        case = await _with_instances(hub, actor, row, case)
    return Drift(
        name,
        row.document.get("owner") or "",
        reading.is_watched(row.document["kind"]),
        known.read_at if known else None,
        known.problem if known else "",
        case,
        tuple(_case(each) for each in settled),
    )


async def look(hub: Hub, actor: Actor, name: str) -> Drift:
    """Read a connection's contract now, and open, change or close its case; one that cannot be read is no drift."""
    actor.require("look for drift", *LOOKERS)
    async with hub.store.read() as db:
        row = await published.connection(db, name)
    await examine(hub, row)
    return await show(hub, actor, name)


async def look_at_all(hub: Hub, actor: Actor) -> list[Drift]:
    """Read the contracts of all connections that have one."""
    actor.require("look for drift", *LOOKERS)
    async with hub.store.read() as db:
        rows = await definitions.latest(db, "connection")
    watched = [row for row in rows if reading.is_watched(row.document["kind"])]
    for row in watched:
        await examine(hub, row)
    return [await show(hub, actor, row.name) for row in watched]


async def examine(hub: Hub, row: Definition) -> CauceError | None:
    """Compare a connection's contract with the one agreed, and note what came of it; return why it cannot be read."""
    try:
        found = await reading.read(row.document, hub.resolver)
    except CauceError as error:
        async with hub.store.transaction() as db:
            known = await drift.lock(db, row.name)
            known.version, known.problem, known.looked_at = row.version, error.problem, utc_now()
        return error
    async with hub.store.transaction() as db:
        known = await drift.lock(db, row.name)
        known.agreed = reading.agreed_now(known.agreed, found, row.document)
        known.version, known.problem = row.version, ""
        known.looked_at = known.read_at = utc_now()
        await _note(db, row, known, found)
    return None


async def acknowledge(hub: Hub, actor: Actor, name: str, number: int, reason: str = "") -> Drift:
    """Note that somebody knows of a case and sees to it."""
    return await _decide(hub, actor, name, number, "acknowledged", reason)


async def accept(hub: Hub, actor: Actor, name: str, number: int, reason: str) -> Drift:
    """Take the contract as it was found for the one agreed; that takes a reason."""
    if not reason.strip():
        raise InputError("Accepting a contract takes a reason.", hint="Say what was done about it.", where="reason")
    return await _decide(hub, actor, name, number, "accepted", reason)


async def _decide(hub: Hub, actor: Actor, name: str, number: int, state: str, reason: str) -> Drift:
    actor.require("decide about drift", "integrator")
    if len(reason) > _LONGEST_REASON:
        raise InputError("The reason is too long.", hint=f"It may have {_LONGEST_REASON} characters.", where="reason")
    async with hub.store.transaction() as db:
        row = await published.connection(db, name)
        known = await drift.lock(db, name)
        case = await drift.case(db, name, number)
        if case is None:
            raise NotFoundError(f"The connection '{name}' has no case {number}.", hint="Look at its drift.")
        if case.state not in drift.UNSETTLED:
            raise ConflictError(f"Case {number} is settled already.", hint="Look at the connection's drift again.")
        if state == "accepted":
            # Operations that the contract does not have any more are not agreed about any more.
            known.agreed = reading.agreed_now({}, case.found, row.document)
        await drift.decide(db, case, state, actor.name, reason.strip())
        said = {"case": number, "reason": reason.strip(), "breaking": case.breaking}
        await audit.append(db, actor.name, f"drift.{'accept' if state == 'accepted' else 'acknowledge'}", name, said)
    return await show(hub, actor, name)


async def _note(db: Db, row: Definition, known: Contract, found: Mapping[str, JSON]) -> None:
    """Open, change or close the connection's case."""
    changes = reading.drifted(known.agreed, found)
    case = await drift.unsettled(db, row.name)
    if case is None and not changes:
        return
    if case is not None and case.changes == changes:
        case.seen_at = utc_now()
        return
    if not changes:
        assert case is not None  # noqa: S101 (or there was nothing to do)
        await drift.decide(db, case, "over", "", "The contract is again as it was agreed.")
        return
    breaking = any(each["breaking"] for each in changes)
    if case is None:
        case = await drift.open_case(db, row.name, breaking=breaking, changes=changes, found=dict(found))
    else:
        # Whoever knew of it does not know of this.
        case.state, case.breaking, case.changes, case.found, case.seen_at = (
            "open",
            breaking,
            changes,
            dict(found),
            utc_now(),
        )
        await db.flush()
    await events.append(db, await _notice(db, row, case))


async def _notice(db: Db, row: Definition, case: DriftCase) -> dict[str, JSON]:
    """Return the event that tells of a case."""
    view = await _touching(db, row, _case(case))
    digest = hashlib.sha256(json.dumps(case.changes, sort_keys=True).encode()).hexdigest()[:16]
    return {
        "specversion": "1.0",
        "id": f"{case.id}-{digest}",
        "source": f"/connections/{row.name}",
        "type": EVENT,
        "subject": row.name,
        "time": utc_now().isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {
            "connection": row.name,
            "owner": row.document.get("owner"),
            "case": case.id,
            "breaking": case.breaking,
            "changes": [each["sentence"] for each in case.changes],
            "operations": sorted({each["operation"] for each in case.changes if each["operation"]}),
            "definitions": [each.definition for each in view.definitions],
        },
    }


async def _touching(db: Db, row: Definition, case: Case) -> Case:
    operations = connections.parse(row.document).operations
    concerned = touching.with_finds(_concerned(case.changes), operations)
    return replace(
        case,
        mappings=touching.mappings(case.changes, operations),
        definitions=await touching.users(db, row.name, concerned),
    )


async def _with_instances(hub: Hub, actor: Actor, row: Definition, case: Case) -> Case:
    operations = connections.parse(row.document).operations
    try:
        concerned = touching.with_finds(_concerned(case.changes), operations)
        return replace(case, instances=await touching.instances(hub, actor, row.name, concerned))
    except CauceError as error:
        return replace(case, problem=error.problem)


def _concerned(changes: Sequence[Change]) -> frozenset[str]:
    return frozenset(each.operation for each in changes if each.operation)


def _case(row: DriftCase) -> Case:
    changes = tuple(Change(**each) for each in row.changes)
    state = (row.id, row.state, row.breaking, changes, row.opened_at, row.seen_at)
    return Case(*state, row.decided_by, row.decided_at, row.reason)
