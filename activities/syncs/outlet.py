"""The target of a batch: what is asked of it, what the ledger notes of that, and what became of the rows so far."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from activities.connections import Connections
from activities.syncs.calls import carry_out
from activities.syncs.changes import DELETED, Change, Result, State
from activities.syncs.rows import mapped_for
from cauce.errors import CauceError
from cauce.expressions import Expression, compile_expression
from cauce.store import ledger
from cauce.store.models import LedgerEntry
from cauce.store.session import Store
from cauce.sync import ID_VARIABLES, Call, Sync

JSON = Any
T = TypeVar("T")
# What came of a write: its key in the ledger, the state that it has there now, and the answer.
Outcome = tuple[str, ledger.State, JSON]


@dataclass(slots=True)
class Outlet:
    """Takes the changes of one batch of a sync; `attempt` counts how often that was tried."""

    store: Store
    connections: Connections
    sync: Sync
    instance: str
    attempt: int = 1
    results: list[Result] = field(default_factory=list)
    unavailable: list[CauceError] = field(default_factory=list)
    _id: Expression | None = field(init=False, default=None)

    def settled(self) -> list[Result]:
        """Return what became of the rows; raises when some have to be tried again, now that the others are done."""
        if self.unavailable:
            raise self.unavailable[0]
        return self.results

    def note(self, change: Change, state: State, target: str) -> None:
        """Note what became of a row."""
        self.results.append(Result(change.row.key, state, change.row.digest, target, change.version))

    def refuse(self, change: Change, error: CauceError) -> None:
        """Note that a row was refused."""
        self.results.append(Result(change.row.key, "rejected", error=error))

    async def answer(self, call: Call, params: JSON) -> JSON:
        """Call an operation of the target."""
        opened = await self.connections.open(call.connection)
        return await carry_out(opened, opened.connection.operation(call.operation), params)

    async def for_each(self, call: Call | None, items: Sequence[T], work: Callable[[T], Awaitable[None]]) -> None:
        """Work on items, as many at a time as the connection takes; and raise the first error."""
        opened = await self.connections.open(call.connection) if call else None
        places = asyncio.Semaphore(opened.connection.limits.concurrency if opened else 1)

        async def one(item: T) -> None:
            async with places:
                await work(item)

        for answer in await asyncio.gather(*(one(each) for each in items), return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer

    async def entries(self, call: Call, keys: Sequence[str]) -> Mapping[str, LedgerEntry]:
        """Return what the ledger knows of writes."""
        async with self.store.read() as db:
            return await ledger.find_all(db, call.connection, call.operation, keys)

    async def begin(self, call: Call, digests: Mapping[str, str], known: set[str]) -> None:
        """Note what is about to be sent."""
        async with self.store.transaction() as db:
            await ledger.send_all(db, call.connection, call.operation, digests, known=known, instance=self.instance)

    async def finish(self, call: Call, outcomes: Sequence[Outcome]) -> None:
        """Note what came of it."""
        async with self.store.transaction() as db:
            await ledger.finish_all(db, call.connection, call.operation, outcomes)

    def params(self, change: Change) -> JSON:
        """Return what a row is sent as."""
        return change.row.mapped if change.row.digest == DELETED else mapped_for(self.sync, change.row, change.target)

    def id_of(self, answer: JSON, row: JSON) -> str:
        """Return the id that a row has in the target."""
        if self._id is None:
            self._id = compile_expression(self.sync.target.id, variables=ID_VARIABLES)
        value = self._id.first(answer, {"row": row})
        return "" if value is None else value if isinstance(value, str) else str(value)

    def key(self, change: Change) -> str:
        """Return under which key the ledger has a change."""
        return _key(self.sync, change)

    def create_key(self, change: Change) -> str:
        """Return under which key the ledger has the creation of a row."""
        return _create_key(self.sync, change)


def writes_of(sync: Sync, change: Change) -> list[tuple[Call, str]]:
    """Return under which keys the ledger may have a change, each with the operation that makes it."""
    target = sync.target
    changing = [(call, _key(sync, change)) for call in (target.upsert, target.update) if call is not None]
    return [*changing, *([(target.create, _create_key(sync, change))] if target.create is not None else [])]


def _key(sync: Sync, change: Change) -> str:
    return f"sync:{sync.name}:{change.row.key}:{change.version}:{change.row.digest[:16]}"


def _create_key(sync: Sync, change: Change) -> str:
    # Without the content: what was created once is not created again because it has changed meanwhile.
    return f"sync:{sync.name}:{change.row.key}:create:{change.version}"
