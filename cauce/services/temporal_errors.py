"""What Temporal's exceptions mean to a person; every call of the services to Temporal is made inside `explained`."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.client import (
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError, TemporalError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from cauce.errors import (
    CauceError,
    ConflictError,
    ForbiddenError,
    InputError,
    NotFoundError,
    PermanentError,
    TooLargeError,
    TransientError,
)

refusals: dict[str, type[CauceError]] = {
    kind.code: kind for kind in (ConflictError, ForbiddenError, InputError, NotFoundError, TooLargeError)
}


@contextmanager
def explained(instance: str = "") -> Iterator[None]:
    """Turn what Temporal raises inside the block into an error for people; `instance` is what the call is about."""
    try:
        yield
    except CauceError:
        raise
    except WorkflowAlreadyStartedError as error:
        raise ConflictError(
            f"Instance {error.workflow_id} exists already.",
            hint="Use another business key, or look at the instance that has this one.",
        ) from error
    except WorkflowUpdateRPCTimeoutOrCancelledError as error:
        raise no_worker(instance) from error
    except WorkflowUpdateFailedError as error:
        raise refusal(error.cause, instance) from error
    except (WorkflowQueryFailedError, WorkflowQueryRejectedError) as error:
        raise PermanentError(
            f"Instance {instance} cannot say where it is.", hint="The log of the worker says why."
        ) from error
    except RPCError as error:
        raise (no_worker(instance) if has_not_begun(error) else of_rpc(error, instance)) from error
    except (RuntimeError, TemporalError) as error:
        # A client that connects at first use says so with a bare RuntimeError.
        if isinstance(error, RuntimeError) and "connect" not in str(error):
            raise
        raise unavailable() from error


def has_not_begun(error: RPCError) -> bool:
    """Tell whether a run was asked before its first task is scheduled: when it takes the place of another one."""
    return error.status == RPCStatusCode.FAILED_PRECONDITION and "not scheduled" in error.message.lower()


def of_rpc(error: RPCError, instance: str) -> CauceError:
    """Return what a refused or failed call to Temporal means."""
    text = error.message.lower()
    if error.status == RPCStatusCode.NOT_FOUND:
        if "already completed" in text:
            return ConflictError(
                f"Instance {instance} has ended.", hint="Look at how it ended; `retry` starts it again."
            )
        return NotFoundError(f"There is no instance {instance}.", hint="`cauce instances list` shows those there are.")
    if "size" in text and ("limit" in text or "larger" in text or "exceed" in text):
        return TooLargeError(
            "The data is larger than Temporal takes.", hint="Keep it in the system it comes from and pass a reference."
        )
    if error.status == RPCStatusCode.INVALID_ARGUMENT:
        return InputError("Temporal does not take this request.", hint="Check the filters, the key and the page token.")
    if error.status in {RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED, RPCStatusCode.UNIMPLEMENTED}:
        reason = error.status.name.lower().replace("_", " ")
        return PermanentError(f"Temporal refused ({reason}).", hint="Check CAUCE_TEMPORAL_NAMESPACE and its log.")
    return unavailable()


def refusal(cause: BaseException | None, instance: str) -> CauceError:
    """Return the error with which an instance refused an update, in the class that the instance meant."""
    if isinstance(cause, ApplicationError) and (kind := refusals.get(cause.type or "")):
        details = cause.details[0] if cause.details and isinstance(cause.details[0], dict) else {}
        problem, hint = str(details.get("detail") or cause.message), str(details.get("hint") or "")
        where = str(details.get("where") or "")
        if kind is InputError:
            return InputError(problem, hint=hint, where=where, errors=details.get("errors") or ())
        return kind(problem, hint=hint, where=where)
    return ConflictError(f"Instance {instance} did not take it.", hint="Reload it: it has moved on or ended meanwhile.")


def unavailable() -> TransientError:
    """Return the error for a Temporal that does not answer."""
    return TransientError(
        "Temporal does not answer.", hint="Start it (`cauce up`) or check CAUCE_TEMPORAL_ADDRESS, then try again."
    )


def no_worker(instance: str) -> TransientError:
    """Return the error for an instance that nobody runs at the moment."""
    return TransientError(
        f"Instance {instance} did not answer in time.",
        hint="A worker has to be running (`cauce status`). Trying again is safe: an answer counts once.",
    )
