"""Writes the rows of a batch into the target, each once in effect.

Before anything leaves, the ledger has a row for each write, under a key that the same change has for ever. So a batch
that is done again after a crash knows what was taken: that is not sent again. An upsert and an update whose outcome is
unknown are sent again, because doing them twice is doing them once; a create is looked for first.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeVar

from activities.connections import Connections, Opened
from activities.syncs.calls import carry_out
from activities.syncs.rows import Row, digest_of, mapped_for
from cauce.connector import Operation
from cauce.errors import (
    AmbiguousError,
    BusinessError,
    CauceError,
    ConsentError,
    ExpressionError,
    InputError,
    LoginError,
    PermanentError,
    TransientError,
)
from cauce.expressions import compile_expression
from cauce.store import ledger
from cauce.store.cross_references import Reference
from cauce.store.session import Store
from cauce.sync import ID_VARIABLES, Call, Sync

JSON = Any
State = Literal["written", "unchanged", "rejected"]
T = TypeVar("T")
# What is wrong with one row; anything else is wrong with all of them.
OF_A_ROW: Final = (BusinessError, PermanentError, InputError, ExpressionError, ConsentError, AmbiguousError)
# How long a system may need to finish what it was doing when its answer got lost, before it is asked about it.
_FIND_DELAYS_S: Final = (0.2, 1.0, 3.0)
# From this attempt at a batch on, a row without an answer is set aside when the target takes others, or never answers.
_PATIENT: Final = 4
_VERY_PATIENT: Final = 10
# Stands for the content of a row that is taken away.
_DELETED: Final = "deleted"


@dataclass(frozen=True, slots=True)
class Change:
    """A row that differs from what was written last, and what is known of it."""

    row: Row
    known: Reference | None
    target: str = ""

    @property
    def version(self) -> int:
        """The number of this change."""
        return self.known.version + 1 if self.known else 1


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a row."""

    key: str
    state: State
    digest: str = ""
    target: str = ""
    version: int = 0
    error: CauceError | None = None


@dataclass(slots=True)
class Writer:
    """Writes the changes of one batch of a sync; `attempt` counts how often that was tried."""

    store: Store
    connections: Connections
    sync: Sync
    instance: str
    attempt: int = 1
    results: list[Result] = field(default_factory=list)
    unavailable: list[CauceError] = field(default_factory=list)

    async def write(self, changes: Sequence[Change]) -> list[Result]:
        """Write changes and return what became of each.

        Raises:
            TransientError: The target does not take some rows now; what it took is in the ledger.
        """
        target = self.sync.target
        if target.upsert is not None and target.many:
            await self._write_many(target.upsert, changes)
        elif target.upsert is not None:
            await self._write_each(target.upsert, changes)
        else:
            await self._find_and_write(changes)
        return self._settled()

    async def _find_and_write(self, changes: Sequence[Change]) -> None:
        target = self.sync.target
        there, absent = await self._tell_apart(changes)
        if target.update is not None:
            await self._write_each(target.update, there)
        else:
            self.results += [self._result(each, "unchanged", each.target) for each in there]
        if target.create is not None:
            await self._create(target.create, absent)
        else:
            self.results += [self._refused(each, _nothing_there()) for each in absent]

    async def delete(self, call: Call, arguments: str, gone: Sequence[Reference]) -> list[Result]:
        """Take rows away that are gone, and return what became of each."""
        expression = compile_expression(arguments)
        changes = []
        for each in gone:
            params = expression.first({"source": each.source_id, "target": each.target_id}, {})
            row = Row(each.source_id, {"source": each.source_id, "target": each.target_id}, params, _DELETED)
            changes.append(Change(row, each, each.target_id))
        await self._write_each(call, changes, asked=False)
        return self._settled()

    def _settled(self) -> list[Result]:
        """Return what became of the rows; raises when some have to be tried again, now that the others are done."""
        if self.unavailable:
            raise self.unavailable[0]
        return self.results

    async def _tell_apart(self, changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
        """Return the rows that the target has already, and those that it lacks."""
        live = [replace(each, target=each.known.target_id) for each in changes if each.known and each.known.is_live]
        others = [each for each in changes if each.known is None or not each.known.is_live]
        created = await self._created(others)
        there = [*live]
        absent: list[Change] = []
        find = self.sync.target.find

        async def look(change: Change) -> None:
            try:
                answer = await self._answer(find, change.row.mapped) if find else None
            except CauceError as error:
                if isinstance(error, OF_A_ROW) and not isinstance(error, LoginError | AmbiguousError):
                    self.results.append(self._refused(change, error))
                else:
                    self.unavailable.append(error)
                return
            if answer is None:
                absent.append(change)
            else:
                there.append(replace(change, target=self._id(answer, change.row.mapped)))

        for each in others:
            entry = created.get(self._create_key(each))
            if entry is not None and entry.state == "done":
                self._take_created(each, entry, there)
        left = [each for each in others if _state(created.get(self._create_key(each))) != "done"]
        await self._for_each(find, left, look)
        return there, absent

    def _take_created(self, change: Change, entry: Any, there: list[Change]) -> None:  # noqa: ANN401 - a row of the ledger
        """Take note of a row that was created before a crash; if it has changed since, it is updated."""
        target = self._id(entry.answer, change.row.mapped)
        if entry.request_digest == digest_of(change.row.mapped):
            self.results.append(self._result(change, "written", target))
        else:
            there.append(replace(change, target=target))

    async def _created(self, changes: Sequence[Change]) -> Mapping[str, Any]:
        create = self.sync.target.create
        if create is None or not changes:
            return {}
        async with self.store.read() as db:
            keys = [self._create_key(each) for each in changes]
            return await ledger.find_all(db, create.connection, create.operation, keys)

    async def _create(self, call: Call, changes: Sequence[Change]) -> None:
        """Create rows; one that was sent before, without an answer, is looked for first."""
        known = await self._created(changes)
        doubtful = [each for each in changes if _state(known.get(self._create_key(each))) == "sent"]
        found = [each for each in doubtful if not await self._is_absent(call, each)]
        left = [each for each in changes if each not in found]
        await self._send(call, {self._create_key(each): each for each in left}, set(known), again=False)

    async def _is_absent(self, call: Call, change: Change) -> bool:
        """Return whether a lost create was not carried out; where it was, or nobody knows, that is the result."""
        opened = await self.connections.open(call.connection)
        name = opened.connection.operation(call.operation).find
        find = self.sync.target.find or (Call(name, call.connection) if name else None)
        key = self._create_key(change)
        if find is None:
            self.results.append(self._refused(change, _nobody_knows(call)))
            return False
        for delay_s in _FIND_DELAYS_S:
            await asyncio.sleep(delay_s)
            try:
                answer = await self._answer(find, change.row.mapped)
            except CauceError as error:
                self.unavailable.append(error)
                return False
            if answer is not None:
                await self._finish(call, [(key, "done", answer)])
                self.results.append(self._result(change, "written", self._id(answer, change.row.mapped)))
                return False
        await self._finish(call, [(key, "absent", None)])
        return True

    async def _write_each(self, call: Call, changes: Sequence[Change], *, asked: bool = True) -> None:
        """Write rows one by one, as many at a time as the connection takes."""
        by_key = {self._key(each): each for each in changes}
        async with self.store.read() as db:
            known = await ledger.find_all(db, call.connection, call.operation, list(by_key))
        for key, entry in known.items():
            if entry.state == "done":
                change = by_key.pop(key)
                target = change.target or (self._id(entry.answer, change.row.mapped) if asked else "")
                self.results.append(self._result(change, "written", target))
        await self._send(call, by_key, set(known), again=True)

    async def _send(self, call: Call, by_key: Mapping[str, Change], known: set[str], *, again: bool) -> None:
        params: dict[str, JSON] = {}
        for key, change in by_key.items():
            try:
                params[key] = self._params(change)
            except ExpressionError as error:
                self.results.append(self._refused(change, error))
        async with self.store.transaction() as db:
            digests = {key: digest_of(each) for key, each in params.items()}
            await ledger.send_all(db, call.connection, call.operation, digests, known=known, instance=self.instance)
        outcomes: list[tuple[str, ledger.State, JSON]] = []
        unavailable: list[tuple[Change, CauceError]] = []

        async def send(key: str) -> None:
            change = by_key[key]
            try:
                answer = await self._answer(call, params[key])
            except CauceError as error:
                of_a_row = isinstance(error, OF_A_ROW) and not isinstance(error, LoginError | AmbiguousError)
                # What may have been carried out stays `sent`: an upsert goes again as it is, a create is looked for.
                outcomes.append((key, "sent" if isinstance(error, AmbiguousError) else "failed", None))
                if of_a_row:
                    self.results.append(self._refused(change, error))
                else:
                    unavailable.append((change, error))
            else:
                outcomes.append((key, "done", answer))
                self.results.append(self._result(change, "written", change.target or self._id(answer, params[key])))

        await self._for_each(call, list(params), send)
        await self._finish(call, outcomes)
        lost = [pair for pair in unavailable if not self._gives_up(pair[1])]
        if lost:
            self.unavailable.append(_not_now(call, lost[0][1], len(lost), again=again))
            unavailable = [pair for pair in unavailable if pair not in lost]
        self.results += [self._refused(change, error) for change, error in unavailable]

    def _gives_up(self, error: CauceError) -> bool:
        """Return whether a row that gets no answer is set aside, so that it does not hold all the others up."""
        taken = any(each.state == "written" for each in self.results)
        if isinstance(error, AmbiguousError):
            return self.attempt >= (_PATIENT if taken else _VERY_PATIENT)
        return isinstance(error, TransientError) and taken and self.attempt >= _PATIENT

    def _params(self, change: Change) -> JSON:
        return change.row.mapped if change.row.digest == _DELETED else mapped_for(self.sync, change.row, change.target)

    async def _write_many(self, call: Call, changes: Sequence[Change]) -> None:
        """Write rows together; when they are refused, in halves, until the row is found that is to blame."""
        by_key = {self._key(each): each for each in changes}
        async with self.store.read() as db:
            known = await ledger.find_all(db, call.connection, call.operation, list(by_key))
        done = [key for key, entry in known.items() if entry.state == "done"]
        for change in (by_key.pop(key) for key in done):
            self.results.append(self._result(change, "written", self._id(None, change.row.mapped)))
        if not by_key:
            return
        async with self.store.transaction() as db:
            digests = {key: each.row.digest for key, each in by_key.items()}
            await ledger.send_all(
                db, call.connection, call.operation, digests, known=set(known), instance=self.instance
            )
        waiting = [list(by_key.items())]
        while waiting:
            portion = waiting.pop()
            try:
                await self._answer(call, {"rows": [each.row.mapped for _, each in portion]})
            except OF_A_ROW as error:
                if isinstance(error, LoginError) or (isinstance(error, AmbiguousError) and self.attempt < _PATIENT):
                    raise _not_now(call, error, len(portion), again=True) from error
                half = len(portion) // 2
                if half:
                    waiting += [portion[half:], portion[:half]]
                else:
                    await self._finish(call, [(portion[0][0], "failed", None)])
                    self.results.append(self._refused(portion[0][1], error))
                continue
            await self._finish(call, [(key, "done", None) for key, _ in portion])
            self.results += [self._result(each, "written", self._id(None, each.row.mapped)) for _, each in portion]

    async def _answer(self, call: Call, params: JSON) -> JSON:
        opened = await self.connections.open(call.connection)
        return await carry_out(opened, _operation(opened, call), params)

    async def _for_each(self, call: Call | None, items: Sequence[T], work: Callable[[T], Awaitable[None]]) -> None:
        """Work on items, as many at a time as the connection takes; and raise the first error."""
        opened = await self.connections.open(call.connection) if call else None
        places = asyncio.Semaphore(opened.connection.limits.concurrency if opened else 1)

        async def one(item: T) -> None:
            async with places:
                await work(item)

        for answer in await asyncio.gather(*(one(each) for each in items), return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer

    async def _finish(self, call: Call, outcomes: Sequence[tuple[str, ledger.State, JSON]]) -> None:
        async with self.store.transaction() as db:
            await ledger.finish_all(db, call.connection, call.operation, outcomes)

    def _result(self, change: Change, state: State, target: str) -> Result:
        return Result(change.row.key, state, change.row.digest, target, change.version)

    def _refused(self, change: Change, error: CauceError) -> Result:
        return Result(change.row.key, "rejected", error=error)

    def _id(self, answer: JSON, row: JSON) -> str:
        value = compile_expression(self.sync.target.id, variables=ID_VARIABLES).first(answer, {"row": row})
        return "" if value is None else value if isinstance(value, str) else str(value)

    def _key(self, change: Change) -> str:
        return f"sync:{self.sync.name}:{change.row.key}:{change.version}:{change.row.digest[:16]}"

    def _create_key(self, change: Change) -> str:
        # Without the content: what was created once is not created again because it has changed meanwhile.
        return f"sync:{self.sync.name}:{change.row.key}:create:{change.version}"


def _operation(opened: Opened, call: Call) -> Operation:
    return opened.connection.operation(call.operation)


def _state(entry: Any) -> str:  # noqa: ANN401 - a row of the ledger, or none
    return entry.state if entry is not None else ""


def _not_now(call: Call, error: CauceError, rows: int, *, again: bool) -> CauceError:
    """Return what keeps rows from being written, as an error of the whole batch."""
    if not isinstance(error, AmbiguousError):
        return error
    safe = "It is safe to send them again." if again else "They are looked for before anything is sent again."
    problem = f"{call} gave no answer for {rows} {'row' if rows == 1 else 'rows'}."
    return TransientError(problem, hint=safe, remote_code=error.remote_code)


def _nobody_knows(call: Call) -> AmbiguousError:
    return AmbiguousError(
        f"The row was sent to {call} once, and nobody knows whether it was created.",
        hint="Look into the system itself; declare `find`, so that the sync can.",
    )


def _nothing_there() -> BusinessError:
    return BusinessError("The target has no such row, and the sync creates none.", remote_code="NOT_FOUND")
