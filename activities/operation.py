"""Calls `operation@connection`: mapped, checked against its contract, and a write exactly once in effect."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.connections import Connections, Opened
from activities.files import with_files, without_content
from activities.heartbeats import heartbeats
from activities.problems import refused
from cauce.connection import classify
from cauce.connector import Operation
from cauce.contract import BUSY, CALL_OPERATION, JSON, OperationCall, Outcome
from cauce.depth import check_depth
from cauce.errors import (
    AmbiguousError,
    BusinessError,
    CauceError,
    ConflictError,
    ExpressionError,
    InputError,
    PermanentError,
    RemoteError,
    TransientError,
)
from cauce.expressions import compile_expression
from cauce.limits import BusyError
from cauce.store import dead_letters, ledger
from cauce.store.dead_letters import NewLetter
from cauce.store.session import Store
from schemas import validate_data

_HEARTBEAT_S: Final = 3.0
# How long a system may need to finish what it was doing when its answer got lost, before it is asked about it.
_FIND_DELAYS_S: Final = (0.2, 1.0, 3.0)


# How long a read waits for room inside the step of its workflow, and the longest that it may take there.
_PATIENCE_S: Final = 0.25
_LONG_S: Final = 30.0
_SHORTEST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 60.0
_EXPECTED: Final = ApplicationErrorCategory.BENIGN
_FOR_GOOD: Final = (PermanentError, BusinessError, InputError, ExpressionError)


class _Refused(Exception):  # noqa: N818 (carries an outcome, is not an error of the platform)
    def __init__(self, error: CauceError) -> None:
        super().__init__(error)
        self.error = error


class OperationActivities:
    """The activity behind every `call: operation@connection`."""

    def __init__(self, store: Store, connections: Connections, serves: Callable[[str], bool] = lambda _: True) -> None:
        self.store = store
        self.connections = connections
        self.serves = serves

    @activity.defn(name=CALL_OPERATION)
    async def call_operation(self, call: OperationCall) -> Outcome:
        """Carry out one call; what the system answered, good or bad, is the outcome.

        Only faults of the platform (a store that cannot be reached) are raised, and tried again by Temporal.
        """
        info = activity.info()
        waited = info.started_time - info.current_attempt_scheduled_time
        if info.is_local and not self.serves(call.connection):
            return Outcome(elsewhere=True)
        try:
            with _refusing():
                if call.files:
                    call = replace(call, params=await with_files(self.store, call.params))
                opened = await self.connections.open(call.connection)
                operation = opened.connection.operation(call.operation)
                self.connections.meter.late(call.connection, call.operation, waited.total_seconds() * 1_000)
                if operation.input is not None:
                    validate_data(operation.input, call.params, where=f"{call.operation}@{call.connection}")
            if info.is_local:
                if not _may_begin_here(opened, operation):
                    return Outcome(elsewhere=True)
                answer = await _send(opened, operation, call, _PATIENCE_S)
            else:
                async with heartbeats(_HEARTBEAT_S):
                    write = operation.effect == "write"
                    answer = await (self._write if write else _send)(opened, operation, call)
            if opened.connection.kind == "mail":
                answer = await without_content(self.store, answer, call.instance)
            with _refusing():
                check_depth(answer, f"answer of {call.operation}@{call.connection}")
                if operation.output is not None:
                    validate_data(operation.output, answer, where=f"answer of {call.operation}@{call.connection}")
        except BusyError as error:
            return _later(call, error)
        except _Refused as outcome:
            await self._hold(call, outcome.error)
            return refused(outcome.error)
        return Outcome(output=answer)

    async def _hold(self, call: OperationCall, error: CauceError) -> None:
        """Keep a write that was refused for good: should its instance fail of it, it is a dead letter."""
        answered = error.where.startswith("answer of ")
        if call.effect == "read" or answered or not isinstance(error, _FOR_GOOD):
            return
        async with self.store.transaction() as db:
            about = {"reference": call.reference, "token": call.token}
            place = {"operation": call.operation, "instance": call.instance}
            letter = NewLetter("call", call.connection, call.token, call.params, error, **place, about=about, held=True)
            await dead_letters.add(db, letter)

    async def _write(self, opened: Opened, operation: Operation, call: OperationCall) -> JSON:
        """Write once in effect: the ledger knows before the system does, and what is unclear is looked up first."""
        with _refusing():
            key = key_of(operation, call)
        async with self.store.transaction() as db:
            try:
                entry = await ledger.begin(
                    db,
                    call.connection,
                    call.operation,
                    key,
                    instance=call.instance,
                    task=call.reference,
                    request_digest=digest_of(call),
                )
            except ConflictError as error:
                raise _Refused(error) from error
            is_done = entry.state in ledger.DONE
            may_send = not is_done and await ledger.mark_sent(db, entry.id)
        if is_done:
            return entry.answer
        if not may_send:
            answer = await self._look_up(opened, operation, call, entry.id)
            if answer is not None:
                return answer
            async with self.store.transaction() as db:
                await ledger.mark_sent(db, entry.id)
        return await self._send_once(opened, operation, call, entry.id)

    async def _send_once(self, opened: Opened, operation: Operation, call: OperationCall, entry_id: int) -> JSON:
        try:
            answer = await _send(opened, operation, call)
        except BusyError:
            await self._finish(entry_id, "failed")
            raise
        except _Refused as outcome:
            if not isinstance(outcome.error, AmbiguousError):
                # Refused or never sent: the same key may be used again, for example after a person mended the data.
                await self._finish(entry_id, "failed")
                raise
            found = await self._look_up(opened, operation, call, entry_id, lost=outcome.error)
            if found is None:
                raise _Refused(
                    TransientError(
                        f"{call.operation}@{call.connection} gave no answer, and was not carried out.",
                        hint="It is safe to try again.",
                        remote_code=outcome.error.remote_code,
                    ),
                ) from outcome
            return found
        await self._finish(entry_id, "done", answer)
        return answer

    async def _look_up(
        self,
        opened: Opened,
        operation: Operation,
        call: OperationCall,
        entry_id: int,
        lost: AmbiguousError | None = None,
    ) -> JSON:
        """Ask the system whether an earlier attempt was carried out; returns its answer, or None when it was not."""
        if operation.find is None:
            raise _Refused(
                lost
                or AmbiguousError(
                    f"{call.operation}@{call.connection} was sent once, and nobody knows whether it was carried out.",
                    hint="Look into the system itself; then skip the task with the result, or retry the instance.",
                ),
            )
        find = opened.connection.operation(operation.find)
        # However often the write was tried: this question is a new one, and not asking it would cost more.
        asked = replace(call, again=False)
        found = None
        for delay_s in _FIND_DELAYS_S:
            await asyncio.sleep(delay_s)
            try:
                found = await _send(opened, find, asked)
            except (_Refused, BusyError) as outcome:
                error = outcome.error if isinstance(outcome, _Refused) else outcome
                if isinstance(error, TransientError) and delay_s != _FIND_DELAYS_S[-1]:
                    continue
                raise _Refused(
                    AmbiguousError(
                        f"{call.operation}@{call.connection} was sent, and {find.name} could not tell whether it was "
                        f"carried out: {error.problem}",
                        hint="Retry the instance when the system answers again; it is asked before anything is sent.",
                    ),
                ) from outcome
            if found is not None:
                break
        await self._finish(entry_id, "absent" if found is None else "done", found)
        return found

    async def _finish(
        self, entry_id: int, state: Literal["pending", "done", "absent", "failed"], answer: JSON = None
    ) -> None:
        async with self.store.transaction() as db:
            await ledger.finish(db, entry_id, state, answer)


def _may_begin_here(opened: Opened, operation: Operation) -> bool:
    """Tell whether a read may be made inside the step of its workflow.

    Such a step holds a place among those that all instances of this worker share, so what may take long goes to the
    queue of its connection: there it holds up only its like. An open circuit does not let anything take long.
    """
    gate = opened.gate
    return gate.state == "open" or (operation.timeout_s <= _LONG_S and not gate.is_troubled)


def _later(call: OperationCall, busy: BusyError) -> Outcome:
    """Let a call that found no room wait: a local one elsewhere, one in the queue until the queue gives it again."""
    info = activity.info()
    if info.is_local:
        return Outcome(elsewhere=True)
    if (datetime.now(UTC) - info.scheduled_time).total_seconds() > call.wait_s:
        return refused(busy)
    pause = timedelta(seconds=min(max(busy.after_s, _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S))
    raise ApplicationError(busy.problem, type=BUSY, next_retry_delay=pause, category=_EXPECTED) from busy


async def _send(opened: Opened, operation: Operation, call: OperationCall, patience_s: float | None = None) -> JSON:
    """Map, call and map back; every refusal of the system is raised as `_Refused`.

    Raises `BusyError` when the limits leave no room; nothing was sent then.
    """
    with _refusing():
        request = compile_expression(operation.request).first(call.params, {})
    try:
        answer = await opened.call(operation, call.params, request, again=call.again, patience_s=patience_s)
    except BusyError:
        raise
    except RemoteError as error:
        raise _Refused(classify(error, operation)) from error
    except CauceError as error:
        raise _Refused(error) from error
    with _refusing():
        return compile_expression(operation.response).first(answer, {})


def digest_of(call: OperationCall) -> str:
    """Return what tells one request from another under the same key."""
    return hashlib.sha256(json.dumps(call.params, sort_keys=True).encode()).hexdigest()


def key_of(operation: Operation, call: OperationCall) -> str:
    """Return the key under which the ledger knows a write."""
    if operation.idempotency_key is None:
        return f"task:{call.token}"
    value = compile_expression(operation.idempotency_key).first(call.params, {})
    if value in (None, ""):
        raise PermanentError(
            f"The idempotency key of {call.operation}@{call.connection} is empty for this call.",
            hint=f"Its expression is {operation.idempotency_key}; give the task's `with` what it needs.",
        )
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


class _refusing:  # noqa: N801 (used like a function)
    """Turn the errors of our own preparations into the outcome of the call."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        # A store that cannot be reached is a fault of the platform: Temporal tries again.
        if isinstance(error, CauceError) and not isinstance(error, TransientError):
            raise _Refused(error) from error
