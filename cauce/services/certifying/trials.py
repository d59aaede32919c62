"""Certifying a connection without waiting for it: a worker does it, and Temporal knows how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from temporalio import activity
from temporalio.client import WorkflowExecutionStatus
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

from activities.heartbeats import heartbeats
from cauce.contract import CERTIFY, CERTIFY_CAPABILITY, Trial, upkeep_queue
from cauce.errors import CauceError, ConflictError
from cauce.services import certification
from cauce.services.hub import Actor, Hub
from cauce.services.temporal_errors import explained
from cauce.services.waiting import call_timeout, query_timeout

TrialState = Literal["running", "done", "stopped"]
_BEAT_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class TrialRun:
    """The last certification of a connection that a worker was asked for; `problem` says why it was stopped."""

    state: TrialState
    by: str
    began: datetime
    capabilities: tuple[str, ...]
    done: int
    problem: str

    @property
    def now(self) -> str:
        """Return the capability that is being tried."""
        return self.capabilities[self.done] if self.state == "running" and self.done < len(self.capabilities) else ""


async def start(hub: Hub, actor: Actor, name: str, capabilities: Sequence[str] = (), *, anyway: bool = False) -> None:
    """Have a connection certified by a worker; what is refused before the first document is refused here.

    Raises:
        ConflictError: It is being certified already, or it is not known as a test system.
        TransientError: Temporal does not answer.
    """
    wanted = await certification.certifiable(hub, actor, name, capabilities, anyway=anyway)
    memo = {"by": actor.name, "capabilities": wanted, "done": 0, "problem": ""}
    try:
        with explained():
            await hub.temporal.start_workflow(
                CERTIFY,
                Trial(name, wanted, actor.name, anyway),
                id=_id(name),
                task_queue=upkeep_queue(hub.task_queue),
                memo=memo,
                rpc_timeout=call_timeout,
            )
    except ConflictError as error:
        if not isinstance(error.__cause__, WorkflowAlreadyStartedError):
            raise
        raise ConflictError(
            f"'{name}' is being certified already.", hint="Its page says how far that is; start again after its end."
        ) from error


async def last(hub: Hub, name: str) -> TrialRun | None:
    """Return the last run; None when there was none lately, or Temporal cannot be asked."""
    try:
        with explained():
            found = await hub.temporal.get_workflow_handle(_id(name)).describe(rpc_timeout=query_timeout)
            memo = await found.memo()
    except CauceError:
        return None  # a page shows what is known without it
    problem = str(memo["problem"])
    state: TrialState = "running"
    if found.status is not WorkflowExecutionStatus.RUNNING:
        state = "stopped" if problem or found.status is not WorkflowExecutionStatus.COMPLETED else "done"
    return TrialRun(state, memo["by"], found.start_time, tuple(memo["capabilities"]), int(memo["done"]), problem)


def _id(name: str) -> str:
    return f"{CERTIFY}/{name}"


class TrialActivities:
    """What the workflow that certifies does in the world."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    @activity.defn(name=CERTIFY_CAPABILITY)
    async def certify_capability(self, trial: Trial, capability: str) -> None:
        """Try one capability and keep what was found out, in the name of whoever asked."""
        actor = Actor(trial.by, frozenset({"integrator"}))
        async with heartbeats(_BEAT_S):
            try:
                await certification.certify(self.hub, actor, trial.connection, [capability], anyway=trial.anyway)
            except CauceError as error:
                message = f"{capability}: {error}"
                raise ApplicationError(message, type=error.code, non_retryable=True) from error
