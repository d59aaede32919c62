"""Certifying connections: trying out what they say they can, and asking later what was found out."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from cauce import connection as connections
from cauce import registry
from cauce.capabilities import shipped
from cauce.errors import CauceError, ConflictError, InputError, NotFoundError
from cauce.secrets import Resolver
from cauce.services import published
from cauce.services.certifying.checks import Certification
from cauce.services.certifying.subject import Subject
from cauce.services.certifying.suite import certify as try_out
from cauce.services.hub import Actor, Hub
from cauce.store import audit, certificates, definitions
from cauce.store.models import Definition
from cauce.store.session import Db
from workflows.checking.capabilities import shortcomings

JSON = Any
State = Literal["certified", "failed", "outdated", "never"]
# Trying to lose answers must not open the circuit.
_PATIENT: Final = 1000


@dataclass(frozen=True, slots=True)
class Implemented:
    """A capability that a connection implements, and whether it was seen to; `outdated` when either changed since."""

    capability: str
    state: State
    version: str = ""
    at: datetime | None = None
    by: str = ""


async def certify(
    hub: Hub, actor: Actor, name: str, capabilities: Sequence[str] = (), *, anyway: bool = False
) -> list[Certification]:
    """Try a published connection for some of its capabilities, or all, and keep what was found out.

    Documents are written there, so that it has to say that it is a test system, unless `anyway`.
    """
    row, wanted, data = await _prepared(hub, actor, name, capabilities, anyway=anyway)
    found = []
    parsed = connections.parse(row.document)
    patient = replace(parsed, limits=replace(parsed.limits, breaker_failures=_PATIENT))
    async with registry.open_connection(patient, hub.resolver) as connector:
        for capability in wanted:
            missing = list(shortcomings(capability, row.document))
            done = await try_out(Subject(parsed, connector, capability, data), row.version, missing)
            found.append(done)
            await _keep(hub, actor, row, capability, done)
    return found


async def certify_all(
    hub: Hub, actor: Actor, capabilities: Sequence[str] = (), *, anyway: bool = False
) -> list[Certification]:
    """Try all published connections for the capabilities that they implement, or those of them that are named.

    All are looked at before the first is tried: one that is not a test system is refused, and nothing was written.
    """
    actor.require("certify connections", "integrator")
    async with hub.store.read() as db:
        rows = await definitions.latest(db, "connection")
    implementing = {row.name: _implemented(row.document) for row in rows}
    wanted = {
        name: [each for each in own if not capabilities or each in capabilities] for name, own in implementing.items()
    }
    if missing := sorted(set(capabilities) - {each for own in wanted.values() for each in own}):
        problem = f"No connection implements {', '.join(missing)}."
        raise NotFoundError(problem, hint="`cauce connections list` says what each implements.")
    due = sorted(name for name, own in wanted.items() if own)
    for name in due:
        await _prepared(hub, actor, name, wanted[name], anyway=anyway)
    return [done for name in due for done in await certify(hub, actor, name, wanted[name], anyway=anyway)]


async def certifiable(
    hub: Hub, actor: Actor, name: str, capabilities: Sequence[str] = (), *, anyway: bool = False
) -> list[str]:
    """Return the capabilities that `certify` would try; raise what it would refuse before it tries the first."""
    _, wanted, _ = await _prepared(hub, actor, name, capabilities, anyway=anyway)
    return [each["capability"] for each in wanted]


async def _prepared(
    hub: Hub, actor: Actor, name: str, capabilities: Sequence[str], *, anyway: bool
) -> tuple[Definition, list[JSON], JSON]:
    """Return the connection, the capabilities that are wanted of it, and the data to try them with."""
    actor.require("certify connections", "integrator")
    async with hub.store.read() as db:
        row = await published.connection(db, name)
        known = {**shipped(), **{each.name: each.document for each in await definitions.latest(db, "capability")}}
    wanted = [_capability(row.document, each, known) for each in capabilities or _implemented(row.document)]
    _check_environment(row.document, wanted, hub.resolver, anyway=anyway)
    data = hub.resolver.resolve((row.document.get("certification") or {}).get("data") or {})
    for capability in wanted:
        _check_data(name, capability, data)
    return row, wanted, data


async def certified(hub: Hub, connection: str, capability: str) -> bool:
    """Return whether a connection, as it is published now, passed for a capability, as that is now."""
    async with hub.store.read() as db:
        row = await definitions.find(db, "connection", "", connection)
        found = await implemented(db, [row]) if row is not None else {}
    return any(each.capability == capability and each.state == "certified" for each in found.get(connection, ()))


async def implemented(db: Db, rows: Sequence[Definition]) -> dict[str, tuple[Implemented, ...]]:
    """Return for each of these connections the capabilities that it implements, with what is known of them."""
    known = {**shipped(), **{each.name: each.document for each in await definitions.latest(db, "capability")}}
    facts = await certificates.latest(db, [row.name for row in rows])
    return {
        row.name: tuple(_state(row, each, known, facts.get((row.name, each))) for each in _implemented(row.document))
        for row in rows
    }


def _state(row: Definition, capability: str, known: Mapping[str, JSON], fact: JSON) -> Implemented:
    if fact is None:
        return Implemented(capability, "never")
    same = fact.digest == _digest(row, known.get(capability))
    state: State = "outdated" if not same else "certified" if fact.passed else "failed"
    return Implemented(capability, state, fact.version, fact.at, fact.by)


def _implemented(document: Mapping[str, JSON]) -> list[str]:
    return list(document.get("implements") or ())


def _capability(document: Mapping[str, JSON], name: str, known: Mapping[str, JSON]) -> JSON:
    own = _implemented(document)
    if name not in own:
        problem = f"The connection '{document['connection']}' does not say that it implements '{name}'."
        hint = connections.did_you_mean(name, own) if own else "Add `implements: [NAME]` to its file and publish it."
        raise NotFoundError(problem, hint=hint)
    if name not in known:
        raise NotFoundError(f"There is no capability '{name}' any more.", hint=connections.did_you_mean(name, known))
    return known[name]


def _check_environment(document: JSON, wanted: Sequence[JSON], resolver: Resolver, *, anyway: bool) -> None:
    name = document["connection"]
    if not wanted:
        raise ConflictError(
            f"The connection '{name}' implements no capability.",
            hint="Add `implements: [NAME]` to its file and publish it.",
        )
    writes = any(each["effect"] == "write" for one in wanted for each in one["operations"].values())
    given = (document.get("certification") or {}).get("environment")
    try:
        environment = resolver.resolve(given)
    except CauceError:
        environment = None
    if writes and not anyway and environment != "test":
        key = given["setting"] if isinstance(given, dict) else ""
        say = f"set `{key}` to test" if key else "write `certification: {environment: test}` into its file"
        raise ConflictError(
            f"'{name}' does not say that it is a test system, and certifying writes real documents there.",
            hint=f"If it is one, {say}; otherwise --yes does it all the same.",
        )


def _check_data(name: str, capability: JSON, data: Mapping[str, JSON]) -> None:
    for key, meaning in (capability.get("data") or {}).items():
        if key not in data:
            said = meaning if isinstance(meaning, str) else meaning.get("en") or next(iter(meaning.values()))
            raise InputError(
                f"Certifying '{name}' for {capability['capability']} needs `{key}`.",
                hint=f"Write it under `certification: {{data: {{{key}: …}}}}` of the connection: {said}",
            )


async def _keep(hub: Hub, actor: Actor, row: Definition, capability: JSON, done: Certification) -> None:
    checks = [asdict(check) for check in done.checks]
    async with hub.store.transaction() as db:
        await certificates.add(
            db,
            row.name,
            done.capability,
            version=row.version,
            digest=_digest(row, capability),
            passed=done.passed,
            checks=checks,
            by=actor.name,
        )
        said = {"capability": done.capability, "version": row.version, "passed": done.passed, "mark": done.mark}
        await audit.append(db, actor.name, "connection.certify", row.name, said)


def _digest(row: Definition, capability: JSON) -> str:
    text = json.dumps([row.digest, capability], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
