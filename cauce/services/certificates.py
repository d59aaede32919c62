"""What was found out about a connection when it was certified last: for its page, for REST, and to print."""

from dataclasses import dataclass
from datetime import datetime

from cauce.services import published
from cauce.services.certification import State, implemented
from cauce.services.certifying.checks import Check
from cauce.services.hub import Actor, Hub
from cauce.store import certificates


@dataclass(frozen=True, slots=True)
class Certificate:
    """The last certification for a capability; without `at` there was none."""

    capability: str
    state: State
    version: str
    at: datetime | None
    by: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class CertificationReport:
    """A connection as it is published now, and its certificate for each capability that it implements."""

    connection: str
    version: str
    certificates: tuple[Certificate, ...]


async def report(hub: Hub, actor: Actor, name: str) -> CertificationReport:
    """Return the report of a connection.

    Raises:
        NotFoundError: There is no such connection.
    """
    actor.require("see connections", "designer", "integrator", "manager", "operator", "auditor", "staff")
    async with hub.store.read() as db:
        row = await published.connection(db, name)
        states = (await implemented(db, [row]))[name]
        facts = await certificates.latest(db, [name])
    found = []
    for each in states:
        fact = facts.get((name, each.capability))
        checks = tuple(Check(**check) for check in fact.checks) if fact is not None else ()
        found.append(Certificate(each.capability, each.state, each.version, each.at, each.by, checks))
    return CertificationReport(name, row.version, tuple(found))
