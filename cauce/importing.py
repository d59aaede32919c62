"""What a connector kind may offer besides calls: reading a contract (a WSDL, a catalogue, a description) as operations.

A kind offers it with a module `importing` in its package, which has `recognises` and `read` (see `Importer`). What
becomes of them, a connection's file with names, comments and checks, is the same for all: `cauce.services.importing`.
With `describe` it also reads the contract of a connection that is in use again, so that drift is seen.
"""

import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from cauce.connector import JSON, BaseConnector, Effect, Operation
from cauce.errors import TooLargeError

MAX_BYTES: Final = 16 * 2**20
_LONGEST_NAME: Final = 60
# Nodes of schemas in one file; a file may have 50,000 of YAML, of which each of these takes up to four.
_ALL_NODES: Final = 5_000
_MOST_NODES: Final = 150
_FEWEST_NODES: Final = 4
# What is only compared, and stands in no file, may be described in full.
_COMPARED_NODES: Final = 4_000
_DEPTHS: Final = (8, 6, 5, 4, 3, 2, 1, 0)
GUESSED: Final = (
    "`effect` of each operation is a guess: whatever changes something there has to say write, or it will be tried "
    "again after a missing answer."
)
_word: Final = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+")
_reading: Final = {
    "count",
    "describe",
    "fetch",
    "find",
    "get",
    "list",
    "lookup",
    "query",
    "retrieve",
    "search",
    "select",
}
# A name that begins like a question and goes on like one of these does more than answer.
_changing: Final = {
    *("add", "allocate", "apply", "cancel", "claim", "clear", "close", "commit", "confirm", "consume", "create"),
    *("delete", "insert", "lock", "mark", "merge", "modify", "move", "next", "open", "pay", "pop", "post", "put"),
    *("register", "release", "remove", "replace", "reserve", "reset", "save", "send", "set", "start", "stop", "store"),
    *("submit", "take", "unlock", "update", "upsert", "write"),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What a person wants imported: its address, the beginning of what is there, and what may be asked for.

    `head` is empty when `source` is neither a file nor an address on the web. `content` gives all of it, up to
    `MAX_BYTES`. `secret` gives the value of a secret of this environment, None when there is none.
    """

    source: str
    name: str
    head: bytes = b""
    content: Callable[[], bytes] = lambda: b""
    secret: Callable[[str], str | None] = lambda _: None
    allow_hosts: tuple[str, ...] = ()

    @property
    def is_address(self) -> bool:
        """Say whether the source is an address on the web."""
        return self.source.startswith(("http://", "https://"))


@dataclass(frozen=True, slots=True)
class ImportedOperation:
    """One operation as its contract describes it; `name` is the other system's own.

    `decide` says, a sentence each, what the contract does not tell and a person has to decide about this operation.
    `key` and `find` are the idempotency of a write, where the contract shows one; `find` names another operation.
    """

    name: str
    calls: str
    effect: Effect
    title: str = ""
    description: str = ""
    request: str = ""
    response: str = ""
    key: str = ""
    find: str = ""
    input: JSON = None
    output: JSON = None
    decide: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An operation that the contract declares and that was not imported, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Contract:
    """What was read: settings, operations, all that was left out, and what to decide about the connection.

    `declared` counts the operations of the contract, however many of them could be imported. `optional` are settings
    that the contract does not ask for and the system may; the file shows them as comments.
    """

    settings: Mapping[str, JSON]
    operations: tuple[ImportedOperation, ...]
    left_out: tuple[LeftOut, ...] = ()
    declared: int = 0
    title: str = ""
    decide: tuple[str, ...] = ()
    optional: Mapping[str, JSON] = field(default_factory=dict)


class Importer(Protocol):
    """What the module `importing` of a kind exports."""

    @staticmethod
    def recognises(offer: Offer) -> bool:
        """Say whether this is for this kind, by its address and its first bytes; fetch nothing."""

    @staticmethod
    async def read(offer: Offer) -> Contract:
        """Read the contract, within the limits that the kind's calls have; raises `CauceError`."""


@dataclass(frozen=True, slots=True)
class Described:
    """What a contract says of one operation, strictly: the schema of what it takes and of what it gives.

    None where the contract does not say.
    """

    input: JSON = None
    output: JSON = None


Describe = Callable[[BaseConnector[Any], Sequence[Operation]], Awaitable[Mapping[str, Described]]]
"""What the module `importing` of a kind may export as `describe`, given a connector of its own kind.

It reads the contract anew and returns what it says of these operations, by their names; one that the contract does not
have (any more) is left out. It raises `CauceError` when the contract cannot be read.
"""


def words(name: str) -> list[str]:
    """Return the words in the name of something: `getOrder_v2` is get, Order, v, 2."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return _word.findall(plain)


def slug(name: str) -> str:
    """Return a name as definitions, operations and connections may have: GetOrder becomes get-order."""
    return "-".join(word.lower() for word in words(name))[:_LONGEST_NAME].strip("-")


def effect_of(name: str) -> Effect:
    """Guess whether an operation reads, by its name; whatever does not say so writes."""
    found = [word.lower() for word in words(name)]
    return "read" if found and found[0] in _reading and not _changing.intersection(found) else "write"


def read_file(path: Path) -> bytes:
    """Return what a file holds.

    Raises:
        TooLargeError: It is larger than what is read.
    """
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise TooLargeError(f"{path} is larger than {MAX_BYTES // 2**20} MiB.", hint="Import a smaller part of it.")
    return content


class OutOfNodesError(Exception):
    """A schema would hold more than its budget."""


@dataclass(slots=True)
class Budget:
    """How much one schema may hold; `cut` says that something deeper was left open."""

    nodes: int
    depth: int
    cut: bool = field(default=False)

    def allows(self, level: int) -> bool:
        """Take one node at this depth; say whether its parts may be described.

        Raises:
            OutOfNodesError: There is no more, and a shallower description has to do.
        """
        self.nodes -= 1
        if self.nodes < 0:
            raise OutOfNodesError
        self.cut = self.cut or level > self.depth
        return level <= self.depth


def fitted(describe: Callable[[Budget], JSON], operations: int) -> tuple[JSON, bool]:
    """Return the deepest description that fits, and whether something in it was left open.

    A connection's file has a largest size, of which each of its `operations` gets the same share.
    """
    share = max(_FEWEST_NODES, min(_MOST_NODES, _ALL_NODES // max(1, 2 * operations)))
    for depth in _DEPTHS:
        budget = Budget(share, depth)
        try:
            return describe(budget), budget.cut
        except OutOfNodesError:
            continue
    return True, True


def in_full(describe: Callable[[Budget], JSON]) -> JSON:
    """Return the deepest description for a comparison; it depends on nothing but what is described."""
    for depth in _DEPTHS:
        try:
            return describe(Budget(_COMPARED_NODES, depth))
        except OutOfNodesError:
            continue
    return True
