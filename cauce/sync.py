"""A sync as its file declares it; activities run it, services show it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from schemas import durations

JSON = Any
By = Literal["time", "id", "position", "hash"]
Policy = Literal["evolve", "freeze", "reject"]
Side = Literal["source", "target"]
Rule = Literal["person", "source", "target", "newest"]
Gone = Literal["person", "keep", "delete"]

default_batch: Final = 500
_default_overlap_s: Final = 300.0
_default_most: Final = 20
_bys: Final[Mapping[str, By]] = {"time": "time", "id": "id", "position": "position", "hash": "hash"}
_policies: Final[Mapping[str, Policy]] = {"evolve": "evolve", "freeze": "freeze", "reject": "reject"}
# What the expressions of a sync may use, by the place where they stand.
SOURCE_VARIABLES: Final = frozenset({"after", "limit"})
MAPPING_VARIABLES: Final = frozenset({"target"})
ID_VARIABLES: Final = frozenset({"row"})
WRITE_VARIABLES: Final = frozenset({"id"})
SIDES: Final[tuple[Side, Side]] = ("source", "target")
_rules: Final[Mapping[str, Rule]] = {"person": "person", "source": "source", "target": "target", "newest": "newest"}
_gone: Final[Mapping[str, Gone]] = {"person": "person", "keep": "keep", "delete": "delete"}
# What is written in a two-way sync where nothing else is said: the fields, and under which id the row is known there.
_default_write: Final = "if $id == null then . else . + {id: $id} end"


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
    """Where rows are read; `arguments`, `rows`, `key` and `changed` are expressions."""

    call: Call
    arguments: str
    rows: str
    key: str
    cursor: Cursor
    full_s: float | None = None
    changed: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """Where rows are written; `id` is an expression over the answer.

    `arguments`, over the fields, and `get`, which reads a row once more before it is written, are of two-way syncs;
    there nothing is looked for before it is created, since all rows of the target are known.
    """

    id: str
    upsert: Call | None = None
    many: bool = False
    looks_first: bool = True
    arguments: str = ""
    get: Call | None = None
    find: Call | None = None
    create: Call | None = None
    update: Call | None = None

    @property
    def calls(self) -> Sequence[Call]:
        """The operations, those that write first."""
        return [each for each in (self.upsert, self.create, self.update, self.find, self.get) if each is not None]

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
class Back:
    """The way back of a two-way sync: a sync of its own, with source and target the other way round."""

    source: Feed
    mapping: str
    target: Target
    deletes: Deletes | None = None


@dataclass(frozen=True, slots=True)
class Reconcile:
    """How the target of a sync is read to be compared: its rows as fields of the mapping, and which are the same."""

    source: Feed
    mapping: str
    match: str


@dataclass(frozen=True, slots=True)
class Conflicts:
    """What happens when both sides have changed a field, or one has changed a row that the other has deleted."""

    otherwise: Rule = "person"
    fields: Mapping[str, Rule] = field(default_factory=dict)
    gone: Gone = "person"
    group: str | None = None
    user: str | None = None
    priority: int = 50

    def rule(self, name: str) -> Rule:
        """Return the rule for a field."""
        return self.fields.get(name, self.otherwise)


@dataclass(frozen=True, slots=True)
class Sync:
    """One sync; `match`, over the fields, tells in a two-way one which rows of both sides are the same.

    Both sides are compared after a run once the last comparison is older than `compare_s`; never by itself without it.
    """

    name: str
    source: Feed
    mapping: str
    target: Target
    deletes: Deletes | None = None
    columns: Policy = "evolve"
    batch: int = default_batch
    after: tuple[str, ...] = ()
    title: JSON = None
    back: Back | None = None
    match: str = ""
    conflicts: Conflicts = Conflicts()
    reconcile: Reconcile | None = None
    compare_s: float | None = None

    @property
    def within_one_connection(self) -> bool:
        """Whether rows are read where they are written."""
        return self.source.call.connection in {each.connection for each in self.target.calls}


def parse(document: Mapping[str, JSON], bindings: Mapping[str, str] | None = None) -> Sync:
    """Return the sync that a (schema-valid) document declares; `bindings` are the connections behind its names."""

    def call(text: str) -> Call:
        operation, _, name = text.partition("@")
        return Call(operation, (bindings or {}).get(name, name))

    deletes, back = document.get("deletes"), document.get("back")
    return Sync(
        name=str(document["sync"]),
        source=_feed(call, document["source"]),
        mapping=bare(document["mapping"], "."),
        target=_target(call, document["target"]),
        deletes=_deletes(call(deletes["call"]), deletes) if deletes else None,
        columns=_policies[document.get("columns", "evolve")],
        batch=int(document.get("batch", default_batch)),
        after=tuple(document.get("after") or ()),
        title=document.get("title"),
        back=_back(call, back) if back else None,
        match=bare(document.get("match"), ""),
        conflicts=_conflicts(document.get("conflicts") or {}),
        reconcile=_reconcile(call, document.get("reconcile") or {}),
        compare_s=_seconds((document.get("reconcile") or {}).get("every")),
    )


def names_of(document: Mapping[str, JSON]) -> frozenset[str]:
    """Return the names of connections that a document has behind the @."""
    sync = parse(document)
    ways: list[Sync | Back] = [sync, *([sync.back] if sync.back else [])]
    calls = [call for way in ways for call in (way.source.call, *way.target.calls)]
    calls += [way.deletes.call for way in ways if way.deletes]
    calls += [sync.reconcile.source.call] if sync.reconcile else []
    return frozenset(each.connection for each in calls)


def bare(text: str | None, default: str) -> str:
    """Return an expression without the `${ }` that may be around it."""
    if text is None:
        return default
    text = text.strip()
    return text[2:-1].strip() if text.startswith("${") and text.endswith("}") else text


def _feed(call: Callable[[str], Call], given: Mapping[str, JSON]) -> Feed:
    full, cursor = given.get("full"), _cursor(given.get("cursor") or {})
    return Feed(
        call=call(given["call"]),
        arguments=bare(given.get("with"), "{after: $after, limit: $limit}"),
        rows=bare(given.get("rows"), "."),
        key=bare(given["key"], ""),
        cursor=cursor,
        full_s=durations.seconds(full) if full else None,
        changed=bare(given.get("changed"), cursor.value if cursor.by == "time" else ""),
    )


def _target(call: Callable[[str], Call], given: Mapping[str, JSON]) -> Target:
    return Target(
        id=bare(given.get("id"), ".id"),
        many=bool(given.get("many")),
        looks_first=True,
        arguments=bare(given.get("with"), _default_write),
        **{name: call(given[name]) for name in ("upsert", "find", "create", "update", "get") if name in given},
    )


def _back(call: Callable[[str], Call], given: Mapping[str, JSON]) -> Back:
    deletes = given.get("deletes")
    return Back(
        _feed(call, given["source"]),
        bare(given["mapping"], "."),
        _target(call, given["target"]),
        _deletes(call(deletes["call"]), deletes) if deletes else None,
    )


def _reconcile(call: Callable[[str], Call], given: Mapping[str, JSON]) -> Reconcile | None:
    # A two-way sync may say nothing but how often.
    if "source" not in given:
        return None
    return Reconcile(_feed(call, given["source"]), bare(given["mapping"], "."), bare(given["match"], "."))


def _seconds(duration: str | None) -> float | None:
    return durations.seconds(duration) if duration else None


def _conflicts(given: Mapping[str, JSON]) -> Conflicts:
    assigned = given.get("assign") or {}
    return Conflicts(
        otherwise=_rules[given.get("otherwise", "person")],
        fields={name: _rules[rule] for name, rule in (given.get("fields") or {}).items()},
        gone=_gone[given.get("gone", "person")],
        group=assigned.get("group"),
        user=assigned.get("user"),
        priority=int(given.get("priority", 50)),
    )


def _cursor(given: Mapping[str, JSON]) -> Cursor:
    by = _bys[given.get("by", "hash")]
    overlap = given.get("overlap")
    seconds = durations.seconds(overlap) if overlap else None
    return Cursor(by, bare(given.get("value"), ""), _default_overlap_s if seconds is None else seconds)


def _deletes(call: Call, given: Mapping[str, JSON]) -> Deletes:
    return Deletes(call, bare(given.get("with"), "{id: .target}"), int(given.get("most", _default_most)))
