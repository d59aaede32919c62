"""The workflows behind what is looked after by itself, on its own task queue, so that no instance waits for it."""

import asyncio
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from cauce import contract
from cauce.contract import CompareSides, OperationCall, Outcome, Trial

_LIMIT: Final = timedelta(minutes=5)
_HEARTBEAT: Final = timedelta(seconds=10)
# Somebody's system that is down when its connection is published is often up some minutes later.
_PATIENT: Final = RetryPolicy(
    initial_interval=timedelta(minutes=1),
    backoff_coefficient=3,
    maximum_interval=timedelta(hours=2),
    maximum_attempts=6,
)
# How long a mail is tried: one that a server refuses not again, one that may have been sent as long as it may be found.
_GIVE_UP: Final = timedelta(days=3)
_GIVE_UP_AFTER: Final = {409: timedelta(), 504: timedelta(hours=1)}
_FIRST_PAUSE: Final = timedelta(seconds=20)
_LONGEST_PAUSE: Final = timedelta(hours=1)
_LONGEST_TRIAL: Final = timedelta(hours=1)
_LONGEST_COMPARISON: Final = timedelta(minutes=6)


@workflow.defn(name=contract.UPKEEP)
class UpkeepWorkflow:
    """Reads the contracts of connections: of those named, or of all."""

    @workflow.run
    async def run(self, names: list[str]) -> None:
        """Read each contract by itself: one system that is down keeps no other waiting."""
        if not names:
            names = await workflow.execute_activity(
                contract.LIST_CONTRACTS, start_to_close_timeout=_LIMIT, result_type=list[str]
            )
        read = (
            workflow.execute_activity(
                contract.READ_CONTRACT, name, start_to_close_timeout=_LIMIT, retry_policy=_PATIENT
            )
            for name in names
        )
        await asyncio.gather(*read, return_exceptions=True)


@workflow.defn(name=contract.RECONCILE)
class ReconcileWorkflow:
    """Asks systems whether they have what people did there by hand."""

    @workflow.run
    async def run(self) -> None:
        """Ask once; what could not be asked is asked the next time."""
        await workflow.execute_activity(
            contract.RECONCILE_BY_HAND, start_to_close_timeout=_LIMIT, retry_policy=RetryPolicy(maximum_attempts=1)
        )


@workflow.defn(name=contract.SWEEP)
class SweepWorkflow:
    """Removes files that people attached to tasks and never sent."""

    @workflow.run
    async def run(self) -> None:
        """Look through them once, some at a time; what could not be is looked at the next time."""
        after = None
        while after != 0:
            after = await workflow.execute_activity(
                contract.SWEEP_FILES,
                after or 0,
                start_to_close_timeout=_LIMIT,
                retry_policy=RetryPolicy(maximum_attempts=3),
                result_type=int,
            )


@workflow.defn(name=contract.COMPARE)
class CompareWorkflow:
    """Compares both sides of a sync, and returns the number under which that is kept."""

    @workflow.run
    async def run(self, wanted: CompareSides) -> int:
        """Compare them; what nobody waits for is tried again while a side is not there."""
        found: int = await workflow.execute_activity(
            contract.COMPARE_SIDES,
            wanted,
            result_type=int,
            start_to_close_timeout=_LONGEST_COMPARISON,
            heartbeat_timeout=_HEARTBEAT,
            retry_policy=_PATIENT if wanted.patient else RetryPolicy(maximum_attempts=1),
        )
        return found


@workflow.defn(name=contract.CERTIFY)
class CertifyWorkflow:
    """Tries a connection for one capability after the other; its memo tells how far it is."""

    @workflow.run
    async def run(self, trial: Trial) -> None:
        """Try each once: what was written before a worker ended must not be written again by itself."""
        for number, capability in enumerate(trial.capabilities):
            workflow.upsert_memo({"done": number})
            try:
                await workflow.execute_activity(
                    contract.CERTIFY_CAPABILITY,
                    args=[trial, capability],
                    start_to_close_timeout=_LONGEST_TRIAL,
                    heartbeat_timeout=_HEARTBEAT,
                    retry_policy=RetryPolicy(maximum_attempts=1),
                )
            except ActivityError as error:
                workflow.upsert_memo({"problem": told(error.cause, capability)})
                return
        workflow.upsert_memo({"done": len(trial.capabilities)})


def told(cause: BaseException | None, capability: str) -> str:
    """Return why a trial was stopped: what the activity says, or that it cannot say anything any more."""
    if isinstance(cause, ApplicationError):
        return cause.message
    return f"The worker ended while it tried '{capability}'; what it had written is marked cauce-cert- and may be left."


@workflow.defn(name=contract.LETTER)
class LetterWorkflow:
    """Sends one mail of the hub to one person, and notes what became of it."""

    @workflow.run
    async def run(self, letter: str, attempt: int) -> None:
        """Write it, send it until it is sent or cannot be, and note that."""
        calls = await workflow.execute_activity(
            contract.WRITE_LETTER,
            args=[letter, attempt],
            start_to_close_timeout=_LIMIT,
            result_type=list[OperationCall],
        )
        for call in calls:  # one, or none when there is nothing left to send
            state, problem = await self._send(call)
            ended = [letter, state, problem]
            await workflow.execute_activity(contract.END_LETTER, args=ended, start_to_close_timeout=_LIMIT)

    async def _send(self, call: OperationCall) -> tuple[str, str]:
        begun, pause = workflow.now(), _FIRST_PAUSE
        while True:
            error = await self._try(call)
            if error is None:
                return "sent", ""
            patience = _GIVE_UP_AFTER.get(error["status"], _GIVE_UP)
            if workflow.now() - begun + pause > patience:
                return "lost", str(error.get("detail") or error["title"])
            # The ledger knows how far it got: what may have been sent is looked for, never sent again.
            await workflow.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _try(self, call: OperationCall) -> contract.JSON:
        """Call the operation that sends; returns the problem, if there is one."""
        try:
            outcome: Outcome = await workflow.execute_activity(
                contract.CALL_OPERATION,
                call,
                result_type=Outcome,
                task_queue=contract.operation_queue(call.connection),
                schedule_to_start_timeout=_LONGEST_PAUSE,
                start_to_close_timeout=_LIMIT,
                heartbeat_timeout=_HEARTBEAT,
                retry_policy=RetryPolicy(maximum_attempts=3),
            )
        except ActivityError as error:
            return {"status": 503, "title": f"No worker has sent it: {error.cause or error}"}
        return outcome.error
