"""What definitions may refer to: what is published already, and what the files checked together define."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cauce.contract import CALL_WAIT_S
from schemas import Source, kind_of, validate
from schemas.durations import seconds
from schemas.versions import precedence

JSON = Any


@dataclass(frozen=True, slots=True)
class OperationContract:
    """What a process must know of an operation: whether it writes, its time limits, what goes in and out.

    `connection` is the one that carries it out, where a profile binds the name in the call to another.
    """

    effect: str
    timeout_s: float = 30.0
    input: JSON = None
    output: JSON = None
    connection: str = ""
    wait_s: float = CALL_WAIT_S


@dataclass(frozen=True, slots=True)
class Known:
    """What is published: operations as `operation@connection`, processes as `namespace.name`, others by name.

    Given as maps from name to document, they are looked into (but for operations); as names they only exist.
    `functions` are the functions of the default catalog, each from version to document, the one to use first.
    `kinds` are the kinds of connections that there are connectors for, `runs` what
    `run` tasks may start (`shell`, `script:js` …), and `settings` gives the JSON Schema of a kind's settings; None
    leaves that unchecked. `implements` are the capabilities of each connection, and `certified` those that it passed
    for; None leaves that unchecked. `profile` is the document of the profile that holds here, if any does.
    """

    operations: Mapping[str, OperationContract] = field(default_factory=dict)
    forms: Collection[str] = ()
    decisions: Collection[str] = ()
    stages: Collection[str] = ()
    calendars: Collection[str] = ()
    clocks: Collection[str] = ()
    processes: Collection[str] = ()
    kinds: frozenset[str] | None = None
    runs: Collection[str] | None = None
    functions: Mapping[str, Mapping[str, JSON]] = field(default_factory=dict)
    capabilities: Mapping[str, JSON] = field(default_factory=dict)
    settings: Callable[[str], JSON] | None = None
    implements: Mapping[str, Collection[str]] = field(default_factory=dict)
    certified: Mapping[str, Collection[str]] | None = None
    profile: Mapping[str, JSON] | None = None
    syncs: Mapping[str, JSON] = field(default_factory=dict)
    policies: Collection[str] = ()
    templates: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class World:
    """All that can be referred to; a document of None is one that exists and cannot be looked into.

    `documents` are those of the processes.
    """

    operations: Mapping[str, OperationContract | None]
    connections: frozenset[str]
    forms: Mapping[str, JSON]
    decisions: Mapping[str, JSON]
    stages: Mapping[str, JSON]
    calendars: Mapping[str, JSON]
    processes: frozenset[str]
    kinds: frozenset[str] | None
    documents: Mapping[str, JSON] = field(default_factory=dict)
    runs: Collection[str] | None = None
    functions: Mapping[str, Mapping[str, JSON]] = field(default_factory=dict)
    capabilities: Mapping[str, JSON] = field(default_factory=dict)
    settings: Callable[[str], JSON] | None = None
    implements: Mapping[str, Collection[str]] = field(default_factory=dict)
    certified: Mapping[str, Collection[str]] | None = None
    profile: Mapping[str, JSON] | None = None
    syncs: Mapping[str, JSON] = field(default_factory=dict)
    policies: Mapping[str, JSON] = field(default_factory=dict)
    clocks: Mapping[str, JSON] = field(default_factory=dict)
    templates: Mapping[str, JSON] = field(default_factory=dict)


def world_of(sources: Iterable[Source], known: Known) -> World:
    """Put what is published and what the sources define together; the sources win."""
    documents = _published(known)
    processes: dict[str, JSON] = _documents(known.processes)
    functions = {name: dict(versions) for name, versions in known.functions.items()}
    for source in sources:
        kind = kind_of(source.data)
        if kind == "process":
            processes |= _named(source.data)
        elif kind == "function":
            name, version = (str(source.data.get(key)) for key in ("function", "version"))
            if isinstance(source.data.get("task"), dict):
                functions[name] = by_precedence({**functions.get(name, {}), version: source.data})
        elif kind in documents and isinstance(source.data[kind], str):
            usable = kind != "capability" or not validate(kind, source)
            documents[kind][source.data[kind]] = source.data if usable else None
    written = documents["connection"]
    operations = bound(_operations(known, written), known.profile)
    return World(
        operations,
        _connections(operations, written, known),
        documents["form"],
        documents["decision"],
        documents["stages"],
        documents["calendar"],
        frozenset(processes),
        known.kinds,
        processes,
        known.runs,
        functions,
        documents["capability"],
        known.settings,
        {**known.implements, **{name: _names(each.get("implements")) for name, each in written.items()}},
        known.certified,
        known.profile,
        documents["sync"],
        documents["policy"],
        documents["clock"],
        documents["template"],
    )


def _named(document: JSON) -> dict[str, JSON]:
    head = document.get("document")
    return {f"{head.get('namespace')}.{head.get('name')}": document} if isinstance(head, dict) else {}


def _connections(
    operations: Mapping[str, OperationContract | None], written: Mapping[str, JSON], known: Known
) -> frozenset[str]:
    """Return the names that processes may write behind the @; a connection may have no operations yet."""
    return frozenset({name.partition("@")[2] for name in operations} | (set(written) - set(_bindings(known.profile))))


def bound(
    operations: Mapping[str, OperationContract | None], profile: Mapping[str, JSON] | None
) -> dict[str, OperationContract | None]:
    """Return the operations under the names that a profile gives their connections; absent ones are not there."""
    bindings = _bindings(profile)
    found = {name: each for name, each in operations.items() if name.partition("@")[2] not in bindings}
    for logical, binding in bindings.items():
        for name, contract in operations.items():
            operation, _, connection = name.partition("@")
            if connection == binding.get("connection"):
                if contract is not None and connection != logical:
                    found[f"{operation}@{logical}"] = replace(contract, connection=connection)
                else:
                    found[f"{operation}@{logical}"] = contract
    return found


def _bindings(profile: Mapping[str, JSON] | None) -> Mapping[str, JSON]:
    return profile["connections"] if profile else {}


def _names(given: JSON) -> tuple[str, ...]:
    return tuple(each for each in given if isinstance(each, str)) if isinstance(given, list) else ()


def _published(known: Known) -> dict[str, dict[str, JSON]]:
    return {
        "form": _documents(known.forms),
        "decision": _documents(known.decisions),
        "stages": _documents(known.stages),
        "connection": {},
        "capability": dict(known.capabilities),
        "calendar": _documents(known.calendars),
        "clock": _documents(known.clocks),
        "sync": dict(known.syncs),
        "policy": _documents(known.policies),
        "template": dict(known.templates),
    }


def _operations(known: Known, written: Mapping[str, JSON]) -> dict[str, OperationContract | None]:
    """Return the operations of the connections that are written here, and of the published ones that are not."""
    operations: dict[str, OperationContract | None] = {
        name: contract for name, contract in known.operations.items() if name.partition("@")[2] not in written
    }
    for name, document in written.items():
        operations |= {f"{each}@{name}": contract for each, contract in contracts(document).items()}
    return operations


def by_precedence(versions: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return versions with the one to use first: the highest, and a release before what was to become it."""
    return dict(sorted(versions.items(), key=lambda each: precedence(each[0]), reverse=True))


def contracts(connection: JSON) -> dict[str, OperationContract | None]:
    """Return the contracts of a connection's operations by name; None where one is not written properly."""
    operations = connection.get("operations")
    if not isinstance(operations, dict):
        return {}
    limits = connection.get("limits")
    wait = limits.get("wait") if isinstance(limits, dict) else None
    wait_s = seconds(wait) if isinstance(wait, str) else None
    return {name: _contract(operation, wait_s or CALL_WAIT_S) for name, operation in operations.items()}


def _contract(operation: JSON, wait_s: float) -> OperationContract | None:
    if not isinstance(operation, dict) or operation.get("effect") not in ("read", "write"):
        return None
    timeout = operation.get("timeout")
    limit = seconds(timeout) if isinstance(timeout, str) else None
    default = OperationContract(operation["effect"])
    return OperationContract(
        default.effect,
        default.timeout_s if limit is None else limit,
        operation.get("input"),
        operation.get("output"),
        wait_s=wait_s,
    )


def _documents(given: Collection[str]) -> dict[str, JSON]:
    return dict(given) if isinstance(given, Mapping) else dict.fromkeys(given)
