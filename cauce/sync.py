"""A sync as its file declares it; activities run it, services show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from schemas import durations

JSON = Any
By = Literal["time", "id", "position", "hash"]
Policy = Literal["evolve", "freeze", "reject"]

default_batch: Final = 500
_default_overlap_s: Final = 300.0
_default_most: Final = 20
_bys: Final[Mapping[str, By]] = {"time": "time", "id": "id", "position": "position", "hash": "hash"}
_policies: Final[Mapping[str, Policy]] = {"evolve": "evolve", "freeze": "freeze", "reject": "reject"}
# What the expressions of a sync may use, by the place where they stand.
SOURCE_VARIABLES: Final = frozenset({"after", "limit"})
MAPPING_VARIABLES: Final = frozenset({"target"})
ID_VARIABLES: Final = frozenset({"row"})


@dataclass(frozen=True, slots=True)
class Call:
    """One operation of a connection."""

    operation: str
    connection: str

    def __str__(self) -> str:
        return f"{self.operation}@{self.connection}"


@dataclass(frozen=True, slots=True)
class Cursor:
    """How a run knows where the last one ended; `value` is an expression."""

    by: By = "hash"
    value: str = ""
    overlap_s: float = _default_overlap_s


@dataclass(frozen=True, slots=True)
class Feed:
    """Where rows are read; `arguments`, `rows` and `key` are expressions."""

    call: Call
    arguments: str
    rows: str
    key: str
    cursor: Cursor
    full_s: float | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where rows are written; `id` is an expression over the answer."""

    id: str
    upsert: Call | None = None
    many: bool = False
    looks_first: bool = True
    find: Call | None = None
    create: Call | None = None
    update: Call | None = None

    @property
    def calls(self) -> Sequence[Call]:
        """The operations, those that write first."""
        return [each for each in (self.upsert, self.create, self.update, self.find) if each is not None]

    @property
    def connection(self) -> str:
        """The connection of what writes."""
        return self.calls[0].connection


@dataclass(frozen=True, slots=True)
class Deletes:
    """What happens to rows that are gone; `most` is the largest share of rows, in per cent, that may be gone."""

    call: Call
    arguments: str
    most: int = _default_most


@dataclass(frozen=True, slots=True)
class Sync:
    """One sync."""

    name: str
    source: Feed
    mapping: str
    target: Target
    deletes: Deletes | None = None
    columns: Policy = "evolve"
    batch: int = default_batch
    after: tuple[str, ...] = ()
    title: JSON = None


def parse(document: Mapping[str, JSON], bindings: Mapping[str, str] | None = None) -> Sync:
    """Return the sync that a (schema-valid) document declares; `bindings` are the connections behind its names."""

    def call(text: str) -> Call:
        operation, _, name = text.partition("@")
        return Call(operation, (bindings or {}).get(name, name))

    source, target, deletes = document["source"], document["target"], document.get("deletes")
    full = source.get("full")
    return Sync(
        name=str(document["sync"]),
        source=Feed(
            call=call(source["call"]),
            arguments=bare(source.get("with"), "{after: $after, limit: $limit}"),
            rows=bare(source.get("rows"), "."),
            key=bare(source["key"], ""),
            cursor=_cursor(source.get("cursor") or {}),
            full_s=durations.seconds(full) if full else None,
        ),
        mapping=bare(document["mapping"], "."),
        target=Target(
            id=bare(target.get("id"), ".id"),
            many=bool(target.get("many")),
            looks_first=True,
            **{name: call(target[name]) for name in ("upsert", "find", "create", "update") if name in target},
        ),
        deletes=_deletes(call(deletes["call"]), deletes) if deletes else None,
        columns=_policies[document.get("columns", "evolve")],
        batch=int(document.get("batch", default_batch)),
        after=tuple(document.get("after") or ()),
        title=document.get("title"),
    )


def names_of(document: Mapping[str, JSON]) -> frozenset[str]:
    """Return the names of connections that a document has behind the @."""
    sync = parse(document)
    calls = [sync.source.call, *sync.target.calls, *([sync.deletes.call] if sync.deletes else [])]
    return frozenset(each.connection for each in calls)


def bare(text: str | None, default: str) -> str:
    """Return an expression without the `${ }` that may be around it."""
    if text is None:
        return default
    text = text.strip()
    return text[2:-1].strip() if text.startswith("${") and text.endswith("}") else text


def _cursor(given: Mapping[str, JSON]) -> Cursor:
    by = _bys[given.get("by", "hash")]
    overlap = given.get("overlap")
    seconds = durations.seconds(overlap) if overlap else None
    return Cursor(by, bare(given.get("value"), ""), _default_overlap_s if seconds is None else seconds)


def _deletes(call: Call, given: Mapping[str, JSON]) -> Deletes:
    return Deletes(call, bare(given.get("with"), "{id: .target}"), int(given.get("most", _default_most)))
