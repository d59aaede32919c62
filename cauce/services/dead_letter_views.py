"""A dead letter as people see it: whole to those who decide about it, without anybody's data to those who look on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cauce.errors import CauceError, TransientError
from cauce.permissions import Thing
from cauce.services import replays
from cauce.services.differences import Contract, Difference, differences, masked
from cauce.services.hub import Actor, Role
from cauce.services.permissions import covering
from cauce.services.replays import Known
from cauce.store import dead_letters, ledger
from cauce.store.models import DeadLetter
from cauce.store.session import Db

JSON = Any
deciders: tuple[Role, ...] = ("operator", "integrator")
_NUMBERS: Final = ("number", "document", "reference", "id", "instance")


@dataclass(frozen=True, slots=True)
class Summary:
    """A dead letter, as lists show it; `problem` is without anybody's data where the reader may not see that."""

    id: int
    origin: str
    name: str
    operation: str
    instance: str
    identity: str
    cause: str
    code: str
    remote_code: str
    problem: str
    hint: str
    state: str
    attempts: int
    edited: bool
    created_at: datetime
    updated_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Detail:
    """A dead letter with what was sent, what was made of it, and what the other side wants.

    Without `has_contract` nothing is declared that it could be compared with. `known` is what the ledger has of it.
    """

    summary: Summary
    sent: JSON
    edited: JSON
    masked: bool
    has_contract: bool
    differences: tuple[Difference, ...]
    known: Known | None
    applied_as: str
    answer: JSON


async def detail(db: Db, row: DeadLetter, actor: Actor) -> Detail:
    """Return a letter with all that is to be seen of it."""
    sent = await dead_letters.payload_of(db, row.request)
    edited = await dead_letters.payload_of(db, row.edited) if row.edited else None
    payload = edited if row.edited else sent
    found: tuple[Difference, ...] = ()
    contract: Contract | None = None
    known: Known | None = None
    try:
        contract = await replays.contract_of(db, row, payload)
        # A row is compared as it is mapped, so that is where the differences are.
        found = differences(contract, contract.data if row.origin == "sync" else payload) if contract else ()
        known = await replays.known_of(db, row, payload)
    except TransientError:
        raise
    except CauceError:
        # A contract that cannot be read is told when the letter is replayed.
        contract = None
    number, answer = (
        applied_as(known.answer if known and known.state in ledger.DONE else row.answer),
        row.answer,
    )
    hidden = not actor.decide("operate", thing_of(row), *deciders).allowed
    veil = await covering.veil_of_all(db, actor, thing_of(row))
    sent, edited, answer, told = veil.cover(sent, edited, answer, known.answer if known else None)
    known = Known(known.state, told, known.instance) if known else None
    if veil.names:
        found = tuple(_without_data(each) for each in found)
    if hidden:
        sent, edited, answer, number = masked(sent), masked(edited), masked(answer), ""
        known = Known(known.state, masked(known.answer), known.instance) if known else None
        found = tuple(_without_data(each) for each in found)
    return Detail(summary(row, actor), sent, edited, hidden, contract is not None, found, known, number, answer)


def summary(row: DeadLetter, actor: Actor) -> Summary:
    """Return a letter as lists show it."""
    acts = actor.decide("operate", thing_of(row), *deciders), actor.decide("personal", thing_of(row))
    sees = all(each.allowed for each in acts)
    return Summary(
        id=row.id,
        origin=row.origin,
        name=row.name,
        operation=row.operation,
        instance=row.instance,
        identity=row.identity,
        cause=row.cause,
        code=row.wanted["code"],
        remote_code=row.wanted.get("remoteCode", ""),
        problem=row.wanted["problem"] if sees else row.title,
        hint=row.wanted.get("hint", "") if sees else "",
        state=row.state,
        attempts=row.attempts,
        edited=row.edited is not None,
        created_at=row.created_at,
        updated_at=row.updated_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
    )


def applied_as(answer: JSON) -> str:
    """Return the number under which a system took something, where its answer has one that can be told."""
    if not isinstance(answer, Mapping):
        return ""
    found = next((each for name, each in answer.items() if name.lower() in _NUMBERS), None)
    return str(found) if isinstance(found, str | int) else ""


async def uncovered(db: Db, row: DeadLetter, actor: Actor, payload: JSON) -> JSON:
    """Return what somebody made of a letter, with the values themselves where they left covers of them."""
    veil = await covering.veil_of_all(db, actor, thing_of(row))
    given = [await dead_letters.payload_of(db, each) for each in (row.request, row.edited) if each]
    veil.cover(*given)
    return veil.uncover(payload) if veil.names else payload


async def covered(db: Db, row: DeadLetter, actor: Actor) -> JSON:
    """Return what is to be sent, as who decides about the letter sees it; `uncovered` takes what they make of it."""
    veil = await covering.veil_of_all(db, actor, thing_of(row))
    given = [await dead_letters.payload_of(db, each) for each in (row.request, row.edited) if each]
    return veil.cover(*given)[-1]


def thing_of(row: DeadLetter) -> Thing:
    """Return what a letter belongs to; an event that started nothing has the name of the process."""
    return Thing.of_instance(row.instance or row.name)


def _without_data(each: Difference) -> Difference:
    return Difference(
        each.pointer, each.sent.partition(" ")[0], each.wanted, dead_letters.without_particulars(each.problem)
    )
