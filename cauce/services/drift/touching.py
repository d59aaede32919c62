"""Says what a change of a contract touches: mappings, published processes with their tasks, and running instances."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cauce.connector import Operation
from cauce.errors import CauceError
from cauce.expressions.expression import compile_expression
from cauce.expressions.parser import parse
from cauce.expressions.reads import texts_of
from cauce.services import visibility
from cauce.services.drift.reading import Change
from cauce.services.hub import Actor, Hub
from cauce.services.visibility import Filters
from cauce.store import definitions
from cauce.store.session import Db
from workflows.checking.calls import undoing
from workflows.checking.walk import all_tasks

JSON = Any
_SEGMENT: Final = re.compile(r"[^.\[\]*]+")
_MOST_INSTANCES: Final = 200


@dataclass(frozen=True, slots=True)
class Met:
    """An expression of the connection that meets a field that changed, and how: by name, whole, perhaps or missing."""

    operation: str
    part: str
    path: str
    how: str
    expression: str


@dataclass(frozen=True, slots=True)
class Use:
    """A published process or sync (its `kind`) that uses what changed, and where in it: tasks, or calls of the sync."""

    definition: str
    version: str
    tasks: tuple[str, ...]
    kind: str = "process"


@dataclass(frozen=True, slots=True)
class Running:
    """A running instance of a version that uses what changed."""

    id: str
    definition: str
    version: str


def mappings(changes: Sequence[Change], operations: Mapping[str, Operation]) -> tuple[Met, ...]:
    """Return the request and response expressions that meet the fields that changed."""
    return tuple(dict.fromkeys(found for each in changes for found in _mapping(each, operations)))


def _mapping(change: Change, operations: Mapping[str, Operation]) -> Iterator[Met]:
    operation = operations.get(change.operation)
    if operation is None:
        return
    if change.what == "gone":
        yield Met(operation.name, "calls", "", "as a whole", operation.calls)
        return
    if change.what == "added" and not change.breaking:
        return
    part, text = ("request", operation.request) if change.direction == "input" else ("response", operation.response)
    how = _how(text, change)
    if how:
        yield Met(operation.name, part, change.path, how, text)


def _how(text: str, change: Change) -> str:
    """Say how an expression meets a field; when in doubt, that it perhaps does. Empty when it does not."""
    names = [name.casefold() for name in _SEGMENT.findall(change.path)]
    try:
        mentioned = {each.casefold() for each in texts_of(parse(text))}
        keys = compile_expression(text).reads.keys
    except CauceError:
        return "perhaps"
    if not names or not mentioned:
        return "as a whole"
    if names[-1] in mentioned:
        return "by name"
    if change.direction == "input":
        needed = change.what in {"added", "required"} and change.breaking
        return "missing" if needed else "perhaps" if names[0] in mentioned else ""
    if keys is not None and names[0] not in {key.casefold() for key in keys}:
        return ""
    return "perhaps"


async def users(db: Db, connection: str, operations: frozenset[str]) -> tuple[Use, ...]:
    """Return the latest versions of published processes, and syncs, that use one of these operations."""
    processes = tuple(
        Use(f"{row.namespace}.{row.name}", row.version, tuple(_tasks(row.bundle or {}, names)))
        for row in await definitions.latest(db, "process")
        if (names := _calls(row.bundle or {}, connection, operations))
    )
    return processes + tuple(
        Use(row.name, row.version, places, "sync")
        for row in await definitions.latest(db, "sync")
        if (places := tuple(_places(row.document, _called(row.bundle or {}, connection, operations))))
    )


async def instances(hub: Hub, actor: Actor, connection: str, operations: frozenset[str]) -> tuple[Running, ...]:
    """Return running instances of any version that uses one of these operations, up to a number.

    Raises:
        TransientError: Temporal does not answer.
    """
    titles: dict[str, set[str]] = {}
    async with hub.store.read() as db:
        for row in await definitions.of_kind(db, "process"):
            if _calls(row.bundle or {}, connection, operations):
                titles.setdefault(f"{row.namespace}.{row.name}", set()).add(row.version)
    found: list[Running] = []
    for title, versions in titles.items():
        if len(found) >= _MOST_INSTANCES:
            break
        page = await visibility.list_instances(
            hub, actor, Filters(status="open", definition=title), limit=_MOST_INSTANCES - len(found)
        )
        found += [Running(each.id, title, each.version) for each in page.instances if each.version in versions]
    return tuple(found)


def with_finds(operations: frozenset[str], known: Mapping[str, Operation]) -> frozenset[str]:
    """Return operations with those that ask them what became of a write."""
    return operations | {name for name, each in known.items() if each.find in operations}


def _called(bound: Mapping[str, JSON], connection: str, operations: frozenset[str]) -> set[str]:
    """Return how a sync names these operations; `bound` says where a profile put the names of connections."""
    names = {name for name, behind in bound.items() if behind == connection}
    return {f"{operation}@{name}" for operation in operations for name in (names | ({connection} - bound.keys()))}


def _places(sync: Mapping[str, JSON], called: set[str], at: str = "") -> Iterator[str]:
    """Yield where a sync calls one of these; one that goes both ways has a second half, and either may delete."""
    for side in ("source", "target", "deletes"):
        given = sync.get(side) or {}
        yield from (f"{at}/{side}/{key}" for key, each in given.items() if isinstance(each, str) and each in called)
    if "back" in sync:
        yield from _places(sync["back"], called, f"{at}/back")


def _calls(bundle: Mapping[str, JSON], connection: str, operations: frozenset[str]) -> set[str]:
    """Return the names by which a process calls these operations; a profile may have put the connection there."""
    pinned = bundle.get("operations") or {}
    split = {name: name.partition("@") for name in pinned}
    return {
        name
        for name, (operation, _, named) in split.items()
        if operation in operations and pinned[name].get("connection", named) == connection
    }


def _tasks(bundle: Mapping[str, JSON], names: set[str]) -> Iterator[str]:
    """Yield the references of the tasks that call one of these names, or would to undo something."""
    for pointer, _, task in all_tasks(bundle.get("document") or {}):
        if isinstance(task, Mapping):
            undo = undoing(task)
            if not names.isdisjoint({task.get("call"), undo["call"] if undo else None}):
                yield pointer
