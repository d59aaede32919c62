"""Reads what the contract of a published connection says now, and compares it with what was agreed."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from cauce import connection as connections
from cauce import registry
from cauce.errors import CauceError, PermanentError
from schemas.changes import Direction, changes

JSON = Any
_DIRECTIONS: Final[tuple[Direction, ...]] = ("input", "output")
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a contract, in a sentence: of what we send to an operation (input) or read of it (output).

    `direction` is empty when the operation is gone as a whole.
    """

    operation: str
    direction: str
    path: str
    what: str
    breaking: bool
    sentence: str


def is_watched(kind: str) -> bool:
    """Say whether contracts of connections of this kind can be read again."""
    try:
        return registry.describer(kind) is not None
    except CauceError:
        return False


async def read(document: Mapping[str, JSON], resolver: registry.Resolver) -> dict[str, JSON]:
    """Return the contract of a connection by operation: what it calls, and the schemas of both directions.

    Operations that the contract does not have are not in it.

    Raises:
        CauceError: The contract cannot be read now.
    """
    connection = connections.parse(document)
    describe = registry.describer(connection.kind)
    if describe is None:
        problem = f"Connections of kind {connection.kind} have no contract that could be read again."
        raise PermanentError(problem, hint="See 'From a contract' in docs/add-a-connector.md.")
    async with registry.open_connection(connection, resolver) as connector:
        described = await describe(connector.connector, list(connection.operations.values()))
    return {
        name: {"calls": connection.operations[name].calls, "input": each.input, "output": each.output}
        for name, each in described.items()
    }


def agreed_now(agreed: Mapping[str, JSON], found: Mapping[str, JSON], document: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return what counts as agreed: what was, and what the contract says of operations that are new or call another."""
    operations = document.get("operations") or {}
    kept = {
        name: known
        for name, known in agreed.items()
        if name in operations and operations[name]["calls"] == known["calls"]
    }
    return {**{name: said for name, said in found.items() if name not in kept}, **kept}


def drifted(agreed: Mapping[str, JSON], found: Mapping[str, JSON]) -> list[dict[str, JSON]]:
    """Return what the contract that was found changes of the one agreed, the breaking changes first."""
    every = [change for name in sorted(agreed) for change in _of(name, agreed[name], found.get(name))]
    every.sort(key=lambda change: not change.breaking)
    shown = [asdict(change) for change in every[:_MOST]]
    if len(every) > _MOST:
        more = f"There are {len(every) - _MOST} more changes."
        shown.append(asdict(Change("", "", "", "more", breaking=every[_MOST].breaking, sentence=more)))
    return shown


def _of(name: str, agreed: Mapping[str, JSON], found: Mapping[str, JSON] | None) -> Iterator[Change]:
    if found is None:
        sentence = f"`{name}` is not in the contract any more."
        yield Change(name, "", "", "gone", breaking=True, sentence=sentence)
        return
    for direction in _DIRECTIONS:
        before, after = agreed.get(direction), found.get(direction)
        # A contract that says nothing was no promise, and takes none back.
        if before is not None and after is not None:
            for each in changes(before, after, direction):
                yield Change(name, direction, each.path, each.what, each.breaking, each.sentence)
