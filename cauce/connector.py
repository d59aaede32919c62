"""The whole contract of a connector kind: one folder below `connectors/` that exports `Settings` and `Connector`."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, Self, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict

JSON = Any
Effect = Literal["read", "write"]


class BaseSettings(BaseModel):
    """What a connection of this kind needs; its JSON Schema becomes the form in the UI and the check in the editor."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a connection, as its file declares it.

    `calls` is the connector's own address of it: a WSDL operation, an SQL statement, `GET /path`.
    `timeout_s` is the wall-clock limit of one attempt. `errors` maps codes of the remote system to error classes.
    """

    name: str
    calls: str
    effect: Effect
    timeout_s: float = 30.0
    request: str = "."
    response: str = "."
    idempotency_key: str | None = None
    find: str | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    input: JSON = None
    output: JSON = None


@dataclass(frozen=True, slots=True)
class Probe:
    """One stage of a connection test (`dns`, `tcp`, `tls`, `login`, `read` …) and what it found, in one sentence."""

    stage: str
    ok: bool
    sentence: str
    milliseconds: float = 0.0


S = TypeVar("S", bound=BaseSettings)


class BaseConnector(ABC, Generic[S]):
    """Calls the operations of one connection; one object serves many calls at the same time.

    Raises, from `call` and nothing else: `TransientError` (surely not done), `AmbiguousError` (a write was sent, no
    answer), `BusinessError` (the system refused), `PermanentError` (the same answer every time).
    """

    def __init__(self, name: str, settings: S) -> None:
        self.name = name
        self.settings = settings

    @abstractmethod
    async def call(self, operation: Operation, params: JSON) -> JSON:
        """Carry out `operation` with `params` (already mapped); the answer is plain JSON data."""

    async def batches(self, operation: Operation, params: JSON, size: int) -> AsyncGenerator[list[JSON], None]:
        """Carry out a read and yield its rows, at most `size` at a time; close it (`aclosing`) when you stop early.

        Here it is one call whose answer is cut. Kinds that can read on while the rows before are worked at do it
        without holding all of them.
        """
        answer = await self.call(operation, params)
        rows = answer if isinstance(answer, list) else [answer]
        for start in range(0, len(rows), size):
            yield rows[start : start + size]

    @abstractmethod
    async def check(self) -> list[Probe]:
        """Test the connection in stages, stopping at the first that fails; never raises, never writes."""

    async def contract(self) -> Mapping[str, str]:
        """Return the documents that describe the other side, by name, the first one first; none by default."""
        return {}

    async def close(self) -> None:
        """Let go of what the connector holds (clients, pools, processes)."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


@runtime_checkable
class Browsable(Protocol):
    """A connector whose system has a catalogue that a person can look through."""

    async def browse(self, place: str, rows: int, timeout_s: float) -> Mapping[str, JSON]:
        """Return what there is at a place (`""`, a schema, `schema.table`), with so many rows, masked, of a table.

        `what` says which: `list` with `items`, `table` or `view` with `columns`, `procedure` with `parameters`, or
        `nothing` with the names that are `known`.
        """
